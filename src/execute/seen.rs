//! What a plan saw of an object against what is there now: may its step still be done?

use std::collections::BTreeSet;

use serde_json::Value;

use super::write::Target;
use crate::cluster::Live;
use crate::object::{Data, Map, Node, Object};
use crate::owned::{self, MANAGER, Manager};
use crate::plan::{Member, Seen, Step, opener};
use crate::secret::Opened;

/// An object in one state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct At {
    pub(super) uid: String,
    pub(super) resource_version: String,
}

impl At {
    pub(super) fn of(live: &Live) -> Self {
        Self { uid: live.uid.clone(), resource_version: live.resource_version.clone() }
    }
}

impl From<&Seen> for At {
    fn from(seen: &Seen) -> Self {
        Self { uid: seen.uid.clone(), resource_version: seen.resource_version.clone() }
    }
}

/// What was seen of an object before it is written.
#[derive(Debug, Clone)]
pub(super) struct Before {
    pub(super) at: At,
    /// Whether it holds a secret's value: then nothing but its keys is compared.
    pub(super) is_secret: bool,
    /// The whole object. A plan from a file was held against one that was made in this run.
    pub(super) live: Option<Live>,
}

impl Before {
    pub(super) fn of(step: &Step, member: &Member) -> Option<Self> {
        let seen = step.seen.as_ref()?;
        let id = &member.object.source;
        let is_secret = id.kind == "Secret" && id.group.is_empty();
        Some(Self { at: seen.into(), is_secret, live: member.live.clone() })
    }

    /// The state that a write of our own has left.
    pub(super) fn after(live: &Live) -> Self {
        Self { at: At::of(live), is_secret: false, live: Some(live.clone()) }
    }
}

/// An object that moved, as it is now.
pub(super) struct Now<'a> {
    target: &'a Target<'a>,
    value: &'a Value,
}

impl<'a> Now<'a> {
    pub(super) fn of(target: &'a Target<'a>, value: &'a Value) -> Self {
        Self { target, value }
    }

    /// What speaks against doing the step to the object as it is now: nothing, if only fields moved that the plan didn't look at. A
    /// Secret is predicted again: its step holds if it still changes the same keys.
    pub(super) fn differs(&self, opened: &Opened) -> Option<String> {
        let before = self.target.before.as_ref()?;
        let Some(live) = &before.live else { return Some("it was changed meanwhile".to_owned()) };
        if !before.is_secret {
            let looked_at = |live: &Value| looked_at(self.target.object, live, opened);
            let same = looked_at(&live.value()) == looked_at(self.value);
            return (!same).then(|| "fields that the plan looked at were changed meanwhile".to_owned());
        }
        let change = |live: &Value| changed_keys(&self.target.object.root, live, opened);
        match (change(&live.value()), change(self.value)) {
            (Some(then), Some(now)) if then == now && !now.is_empty() => None,
            (Some(_), Some(now)) => {
                let keys: Vec<String> = now.into_iter().map(|key| format!("`{key}`")).collect();
                let keys = if keys.is_empty() { "nothing".to_owned() } else { keys.join(", ") };
                Some(format!("it was changed meanwhile: this step would change {keys} now, which isn't what the plan says"))
            }
            _ => Some("it was changed meanwhile, and can't be compared".to_owned()),
        }
    }

    /// Who changed it: the managers that have written since the plan.
    pub(super) fn changed_by(&self) -> Option<String> {
        let before = self.target.before.as_ref().and_then(|before| before.live.as_ref());
        changed_by(before.map(Live::value).as_ref(), self.value)
    }
}

/// The digest of what a plan about the object looks at. Both sides are taken here, so it needs no schema: without one, what it takes for a
/// whole may be a part of one, never the other way round.
fn looked_at(object: &Object, live: &Value, opened: &Opened) -> owned::Digest {
    let reveal = opener(Some(opened));
    owned::looked_at(owned::Wanted { root: &object.root, reveal: &reveal, schema: None }, live, MANAGER)
}

