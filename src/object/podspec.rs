//! Where pods are described, and which config objects they use.
//!
//! Built-in kinds have fixed places; in custom resources (an Argo Rollout, a JobSet, a Knative or KServe service) every map with a
//! `containers` list whose items have an `image` is taken for a pod spec.

use super::bundle::Object;
use super::node::{Data, Map, Node};
use super::path::{FieldPath, Step};
use crate::source::Span;

/// The fields of a pod spec that hold containers; the first are the ordinary ones.
pub const CONTAINER_LISTS: [&str; 3] = ["containers", "initContainers", "ephemeralContainers"];

/// The place of the pod spec in a built-in kind; `None` for kinds without one and for custom resources.
pub fn pod_spec_fields(group: &str, kind: &str) -> Option<&'static [&'static str]> {
    Some(match (group, kind) {
        ("", "Pod") => &["spec"],
        ("", "PodTemplate") => &["template", "spec"],
        ("", "ReplicationController")
        | ("apps", "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet")
        | ("batch", "Job") => &["spec", "template", "spec"],
        ("batch", "CronJob") => &["spec", "jobTemplate", "spec", "template", "spec"],
        _ => return None,
    })
}

/// Whether the pods of this kind are made anew when its pod template changes.
pub fn rolls_out(group: &str, kind: &str) -> bool {
    matches!(
        (group, kind),
        ("apps", "Deployment" | "StatefulSet" | "DaemonSet")
            | ("argoproj.io", "Rollout")
            | ("leaderworkerset.x-k8s.io", "LeaderWorkerSet")
    )
}

/// Whether a group is served by custom resources (or an aggregated API), not built in: it has a dot and isn't `*.k8s.io`,
/// or is one of the community groups below `x-k8s.io`.
pub fn is_custom_group(group: &str) -> bool {
    group.contains('.') && (!group.ends_with(".k8s.io") || group.ends_with("x-k8s.io"))
}

/// The places of all pod specs of an object, in the order written.
pub fn pod_spec_paths(object: &Object) -> Vec<FieldPath> {
    let (group, kind) = (&object.source.group, &object.source.kind);
    if let Some(fields) = pod_spec_fields(group, kind) {
        let path = FieldPath::of(fields);
        let is_there = path.find(&object.root).is_some_and(|node| node.as_map().is_some());
        return if is_there { vec![path] } else { Vec::new() };
    }
    let mut found = Vec::new();
    if is_custom_group(group) && kind != "CustomResourceDefinition" {
        search(&object.root, &mut FieldPath::root(), &mut found);
    }
    found
}

/// The pod spec at a path that [`pod_spec_paths`] gave, to edit.
pub fn pod_spec_mut<'a>(object: &'a mut Object, path: &FieldPath) -> Option<&'a mut Map> {
    path.find_mut(&mut object.root)?.as_map_mut()
}

/// The path of the pod template (the map that holds the pod's metadata) that a pod spec belongs to.
pub fn pod_template_path(spec: &FieldPath) -> FieldPath {
    let mut path = spec.clone();
    path.pop();
    path
}

fn search(node: &Node, here: &mut FieldPath, found: &mut Vec<FieldPath>) {
    match &node.data {
        Data::Map(map) => {
            if looks_like_pod_spec(map) {
                found.push(here.clone());
                return;
            }
            for (key, entry) in map.iter() {
                here.0.push(Step::Field(key.clone()));
                search(&entry.node, here, found);
                here.pop();
            }
        }
        Data::List(items) => {
            for (at, item) in items.iter().enumerate() {
                here.push_index(at);
                search(item, here, found);
                here.pop();
            }
        }
        _ => {}
    }
}

fn looks_like_pod_spec(map: &Map) -> bool {
    let containers = map.get("containers").and_then(Node::as_list).unwrap_or_default();
    !containers.is_empty() && containers.iter().all(|item| item.get("image").is_some())
}

/// A config object's kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ConfigKind {
    /// A ConfigMap.
    ConfigMap,
    /// A Secret.
    Secret,
}

impl ConfigKind {
    /// As Kubernetes writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::ConfigMap => "ConfigMap",
            Self::Secret => "Secret",
        }
    }

    /// As the environment file writes it: `configmap`, `secret`.
    pub fn word(self) -> &'static str {
        match self {
            Self::ConfigMap => "configmap",
            Self::Secret => "secret",
        }
    }
}

/// How a pod spec uses a config object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UseBy {
    /// One variable: `env[].valueFrom`.
    Env,
    /// All keys as variables: `envFrom[]`.
    EnvFrom,
    /// Files: a volume or a projected source.
    Volume,
    /// Pulling images; no container sees it.
    ImagePull,
    /// A storage driver's own: CSI, Ceph, iSCSI, …; no container sees it.
    Driver,
}

