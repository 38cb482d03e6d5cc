//! The order of merged lists.

use std::collections::BTreeMap;

use super::{Merge, ORDER, clean};
use crate::check::schema::SchemaRef;
use crate::diagnostic::Diagnostic;
use crate::object::{Data, Map, Node};
use crate::transform::PATCH_DIRECTIVE;

/// What tells items apart: a plain value with its type.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key {
    Bool(bool),
    Int(i64),
    Text(String),
    /// Floats, by their bits.
    Bits(u64),
}

/// The key of a map of a list that is merged by `key`; of a plain value itself, if `key` is empty.
pub(super) fn key_of(item: &Node, key: &str) -> Option<Key> {
    if key.is_empty() { key_of_value(item) } else { item.get(key).and_then(key_of_value) }
}

/// The key that a plain value is.
pub(super) fn key_of_value(value: &Node) -> Option<Key> {
    Some(match &value.data {
        Data::Bool(truth) => Key::Bool(*truth),
        Data::Int(number) => Key::Int(*number),
        Data::Float(number) => Key::Bits(number.to_bits()),
        Data::Text(text) => Key::Text(text.to_string()),
        _ => return None,
    })
}

fn positions(order: &[Option<Key>]) -> BTreeMap<&Key, usize> {
    let mut positions = BTreeMap::new();
    for (at, key) in order.iter().enumerate() {
        if let Some(key) = key {
            positions.entry(key).or_insert(at);
        }
    }
    positions
}

/// Puts the items that `patch_order` names in its order, the others in `server_order`'s, and merges the two rows: where the original
/// order doesn't say which of two heads comes first, the patch's does.
pub(super) fn arrange(items: Vec<Node>, key: &str, patch_order: &[Option<Key>], server_order: &[Option<Key>]) -> Vec<Node> {
    let (patch_at, server_at) = (positions(patch_order), positions(server_order));
    let mut ours = Vec::new();
    let mut theirs = Vec::new();
    for item in items {
        let item_key = key_of(&item, key);
        let server = item_key.as_ref().and_then(|key| server_at.get(key)).copied();
        match item_key.as_ref().and_then(|key| patch_at.get(key)) {
            Some(at) => ours.push((*at, server, item)),
            None => theirs.push((server.unwrap_or(usize::MAX), server, item)),
        }
    }
    ours.sort_by_key(|(at, ..)| *at);
    theirs.sort_by_key(|(at, ..)| *at);
    let mut merged = Vec::with_capacity(ours.len() + theirs.len());
    let (mut ours, mut theirs) = (ours.into_iter().peekable(), theirs.into_iter().peekable());
    loop {
        let their_turn = match (ours.peek(), theirs.peek()) {
            (None, None) => return merged,
            (None, Some(_)) => true,
            (Some(_), None) => false,
            (Some((_, our, _)), Some((_, their, _))) => matches!((their, our), (Some(their), Some(our)) if their < our),
        };
        let next = if their_turn { theirs.next() } else { ours.next() };
        merged.extend(next.map(|(.., item)| item));
    }
}

/// The order that the server goes by beside `$setElementOrder`: that of the items that stay. New items take, as far as they go, the
/// places of deleted ones at its end (an effect of how its slices share memory, but a stable one; tried).
fn server_order(present: &[Node], patch: &[Node], key: &str) -> Vec<Option<Key>> {
    let is_deletion = |item: &&Node| item.get(super::PATCH).and_then(Node::as_str) == Some("delete");
    let keys = |items: &[&Node]| -> Vec<Option<Key>> { items.iter().map(|item| key_of(item, key)).collect() };
    let (deleted, set): (Vec<&Node>, Vec<&Node>) = patch.iter().partition(is_deletion);
    let (deleted, set) = (keys(&deleted), keys(&set));
    let was: Vec<Option<Key>> = present.iter().map(|item| key_of(item, key)).collect();
    let added = set.into_iter().filter(|key| !was.contains(key));
    let kept = was.iter().filter(|key| !deleted.contains(key)).cloned();
    kept.chain(added).take(was.len()).collect()
}

impl Merge {
    /// Handles each `$setElementOrder/FIELD` together with the list of that field, and takes both out of `patch`.
    pub(super) fn orders(&mut self, original: &mut Map, patch: &mut Map, schema: Option<SchemaRef<'_>>) {
        let directives: Vec<String> = patch.keys().filter(|key| key.starts_with(ORDER)).map(ToString::to_string).collect();
        for directive in directives {
            let Some(wanted) = patch.remove(&directive) else { continue };
            let field = directive.get(ORDER.len()..).unwrap_or("");
            let child = schema.and_then(|schema| schema.child(field));
            let strategy = child.map(|child| child.patch.clone()).unwrap_or_default();
            let Some(wanted) = wanted.node.as_list() else {
                self.bad_directive(&wanted.node);
                continue;
            };
            let order: Vec<Option<Key>> = wanted.iter().map(|item| key_of(item, &strategy.key)).collect();
            if !strategy.merge || !self.follows(patch.get(field), &order, &strategy.key) {
                continue;
            }
            let present = original.get(field).and_then(Node::as_list).unwrap_or_default();
            let server_order = server_order(present, patch.get(field).and_then(Node::as_list).unwrap_or_default(), &strategy.key);
            if let Some(entry) = patch.remove(field) {
                self.here.push_field(field);
                match original.get_mut(field) {
                    Some(Node { data: Data::List(present), .. }) => {
                        if let Data::List(items) = entry.node.data {
                            let merged =
                                self.list(std::mem::take(present), items, child.and_then(SchemaRef::items), &strategy.key);
                            *present = merged;
                        }
                    }
                    _ => {
                        if let Some(node) = clean::node(entry.node) {
                            original.insert(field, entry.key_span, node);
                        }
                    }
                }
                self.here.pop();
            }
            if let Some(list) = original.get_mut(field).and_then(Node::as_list_mut) {
                let arranged = arrange(std::mem::take(list), &strategy.key, &order, &server_order);
                *list = arranged;
            }
        }
    }

    /// Whether the items that the patch sets stand in the order that it asks for.
    fn follows(&mut self, list: Option<&Node>, order: &[Option<Key>], key: &str) -> bool {
        let mut rest = order.iter();
        let items = list.and_then(Node::as_list).unwrap_or_default();
        if order.is_empty() {
            return true;
        }
        for item in items.iter().filter(|item| item.get(super::PATCH).is_none()) {
            let item_key = key_of(item, key);
            if !rest.any(|wanted| *wanted == item_key) {
                self.errors.push(
                    Diagnostic::new(&PATCH_DIRECTIVE, "the patch's items don't stand in the order of its `$setElementOrder`")
                        .at(item.span, "this item is missing there, or out of order"),
                );
                return false;
            }
        }
        true
    }
}
