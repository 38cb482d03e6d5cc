//! Which ConfigMaps and Secrets live objects use.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::stream::{self, StreamExt};
use serde_json::Value;

use crate::cluster::{Cluster, Resources};
use crate::inventory::GroupKind;
use crate::object::podspec::ConfigKind;

/// The kinds whose objects keep a ConfigMap or Secret: those that pods are, or may be made anew from. As group and kind.
pub const USERS: [(&str, &str); 5] =
    [("apps", "ReplicaSet"), ("apps", "ControllerRevision"), ("batch", "Job"), ("batch", "CronJob"), ("", "Pod")];

/// What is used, and by whom; and where that couldn't be found out.
#[derive(Debug, Clone, Default)]
pub struct Uses {
    by: BTreeMap<(String, ConfigKind, String), BTreeSet<String>>,
    unknown: BTreeMap<String, GroupKind>,
}

/// How many LISTs are under way at once.
const LISTS: usize = 5;

impl Uses {
    /// Reads who uses what in these namespaces. A list that doesn't come is noted: then everything there counts as used.
    pub async fn read(cluster: &Cluster, resources: &Resources, namespaces: &BTreeSet<String>) -> Self {
        let mut uses = Self::default();
        let mut wanted = Vec::new();
        for namespace in namespaces {
            for (group, kind) in USERS {
                match resources.preferred(group, kind) {
                    Some(resource) => wanted.push((namespace, resource)),
                    None => uses.unknown(namespace, GroupKind::new(group, kind)),
                }
            }
        }
        let one = |(namespace, resource): (_, _)| async move {
            let namespace: &String = namespace;
            (namespace, resource, cluster.list(resource, Some(namespace), None).await)
        };
        let answers: Vec<_> = stream::iter(wanted).map(one).buffered(LISTS).collect().await;
        for (namespace, resource, answer) in answers {
            match answer {
                Ok(listed) => listed.items.iter().for_each(|live| uses.add(&live.value())),
                Err(_) => uses.unknown(namespace, GroupKind::of_resource(resource)),
            }
        }
        uses
    }

    /// Adds what a live object of one of [`USERS`] uses, itself or in the pods that it would make.
    pub fn add(&mut self, object: &Value) {
        let text = |pointer| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let user = format!("{}/{}", text("/kind"), text("/metadata/name"));
        for (kind, name) in used(object) {
            self.by.entry((text("/metadata/namespace").to_owned(), kind, name)).or_default().insert(user.clone());
        }
    }

    /// Notes that the objects of such a kind in a namespace couldn't be read: then anything there may be in use.
    pub fn unknown(&mut self, namespace: &str, kind: GroupKind) {
        self.unknown.insert(namespace.to_owned(), kind);
    }

    /// Why a ConfigMap or Secret may not go: who uses it, or what keeps that from being known.
    pub fn keeps(&self, namespace: &str, kind: ConfigKind, name: &str) -> Option<String> {
        self.users(namespace, kind, name).or_else(|| self.gap(namespace))
    }

    /// Who uses a ConfigMap or Secret, of what could be read.
    pub fn users(&self, namespace: &str, kind: ConfigKind, name: &str) -> Option<String> {
        let users = self.by.get(&(namespace.to_owned(), kind, name.to_owned()))?;
        let first = users.first().map_or("", String::as_str);
        Some(match users.len() {
            1 => format!("{first} uses it"),
            more => format!("{first} and {} more use it", more - 1),
        })
    }

    /// What couldn't be read in a namespace, so that anything there may be in use.
    pub fn gap(&self, namespace: &str) -> Option<String> {
        let kind = self.unknown.get(namespace)?;
        Some(format!("whether something uses it isn't known: the list of {kind} in namespace {namespace} didn't come"))
    }
}

/// All ConfigMaps and Secrets that stand in a reference of any of the forms that pod specs have, wherever in the object. Too much rather
/// than too little: what isn't a reference after all only keeps an object longer.
pub fn used(object: &Value) -> BTreeSet<(ConfigKind, String)> {
    let mut found = BTreeSet::new();
    search(object, &mut found);
    found
}

