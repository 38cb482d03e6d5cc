//! Lists whose strategy is `merge`.

use super::order::{self, Key};
use super::{Merge, PATCH, clean};
use crate::check::schema::SchemaRef;
use crate::object::{Data, Node};

impl Merge {
    /// Merges two lists: plain values as a set, maps by `key`. The patch's items stand in the patch's order, the others in theirs; where
    /// the two meet, an item that only the patch has comes first (so does the API server's, and kustomize's).
    pub(super) fn list(&mut self, original: Vec<Node>, patch: Vec<Node>, items: Option<SchemaRef<'_>>, key: &str) -> Vec<Node> {
        let are_maps = |list: &[Node]| list.iter().all(|item| item.as_map().is_some());
        if key.is_empty() || !are_maps(&original) || !are_maps(&patch) {
            return if key.is_empty() { merge_values(original, patch) } else { clean::list(patch) };
        }
        let Some(keyed) = self.check_keys(&original, &patch, key) else { return original };
        if keyed.replaces {
            return clean::list(patch.into_iter().map(without_directive).collect());
        }
        let mut merged = original;
        let mut wanted = Vec::new();
        for item in patch {
            let item_key = order::key_of(&item, key);
            if directive(&item) == Some("delete") {
                let before = merged.len();
                merged.retain(|present| order::key_of(present, key) != item_key);
                let name = item.get(key).and_then(Node::as_str).unwrap_or(key).to_owned();
                self.at(&name, |merge| merge.note_removal(item.span, merged.len() < before));
            } else {
                wanted.push(without_directive(item));
            }
        }
        let server_order: Vec<Option<Key>> = merged.iter().map(|item| order::key_of(item, key)).collect();
        let patch_order: Vec<Option<Key>> = wanted.iter().map(|item| order::key_of(item, key)).collect();
        for item in wanted {
            self.merge_item(&mut merged, item, items, key);
        }
        order::arrange(merged, key, &patch_order, &server_order)
    }

    fn merge_item(&mut self, merged: &mut Vec<Node>, item: Node, items: Option<SchemaRef<'_>>, key: &str) {
        let item_key = order::key_of(&item, key);
        let found = merged.iter().position(|present| order::key_of(present, key) == item_key);
        let present = found.and_then(|at| Some((at, merged.get_mut(at)?)));
        match (present, item.data) {
            (Some((at, Node { data: Data::Map(present), .. })), Data::Map(patch)) => {
                self.here.push_index(at);
                self.map(present, patch, items);
                self.here.pop();
            }
            (_, data) => merged.extend(clean::node(Node::new(data, item.span))),
        }
    }

    /// Whether every item has its key; says which hasn't.
    fn check_keys(&mut self, original: &[Node], patch: &[Node], key: &str) -> Option<Keyed> {
        let mut replaces = false;
        let mut good = true;
        for item in patch {
            let word = directive(item);
            if let Some(node) = item.get(PATCH)
                && !matches!(word, Some("delete" | "replace" | "merge"))
            {
                self.bad_directive(node);
                good = false;
            }
            replaces |= word == Some("replace");
            if word != Some("replace") && item.get(key).is_none() {
                self.no_key(key, item.span, "an item of the patch");
                good = false;
            }
        }
        let lacking = original.iter().find(|item| item.get(key).is_none()).filter(|_| !replaces);
        if let Some(item) = lacking {
            self.no_key(key, item.span, "an item");
            good = false;
        }
        good.then_some(Keyed { replaces })
    }
}

/// What is known of a patch's items whose keys are all there.
struct Keyed {
    /// Whether an item says `$patch: replace`: the others are the whole list.
    replaces: bool,
}

fn directive(item: &Node) -> Option<&str> {
    item.get(PATCH)?.as_str()
}

/// The item without `$patch: merge` or `replace`; one that says only that stays, to be dropped when cleaned.
fn without_directive(mut item: Node) -> Node {
    if let Some(map) = item.as_map_mut()
        && map.len() > 1
        && map.get(PATCH).and_then(Node::as_str) != Some("delete")
    {
        map.remove(PATCH);
    }
    item
}

fn merge_values(original: Vec<Node>, patch: Vec<Node>) -> Vec<Node> {
    let patch = clean::list(patch);
    let server_order: Vec<Option<Key>> = original.iter().map(order::key_of_value).collect();
    let patch_order: Vec<Option<Key>> = patch.iter().map(order::key_of_value).collect();
    let mut seen = std::collections::BTreeSet::new();
    let merged = original.into_iter().chain(patch).filter(|item| seen.insert(order::key_of_value(item))).collect();
    order::arrange(merged, "", &patch_order, &server_order)
}