/// One use of a config object in a pod spec.
#[derive(Debug, Clone)]
pub struct ConfigUse<'a> {
    /// What is used.
    pub kind: ConfigKind,
    /// Its name, as the tree has it.
    pub name: &'a str,
    /// The place of the name.
    pub span: Span,
    /// The path of the name from the object's root.
    pub path: FieldPath,
    /// How.
    pub by: UseBy,
    /// The keys that are asked for, with their places; empty: all of them.
    pub keys: Vec<(&'a str, Span)>,
    /// Whether the pod starts without it.
    pub optional: bool,
}

/// Every use of a ConfigMap or Secret in the pod spec that stands at `base` of an object, in the order written.
pub fn config_uses<'a>(spec: &'a Map, base: &FieldPath) -> Vec<ConfigUse<'a>> {
    let mut uses = Vec::new();
    for list in CONTAINER_LISTS {
        for (path, container) in items(spec, list, base) {
            for (path, variable) in items(container, "env", &path) {
                let Some(from) = variable.get("valueFrom").and_then(Node::as_map) else { continue };
                let path = path.child("valueFrom");
                add(&mut uses, from, "configMapKeyRef", "name", ConfigKind::ConfigMap, UseBy::Env, &path);
                add(&mut uses, from, "secretKeyRef", "name", ConfigKind::Secret, UseBy::Env, &path);
            }
            for (path, source) in items(container, "envFrom", &path) {
                add(&mut uses, source, "configMapRef", "name", ConfigKind::ConfigMap, UseBy::EnvFrom, &path);
                add(&mut uses, source, "secretRef", "name", ConfigKind::Secret, UseBy::EnvFrom, &path);
            }
        }
    }
    for (path, volume) in items(spec, "volumes", base) {
        add(&mut uses, volume, "configMap", "name", ConfigKind::ConfigMap, UseBy::Volume, &path);
        add(&mut uses, volume, "secret", "secretName", ConfigKind::Secret, UseBy::Volume, &path);
        if let Some(projected) = volume.get("projected").and_then(Node::as_map) {
            for (path, source) in items(projected, "sources", &path.child("projected")) {
                add(&mut uses, source, "configMap", "name", ConfigKind::ConfigMap, UseBy::Volume, &path);
                add(&mut uses, source, "secret", "name", ConfigKind::Secret, UseBy::Volume, &path);
            }
        }
        for (driver, field) in DRIVER_SECRETS {
            let Some(source) = volume.get(driver).and_then(Node::as_map) else { continue };
            add(&mut uses, source, field, "name", ConfigKind::Secret, UseBy::Driver, &path.child(*driver));
        }
        add(&mut uses, volume, "azureFile", "secretName", ConfigKind::Secret, UseBy::Driver, &path);
    }
    for (path, secret) in items(spec, "imagePullSecrets", base) {
        let Some(node) = secret.get("name") else { continue };
        let Some(name) = node.as_str() else { continue };
        let path = path.child("name");
        let by = UseBy::ImagePull;
        uses.push(ConfigUse { kind: ConfigKind::Secret, name, span: node.span, path, by, keys: Vec::new(), optional: false });
    }
    uses
}

/// Volume sources that name a Secret of their driver, and the field that does.
const DRIVER_SECRETS: &[(&str, &str)] = &[
    ("csi", "nodePublishSecretRef"),
    ("cephfs", "secretRef"),
    ("flexVolume", "secretRef"),
    ("iscsi", "secretRef"),
    ("rbd", "secretRef"),
    ("scaleIO", "secretRef"),
    ("storageos", "secretRef"),
];

fn items<'a>(map: &'a Map, list: &'a str, base: &FieldPath) -> impl Iterator<Item = (FieldPath, &'a Map)> {
    let base = base.child(list);
    let items = map.get(list).and_then(Node::as_list).unwrap_or_default();
    items.iter().enumerate().filter_map(move |(at, item)| Some((base.index(at), item.as_map()?)))
}

fn add<'a>(
    uses: &mut Vec<ConfigUse<'a>>,
    holder: &'a Map,
    field: &str,
    name_field: &str,
    kind: ConfigKind,
    by: UseBy,
    path: &FieldPath,
) {
    let Some(reference) = holder.get(field).and_then(Node::as_map) else { return };
    let Some(node) = reference.get(name_field) else { return };
    let Some(name) = node.as_str() else { return };
    let mut keys = Vec::new();
    let mut want = |key: Option<&'a Node>| {
        if let Some(key) = key
            && let Some(text) = key.as_str()
        {
            keys.push((text, key.span));
        }
    };
    if by == UseBy::Env {
        want(reference.get("key"));
    }
    for item in reference.get("items").and_then(Node::as_list).unwrap_or_default() {
        want(item.get("key"));
    }
    let optional = reference.get("optional").and_then(Node::as_bool).unwrap_or(false);
    let path = path.child(field).child(name_field);
    uses.push(ConfigUse { kind, name, span: node.span, path, by, keys, optional });
}
