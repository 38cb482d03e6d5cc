//! What strangers do to an object, and what we change of what we want.

use serde_json::{Value, json};

use super::kinds::Kind;
use super::values::{label, text};
use crate::random::Random;
use crate::server::cluster;

/// JSON pointers to all of an object that can be edited: not what names it, nor what the server keeps of it.
pub(crate) fn places(object: &Value) -> Vec<String> {
    let mut out = Vec::new();
    for (key, value) in object.as_object().into_iter().flatten() {
        match key.as_str() {
            "apiVersion" | "kind" | "status" => {}
            "metadata" => {
                for part in ["labels", "annotations", "finalizers"] {
                    if let Some(value) = value.get(part) {
                        walk(value, format!("/metadata/{part}"), &mut out);
                    }
                }
            }
            _ => walk(value, format!("/{key}"), &mut out),
        }
    }
    out
}

fn walk(value: &Value, here: String, out: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                walk(value, format!("{here}/{}", key.replace('~', "~0").replace('/', "~1")), out);
            }
        }
        Value::Array(items) => items.iter().enumerate().for_each(|(at, value)| walk(value, format!("{here}/{at}"), out)),
        _ => {}
    }
    out.push(here);
}

/// One of the places that fit.
fn place(random: &mut Random, object: &Value, fits: impl Fn(&Value) -> bool) -> Option<String> {
    let found: Vec<String> = places(object).into_iter().filter(|place| object.pointer(place).is_some_and(&fits)).collect();
    (!found.is_empty()).then(|| random.pick(&found).clone())
}

fn is_scalar(value: &Value) -> bool {
    !value.is_array() && !value.is_object()
}

/// Another value of the same type.
pub(crate) fn another(random: &mut Random, value: &Value) -> Value {
    match value {
        Value::Bool(truth) => json!(!truth),
        Value::Number(number) => number.as_i64().map_or(json!(3), |number| json!(number + 1)),
        Value::String(text) if text.is_empty() => json!("other"),
        Value::String(text) if text.ends_with("Mi") => json!("7Mi"),
        Value::String(text) if text.ends_with('m') => json!("700m"),
        Value::String(_) if random.one_in(3) => text(random),
        Value::String(text) => json!(format!("{text}x")),
        Value::Array(items) => items.iter().rev().cloned().collect(),
        _ => json!({}),
    }
}

fn swapped(random: &mut Random, list: &Value) -> Value {
    let mut items = list.as_array().cloned().unwrap_or_default();
    if items.len() > 1 {
        let at = random.below(items.len() - 1);
        items.swap(at, at + 1);
    }
    items.into()
}

/// A list with one more item, before or after the others: one like an item that is there, under another name.
fn longer(random: &mut Random, list: &Value) -> Value {
    let mut items = list.as_array().cloned().unwrap_or_default();
    let Some(mut item) = items.first().cloned() else { return list.clone() };
    let mut named = false;
    for key in ["name", "mountPath", "key", "type"] {
        if let Some(Value::String(name)) = item.get(key) {
            item[key] = json!(format!("{name}{}", if key == "mountPath" { "/z" } else { "z" }));
            named = true;
            break;
        }
    }
    for key in ["containerPort", "port"] {
        if let Some(Value::Number(_)) = item.get(key) {
            item[key] = json!(7777 + random.below(100));
        }
    }
    if !named && is_scalar(&item) {
        item = another(random, &item);
    }
    let at = if random.one_in(2) { 0 } else { items.len() };
    items.insert(at, item);
    items.into()
}

/// An object, where it lives, and what was done to it.
pub(crate) struct Subject<'a> {
    pub(crate) kind: &'a Kind,
    pub(crate) namespace: &'a str,
    pub(crate) name: String,
    /// What the server refused.
    pub(crate) refused: usize,
}

