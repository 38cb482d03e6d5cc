//! What one namespace has to tell: its pods, what owns them, its events.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

use super::Sight;
use crate::cluster::{Live, Resource};
use crate::object::podspec;
use crate::status::{self, Trouble, owner, pod};

/// How many warnings are shown of an object whose pods say nothing.
const WARNINGS: usize = 3;

/// What a trouble is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Subject {
    pub(super) kind: String,
    pub(super) name: String,
    /// How many more pods have the same trouble.
    pub(super) more: usize,
}

/// What one namespace has to tell, read once.
#[derive(Debug, Default)]
pub(super) struct Scene {
    pub(super) namespace: String,
    /// What couldn't be read.
    pub(super) notes: Vec<String>,
    pods: Vec<Value>,
    owners: Vec<Value>,
    events: Vec<Value>,
}

/// Kinds between a workload and its pods.
const BETWEEN: [(&str, &str, &str); 5] = [
    ("apps", "ReplicaSet", "replicasets"),
    ("batch", "Job", "jobs"),
    ("apps", "StatefulSet", "statefulsets"),
    ("apps", "DaemonSet", "daemonsets"),
    ("apps", "Deployment", "deployments"),
];

impl Scene {
    /// Reads what matters to objects of these kinds.
    pub(super) async fn of(sight: Sight<'_>, namespace: &str, failing: impl Iterator<Item = &Resource>) -> Self {
        let mut wanted: BTreeSet<(&str, &str, &str)> = BTreeSet::new();
        for kind in failing {
            let has_pods = podspec::pod_spec_fields(&kind.group, &kind.kind).is_some();
            if has_pods {
                wanted.insert(("", "Pod", "pods"));
            }
            match kind.kind.as_str() {
                "Deployment" if has_pods => wanted.extend(BETWEEN.first()),
                "CronJob" if has_pods => wanted.extend(BETWEEN.get(1)),
                _ if podspec::is_custom_group(&kind.group) => {
                    wanted.extend(BETWEEN);
                    wanted.insert(("", "Pod", "pods"));
                }
                _ => {}
            }
        }
        let mut scene = Self { namespace: namespace.to_owned(), ..Self::default() };
        scene.events = scene.read(sight, ("", "Event", "events")).await;
        for kind in wanted {
            let found = scene.read(sight, kind).await;
            if kind.1 == "Pod" { &mut scene.pods } else { &mut scene.owners }.extend(found);
        }
        scene
    }

    async fn read(&mut self, sight: Sight<'_>, (group, kind, plural): (&str, &str, &str)) -> Vec<Value> {
        let text = str::to_owned;
        let (group, kind, plural) = (text(group), text(kind), text(plural));
        let resource = Resource { group, version: text("v1"), kind, plural, namespaced: true, verbs: Vec::new() };
        match sight.cluster.list(&Arc::new(resource), Some(&self.namespace), None).await {
            Ok(listed) => listed.items.iter().map(Live::value).collect(),
            Err(error) => {
                self.notes.push(sight.scrubber.scrub(&error.to_string()));
                Vec::new()
            }
        }
    }

    /// What keeps an object from being ready: first why it has too few pods, then what is wrong with those that it has, the newest first.
    /// The same trouble of several pods is one.
    pub(super) fn troubles(&self, live: &Value) -> Vec<(Subject, Trouble)> {
        let owners = self.owners(live);
        let mut found: Vec<(Subject, Trouble)> = Vec::new();
        let of_owners = owners.iter().filter_map(|object| Some((*object, owner::trouble(object, &self.events)?)));
        let pods = self.pods(live, &owners);
        let of_pods = pods.iter().filter_map(|object| Some((*object, pod::trouble(object, &self.events)?)));
        for (object, trouble) in of_owners.chain(of_pods) {
            let is_same = |(_, other): &&mut (Subject, Trouble)| {
                other.cause.name() == trouble.cause.name() && other.container == trouble.container
            };
            match found.iter_mut().find(is_same) {
                Some((subject, _)) if subject.kind == "Pod" => subject.more += 1,
                Some(_) => {}
                None => {
                    let subject = Subject {
                        kind: text(object, "/kind").to_owned(),
                        name: text(object, "/metadata/name").to_owned(),
                        more: 0,
                    };
                    found.push((subject, trouble));
                }
            }
        }
        found
    }

    /// The newest warnings about an object.
    pub(super) fn warnings(&self, live: &Value) -> Vec<(String, String)> {
        status::warnings(live, &self.events, WARNINGS)
    }

    /// The object, and what it owns that may own pods. Of a Deployment's ReplicaSets only the newest: the others are on their way out.
    fn owners<'a>(&'a self, live: &'a Value) -> Vec<&'a Value> {
        let mut owners = vec![live];
        let mut newest: BTreeMap<&str, i64> = BTreeMap::new();
        for object in &self.owners {
            let (owner, revision) = (owner_of(object), revision(object));
            newest.entry(owner).and_modify(|newest| *newest = revision.max(*newest)).or_insert(revision);
        }
        // Each round finds what is owned by what the round before has found.
        let mut at = 0;
        while let Some(owner) = owners.get(at).copied() {
            at += 1;
            let uid = text(owner, "/metadata/uid");
            let is_current = |object: &&Value| newest.get(uid).is_none_or(|newest| revision(object) == *newest);
            let known: BTreeSet<&str> = owners.iter().map(|owner| text(owner, "/metadata/uid")).collect();
            let is_new = |object: &&Value| !known.contains(text(object, "/metadata/uid"));
            let owned: Vec<&Value> =
                self.owners.iter().filter(|object| is_owned_by(object, uid)).filter(is_current).filter(is_new).collect();
            owners.extend(owned);
        }
        owners
    }

