//! What makes a tree an object.

use super::tree::Document;
use super::{GENERATE_NAME, NOT_AN_OBJECT, SECRET_IN_IDENTITY, string_data};
use crate::diagnostic::{Diagnostic, Diagnostics, nearest};
use crate::object::bundle::{MadeBy, Object};
use crate::object::node::{Data, Map, Node};
use crate::source::Span;

/// Adds the objects of a document: one, those of a List, or none if it is empty.
pub(super) fn read(document: Document, made_by: MadeBy, objects: &mut Vec<Object>, diagnostics: &mut Diagnostics) {
    let mut queue = vec![document.root];
    while let Some(root) = queue.pop() {
        if matches!(root.data, Data::Null) {
            continue;
        }
        match open_list(root) {
            Ok(items) => queue.extend(items.into_iter().rev()),
            Err(root) => {
                if let Some(object) = object(root, document.sealed, made_by, diagnostics) {
                    objects.push(object);
                }
            }
        }
    }
}

/// The items of a `List` or `ConfigMapList`, as kubectl takes it; of the latter, items may leave out kind and apiVersion.
fn open_list(mut root: Node) -> Result<Vec<Node>, Node> {
    let kind = root.get("kind").and_then(Node::as_str).and_then(|kind| kind.strip_suffix("List")).map(str::to_owned);
    let Some(item_kind) = kind.filter(|_| root.get("items").is_some_and(|items| matches!(items.data, Data::List(_)))) else {
        return Err(root);
    };
    let span = root.span;
    let header = [("kind", Some(Node::text(item_kind.as_str(), span))), ("apiVersion", root.get("apiVersion").cloned())];
    let mut items = root.as_map_mut().and_then(|map| map.remove("items")).map_or_else(Vec::new, |entry| match entry.node.data {
        Data::List(items) => items,
        _ => Vec::new(),
    });
    if !item_kind.is_empty() {
        for map in items.iter_mut().filter_map(Node::as_map_mut) {
            for (key, value) in &header {
                if let Some(value) = value.clone().filter(|_| !map.has(key)) {
                    map.set(*key, value);
                }
            }
        }
    }
    Ok(items)
}

fn object(mut root: Node, sealed: bool, made_by: MadeBy, diagnostics: &mut Diagnostics) -> Option<Object> {
    let span = root.span;
    let before = diagnostics.len();
    if sealed {
        refuse_sealed_identity(&root, true, diagnostics);
        if diagnostics.len() > before {
            return None;
        }
    }
    let Data::Map(map) = &root.data else {
        diagnostics.push(
            Diagnostic::new(&NOT_AN_OBJECT, format!("this document is {}, not an object", root.type_name()))
                .at(span, "here")
                .hint("each document between `---` is an object with apiVersion, kind and metadata; a template that yields only a part of one has a name that begins with `_`"),
        );
        return None;
    };
    if map.is_empty() {
        diagnostics.push(
            Diagnostic::new(&NOT_AN_OBJECT, "this document is an empty map, not an object")
                .at(span, "here")
                .hint("a template that is to yield nothing leaves out the `{}`"),
        );
        return None;
    }
    check_header(map, span, diagnostics);
    if diagnostics.len() > before {
        return None;
    }
    string_data::convert(&mut root, diagnostics);
    Object::new(root, span, made_by)
}