/// The managers whose entries aren't those of `before`, those that write nothing but a status left out; the latest if all of `before` is
/// unknown.
pub(super) fn changed_by(before: Option<&Value>, now: &Value) -> Option<String> {
    let known = before.map(owned::managers).unwrap_or_default();
    // Our own entry shrinks when somebody takes a field from it; its time tells whether we wrote.
    let shrunk =
        |now: &Manager| now.applies_as(MANAGER) && known.iter().any(|then| then.applies_as(MANAGER) && then.time == now.time);
    let wrote = |now: &Manager| now.subresource.is_empty() && !now.name.is_empty() && !known.contains(now) && !shrunk(now);
    let mut changed: Vec<_> = owned::managers(now).into_iter().filter(wrote).collect();
    changed.sort_by(|a, b| a.time.cmp(&b.time));
    if before.is_none() {
        return changed.pop().map(|manager| manager.name);
    }
    let names: BTreeSet<String> = changed.into_iter().map(|manager| manager.name).collect();
    if names.is_empty() { None } else { Some(names.into_iter().collect::<Vec<_>>().join(", ")) }
}

/// The keys of a Secret (and its labels, annotations and type) that applying `wanted` would change in `live`: those with another value, and
/// those that we own and don't send any more. `None` if a value isn't opened. Values are compared here and leave nothing behind.
fn changed_keys(wanted: &Node, live: &Value, opened: &Opened) -> Option<BTreeSet<String>> {
    let mut changed = BTreeSet::new();
    for path in [&["data"][..], &["metadata", "labels"], &["metadata", "annotations"]] {
        let wanted = path.iter().try_fold(wanted, |node, field| node.get(field)).and_then(Node::as_map);
        let live_map = path.iter().try_fold(live, |value, field| value.get(field)).and_then(Value::as_object);
        let shown = path.join(".");
        for (key, entry) in wanted.into_iter().flat_map(Map::iter) {
            let value = live_map.and_then(|map| map.get(key.as_str())).and_then(Value::as_str);
            if !is_text(&entry.node, value, opened)? {
                changed.insert(format!("{shown}.{key}"));
            }
        }
        let kept = |key: &str| wanted.is_some_and(|map| map.has(key));
        let gone = owned_keys(live, path).into_iter().filter(|key| !kept(key));
        changed.extend(gone.map(|key| format!("{shown}.{key}")));
    }
    for field in ["type", "immutable"] {
        let same = match wanted.get(field).map(|node| &node.data) {
            Some(Data::Text(text)) => live.get(field).and_then(Value::as_str) == Some(text),
            Some(Data::Bool(truth)) => live.get(field).and_then(Value::as_bool) == Some(*truth),
            _ => true,
        };
        if !same {
            changed.insert(field.to_owned());
        }
    }
    Some(changed)
}

/// Whether a live text is the wanted one; `None` if that one isn't opened.
fn is_text(wanted: &Node, live: Option<&str>, opened: &Opened) -> Option<bool> {
    match &wanted.data {
        Data::Text(text) => Some(live == Some(text)),
        Data::Sealed(sealed) => opener(Some(opened))(sealed).ok().map(|text| live == Some(text.as_str())),
        _ => Some(false),
    }
}

/// The keys of a map that our own entry has.
fn owned_keys(live: &Value, path: &[&str]) -> Vec<String> {
    let entries = live.pointer("/metadata/managedFields").and_then(Value::as_array);
    let is_ours = |entry: &&Value| {
        entry.get("manager").and_then(Value::as_str) == Some(MANAGER)
            && entry.get("operation").and_then(Value::as_str) == Some("Apply")
    };
    let ours = entries.into_iter().flatten().find(is_ours).and_then(|entry| entry.get("fieldsV1"));
    let map = path.iter().fold(ours, |value, field| value?.get(format!("f:{field}"))).and_then(Value::as_object);
    map.into_iter().flat_map(|map| map.keys()).filter_map(|key| key.strip_prefix("f:")).map(str::to_owned).collect()
}
