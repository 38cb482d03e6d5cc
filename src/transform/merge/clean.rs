//! Values of a patch that meet nothing to merge with: without nulls and directives.

use super::{DELETE, ORDER, PATCH, RETAIN};
use crate::object::{Data, Map, Node};

/// The value without nulls in maps and without directives; `None` if it is itself one: a map with `$patch: delete`.
pub(super) fn node(mut node: Node) -> Option<Node> {
    node.data = match node.data {
        Data::Map(inner) if deletes(&inner) => return None,
        Data::Map(inner) => Data::Map(map(inner)),
        Data::List(items) => Data::List(list(items)),
        data => data,
    };
    Some(node)
}

/// The entries, cleaned.
pub(super) fn map(from: Map) -> Map {
    let mut to = Map::new();
    for (key, entry) in from {
        let directive = key == PATCH || key == RETAIN || key.starts_with(ORDER) || key.starts_with(DELETE);
        if directive || matches!(entry.node.data, Data::Null) {
            continue;
        }
        if let Some(node) = node(entry.node) {
            to.insert(key, entry.key_span, node);
        }
    }
    to
}

/// The items, cleaned; those that are only directives left out.
pub(super) fn list(items: Vec<Node>) -> Vec<Node> {
    items.into_iter().filter(|item| !is_replace_marker(item)).filter_map(node).collect()
}

fn deletes(map: &Map) -> bool {
    map.get(PATCH).and_then(Node::as_str) == Some("delete")
}

/// An item that only says `$patch: replace`.
fn is_replace_marker(item: &Node) -> bool {
    item.as_map().is_some_and(|map| map.len() == 1 && map.get(PATCH).and_then(Node::as_str) == Some("replace"))
}
