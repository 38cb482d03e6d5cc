//! What kubectl's client-side apply leaves, made ours.
//!
//! A field that kubectl applied client-side is owned by an `Update` entry, so server-side apply never removes it. The way out is
//! client-go's (`csaupgrade`): those entries' fields move into our `Apply` entry, and the next apply removes what it doesn't send.

use serde_json::{Map as JsonMap, Value, json};

use super::expected::roughly;
use super::fields::{Element, Fields};
use super::live::value_at;
use super::{Manager, Wanted, managers};
use crate::object::Node;

/// The managers of kubectl's client-side apply: its own, and what the server calls all that was there before the first apply to an
/// object without entries.
pub const CLIENT_SIDE: &[&str] = &["kubectl-client-side-apply", BEFORE_FIRST_APPLY];
const BEFORE_FIRST_APPLY: &str = "before-first-apply";
/// kubectl's copy of what was last applied, a Secret's values among it.
pub const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// What would be migrated, and what follows from it.
#[derive(Debug, Clone, PartialEq)]
pub struct Migration {
    /// The managers whose entries become ours.
    pub managers: Vec<String>,
    /// A JSON patch. It replaces UID and resourceVersion by the ones seen: the server answers 409 if the object has moved, 422 on
    /// `metadata.uid` if another one has its name.
    pub patch: Value,
    /// Fields that the next apply then removes: someone applied them with kubectl, we don't send them, no one else owns them.
    pub removes: Vec<Vec<Element>>,
    /// Fields that the next apply then gives back to the server, which sets its default again: kubectl didn't name them.
    pub resets: Vec<Vec<Element>>,
    /// Whether kubectl's annotation goes.
    pub annotation: bool,
}

/// Whether the entry is one of those that [`migration`] makes ours.
pub(super) fn is_client_side(entry: &Manager) -> bool {
    is_of(entry, CLIENT_SIDE)
}

fn is_of(entry: &Manager, names: &[&str]) -> bool {
    names.contains(&entry.name.as_str()) && entry.operation == "Update" && entry.subresource.is_empty()
}

/// Whether there is any entry of that name. Most objects have none to migrate, and reading fields costs more than this.
fn has_entry_of(live: &Value, name: &str) -> bool {
    let entries = live.pointer("/metadata/managedFields").and_then(Value::as_array);
    entries.into_iter().flatten().any(|entry| entry.get("manager").and_then(Value::as_str) == Some(name))
}

/// The migration of kubectl's client-side entries into ours; `None` if there are none, or an entry isn't understood.
pub fn migration(live: &Value, wanted: Wanted<'_>, manager: &str) -> Option<Migration> {
    migration_of(live, wanted, manager, CLIENT_SIDE)
}

/// As [`migration`], of `Update` entries of other names: what is adopted from `kubectl create` or `kubectl set`, say.
pub fn migration_of(live: &Value, wanted: Wanted<'_>, manager: &str, names: &[&str]) -> Option<Migration> {
    if !names.iter().any(|name| has_entry_of(live, name)) {
        return None;
    }
    let entries = managers(live);
    let api_version = wanted.root.get("apiVersion").and_then(Node::as_str).unwrap_or_default();
    let from: Vec<&Manager> = entries.iter().filter(|entry| is_of(entry, names)).collect();
    if from.is_empty() || entries.iter().any(|entry| entry.fields.is_none()) {
        return None;
    }
    let ours = entries.iter().find(|entry| entry.applies_as(manager));
    // fields are named in one version; those of another stay where they are until someone applies in it
    let version = ours.map_or(api_version, |entry| &entry.api_version);
    let from: Vec<&Manager> = from.into_iter().filter(|entry| entry.api_version == version).collect();
    let moved: Vec<(&Manager, Fields, Fields)> = from.iter().filter_map(|entry| split(entry)).collect();
    if moved.is_empty() {
        return None;
    }
    let owned = ours.and_then(|entry| entry.fields.clone()).unwrap_or_default();
    let joined = moved.iter().fold(owned, |joined, (_, taken, _)| joined.union(taken));
    let annotation = last_applied(live).is_some();
    let patch = patch(live, &entries, &moved, (manager, version, &joined), annotation);
    let (removes, resets) = lost(live, wanted, &entries, &moved, manager);
    let managers = moved.iter().map(|(entry, ..)| entry.name.clone()).collect();
    Some(Migration { managers, patch, removes, resets, annotation })
}

/// An entry's fields: those that become ours, and those that stay. The status isn't applied; finalizers and owners that stood in an
/// object before its first apply are some controller's, and an apply must not remove them.
fn split(entry: &Manager) -> Option<(&Manager, Fields, Fields)> {
    let fields = entry.fields.as_ref()?;
    let mut stays = Fields::default();
    if let Some(status) = fields.field("status") {
        stays.put(Element::field("status"), status.clone());
    }
    if let (BEFORE_FIRST_APPLY, Some(metadata)) = (entry.name.as_str(), fields.field("metadata")) {
        let mut kept = Fields::default();
        for name in ["finalizers", "ownerReferences"] {
            kept.put(Element::field(name), metadata.field(name).cloned().unwrap_or_default());
        }
        stays.put(Element::field("metadata"), kept);
    }
    let taken = fields.difference(&stays);
    (!taken.is_empty()).then_some((entry, taken, stays))
}

