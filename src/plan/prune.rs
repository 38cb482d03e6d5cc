//! What of an environment's objects may be deleted because the bundle has it no more: the rails, without a cluster.
//!
//! A delete is the one thing that another apply can't mend, so every doubt keeps an object. What may go is in the inventory (it bears the
//! set's label *and* an entry of our manager), is no member of the bundle under any of its names, and no rail keeps it.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexSet;
use serde_json::Value;

use super::uses::Uses;
use super::{Kept, Refusal};
use crate::cluster::Live;
use crate::inventory::{GroupKind, PART_OF};
use crate::object::ObjectId;
use crate::object::podspec::ConfigKind;
use crate::owned;
use crate::planted;

/// Kinds that take others' things with them: pruned only where the environment's `prune-kinds` names them.
pub const GUARDED: [(&str, &str); 4] = [
    ("", "Namespace"),
    ("apiextensions.k8s.io", "CustomResourceDefinition"),
    ("", "PersistentVolume"),
    ("", "PersistentVolumeClaim"),
];

/// All that the decision is made from.
#[derive(Debug, Clone, Copy)]
pub struct Rails<'a> {
    /// The set's id: what members bear as label [`PART_OF`].
    pub set: &'a str,
    /// The target namespace, which holds the inventory.
    pub namespace: &'a str,
    /// The name of the inventory's ConfigMap and of the Lease.
    pub parent: &'a str,
    /// The objects that bear the label, as they were listed.
    pub members: &'a [Live],
    /// The bundle's objects.
    pub bundle: &'a [Wanted],
    /// Who uses ConfigMaps and Secrets.
    pub uses: &'a Uses,
    /// The guarded kinds that the environment lets go, by name: `[apply] prune-kinds`.
    pub prune_kinds: &'a BTreeSet<String>,
    /// The most objects that may go: `[apply] prune-budget`.
    pub budget: usize,
    /// How many old hashed objects of a name stay: `[apply] keep`.
    pub keep: usize,
    /// Kinds whose LIST failed, or that the server may have and doesn't tell of.
    pub unlisted: &'a BTreeSet<GroupKind>,
    /// A `delete`: all members are to go. Budget, `keep` and uses don't hold, the user has asked for it; the other rails do.
    pub everything_goes: bool,
}

/// An object of the bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Its final name.
    pub id: ObjectId,
    /// The `metadata.uid` that the cluster has it under, if it has.
    pub uid: Option<String>,
}

/// What is pruned, and what isn't.
#[derive(Debug, Clone, Default)]
pub struct Decision {
    /// What goes, each by its uid, in the order of the list.
    pub prune: Vec<Live>,
    /// What stays though the bundle has it no more, and why.
    pub kept: Vec<Kept>,
    /// Why nothing is pruned and the run refused.
    pub refusals: Vec<Refusal>,
}

/// Whether a ConfigMap or Secret may have to go, so that who uses it must be read first; and in which namespaces.
pub fn namespaces_of_candidates(rails: &Rails<'_>) -> BTreeSet<String> {
    let bundle = Bundle::of(rails);
    let candidates = rails.members.iter().filter(|live| config_kind(live).is_some() && !bundle.has(live));
    candidates.filter_map(|live| live.namespace.clone()).collect()
}

/// Decides.
pub fn decide(rails: &Rails<'_>) -> Decision {
    if rails.bundle.is_empty() && !rails.everything_goes {
        return Decision { refusals: vec![empty_bundle()], ..Decision::default() };
    }
    let bundle = Bundle::of(rails);
    let mut decision = Decision::default();
    let mut hashed: BTreeMap<Base, Vec<Candidate<'_>>> = BTreeMap::new();
    for live in rails.members {
        if bundle.has(live) || is_ours_itself(rails, live) || live.labels.get(PART_OF).map(String::as_str) != Some(rails.set) {
            continue;
        }
        let value = live.value();
        if !owned::is_ours(&value) && has_controller(&value) {
            // A controller's own that copies labels, as EndpointSlices copy their Service's.
            continue;
        }
        if let Some(why) = keeps(rails, &bundle, live, &value) {
            decision.kept.push(Kept { id: live.id(), why });
        } else if let Some(base) = hashed_base(live, &value).filter(|base| !rails.everything_goes && bundle.bases.contains(base))
        {
            let made = value.pointer("/metadata/creationTimestamp").and_then(Value::as_str).unwrap_or_default().to_owned();
            hashed.entry(base).or_default().push(Candidate { made, live });
        } else {
            decision.take(rails, live);
        }
    }
    for (_, mut old) in hashed {
        // The newest first; of the same second by name, so that every run decides the same.
        old.sort_by(|a, b| (&b.made, &a.live.name).cmp(&(&a.made, &b.live.name)));
        for (at, candidate) in old.into_iter().enumerate() {
            if at < rails.keep && decision.used(rails, candidate.live).is_none() {
                let why = format!("it is one of the last {} of its name (`[apply] keep`)", rails.keep);
                decision.kept.push(Kept { id: candidate.live.id(), why });
            } else {
                decision.take(rails, candidate.live);
            }
        }
    }
    decision.within_budget(rails)
}

