//! Which objects of an environment a cluster has.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::stream::{self, StreamExt};

use super::{GroupKind, Inventory, PART_OF};
use crate::cluster::{Cluster, ClusterError, ErrorKind, Live, Resource, Resources};

/// How many LISTs are under way at once.
const LISTS: usize = 6;

/// The members that were found, and where they couldn't be looked for.
#[derive(Debug, Default)]
pub struct Members {
    /// All objects that bear the set's label.
    pub live: Vec<Live>,
    /// The kinds whose list isn't whole: one didn't come, or the server may have the kind and doesn't tell of it. Nothing of them is
    /// pruned.
    pub unlisted: BTreeSet<GroupKind>,
    /// Why, a sentence each.
    pub why: Vec<String>,
    /// Whether asking again may well show more: a list failed for a reason that passes.
    pub passing: bool,
}

/// Looks for the members of a set, in all kinds and namespaces of the inventory. `listed` gives what somebody has listed already: all objects of
/// a kind in a namespace (`None`: in all), or nothing if that wasn't listed.
///
/// # Errors
/// The server doesn't answer at all. A kind that may not be listed is no error.
pub async fn members(
    cluster: &Cluster,
    resources: &Resources,
    inventory: &Inventory,
    listed: impl Fn(&Arc<Resource>, Option<&str>) -> Option<Vec<Live>>,
) -> Result<Members, ClusterError> {
    let mut found = Members::default();
    let mut wanted: Vec<(Arc<Resource>, Option<String>)> = Vec::new();
    for kind in &inventory.kinds {
        let Some(resource) = resources.preferred(&kind.group, &kind.kind) else {
            // A kind that is gone has no objects; one whose group doesn't answer may have some.
            if resources.is_unknown(&kind.group) {
                found.miss(kind.clone(), format!("the API group `{}` doesn't answer", kind.group));
            }
            continue;
        };
        let namespaces = inventory.namespaces.iter().chain([&inventory.namespace]).map(|name| Some(name.clone()));
        let places: Vec<_> = if resource.namespaced { namespaces.collect() } else { vec![None] };
        wanted.extend(places.into_iter().map(|place| (resource.clone(), place)));
    }
    let selector = format!("{PART_OF}={}", inventory.set);
    let mut missing = Vec::new();
    for (resource, place) in wanted {
        match listed(&resource, place.as_deref()) {
            Some(objects) => found.add(&inventory.set, objects),
            None => missing.push((resource, place)),
        }
    }
    let one = |(resource, place): (Arc<Resource>, Option<String>)| {
        let selector = &selector;
        async move {
            let answer = cluster.list(&resource, place.as_deref(), Some(selector)).await;
            (resource, answer)
        }
    };
    let answers: Vec<_> = stream::iter(missing).map(one).buffered(LISTS).collect().await;
    for (resource, answer) in answers {
        match answer {
            Ok(listed) => found.add(&inventory.set, listed.items),
            Err(error) if error.kind == ErrorKind::Login => return Err(error),
            // Its definition went between the question which kinds there are and this one.
            Err(error) if error.is_not_found() => {}
            Err(error) => {
                found.passing |= error.is_passing();
                found.miss(GroupKind::of_resource(&resource), error.to_string());
            }
        }
    }
    Ok(found)
}

impl Members {
    fn add(&mut self, set: &str, objects: Vec<Live>) {
        self.live.extend(objects.into_iter().filter(|live| live.labels.get(PART_OF).is_some_and(|label| label == set)));
    }

    fn miss(&mut self, kind: GroupKind, why: String) {
        self.why.push(format!("{kind} isn't pruned: {why}"));
        self.unlisted.insert(kind);
    }
}
