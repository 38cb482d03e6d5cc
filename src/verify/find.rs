//! The pods of each workload, by their owners.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

use super::expect::Workload;
use super::facts::Facts;
use crate::cluster::{Cluster, ClusterError, Resource, Resources};

/// Kinds between a workload and its pods, and those that say which pods are of the newest kind.
const BETWEEN: [(&str, &str); 3] = [("apps", "ReplicaSet"), ("batch", "Job"), ("apps", "ControllerRevision")];

/// What the cluster has in the workloads' namespaces.
#[derive(Debug, Default)]
pub(super) struct Survey {
    /// By uid.
    objects: BTreeMap<String, Value>,
    /// Workload kinds that the server doesn't have.
    unserved: BTreeSet<(String, String)>,
}

/// A pod of a workload.
#[derive(Debug)]
pub(super) struct Found {
    pub facts: Facts,
    /// Made from an earlier state of the workload.
    pub is_old: bool,
}

/// What is there of a workload.
#[derive(Debug)]
pub(super) enum Pods {
    /// The object isn't in the cluster.
    NoObject,
    /// Nothing runs, and nothing is to: why.
    Idle(String),
    /// Nothing runs though something should.
    None(String),
    /// These.
    Some(Vec<Found>),
}

fn is_complete(job: &Value) -> bool {
    let conditions = job.pointer("/status/conditions").and_then(Value::as_array);
    conditions.into_iter().flatten().any(|condition| matches!(text(condition, "/type"), "Complete" | "Failed"))
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or("")
}

fn number(value: &Value, pointer: &str) -> Option<i64> {
    value.pointer(pointer).and_then(Value::as_i64)
}

/// The uid of the owner that controls an object.
fn controller(value: &Value) -> Option<&str> {
    let owners = value.pointer("/metadata/ownerReferences").and_then(Value::as_array)?;
    let owner = owners.iter().find(|owner| owner.get("controller").and_then(Value::as_bool) == Some(true))?;
    owner.get("uid").and_then(Value::as_str)
}

impl Survey {
    /// One LIST a kind and namespace: pods, what stands between them and the workloads, and the workloads' own kinds.
    ///
    /// # Errors
    /// A LIST doesn't come.
    pub(super) async fn read(
        cluster: &Cluster,
        resources: &Resources,
        workloads: &[Workload],
        namespace: &str,
    ) -> Result<Self, ClusterError> {
        let mut survey = Self::default();
        let mut wanted: BTreeSet<(String, Arc<Resource>)> = BTreeSet::new();
        for workload in workloads {
            let id = &workload.id;
            let home = id.namespace.as_deref().unwrap_or(namespace).to_owned();
            let own = resources.exact(&id.group, &id.version, &id.kind);
            if own.is_none() {
                survey.unserved.insert((id.group.to_string(), id.kind.to_string()));
            }
            let between = BETWEEN.iter().filter(|(_, kind)| match id.kind.as_str() {
                "Pod" | "ReplicaSet" | "ReplicationController" | "StatefulSet" => false,
                "Deployment" => *kind == "ReplicaSet",
                "DaemonSet" => *kind == "ControllerRevision",
                "Job" | "CronJob" => *kind == "Job",
                _ => *kind != "ControllerRevision",
            });
            let between = between.chain([&("", "Pod")]).filter_map(|(group, kind)| resources.preferred(group, kind));
            wanted.extend(own.into_iter().chain(between).map(|resource| (home.clone(), resource.clone())));
        }
        for (namespace, resource) in wanted {
            for live in cluster.list(&resource, Some(&namespace), None).await?.items {
                let mut value = live.value();
                // Neither is looked at, and both are large.
                if let Some(metadata) = value.pointer_mut("/metadata").and_then(Value::as_object_mut) {
                    metadata.remove("managedFields");
                }
                survey.objects.insert(live.uid.clone(), value);
            }
        }
        Ok(survey)
    }

    /// Of objects as JSON.
    #[cfg(test)]
    pub(super) fn of(objects: impl IntoIterator<Item = Value>) -> Self {
        let objects = objects.into_iter().map(|object| (text(&object, "/metadata/uid").to_owned(), object)).collect();
        Self { objects, unserved: BTreeSet::new() }
    }

