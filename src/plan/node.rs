//! Live objects and predictions as trees that can be shown: without what the server alone writes, and without plaintext.

use serde_json::Value;

use crate::change::{Difference, FieldChange};
use crate::object::emit::Reveal;
use crate::object::{Data, Map, Node};
use crate::secret::{Scrubber, Sealed};
use crate::source::Span;

/// What the server writes into `metadata`: no difference of anyone's making.
const OF_SERVER: [&str; 8] = [
    "managedFields",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "uid",
    "selfLink",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
];

/// A live object as a tree without `status` and what the server writes; its places are all `span`.
pub(super) fn tree(value: &Value, span: Span) -> Node {
    let mut root = node(value, span);
    if let Some(map) = root.as_map_mut() {
        map.remove("status");
        if let Some(metadata) = map.get_mut("metadata").and_then(Node::as_map_mut) {
            for field in OF_SERVER {
                metadata.remove(field);
            }
        }
    }
    root
}

/// A JSON value as a tree; its places are all `span`.
pub(super) fn node(value: &Value, span: Span) -> Node {
    let data = match value {
        Value::Null => Data::Null,
        Value::Bool(truth) => Data::Bool(*truth),
        Value::Number(number) => match number.as_i64() {
            Some(number) => Data::Int(number),
            None => Data::Float(number.as_f64().unwrap_or(0.0)),
        },
        Value::String(text) => Data::Text(text.as_str().into()),
        Value::Array(items) => Data::List(items.iter().map(|item| node(item, span)).collect()),
        Value::Object(fields) => {
            let mut map = Map::new();
            for (key, value) in fields {
                map.insert(key.as_str(), span, node(value, span));
            }
            Data::Map(map)
        }
    };
    Node::new(data, span)
}

/// Takes this run's plaintexts out of differences: the server, or somebody else, may have put one where none was sent.
pub(super) fn scrub(fields: &mut [FieldChange], scrubber: Option<&Scrubber>) {
    let Some(scrubber) = scrubber else { return };
    for field in fields {
        match &mut field.difference {
            Difference::Added(node) | Difference::Removed(node) => scrub_node(node, scrubber),
            Difference::Changed(old, new) => {
                scrub_node(old, scrubber);
                scrub_node(new, scrubber);
            }
            Difference::Reordered(..) => {}
        }
    }
}

fn scrub_node(node: &mut Node, scrubber: &Scrubber) {
    match &mut node.data {
        Data::Text(text) => {
            let scrubbed = scrubber.scrub(text);
            if scrubbed != text.as_str() {
                node.data = Data::Text(scrubbed.into());
            }
        }
        Data::List(items) => items.iter_mut().for_each(|item| scrub_node(item, scrubber)),
        Data::Map(map) => map.iter_mut().for_each(|(_, entry)| scrub_node(&mut entry.node, scrubber)),
        _ => {}
    }
}

/// The opened texts of an object's sealed leaves, to find them again in what the server has of it.
pub(super) struct Veil<'a> {
    texts: Vec<(zeroize::Zeroizing<String>, &'a Sealed)>,
}

impl<'a> Veil<'a> {
    /// Over the wanted tree of one object. A leaf that can't be opened is left out: where it stands is hidden by its place.
    pub(super) fn new(wanted: &'a Node, reveal: &Reveal<'_>) -> Self {
        let mut veil = Self { texts: Vec::new() };
        veil.collect(wanted, reveal);
        veil
    }

    fn collect(&mut self, node: &'a Node, reveal: &Reveal<'_>) {
        match &node.data {
            Data::Sealed(sealed) => self.texts.extend(reveal(sealed).ok().map(|text| (text, &**sealed))),
            Data::List(items) => items.iter().for_each(|item| self.collect(item, reveal)),
            Data::Map(map) => map.iter().for_each(|(_, entry)| self.collect(&entry.node, reveal)),
            _ => {}
        }
    }

    /// Puts the sealed text where its plaintext stands.
    pub(super) fn cover(&self, node: &mut Node) {
        match &mut node.data {
            Data::Text(text) => {
                if let Some((_, sealed)) = self.texts.iter().find(|(plain, _)| plain.as_str() == text.as_str()) {
                    node.data = Data::Sealed(Box::new((*sealed).clone()));
                }
            }
            Data::List(items) => items.iter_mut().for_each(|item| self.cover(item)),
            Data::Map(map) => map.iter_mut().for_each(|(_, entry)| self.cover(&mut entry.node)),
            _ => {}
        }
    }
}
