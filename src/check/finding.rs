//! Findings about a field of an object.

use crate::diagnostic::{Diagnostic, Rule};
use crate::object::{Data, FieldPath, Map, Node, Object, Step, Text};
use crate::source::Span;

/// A finding about a node of an object's tree: its place is the node's, its field the path down to it.
pub(super) fn at(rule: &'static Rule, object: &Object, node: &Node, message: impl Into<String>) -> Diagnostic {
    about(rule, object, &path_of(object, node), node.span, message)
}

/// A finding about a key of a map: its place is the key's.
pub(super) fn at_key(rule: &'static Rule, object: &Object, map: &Node, key: &str, message: impl Into<String>) -> Diagnostic {
    let span = map.as_map().and_then(|map| map.entry(key)).map_or(map.span, |entry| entry.key_span);
    about(rule, object, &path_of(object, map).child(key), span, message)
}

/// A finding about an object as a whole.
pub(super) fn on(rule: &'static Rule, object: &Object, message: impl Into<String>) -> Diagnostic {
    let span = name_span(object);
    Diagnostic::new(rule, message).at(span, "").on(object.source.to_string())
}

/// A finding about a field that is known by its path.
pub(super) fn about(
    rule: &'static Rule,
    object: &Object,
    path: &FieldPath,
    span: Span,
    message: impl Into<String>,
) -> Diagnostic {
    let finding = Diagnostic::new(rule, message).at(span, "").on(object.source.to_string());
    if path.0.is_empty() { finding } else { finding.field(path.to_string()) }
}

/// Where an object's name is written; the whole document if a stage made the name.
pub(super) fn name_span(object: &Object) -> Span {
    object.root.get("metadata").and_then(|metadata| metadata.get("name")).map_or(object.span, |name| name.span)
}

/// The path from an object's root down to `node`, which is looked for by identity: rules then carry nodes, not paths, and
/// only those that found something pay.
fn path_of(object: &Object, node: &Node) -> FieldPath {
    let mut steps = Vec::new();
    search(&object.root, node, &mut steps);
    steps.reverse();
    FieldPath(steps)
}

/// Whether `node` is `here` or below; then its steps are noted, the last one first.
fn search(here: &Node, node: &Node, steps: &mut Vec<Step>) -> bool {
    if std::ptr::eq(here, node) {
        return true;
    }
    match &here.data {
        Data::Map(map) => search_map(map, node, steps),
        Data::List(items) => items.iter().enumerate().any(|(index, item)| {
            let found = search(item, node, steps);
            if found {
                steps.push(Step::Index(index));
            }
            found
        }),
        _ => false,
    }
}

fn search_map(map: &Map, node: &Node, steps: &mut Vec<Step>) -> bool {
    map.iter().any(|(key, entry): (&Text, _)| {
        let found = search(&entry.node, node, steps);
        if found {
            steps.push(Step::Field(key.clone()));
        }
        found
    })
}