    /// The pods of a workload.
    pub(super) fn pods(&self, workload: &Workload, namespace: &str) -> Pods {
        let id = &workload.id;
        let home = id.namespace.as_deref().unwrap_or(namespace);
        let is_it = |object: &&Value| {
            text(object, "/kind") == id.kind
                && text(object, "/metadata/name") == id.name
                && text(object, "/metadata/namespace") == home
                && text(object, "/apiVersion").split_once('/').map_or("", |(group, _)| group) == id.group
        };
        if self.unserved.contains(&(id.group.to_string(), id.kind.to_string())) {
            return Pods::NoObject;
        }
        let Some(live) = self.objects.values().find(is_it) else { return Pods::NoObject };
        let uid = text(live, "/metadata/uid");
        let pods = self.objects.values().filter(|object| text(object, "/kind") == "Pod");
        let mut found: Vec<Found> = pods
            .filter(|pod| self.belongs(pod, uid))
            .map(|pod| Found { facts: Facts::new(pod.clone()), is_old: !self.is_current(live, pod) })
            .collect();
        // A controller replaces pods that ended; those of a Job end when all is done.
        let is_over = |found: &Found| matches!(found.facts.phase(), "Succeeded" | "Failed");
        if !matches!(id.kind.as_str(), "Pod" | "Job") {
            found.retain(|found| !is_over(found));
        }
        found.sort_by(|a, b| a.facts.name().cmp(b.facts.name()));
        if !found.is_empty() {
            return Pods::Some(found);
        }
        match id.kind.as_str() {
            _ if workload.is_idle || number(live, "/spec/replicas") == Some(0) => Pods::Idle("no pod is wanted".to_owned()),
            "CronJob" => Pods::Idle("no Job of it runs at the moment".to_owned()),
            "DaemonSet" if number(live, "/status/desiredNumberScheduled") == Some(0) => Pods::Idle("no node wants it".to_owned()),
            "Job" if is_complete(live) => Pods::None("it has ended, and its pods are gone".to_owned()),
            _ => Pods::None("it has no pods".to_owned()),
        }
    }

    /// Whether an object is the one with this uid, or it is among the owners of its owners.
    fn belongs(&self, object: &Value, uid: &str) -> bool {
        let mut at = object;
        // An owner of an owner of an owner: no real chain is longer, and one that goes in a circle ends.
        for _ in 0..5 {
            if text(at, "/metadata/uid") == uid {
                return true;
            }
            let Some(owner) = controller(at) else { return false };
            if owner == uid {
                return true;
            }
            let Some(next) = self.objects.get(owner) else { return false };
            at = next;
        }
        false
    }

    /// Whether a pod was made from the workload's present template, as the workload's controller notes it. Where none is noted (a Job, a
    /// bare pod, a custom resource) it counts as such.
    fn is_current(&self, workload: &Value, pod: &Value) -> bool {
        let kind = text(workload, "/kind");
        let has_seen = number(workload, "/status/observedGeneration") == number(workload, "/metadata/generation");
        let hash = |pointer: &str| text(pod, pointer);
        let owned = |wanted: &'static str| {
            let uid = text(workload, "/metadata/uid");
            self.objects.values().filter(move |object| text(object, "/kind") == wanted && controller(object) == Some(uid))
        };
        match kind {
            "Deployment" => {
                let revision = |set: &&Value| {
                    let text = text(set, "/metadata/annotations/deployment.kubernetes.io~1revision");
                    text.parse::<u64>().unwrap_or(0)
                };
                let newest = owned("ReplicaSet").max_by_key(revision).map(|set| text(set, "/metadata/uid"));
                has_seen && newest.is_some() && newest == controller(pod)
            }
            "StatefulSet" => {
                has_seen && hash("/metadata/labels/controller-revision-hash") == text(workload, "/status/updateRevision")
            }
            "DaemonSet" => {
                let newest = owned("ControllerRevision").max_by_key(|object| number(object, "/revision").unwrap_or(0));
                let newest = newest.map(|object| text(object, "/metadata/labels/controller-revision-hash"));
                has_seen && newest == Some(hash("/metadata/labels/controller-revision-hash"))
            }
            _ => true,
        }
    }
}