impl Subject<'_> {
    pub(crate) fn get(&self) -> Value {
        cluster().get(&self.kind.path(self.namespace, &self.name, None))
    }

    /// Server-side apply; in a dry-run nothing is kept.
    pub(crate) fn apply(&mut self, object: &Value, manager: &str, force: bool, dry: bool) -> Result<Value, String> {
        let version = object["apiVersion"].as_str();
        let path = self.kind.path(self.namespace, &self.name, version);
        let dry = if dry { "&dryRun=All" } else { "" };
        let path = format!("{path}?fieldManager={manager}&force={force}{dry}");
        let answer = cluster().send("PATCH", &path, "application/apply-patch+yaml", &object.to_string());
        self.refused += usize::from(answer.is_err());
        answer
    }

    /// A JSON patch by a manager, an Update.
    fn patch(&mut self, steps: &Value, manager: &str) -> bool {
        let path = format!("{}?fieldManager={manager}", self.kind.path(self.namespace, &self.name, None));
        let done = cluster().send("PATCH", &path, "application/json-patch+json", &steps.to_string()).is_ok();
        self.refused += usize::from(!done);
        done
    }

    fn merge(&mut self, patch: &Value, manager: &str, subresource: &str) -> bool {
        let path = format!("{}{subresource}?fieldManager={manager}", self.kind.path(self.namespace, &self.name, None));
        let done = cluster().send("PATCH", &path, "application/merge-patch+json", &patch.to_string()).is_ok();
        self.refused += usize::from(!done);
        done
    }

    fn replace(&mut self, place: &str, value: &Value, manager: &str) -> bool {
        self.patch(&json!([{ "op": "replace", "path": place, "value": value }]), manager)
    }

    /// An apply by another of what is there at one place reached without a list, with this value there.
    fn partial(&mut self, wanted: &Value, place: &str, value: &Value, force: bool) -> bool {
        let mut object = json!({ "apiVersion": wanted["apiVersion"], "kind": wanted["kind"], "metadata": {} });
        let mut here = &mut object;
        let steps: Vec<&str> = place.split('/').skip(1).collect();
        for step in &steps {
            let key = step.replace("~1", "/").replace("~0", "~");
            if !here.is_object() {
                *here = json!({});
            }
            here = &mut here[key];
        }
        *here = value.clone();
        object["metadata"]["name"] = json!(self.name);
        self.apply(&object, "other", force, false).is_ok()
    }
}

