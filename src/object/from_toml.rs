//! Values of the environment as nodes.

use super::node::{Data, Map, Node};
use super::parse::whole_or_float;
use crate::environment::{Table, Value, ValueKind};
use crate::source::Span;

/// The node of a value, with its places. Dates become texts.
pub fn value_to_node(value: &Value) -> Node {
    let span = value.origin.span;
    let data = match &value.kind {
        ValueKind::Text(text) | ValueKind::Date(text) => Data::Text(text.as_str().into()),
        ValueKind::Integer(number) => Data::Int(*number),
        ValueKind::Float(number) => whole_or_float(*number),
        ValueKind::Boolean(truth) => Data::Bool(*truth),
        ValueKind::List(items) => Data::List(items.iter().map(value_to_node).collect()),
        ValueKind::Table(table) => return table_to_node(table, span),
    };
    Node::new(data, span)
}

/// The map of a table that stands at `span`.
pub fn table_to_node(table: &Table, span: Span) -> Node {
    let mut map = Map::new();
    for (key, entry) in &table.0 {
        map.insert(key.as_str(), entry.key_span, value_to_node(&entry.value));
    }
    Node::map(map, span)
}