/// A hashed object that the bundle has no more, and when it was made.
struct Candidate<'a> {
    made: String,
    live: &'a Live,
}

impl Decision {
    /// Who uses a ConfigMap or Secret; a delete doesn't ask.
    #[expect(clippy::unused_self, reason = "reads as part of the decision")]
    fn used(&self, rails: &Rails<'_>, live: &Live) -> Option<String> {
        let kind = config_kind(live).filter(|_| !rails.everything_goes && !planted::is("uses-ignored"))?;
        rails.uses.keeps(live.namespace.as_deref().unwrap_or_default(), kind, &live.name)
    }

    fn take(&mut self, rails: &Rails<'_>, live: &Live) {
        match self.used(rails, live) {
            Some(why) => self.kept.push(Kept { id: live.id(), why }),
            None => self.prune.push(live.clone()),
        }
    }

    fn within_budget(mut self, rails: &Rails<'_>) -> Self {
        let count = self.prune.len();
        if count > rails.budget && !rails.everything_goes && !planted::is("budget-ignored") {
            let why = format!("{count} objects would be pruned, and the budget is {}", rails.budget);
            self.kept.extend(self.prune.drain(..).map(|live| Kept { id: live.id(), why: why.clone() }));
            self.refusals.push(Refusal {
                id: None,
                message: format!(
                    "{count} objects aren't in the bundle any more, and `[apply] prune-budget` lets at most {} go in one run: nothing is pruned",
                    rails.budget
                ),
                hint: Some(format!("look at the list; if all of it is meant, set `prune-budget = {count}` in `[apply]`")),
            });
        }
        self.kept.sort_by(|a, b| a.id.cmp(&b.id));
        self
    }
}

fn empty_bundle() -> Refusal {
    Refusal {
        id: None,
        message: "the bundle is empty, so all objects of the environment would be pruned".to_owned(),
        hint: Some("to take the environment down, use `plimsoll delete`".to_owned()),
    }
}

/// A name without its hash: group and kind are those of a config object.
type Base = (ConfigKind, String, String);

/// The bundle, by what its objects can be recognized by. The version doesn't count: an object has all of them.
struct Bundle<'a> {
    ids: IndexSet<(&'a str, &'a str, &'a str, &'a str)>,
    uids: IndexSet<&'a str>,
    bases: BTreeSet<Base>,
    namespaces: BTreeSet<&'a str>,
    kinds: BTreeSet<(&'a str, &'a str)>,
}

impl<'a> Bundle<'a> {
    fn of(rails: &Rails<'a>) -> Self {
        let place = |id: &'a ObjectId| id.namespace.as_deref().unwrap_or_default();
        let ids = rails.bundle.iter().map(|wanted| &wanted.id);
        Self {
            ids: ids.clone().map(|id| (id.group.as_str(), id.kind.as_str(), place(id), id.name.as_str())).collect(),
            uids: rails.bundle.iter().filter_map(|wanted| wanted.uid.as_deref()).collect(),
            bases: ids.clone().filter_map(|id| base_of_wanted(id, rails.namespace)).collect(),
            namespaces: ids.clone().map(place).filter(|name| !name.is_empty()).chain([rails.namespace]).collect(),
            kinds: ids.map(|id| (id.group.as_str(), id.kind.as_str())).collect(),
        }
    }

    /// Whether a live object is one of the bundle's: by name, or by uid where a kind is served by two groups.
    fn has(&self, live: &Live) -> bool {
        let place = live.namespace.as_deref().unwrap_or_default();
        let named =
            |place| self.ids.contains(&(live.resource.group.as_str(), live.resource.kind.as_str(), place, live.name.as_str()));
        // An object of the bundle that names no namespace may be any of that name.
        self.uids.contains(live.uid.as_str()) || named(place) || named("")
    }
}

