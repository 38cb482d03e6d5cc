//! The laws: what must be so at every moment.

use serde_json::Value;

use super::history::{Event, Place, World};
use super::uses;

const PART_OF: &str = "applyset.kubernetes.io/part-of";
const ID: &str = "applyset.kubernetes.io/id";
const GROUP_KINDS: &str = "applyset.kubernetes.io/contains-group-kinds";
const NAMESPACES: &str = "applyset.kubernetes.io/additional-namespaces";
const MANAGER: &str = "plimsoll";

/// A law that an event broke.
#[derive(Debug, Clone)]
pub struct Violation {
    /// Of the event after which it was so.
    pub version: u64,
    pub place: Place,
    pub what: String,
}

/// R16, nothing forgotten: an object that bears an ApplySet's label, or that the manager `plimsoll` applied, would be found by that set's
/// prune: it bears the label, the parent is there, names its kind, and is in its namespace or names it.
///
/// Exempt are what the inventory is kept in (a parent, and whatever the manager has under the parent's own name, a Lease for one), objects that are
/// being deleted, and a Namespace as long as no parent is in it, since the parent can't be there before it.
pub fn forgotten(world: &World) -> Vec<(Place, String)> {
    let parents: Vec<(&Place, &Value)> =
        world.objects().filter(|(_, object)| object["metadata"]["labels"][ID].is_string()).collect();
    let mut wrong = Vec::new();
    for (place, object) in world.objects() {
        let metadata = &object["metadata"];
        let part_of = metadata["labels"][PART_OF].as_str();
        let keeper = |(parent, _): &&(&Place, &Value)| parent.name == place.name && parent.namespace == place.namespace;
        let is_kept_in = part_of.is_none() && parents.iter().any(|parent| keeper(&parent));
        let is_early = place.kind == "Namespace" && !parents.iter().any(|(parent, _)| parent.namespace == place.name);
        if (part_of.is_none() && !is_managed(metadata)) || is_kept_in || is_early || metadata["deletionTimestamp"].is_string() {
            continue;
        }
        let Some(id) = part_of else {
            wrong.push((place.clone(), "the manager `plimsoll` applied it, and it bears no label of an ApplySet".to_owned()));
            continue;
        };
        match parents.iter().find(|(_, parent)| parent["metadata"]["labels"][ID] == id) {
            None => wrong.push((place.clone(), format!("it is part of {id}, which has no parent"))),
            Some((parent_place, parent)) => {
                if let Some(what) = uncovered(place, parent_place, &parent["metadata"]["annotations"]) {
                    wrong.push((place.clone(), what));
                }
            }
        }
    }
    wrong
}

fn is_managed(metadata: &Value) -> bool {
    let entries = metadata["managedFields"].as_array().into_iter().flatten();
    entries.into_iter().any(|entry| entry["manager"] == MANAGER && entry["operation"] == "Apply")
}

/// What the inventory says of such an object, if it isn't enough.
fn uncovered(place: &Place, parent: &Place, annotations: &Value) -> Option<String> {
    let listed = |name: &str, wanted: &str| {
        let text = annotations[name].as_str().unwrap_or_default();
        text.split(',').any(|item| item.trim() == wanted)
    };
    let group_kind = match place.group.as_str() {
        "" => place.kind.clone(),
        group => format!("{}.{group}", place.kind),
    };
    if !listed(GROUP_KINDS, &group_kind) {
        return Some(format!("the inventory `{parent}` doesn't name the kind `{group_kind}`"));
    }
    let is_near = place.namespace.is_empty() || place.namespace == parent.namespace;
    (!is_near && !listed(NAMESPACES, &place.namespace))
        .then(|| format!("the inventory `{parent}` doesn't name the namespace `{}`", place.namespace))
}

/// R17, nothing foreign touched: no event is about a bystander.
pub fn touched(before: &World, events: &[Event], bystander: impl Fn(&Place, &Value) -> bool) -> Vec<Violation> {
    let bystanders: Vec<&Place> =
        before.objects().filter(|(place, object)| bystander(place, object)).map(|(place, _)| place).collect();
    let mine = events.iter().filter(|event| bystanders.contains(&&event.place));
    mine.map(|event| {
        let what = if event.object.is_some() { "a bystander was changed" } else { "a bystander was deleted" };
        Violation { version: event.version, place: event.place.clone(), what: what.to_owned() }
    })
    .collect()
}

/// R18, no mount pulled: whatever makes pods, or is one, names no ConfigMap and no Secret that isn't there. What is being deleted
/// is exempt, and a pod that has ended.
pub fn pulled(world: &World) -> Vec<(Place, String)> {
    let mut wrong = Vec::new();
    for (group, kind) in
        [("", "Pod"), ("apps", "ReplicaSet"), ("apps", "ControllerRevision"), ("batch", "Job"), ("batch", "CronJob")]
    {
        for (place, object) in world.of(group, kind) {
            let has_ended = matches!(object["status"]["phase"].as_str(), Some("Succeeded" | "Failed"));
            if object["metadata"]["deletionTimestamp"].is_string() || has_ended {
                continue;
            }
            for (needed, name) in uses::needs(uses::pod_spec(kind, object)) {
                let needed_place =
                    Place { group: String::new(), kind: needed.to_owned(), namespace: place.namespace.clone(), name };
                if !world.has(&needed_place) {
                    wrong.push((place.clone(), format!("it names the {needed} `{}`, which isn't there", needed_place.name)));
                }
            }
        }
    }
    wrong
}