fn last_applied(live: &Value) -> Option<&str> {
    live.get("metadata")?.get("annotations")?.get(LAST_APPLIED)?.as_str()
}

fn patch(
    live: &Value,
    entries: &[Manager],
    moved: &[(&Manager, Fields, Fields)],
    (manager, version, joined): (&str, &str, &Fields),
    annotation: bool,
) -> Value {
    let raw = live.pointer("/metadata/managedFields").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let mut kept = Vec::new();
    for (entry, raw) in entries.iter().zip(raw) {
        let stays = moved.iter().find(|(from, ..)| std::ptr::eq(*from, entry)).map(|(_, _, stays)| stays);
        match stays {
            Some(stays) if stays.is_empty() => {}
            Some(stays) => kept.push(with(raw, "fieldsV1", stays.json())),
            None if entry.applies_as(manager) => {}
            None => kept.push(raw.clone()),
        }
    }
    let mut own = json!({
        "manager": manager, "operation": "Apply", "apiVersion": version, "fieldsType": "FieldsV1", "fieldsV1": joined.json(),
    });
    let ours = entries.iter().find(|entry| entry.applies_as(manager));
    let time = ours.or(moved.first().map(|(entry, ..)| *entry)).and_then(|entry| entry.time.clone());
    if let (Some(time), Some(own)) = (time, own.as_object_mut()) {
        own.insert("time".to_owned(), time.into());
    }
    kept.push(own);
    let mut steps = Vec::new();
    for name in ["uid", "resourceVersion"] {
        let seen = live.get("metadata").and_then(|metadata| metadata.get(name)).cloned().unwrap_or_default();
        steps.push(json!({ "op": "replace", "path": format!("/metadata/{name}"), "value": seen }));
    }
    if annotation {
        let path = format!("/metadata/annotations/{}", LAST_APPLIED.replace('/', "~1"));
        steps.push(json!({ "op": "remove", "path": path }));
    }
    steps.push(json!({ "op": "replace", "path": "/metadata/managedFields", "value": kept }));
    Value::Array(steps)
}

fn with(raw: &Value, key: &str, value: Value) -> Value {
    let mut map: JsonMap<String, Value> = raw.as_object().cloned().unwrap_or_default();
    map.insert(key.to_owned(), value);
    Value::Object(map)
}

/// The topmost fields that the next apply removes, and those that it leaves to defaults.
fn lost(
    live: &Value,
    wanted: Wanted<'_>,
    entries: &[Manager],
    moved: &[(&Manager, Fields, Fields)],
    manager: &str,
) -> (Vec<Vec<Element>>, Vec<Vec<Element>>) {
    let taken = moved.iter().fold(Fields::default(), |all, (_, taken, _)| all.union(taken));
    let sent = roughly(wanted, Some(&taken));
    let is_moved = |entry: &Manager| moved.iter().any(|(from, ..)| std::ptr::eq(*from, entry));
    let others = entries.iter().filter(|entry| !is_moved(entry) && !entry.applies_as(manager));
    let others = others.filter_map(|entry| entry.fields.as_ref()).fold(Fields::default(), |all, fields| all.union(fields));
    let applied: Option<Value> = last_applied(live).and_then(|text| serde_json::from_str(text).ok());
    let (mut removes, mut resets): (Vec<Vec<Element>>, Vec<Vec<Element>>) = (Vec::new(), Vec::new());
    for path in taken.paths() {
        let is_annotation = path.last() == Some(&Element::field(LAST_APPLIED));
        let below_one = |found: &[Vec<Element>]| found.iter().any(|above| path.starts_with(above));
        // the mark of a container: what is in it is listed by itself
        let is_mark =
            matches!(path.last(), Some(Element::Field(_))) && taken.at(&path).is_some_and(|all| !all.children.is_empty());
        if is_mark
            || is_annotation
            || covered(&sent, &path)
            || covered(&others, &path)
            || below_one(&removes)
            || below_one(&resets)
        {
            continue;
        }
        if value_at(live, &path).is_none() {
            continue;
        }
        match &applied {
            Some(applied) if value_at(applied, &path).is_none() => resets.push(path),
            _ => removes.push(path),
        }
    }
    (removes, resets)
}

/// Whether the set has something at the path, or a whole above it.
fn covered(fields: &Fields, path: &[Element]) -> bool {
    let mut here = fields;
    for element in path {
        if here.is_leaf() {
            return true;
        }
        let Some(below) = here.child(element) else { return false };
        here = below;
    }
    true
}