/// Done to a subject of which this is wanted and that is live; gives whether the server took it.
type Edit = fn(&mut Random, &mut Subject<'_>, &Value, &Value) -> bool;

/// The edits by name.
pub(crate) static EDITS: &[(&str, Edit)] = &[
    ("nothing", |_, _, _, _| true),
    ("label", |random, subject, _, _| {
        let value = label(random);
        subject.merge(&json!({ "metadata": { "labels": { "stranger": value } } }), "kubectl-label", "")
    }),
    ("annotation", |random, subject, _, _| {
        let value = text(random);
        subject.merge(&json!({ "metadata": { "annotations": { "stranger.example/x": value } } }), "controller", "")
    }),
    ("status", |random, subject, _, _| {
        let replicas =
            json!({ "status": { "observedGeneration": random.below(3) + 1, "replicas": 0, "currentHealthy": 0, "active": 0 } });
        subject.merge(&replicas, "controller", "/status")
    }),
    ("value", |random, subject, wanted, live| {
        let Some(at) = place(random, wanted, is_scalar) else { return false };
        let Some(old) = live.pointer(&at) else { return false };
        let new = another(random, old);
        subject.replace(&at, &new, "kubectl-edit")
    }),
    ("there and back", |random, subject, wanted, live| {
        let Some(at) = place(random, wanted, is_scalar) else { return false };
        let Some(old) = live.pointer(&at) else { return false };
        let new = another(random, old);
        subject.replace(&at, &new, "kubectl-edit") && subject.replace(&at, old, "kubectl-edit")
    }),
    ("our name", |random, subject, wanted, live| {
        let Some(at) = place(random, wanted, is_scalar) else { return false };
        let Some(old) = live.pointer(&at) else { return false };
        let new = another(random, old);
        subject.replace(&at, &new, "plimsoll") && (random.one_in(2) || subject.replace(&at, old, "plimsoll"))
    }),
    ("order", |random, subject, _, live| {
        let Some(at) = place(random, live, |value| value.as_array().is_some_and(|items| items.len() > 1)) else { return false };
        let new = swapped(random, live.pointer(&at).unwrap());
        subject.replace(&at, &new, "kubectl-edit")
    }),
    ("item", |random, subject, _, live| {
        let Some(at) = place(random, live, |value| value.as_array().is_some_and(|items| !items.is_empty())) else { return false };
        let new = longer(random, live.pointer(&at).unwrap());
        subject.replace(&at, &new, "kubectl-edit")
    }),
    ("twice", |random, subject, _, live| {
        let Some(at) = place(random, live, |value| value.as_array().is_some_and(|items| !items.is_empty())) else { return false };
        let mut items = live.pointer(&at).unwrap().as_array().unwrap().clone();
        items.push(random.pick(&items).clone());
        subject.replace(&at, &items.into(), "kubectl-edit")
    }),
    ("removed", |random, subject, wanted, live| {
        let Some(at) = place(random, wanted, |_| true).filter(|at| live.pointer(at).is_some()) else { return false };
        subject.patch(&json!([{ "op": "remove", "path": at }]), "kubectl-edit")
    }),
    ("removed and back", |random, subject, wanted, live| {
        let Some(at) = place(random, wanted, |_| true) else { return false };
        let Some(old) = live.pointer(&at).cloned() else { return false };
        subject.patch(&json!([{ "op": "remove", "path": at }]), "kubectl-edit")
            && (random.one_in(3) || subject.patch(&json!([{ "op": "add", "path": at, "value": old }]), "kubectl-edit"))
    }),
    ("shared", |random, subject, wanted, live| {
        let Some(at) = place(random, wanted, |_| true).filter(|at| !has_index(at)) else { return false };
        let Some(value) = live.pointer(&at) else { return false };
        subject.partial(wanted, &at, value, false)
    }),
    ("taken", |random, subject, wanted, live| {
        let Some(at) = place(random, wanted, |_| true).filter(|at| !has_index(at)) else { return false };
        let Some(old) = live.pointer(&at) else { return false };
        let new = another(random, old);
        subject.partial(wanted, &at, &new, true)
    }),
    ("taken and let go", |random, subject, wanted, live| {
        let Some(at) = place(random, wanted, is_scalar).filter(|at| !has_index(at)) else { return false };
        let Some(old) = live.pointer(&at) else { return false };
        let new = another(random, old);
        let taken = subject.partial(wanted, &at, &new, true);
        let empty = json!({ "apiVersion": wanted["apiVersion"], "kind": wanted["kind"], "metadata": { "name": wanted["metadata"]["name"] } });
        taken
            && (random.one_in(2) || subject.partial(wanted, &at, old, true))
            && subject.apply(&empty, "other", true, false).is_ok()
    }),
    ("reset", |_, subject, _, _| subject.merge(&json!({ "metadata": { "managedFields": [{}] } }), "stranger", "")),
    ("version", |_, subject, wanted, _| {
        if wanted["kind"] != "HorizontalPodAutoscaler" {
            return false;
        }
        let spec = json!({ "scaleTargetRef": wanted["spec"]["scaleTargetRef"], "maxReplicas": wanted["spec"]["maxReplicas"] });
        let object =
            json!({ "apiVersion": "autoscaling/v1", "kind": wanted["kind"], "metadata": wanted["metadata"], "spec": spec });
        subject.apply(&object, "plimsoll", true, false).is_ok()
    }),
    ("put back", |_, subject, wanted, _| subject.apply(wanted, "plimsoll", true, false).is_ok()),
];

fn has_index(place: &str) -> bool {
    place.split('/').any(|step| step.parse::<usize>().is_ok())
}

/// What we want next: mostly the same, else the same with one thing changed.
pub(crate) fn vary(random: &mut Random, wanted: &Value, live: &Value) -> Value {
    let mut next = wanted.clone();
    match random.below(14) {
        0 => {
            if let Some(at) = place(random, wanted, is_scalar) {
                let value = another(random, wanted.pointer(&at).unwrap());
                *next.pointer_mut(&at).unwrap() = value;
            }
        }
        1 => {
            if let Some(at) = place(random, wanted, |value| value.as_array().is_some_and(|items| items.len() > 1)) {
                let value = swapped(random, wanted.pointer(&at).unwrap());
                *next.pointer_mut(&at).unwrap() = value;
            }
        }
        2 => {
            if let Some(at) = place(random, wanted, |_| true) {
                remove(&mut next, &at);
            }
        }
        3 | 4 => {
            // something that is there already, but not ours
            let new: Vec<String> = places(live).into_iter().filter(|at| wanted.pointer(at).is_none()).collect();
            if !new.is_empty() {
                let at = random.pick(&new).clone();
                add(&mut next, &at, live.pointer(&at).unwrap());
            }
        }
        5 => {
            if let Some(at) = place(random, wanted, |value| value.is_object() || value.is_array()) {
                let value = next.pointer_mut(&at).unwrap();
                *value = if value.is_object() { json!({}) } else { json!([]) };
            }
        }
        _ => {}
    }
    next
}

fn remove(object: &mut Value, place: &str) {
    let (parent, key) = place.rsplit_once('/').unwrap();
    match object.pointer_mut(parent) {
        Some(Value::Object(map)) => {
            map.shift_remove(&key.replace("~1", "/").replace("~0", "~"));
        }
        Some(Value::Array(items)) => {
            items.remove(key.parse().unwrap());
        }
        _ => {}
    }
}

/// Adds a value where its parent is.
fn add(object: &mut Value, place: &str, value: &Value) {
    let (parent, key) = place.rsplit_once('/').unwrap();
    match object.pointer_mut(parent) {
        Some(Value::Object(map)) => {
            map.insert(key.replace("~1", "/").replace("~0", "~"), value.clone());
        }
        Some(Value::Array(items)) => items.push(value.clone()),
        _ => {}
    }
}
