//! Pod specs, wherever they stand.

use crate::object::{Data, Node, Object};

/// The fields of a pod spec that hold containers, in the order in which they run.
pub(super) const CONTAINER_FIELDS: [&str; 3] = ["initContainers", "containers", "ephemeralContainers"];

/// A pod spec of an object: of a Pod itself, of a workload's template, or of a template inside a custom resource.
#[derive(Debug, Clone, Copy)]
pub struct Pod<'a> {
    /// The object that holds it.
    pub object: &'a Object,
    /// The node that has `metadata` and `spec`: the Pod, or the pod template.
    pub template: &'a Node,
    /// Its `spec`.
    pub spec: &'a Node,
}

impl<'a> Pod<'a> {
    /// The pod specs of an object. Built-in kinds have one at a known place; in a custom resource it is a map with a `spec` whose
    /// `containers` is a list of maps with a name.
    pub fn of(object: &'a Object) -> Vec<Self> {
        let Some(place) = template_place(object) else { return Self::search(object) };
        let template = place.iter().try_fold(&object.root, |node, field| node.get(field));
        let pod = template.and_then(|template| Some(Self { object, template, spec: template.get("spec")? }));
        pod.into_iter().collect()
    }

    fn search(object: &'a Object) -> Vec<Self> {
        if is_built_in(&object.source.group) {
            return Vec::new();
        }
        let mut pods = Vec::new();
        let mut queue = vec![&object.root];
        while let Some(node) = queue.pop() {
            if let Some(spec) = node.get("spec").filter(|spec| looks_like_a_pod(spec)) {
                pods.push(Self { object, template: node, spec });
                continue;
            }
            match &node.data {
                Data::Map(map) => queue.extend(map.iter().rev().map(|(_, entry)| &entry.node)),
                Data::List(items) => queue.extend(items.iter().rev()),
                _ => {}
            }
        }
        pods
    }

    /// Its containers, init containers first, each with the field that lists it.
    pub fn containers(&self) -> impl Iterator<Item = (&'static str, &'a Node)> + use<'a> {
        let spec = self.spec;
        CONTAINER_FIELDS.into_iter().flat_map(move |field| items(spec, field).iter().map(move |container| (field, container)))
    }

    /// Its labels.
    pub fn labels(&self) -> Option<&'a Node> {
        self.template.get("metadata")?.get("labels")
    }
}

/// The items of a list field; none if it is absent or something else.
pub(super) fn items<'a>(node: &'a Node, field: &str) -> &'a [Node] {
    node.get(field).and_then(Node::as_list).unwrap_or_default()
}

/// The text of a field.
pub(super) fn text<'a>(node: &'a Node, field: &str) -> Option<&'a str> {
    node.get(field)?.as_str()
}

/// Where a built-in kind has its pod template.
fn template_place(object: &Object) -> Option<&'static [&'static str]> {
    match (object.source.group.as_str(), object.kind()) {
        ("", "Pod") => Some(&[]),
        ("", "PodTemplate") => Some(&["template"]),
        ("apps", "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet")
        | ("batch", "Job")
        | ("", "ReplicationController") => Some(&["spec", "template"]),
        ("batch", "CronJob") => Some(&["spec", "jobTemplate", "spec", "template"]),
        _ => None,
    }
}

fn looks_like_a_pod(spec: &Node) -> bool {
    let containers = items(spec, "containers");
    !containers.is_empty() && containers.iter().all(|container| text(container, "name").is_some())
}

/// Whether an API group is the API server's own.
pub(super) fn is_built_in(group: &str) -> bool {
    matches!(group, "" | "apps" | "batch" | "autoscaling" | "policy" | "extensions")
        || (group.ends_with(".k8s.io") && BUILT_IN_GROUPS.contains(&group))
}

/// The groups under `k8s.io` that the API server itself serves; others there are CRDs (Gateway API, snapshots, metrics).
const BUILT_IN_GROUPS: [&str; 19] = [
    "admissionregistration.k8s.io",
    "apiextensions.k8s.io",
    "apiregistration.k8s.io",
    "authentication.k8s.io",
    "authorization.k8s.io",
    "certificates.k8s.io",
    "coordination.k8s.io",
    "discovery.k8s.io",
    "events.k8s.io",
    "flowcontrol.apiserver.k8s.io",
    "internal.apiserver.k8s.io",
    "lifecycle.k8s.io",
    "networking.k8s.io",
    "node.k8s.io",
    "rbac.authorization.k8s.io",
    "resource.k8s.io",
    "scheduling.k8s.io",
    "storage.k8s.io",
    "storagemigration.k8s.io",
];
