//! Puts one layer over another: tables merge, lists and values replace, what piles up piles up, and a type never changes.

use std::collections::BTreeSet;

use indexmap::map::Entry;

use super::keys::ROOT;
use super::shape::{Key, Shape, kind_name};
use super::value::{Origin, Table, TableEntry, Value, ValueKind};
use super::{SEALED_TWICE, TYPE_CHANGE, path};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::source::Span;

/// Merges `upper` into `lower`. Values at `refused` places have a wrong type that was said already.
///
/// The merge is associative, origins included: layers may be merged in any grouping, as long as their order stays.
pub(super) fn merge(lower: &mut Table, upper: Table, refused: &BTreeSet<Span>, diagnostics: &mut Diagnostics) {
    Merge { refused, diagnostics, path: Vec::new() }.tables(lower, upper, Keys::Described(ROOT));
}

/// What a table's keys are.
#[derive(Clone, Copy)]
enum Keys {
    Described(&'static [Key]),
    Named(&'static Shape),
    Owned,
    Free,
}

impl Keys {
    fn of(shape: &'static Shape) -> Self {
        match shape {
            Shape::Table(keys) => Self::Described(keys),
            Shape::Map(_, of) => Self::Named(of),
            Shape::Owned(..) => Self::Owned,
            _ => Self::Free,
        }
    }

    fn shape(self, name: &str) -> &'static Shape {
        match self {
            Self::Described(keys) => keys.iter().find(|key| key.name == name).map_or(&Shape::Free, |key| &key.shape),
            Self::Named(of) => of,
            Self::Owned | Self::Free => &Shape::Free,
        }
    }
}

struct Merge<'a> {
    refused: &'a BTreeSet<Span>,
    diagnostics: &'a mut Diagnostics,
    path: Vec<String>,
}

impl Merge<'_> {
    fn tables(&mut self, lower: &mut Table, upper: Table, keys: Keys) {
        for (name, entry) in upper.0 {
            let shape = keys.shape(&name);
            match lower.0.entry(name) {
                Entry::Vacant(vacant) => {
                    vacant.insert(entry);
                }
                Entry::Occupied(mut below) => {
                    self.path.push(below.key().clone());
                    if matches!(keys, Keys::Owned) {
                        self.named_twice(below.get(), &entry);
                    } else {
                        let below = below.get_mut();
                        below.key_span = entry.key_span;
                        self.values(&mut below.value, entry.value, shape);
                    }
                    self.path.pop();
                }
            }
        }
    }

    fn values(&mut self, lower: &mut Value, upper: Value, shape: &'static Shape) {
        let origin = over(&lower.origin, &upper.origin);
        let shape = shape.for_value(&upper);
        match (&mut lower.kind, upper.kind) {
            (ValueKind::Table(below), ValueKind::Table(above)) => self.tables(below, above, Keys::of(shape)),
            (ValueKind::List(below), ValueKind::List(above)) if matches!(shape, Shape::Pile(_)) => below.extend(above),
            (below, above) => {
                if kind_name(below) != kind_name(&above) {
                    self.type_change(lower, &above, upper.origin.span);
                }
                lower.kind = above;
            }
        }
        lower.origin = origin;
    }

    fn type_change(&mut self, lower: &Value, above: &ValueKind, at: Span) {
        if self.refused.contains(&at) || self.refused.contains(&lower.origin.span) {
            return;
        }
        let (old, new) = (kind_name(&lower.kind), kind_name(above));
        let message = format!("`{0}` is {new} here, but {old} in the layer below", path::show(&self.path));
        self.diagnostics.push(Diagnostic::new(&TYPE_CHANGE, message).at(at, new).also(lower.origin.span, old).hint(format!(
            "write {old}; or, if the change is meant, drop the earlier value: unset = ['{}']",
            path::show(&self.path)
        )));
    }

    fn named_twice(&mut self, below: &TableEntry, above: &TableEntry) {
        let file = self.path.last().map_or("", String::as_str);
        self.diagnostics.push(
            Diagnostic::new(&SEALED_TWICE, format!("two layers name the sealed file `{file}`"))
                .at(above.key_span, "named again")
                .also(below.key_span, "this layer owns it")
                .hint("a sealed file has one list of recipients, in the layer that names it: remove this table, or seal another file here"),
        );
    }
}

/// The origin of `upper` where it stands over `lower`.
fn over(lower: &Origin, upper: &Origin) -> Origin {
    let mut origin = upper.clone();
    origin.overrode.push(lower.span);
    origin.overrode.extend_from_slice(&lower.overrode);
    origin
}

/// The origin of a list that `upper` added to.
pub(super) fn added(lower: &Origin, upper: &Origin) -> Origin {
    over(lower, upper)
}
