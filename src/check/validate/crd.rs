//! CustomResourceDefinitions: the name, the versions, and a structural schema (every place has a type).

use super::structure::Walk;
use super::{INVALID_NAME, INVALID_VALUE, MISSING_FIELD, UNKNOWN_VALUE};
use crate::check::pod::{items, text};
use crate::object::{Data, Map, Node};

pub(super) fn look<'a>(walk: &mut Walk<'a, '_>, node: &'a Node, name: &str) {
    match name {
        "CustomResourceDefinition" => own_name(walk, node),
        "CustomResourceDefinitionSpec" => versions(walk, node),
        "CustomResourceDefinitionVersion" => version(walk, node),
        _ => {}
    }
}

fn own_name<'a>(walk: &mut Walk<'a, '_>, node: &'a Node) {
    let Some(spec) = node.get("spec") else { return };
    let plural = spec.get("names").and_then(|names| text(names, "plural"));
    let (Some(plural), Some(group)) = (plural, text(spec, "group")) else { return };
    let wanted = format!("{plural}.{group}");
    if let Some(name) = node.get("metadata").and_then(|metadata| metadata.get("name"))
        && name.as_str() != Some(wanted.as_str())
    {
        walk.report_with(
            &INVALID_NAME,
            name,
            "a definition's name is its plural name, a dot and its group",
            format!("write `{wanted}`"),
        );
    }
    if !group.contains('.') {
        let place = spec.get("group").unwrap_or(spec);
        walk.report(&INVALID_NAME, place, "the group must be a domain with at least one dot");
    }
}

fn versions<'a>(walk: &mut Walk<'a, '_>, node: &'a Node) {
    let versions = items(node, "versions");
    walk.unique(versions, "name", "versions");
    let stored = versions.iter().filter(|version| version.get("storage").and_then(Node::as_bool) == Some(true)).count();
    if stored != 1 {
        let place = node.get("versions").unwrap_or(node);
        walk.report(&INVALID_VALUE, place, "exactly one version must have `storage: true`");
    }
}

fn version<'a>(walk: &mut Walk<'a, '_>, node: &'a Node) {
    match node.get("schema").and_then(|schema| schema.get("openAPIV3Schema")) {
        None => walk.report(&MISSING_FIELD, node, "a version needs `schema.openAPIV3Schema`"),
        Some(root) => {
            if text(root, "type").is_some_and(|kind| kind != "object") {
                walk.report(&INVALID_VALUE, root.get("type").unwrap_or(root), "the root of a schema has `type: object`");
            }
            structural(walk, root);
        }
    }
}

const TYPES: [&str; 6] = ["array", "boolean", "integer", "number", "object", "string"];

/// Every place under `properties`, `items` and `additionalProperties` has a type, or says that it has none.
fn structural<'a>(walk: &mut Walk<'a, '_>, node: &'a Node) {
    let is = |field: &str| node.get(field).and_then(Node::as_bool) == Some(true);
    let free = is("x-kubernetes-int-or-string") || is("x-kubernetes-preserve-unknown-fields");
    match node.get("type") {
        None if !free => walk.report(&MISSING_FIELD, node, "a schema's place needs a `type`"),
        Some(kind) if kind.as_str() == Some("") => walk.report(&MISSING_FIELD, kind, "a schema's place needs a `type`"),
        Some(kind) if kind.as_str().is_some_and(|kind| !TYPES.contains(&kind)) => {
            walk.report_with(&UNKNOWN_VALUE, kind, "there is no such type", format!("it is one of `{}`", TYPES.join("`, `")));
        }
        _ => {}
    }
    for (_, entry) in node.get("properties").and_then(Node::as_map).into_iter().flat_map(Map::iter) {
        structural(walk, &entry.node);
    }
    for field in ["items", "additionalProperties"] {
        if let Some(inner) = node.get(field).filter(|inner| matches!(inner.data, Data::Map(_))) {
            structural(walk, inner);
        }
    }
}