    /// The pods of these owners, the newest first; a pod is its own.
    fn pods<'a>(&'a self, live: &'a Value, owners: &[&Value]) -> Vec<&'a Value> {
        if text(live, "/apiVersion") == "v1" && text(live, "/kind") == "Pod" {
            return vec![live];
        }
        let is_ours = |pod: &&Value| owners.iter().any(|owner| is_owned_by(pod, text(owner, "/metadata/uid")));
        let mut pods: Vec<&Value> = self.pods.iter().filter(is_ours).collect();
        pods.sort_by_key(|pod| (std::cmp::Reverse(text(pod, "/metadata/creationTimestamp")), text(pod, "/metadata/name")));
        pods
    }
}

fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn references(object: &Value) -> impl Iterator<Item = &Value> {
    object.pointer("/metadata/ownerReferences").and_then(Value::as_array).into_iter().flatten()
}

fn is_owned_by(object: &Value, uid: &str) -> bool {
    !uid.is_empty() && references(object).any(|reference| text(reference, "/uid") == uid)
}

/// The UID of its controller.
fn owner_of(object: &Value) -> &str {
    references(object)
        .find(|reference| reference.get("controller") == Some(&Value::Bool(true)))
        .map_or("", |owner| text(owner, "/uid"))
}

/// The Deployment's count of its ReplicaSets; 0 of anything else.
fn revision(object: &Value) -> i64 {
    text(object, "/metadata/annotations/deployment.kubernetes.io~1revision").parse().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn owned(kind: &str, name: &str, owner: &str, more: &Value) -> Value {
        let mut object = json!({
            "apiVersion": if kind == "Pod" { "v1" } else { "apps/v1" },
            "kind": kind,
            "metadata": { "name": name, "uid": name, "ownerReferences": [{ "uid": owner, "controller": true }] },
        });
        json_patch::merge(&mut object, more);
        object
    }

    fn waiting(reason: &str, created: &str) -> Value {
        json!({
            "metadata": { "creationTimestamp": created },
            "status": { "containerStatuses": [{ "name": "main", "image": "i", "state": { "waiting": { "reason": reason, "message": "m" } } }] },
        })
    }

    fn revision_of(number: &str) -> Value {
        json!({ "metadata": { "annotations": { "deployment.kubernetes.io/revision": number } } })
    }

    #[test]
    fn the_pods_of_the_newest_replica_set_count_and_the_same_trouble_is_one() {
        let live = json!({ "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "web", "uid": "d" } });
        let scene = Scene {
            owners: vec![
                owned("ReplicaSet", "r9", "d", &revision_of("9")),
                owned("ReplicaSet", "r10", "d", &revision_of("10")),
                owned("ReplicaSet", "other", "e", &revision_of("11")),
            ],
            pods: vec![
                owned("Pod", "old", "r9", &waiting("CreateContainerConfigError", "2026-01-03T00:00:00Z")),
                owned("Pod", "a", "r10", &waiting("ImagePullBackOff", "2026-01-01T00:00:00Z")),
                owned("Pod", "b", "r10", &waiting("ImagePullBackOff", "2026-01-02T00:00:00Z")),
                owned("Pod", "c", "other", &waiting("ImagePullBackOff", "2026-01-02T00:00:00Z")),
            ],
            ..Scene::default()
        };
        let shown: Vec<String> = scene
            .troubles(&live)
            .into_iter()
            .map(|(subject, trouble)| format!("{}/{} {} +{}", subject.kind, subject.name, trouble.cause.name(), subject.more))
            .collect();
        assert_eq!(shown, ["Pod/b image-pull +1"]);
    }

    #[test]
    fn why_there_are_no_pods_comes_first_and_through_any_depth() {
        let live = json!({ "apiVersion": "example.org/v1", "kind": "Shop", "metadata": { "name": "shop", "uid": "s" } });
        let refused = json!({ "status": { "conditions": [{
            "type": "ReplicaFailure", "status": "True", "reason": "FailedCreate",
            "message": "pods \"x\" is forbidden: exceeded quota: small, requested: pods=1, used: pods=1, limited: pods=1",
        }] } });
        let scene = Scene {
            owners: vec![owned("ReplicaSet", "r", "d", &refused), owned("Deployment", "d", "s", &json!({}))],
            pods: vec![owned("Pod", "a", "r", &waiting("ErrImagePull", "2026-01-01T00:00:00Z"))],
            ..Scene::default()
        };
        let names: Vec<&str> = scene.troubles(&live).iter().map(|(_, trouble)| trouble.cause.name()).collect();
        assert_eq!(names, ["quota", "image-pull"]);
    }
}