/// The inventory's own ConfigMap and Lease go last, by their own command.
fn is_ours_itself(rails: &Rails<'_>, live: &Live) -> bool {
    live.name == rails.parent
        && live.namespace.as_deref() == Some(rails.namespace)
        && matches!(
            (live.resource.group.as_str(), live.resource.kind.as_str()),
            ("", "ConfigMap") | ("coordination.k8s.io", "Lease")
        )
}

/// The rails that hold for any kind, in the order in which a reader would want to be told.
fn keeps(rails: &Rails<'_>, bundle: &Bundle<'_>, live: &Live, value: &Value) -> Option<String> {
    if live.uid.is_empty() {
        return Some("it has no uid to be deleted by".to_owned());
    }
    let kind = GroupKind::of_resource(&live.resource);
    if rails.unlisted.contains(&kind) {
        return Some(format!("the list of {kind} didn't come whole"));
    }
    if !owned::is_ours(value) {
        return Some("it bears the environment's label, but plimsoll never applied it".to_owned());
    }
    if value.pointer("/metadata/deletionTimestamp").is_some_and(|time| !time.is_null()) {
        return Some("it is being deleted already".to_owned());
    }
    if let Some(owner) = owner_among(rails, value) {
        return Some(format!("it belongs to {owner} and goes with it"));
    }
    guard(rails, bundle, live, value)
}

fn has_controller(value: &Value) -> bool {
    let owners = value.pointer("/metadata/ownerReferences").and_then(Value::as_array);
    owners.into_iter().flatten().any(|owner| owner.get("controller").and_then(Value::as_bool) == Some(true))
}

/// An owner that is a member too: the garbage collector sees to what it owns.
fn owner_among(rails: &Rails<'_>, value: &Value) -> Option<String> {
    let owners = value.pointer("/metadata/ownerReferences").and_then(Value::as_array)?;
    owners.iter().find_map(|owner| {
        let uid = owner.get("uid").and_then(Value::as_str)?;
        let live = rails.members.iter().find(|live| live.uid == uid)?;
        Some(live.id().to_string())
    })
}

/// Kinds that take others' things with them.
fn guard(rails: &Rails<'_>, bundle: &Bundle<'_>, live: &Live, value: &Value) -> Option<String> {
    let of = (live.resource.group.as_str(), live.resource.kind.as_str());
    if !GUARDED.contains(&of) || planted::is("guard-ignored") {
        return None;
    }
    if !rails.prune_kinds.contains(of.1) {
        return Some(format!("{} is a guarded kind, and `[apply] prune-kinds` doesn't name it", of.1));
    }
    match of.1 {
        // With the target namespace the inventory would go, while the environment lives on.
        "Namespace" if !rails.everything_goes && bundle.namespaces.contains(live.name.as_str()) => {
            Some("objects of the bundle, or the inventory, live in it".to_owned())
        }
        "CustomResourceDefinition" => {
            let text = |pointer| value.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
            let defines = (text("/spec/group"), text("/spec/names/kind"));
            bundle.kinds.contains(&defines).then(|| format!("the bundle has a {}", defines.1))
        }
        _ => None,
    }
}

fn config_kind(live: &Live) -> Option<ConfigKind> {
    config_kind_of(&live.resource.group, &live.resource.kind)
}

fn config_kind_of(group: &str, kind: &str) -> Option<ConfigKind> {
    match (group, kind) {
        ("", "ConfigMap") => Some(ConfigKind::ConfigMap),
        ("", "Secret") => Some(ConfigKind::Secret),
        _ => None,
    }
}

/// The name without hash of a live config object with a hashed name, which is always immutable.
fn hashed_base(live: &Live, value: &Value) -> Option<Base> {
    let kind = config_kind(live)?;
    let is_immutable = value.get("immutable").and_then(Value::as_bool) == Some(true);
    let base = without_hash(&live.name).filter(|_| is_immutable)?;
    Some((kind, live.namespace.clone().unwrap_or_default(), base.to_owned()))
}

fn base_of_wanted(id: &ObjectId, target: &str) -> Option<Base> {
    let kind = config_kind_of(&id.group, &id.kind)?;
    let base = without_hash(&id.name)?;
    Some((kind, id.namespace.as_deref().unwrap_or(target).to_owned(), base.to_owned()))
}

/// `params` of `params-6ct58987ht`: the ten characters of `resolve::hash`.
fn without_hash(name: &str) -> Option<&str> {
    let (base, hash) = name.rsplit_once('-')?;
    let is_hash = hash.len() == 10 && hash.bytes().all(|byte| b"2456789bcdfghkmt".contains(&byte));
    (is_hash && !base.is_empty()).then_some(base)
}

#[cfg(test)]
mod tests;