fn search(value: &Value, found: &mut BTreeSet<(ConfigKind, String)>) {
    match value {
        Value::Object(map) => {
            for (key, inside) in map {
                reference(key, inside, found);
                search(inside, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| search(item, found)),
        _ => {}
    }
}

fn reference(key: &str, value: &Value, found: &mut BTreeSet<(ConfigKind, String)>) {
    let mut named = |kind, value: &Value, field: &str| {
        if let Some(name) = value.get(field).and_then(Value::as_str) {
            found.insert((kind, name.to_owned()));
        }
    };
    match key {
        "configMap" | "configMapRef" | "configMapKeyRef" => named(ConfigKind::ConfigMap, value, "name"),
        // A volume's own is `secretName`, a projected source's is `name`.
        "secret" | "azureFile" => {
            named(ConfigKind::Secret, value, "secretName");
            named(ConfigKind::Secret, value, "name");
        }
        "secretKeyRef" => named(ConfigKind::Secret, value, "name"),
        "imagePullSecrets" => value.as_array().into_iter().flatten().for_each(|item| named(ConfigKind::Secret, item, "name")),
        // envFrom's `secretRef`, and those of the storage drivers.
        _ if key.ends_with("secretRef") || key.ends_with("SecretRef") => named(ConfigKind::Secret, value, "name"),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_form_of_a_reference_counts() {
        let container = |n: u32| {
            json!({ "env": [
                { "valueFrom": { "configMapKeyRef": { "name": format!("c-env-{n}"), "key": "k" } } },
                { "valueFrom": { "secretKeyRef": { "name": format!("s-env-{n}"), "key": "k" } } }],
              "envFrom": [{ "configMapRef": { "name": format!("c-from-{n}") } }, { "secretRef": { "name": format!("s-from-{n}") } }] })
        };
        let spec = json!({
            "containers": [container(1)], "initContainers": [container(2)], "ephemeralContainers": [container(3)],
            "imagePullSecrets": [{ "name": "s-pull" }],
            "volumes": [
                { "configMap": { "name": "c-volume" } }, { "secret": { "secretName": "s-volume" } },
                { "projected": { "sources": [{ "configMap": { "name": "c-projected" } }, { "secret": { "name": "s-projected" } }] } },
                { "csi": { "nodePublishSecretRef": { "name": "s-csi" } } }, { "azureFile": { "secretName": "s-azure" } },
                { "cephfs": { "secretRef": { "name": "s-ceph" } } } ] });
        let all: BTreeSet<_> = used(&spec);
        assert_eq!(all.len(), 3 * 4 + 1 + 2 + 2 + 3, "{all:?}");
        // As a StatefulSet's ControllerRevision and a CronJob hold it.
        let revision = json!({ "kind": "ControllerRevision", "metadata": { "name": "db-1", "namespace": "a" },
            "data": { "spec": { "template": { "spec": spec.clone() } } } });
        let cron = json!({ "kind": "CronJob", "metadata": { "name": "tick", "namespace": "a" },
            "spec": { "jobTemplate": { "spec": { "template": { "spec": spec } } } } });
        assert_eq!(used(&revision), all);
        let mut uses = Uses::default();
        uses.add(&revision);
        uses.add(&cron);
        assert_eq!(uses.keeps("a", ConfigKind::Secret, "s-pull").unwrap(), "ControllerRevision/db-1 and 1 more use it");
        assert_eq!(uses.keeps("a", ConfigKind::ConfigMap, "s-pull"), None);
        assert_eq!(uses.keeps("b", ConfigKind::Secret, "s-pull"), None);
        uses.unknown("b", GroupKind::new("apps", "ReplicaSet"));
        assert!(uses.keeps("b", ConfigKind::Secret, "s-pull").unwrap().contains("ReplicaSet.apps"));
    }
}
