//! What a layer does to those below it beside overriding: `unset`, `[append]`, `[prepend]`.

use std::collections::BTreeSet;

use super::inherit::Layer;
use super::merge::added;
use super::value::{Table, Value, ValueKind};
use super::{NOTHING_TO_APPEND, NOTHING_TO_UNSET, SEALED_TWICE, path};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::source::Span;

/// A search for a near miss looks at every path; more errors than this aren't shown.
const MOST_SEARCHES: usize = 50;

/// Drops what `layer` unsets. Runs before the layer's own tables are merged.
pub(super) fn unset(lower: &mut Table, layer: &Layer, diagnostics: &mut Diagnostics) {
    let mut searches = 0;
    for written in &layer.unset {
        let Some(keys) = path::read(&written.value) else {
            diagnostics.push(
                Diagnostic::new(&NOTHING_TO_UNSET, format!("`{}` isn't a path of keys", written.value))
                    .at(written.span(), "can't be read")
                    .hint("keys with dots between them; a key with other characters than letters, digits, `-` and `_` in quotes: 'values.labels.\"a.b/c\"'"),
            );
            continue;
        };
        if remove(lower, &keys) {
            continue;
        }
        let mut diagnostic = Diagnostic::new(&NOTHING_TO_UNSET, format!("`{}` isn't set by any earlier layer", written.value))
            .at(written.span(), "unsets nothing");
        searches += 1;
        let near = if searches <= MOST_SEARCHES { path::nearest(lower, &keys) } else { None };
        diagnostic = match near {
            Some(near) => diagnostic.hint(format!("did you mean `{near}`?")),
            None if path::find(&layer.table, &keys).is_some() => {
                diagnostic.hint("only this layer sets it; `unset` drops what the layers below set")
            }
            None => diagnostic.hint("`unset` drops what the layers below set; remove the entry"),
        };
        diagnostics.push(diagnostic);
    }
}

/// Removes what stands at a path; a list's item by its `name`. Whether there was anything.
fn remove(table: &mut Table, keys: &[String]) -> bool {
    let Some((first, rest)) = keys.split_first() else { return false };
    if rest.is_empty() {
        return table.0.shift_remove(first).is_some();
    }
    let Some(entry) = table.0.get_mut(first) else { return false };
    match (&mut entry.value.kind, rest) {
        (ValueKind::Table(inner), rest) => remove(inner, rest),
        (ValueKind::List(items), [name]) => {
            let before = items.len();
            items.retain(|item| path::item_name(item) != Some(name));
            items.len() < before
        }
        _ => false,
    }
}

/// Which end of the lists.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Front,
    Back,
}

/// Adds what `layer` appends and prepends. Runs after the layer's own tables were merged; `refused` places were said to be
/// wrong already.
pub(super) fn extend(merged: &mut Table, layer: &Layer, refused: &BTreeSet<Span>, diagnostics: &mut Diagnostics) {
    for (additions, end) in [(&layer.prepend, End::Front), (&layer.append, End::Back)] {
        let mut extend = Extend { layer, end, path: Vec::new(), diagnostics };
        for (at, (keys, value)) in lists(additions).into_iter().enumerate() {
            if refused.contains(&value.origin.span) {
                continue;
            }
            extend.path = keys;
            extend.list(merged, value, at < MOST_SEARCHES);
        }
    }
}

/// The lists of a tree with their paths.
fn lists(table: &Table) -> Vec<(Vec<String>, &Value)> {
    fn walk<'a>(table: &'a Table, path: &mut Vec<String>, found: &mut Vec<(Vec<String>, &'a Value)>) {
        for (key, entry) in &table.0 {
            path.push(key.clone());
            match &entry.value.kind {
                ValueKind::Table(inner) => walk(inner, path, found),
                // Anything else was refused when the layer was checked.
                ValueKind::List(_) => found.push((path.clone(), &entry.value)),
                _ => {}
            }
            path.pop();
        }
    }
    let mut found = Vec::new();
    walk(table, &mut Vec::new(), &mut found);
    found
}

struct Extend<'a> {
    layer: &'a Layer,
    end: End,
    path: Vec<String>,
    diagnostics: &'a mut Diagnostics,
}

impl Extend<'_> {
    fn list(&mut self, merged: &mut Table, addition: &Value, search: bool) {
        let span = addition.origin.span;
        let ValueKind::List(more) = &addition.kind else { return };
        let shown = path::show(&self.path);
        let verb = if self.end == End::Front { "prepend" } else { "append" };
        let Some(list) = find_mut(merged, &self.path) else {
            let diagnostic = Diagnostic::new(&NOTHING_TO_APPEND, format!("no layer has the list `{shown}` to {verb} to"))
                .at(span, "adds to nothing");
            let near = if search { path::nearest(merged, &self.path) } else { None };
            self.diagnostics.push(match near {
                Some(near) => diagnostic.hint(format!("did you mean `{near}`?")),
                None => diagnostic.hint(format!("to make the list, set it: move it out of `[{verb}]`")),
            });
            return;
        };
        if self.path.first().is_some_and(|first| first == "sealed") && list.origin.span.file != self.layer.file {
            self.diagnostics.push(
                Diagnostic::new(&SEALED_TWICE, format!("another layer owns `{shown}`"))
                    .at(span, "added here")
                    .also(list.origin.span, "this layer owns it")
                    .hint("a sealed file has one list of recipients, in the layer that names it: edit it there"),
            );
            return;
        }
        let ValueKind::List(items) = &mut list.kind else {
            self.diagnostics.push(
                Diagnostic::new(&NOTHING_TO_APPEND, format!("`{shown}` is {}, not a list", super::shape::kind_name(&list.kind)))
                    .at(span, "adds to it")
                    .also(list.origin.span, "set here")
                    .hint(format!("`{verb}` adds to lists; set the value in its own table to replace it")),
            );
            return;
        };
        let at = if self.end == End::Front { 0 } else { items.len() };
        items.splice(at..at, more.iter().cloned());
        list.origin = added(&list.origin, &addition.origin);
    }
}

fn find_mut<'a>(table: &'a mut Table, path: &[String]) -> Option<&'a mut Value> {
    let (first, rest) = path.split_first()?;
    let value = &mut table.0.get_mut(first)?.value;
    if rest.is_empty() {
        return Some(value);
    }
    match &mut value.kind {
        ValueKind::Table(inner) => find_mut(inner, rest),
        _ => None,
    }
}
