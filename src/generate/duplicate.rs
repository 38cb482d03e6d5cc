//! No object is made twice.

use indexmap::IndexMap;
use indexmap::map::Entry;
use rustc_hash::FxBuildHasher;

use crate::diagnostic::{Diagnostic, Diagnostics, rule};
use crate::object::{Bundle, MadeBy, Object, Text};
use crate::source::Span;

rule!(DUPLICATE_OBJECT, "duplicate-object", Error, "two templates, tables, or a template and a table make the same object");

/// Objects are the same if group, kind, namespace and name are: the version is only how they are written. `default` is the
/// namespace of objects that name none.
pub(super) fn find(bundle: &Bundle, default: Option<&str>) -> Diagnostics {
    let mut found = Diagnostics::new();
    let mut first: IndexMap<(&Text, &Text, &Text, &str), &Object, FxBuildHasher> = IndexMap::default();
    for object in &bundle.objects {
        let id = &object.source;
        let namespace = id.namespace.as_deref().or(default).unwrap_or("");
        match first.entry((&id.name, &id.kind, &id.group, namespace)) {
            Entry::Vacant(place) => {
                place.insert(object);
            }
            Entry::Occupied(first) => found.push(report(first.get(), object)),
        }
    }
    found
}

fn report(first: &Object, second: &Object) -> Diagnostic {
    let finding = Diagnostic::new(&DUPLICATE_OBJECT, format!("`{}` is made twice", second.source))
        .at(name_span(second), by(second, "again by"))
        .also(name_span(first), by(first, "first by"))
        .on(second.source.to_string());
    match (first.made_by, second.made_by) {
        (MadeBy::Template(_), MadeBy::Generator(table)) => {
            finding.hint(format!("take it out of the template, or drop the table `[{table}.{}]`", second.source.name))
        }
        _ => finding.hint("keep one of them, or give one another name or namespace"),
    }
}

fn by(object: &Object, how: &str) -> String {
    match object.made_by {
        MadeBy::Template(_) => format!("{how} this template"),
        MadeBy::Generator(_) => format!("{how} this table"),
    }
}

fn name_span(object: &Object) -> Span {
    object.root.get("metadata").and_then(|metadata| metadata.get("name")).map_or(object.span, |name| name.span)
}