/// Whether apiVersion, kind and metadata.name are there, and are text.
fn check_header(map: &Map, span: Span, diagnostics: &mut Diagnostics) {
    let start = Span { end: span.start, ..span };
    let at = map.iter().next().map_or(start, |(_, first)| first.key_span);
    let kind = map.get("kind").and_then(Node::as_str).unwrap_or("object");
    expect_text(map, "apiVersion", "apiVersion", at, diagnostics);
    expect_text(map, "kind", "kind", at, diagnostics);
    let Some(metadata) = map.entry("metadata") else {
        let finding = Diagnostic::new(&NOT_AN_OBJECT, format!("this {kind} has no `metadata.name`")).at(at, "in this object");
        diagnostics.push(hint_near(finding, map, "metadata"));
        return;
    };
    let Some(fields) = metadata.node.as_map() else {
        let found = metadata.node.type_name();
        diagnostics.push(
            Diagnostic::new(&NOT_AN_OBJECT, format!("`metadata` is {found}, not a map with a `name`"))
                .at(metadata.key_span, "here"),
        );
        return;
    };
    if !fields.has("name")
        && let Some(generate) = fields.entry("generateName")
    {
        diagnostics.push(
            Diagnostic::new(
                &GENERATE_NAME,
                format!("this {kind} has `generateName`: the server would make a new object at each apply"),
            )
            .at(generate.key_span, "here")
            .hint("give it a `name`; for a Job of each release, put the release's version into the name"),
        );
        return;
    }
    expect_text(fields, "name", "metadata.name", metadata.key_span, diagnostics);
    if fields.get("namespace").is_some_and(|namespace| !matches!(namespace.data, Data::Null)) {
        expect_text(fields, "namespace", "metadata.namespace", metadata.key_span, diagnostics);
    }
}

fn expect_text(map: &Map, key: &str, path: &str, at: Span, diagnostics: &mut Diagnostics) {
    let finding = match map.get(key) {
        Some(node) => match node.as_str() {
            Some("") => Diagnostic::new(&NOT_AN_OBJECT, format!("`{path}` is empty")).at(node.span, "here"),
            Some(_) => return,
            None => Diagnostic::new(&NOT_AN_OBJECT, format!("`{path}` is {}, not a string", node.type_name()))
                .at(node.span, "here")
                .hint("quote it"),
        },
        None => {
            hint_near(Diagnostic::new(&NOT_AN_OBJECT, format!("an object has no `{path}`")).at(at, "in this object"), map, key)
        }
    };
    diagnostics.push(finding);
}

fn hint_near(finding: Diagnostic, map: &Map, key: &str) -> Diagnostic {
    match nearest(key, map.keys().map(crate::object::Text::as_str)) {
        Some(near) => finding.hint(format!("`{near}` is near: did you mean `{key}`?")),
        None => finding,
    }
}

/// Refuses secrets in what names or selects objects: `apiVersion` and `kind`, and at any depth a `metadata`'s name, namespace and
/// labels, and label selectors.
fn refuse_sealed_identity(node: &Node, is_root: bool, diagnostics: &mut Diagnostics) {
    match &node.data {
        Data::List(items) => {
            for item in items {
                refuse_sealed_identity(item, false, diagnostics);
            }
        }
        Data::Map(map) => {
            for (key, entry) in map.iter() {
                match key.as_str() {
                    "apiVersion" | "kind" if is_root => refuse_sealed(&entry.node, key, diagnostics),
                    "matchLabels" => refuse_sealed_values(&entry.node, "a label selector", diagnostics),
                    "metadata" => {
                        for field in ["name", "generateName", "namespace"] {
                            if let Some(value) = entry.node.get(field) {
                                refuse_sealed(value, &format!("metadata.{field}"), diagnostics);
                            }
                        }
                        if let Some(labels) = entry.node.get("labels") {
                            refuse_sealed_values(labels, "a label", diagnostics);
                        }
                    }
                    _ => refuse_sealed_identity(&entry.node, false, diagnostics),
                }
            }
        }
        _ => {}
    }
}

fn refuse_sealed_values(node: &Node, what: &str, diagnostics: &mut Diagnostics) {
    for (_, entry) in node.as_map().into_iter().flat_map(Map::iter) {
        refuse_sealed(&entry.node, what, diagnostics);
    }
}

fn refuse_sealed(node: &Node, what: &str, diagnostics: &mut Diagnostics) {
    if matches!(node.data, Data::Sealed(_)) {
        diagnostics.push(
            Diagnostic::new(&SECRET_IN_IDENTITY, format!("a secret stands in {what}")).at(node.span, "here").hint(
                "names, namespaces and labels are public: anyone who may list objects reads them, and selectors compare them",
            ),
        );
    }
}
