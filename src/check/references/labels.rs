//! Which pods a label selector chooses.

use std::collections::BTreeMap;

use crate::check::World;
use crate::check::pod::{Pod, items, text};
use crate::check::world::selects;
use crate::object::{Map, Node};

/// The pods of a bundle by label, so that a selector looks only at those that have its rarest pair.
pub(super) struct PodIndex<'w, 'a> {
    by_label: BTreeMap<(&'a str, &'a str, &'a str), Vec<&'w Pod<'a>>>,
    by_namespace: BTreeMap<&'a str, Vec<&'w Pod<'a>>>,
}

impl<'w, 'a> PodIndex<'w, 'a> {
    pub(super) fn new(world: &'w World<'a>) -> Self {
        let mut index = Self { by_label: BTreeMap::new(), by_namespace: BTreeMap::new() };
        for pod in world.pods() {
            let namespace = world.namespace_of(pod.object);
            index.by_namespace.entry(namespace).or_default().push(pod);
            let labels = pod.labels().and_then(Node::as_map).into_iter().flat_map(Map::iter);
            for (key, entry) in labels {
                if let Some(value) = entry.node.as_str() {
                    index.by_label.entry((namespace, key, value)).or_default().push(pod);
                }
            }
        }
        index
    }

    /// All pods of a namespace.
    pub(super) fn all(&self, namespace: &str) -> &[&'w Pod<'a>] {
        self.by_namespace.get(namespace).map_or(&[], Vec::as_slice)
    }

    /// The pods of a namespace whose labels have every pair of `pairs`.
    pub(super) fn with(&self, namespace: &'a str, pairs: &'a Node) -> Vec<&'w Pod<'a>> {
        let rarest = self.rarest(namespace, pairs);
        rarest.iter().copied().filter(|pod| selects(pairs, pod.labels())).collect()
    }

    /// The pods of a namespace that a `LabelSelector` chooses; an empty one chooses all.
    pub(super) fn chosen(&self, namespace: &'a str, selector: &'a Node) -> Vec<&'w Pod<'a>> {
        let pairs = selector.get("matchLabels").filter(|pairs| pairs.as_map().is_some_and(|map| !map.is_empty()));
        let candidates = pairs.map_or_else(|| self.all(namespace), |pairs| self.rarest(namespace, pairs));
        candidates.iter().copied().filter(|pod| matches(selector, pod.labels())).collect()
    }

    fn rarest(&self, namespace: &'a str, pairs: &'a Node) -> &[&'w Pod<'a>] {
        let lists = pairs.as_map().into_iter().flat_map(Map::iter).map(|(key, entry)| {
            let value = entry.node.as_str().unwrap_or_default();
            self.by_label.get(&(namespace, key.as_str(), value)).map_or(&[][..], Vec::as_slice)
        });
        lists.min_by_key(|list| list.len()).unwrap_or(&[])
    }
}

/// Whether a `LabelSelector` chooses something with these labels.
pub(in crate::check) fn matches(selector: &Node, labels: Option<&Node>) -> bool {
    let pairs = selector.get("matchLabels").is_none_or(|pairs| pairs.as_map().is_none() || selects(pairs, labels));
    pairs && items(selector, "matchExpressions").iter().all(|expression| holds(expression, labels))
}

fn holds(expression: &Node, labels: Option<&Node>) -> bool {
    let label = text(expression, "key").and_then(|key| labels?.get(key)).and_then(Node::as_str);
    let values = items(expression, "values");
    let listed = label.is_some_and(|label| values.iter().any(|value| value.as_str() == Some(label)));
    match text(expression, "operator") {
        Some("In") => listed,
        Some("NotIn") => !listed,
        Some("Exists") => label.is_some(),
        Some("DoesNotExist") => label.is_none(),
        _ => true,
    }
}
