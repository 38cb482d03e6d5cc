//! Helpers of the tests of this folder and of those that edit trees.

use super::node::{Data, Node};
use crate::source::{SourceKind, SourceMap, Span};

/// A tree as compact JSON, keys in order; a sealed text as `<sealed>`.
pub(crate) fn show(node: &Node) -> String {
    to_json(node).to_string()
}

/// A tree as a JSON value.
pub(crate) fn to_json(node: &Node) -> serde_json::Value {
    match &node.data {
        Data::Null => serde_json::Value::Null,
        Data::Bool(truth) => (*truth).into(),
        Data::Int(number) => (*number).into(),
        Data::Float(number) => (*number).into(),
        Data::Text(text) => text.as_str().into(),
        Data::Sealed(_) => "<sealed>".into(),
        Data::List(items) => items.iter().map(to_json).collect(),
        Data::Map(map) => map.iter().map(|(key, entry)| (key.to_string(), to_json(&entry.node))).collect(),
    }
}

/// A span that points nowhere in particular.
pub(crate) fn span() -> Span {
    Span::file_start(SourceMap::default().add("test", "", SourceKind::Other))
}
