//! Labels for every object and pod template, and, if asked for, selectors.

use super::field_spec::{FieldSpec, spec};
use crate::diagnostic::Diagnostics;
use crate::environment::{Pair, Transform};
use crate::object::podspec::{is_custom_group, pod_spec_paths, pod_template_path};
use crate::object::{Bundle, FieldPath, Map, Node, Object, Step};

/// Where labels go beside every object's own metadata: kustomize's table.
static TEMPLATES: &[FieldSpec] = &[
    spec!("", "ReplicationController", ["spec", "template", "metadata", "labels"], true),
    spec!("*", "Deployment", ["spec", "template", "metadata", "labels"], true),
    spec!("*", "ReplicaSet", ["spec", "template", "metadata", "labels"], true),
    spec!("*", "DaemonSet", ["spec", "template", "metadata", "labels"], true),
    spec!("apps", "StatefulSet", ["spec", "template", "metadata", "labels"], true),
    spec!("apps", "StatefulSet", ["spec", "volumeClaimTemplates", "metadata", "labels"], true),
    spec!("batch", "Job", ["spec", "template", "metadata", "labels"], true),
    spec!("batch", "CronJob", ["spec", "jobTemplate", "metadata", "labels"], true),
    spec!("batch", "CronJob", ["spec", "jobTemplate", "spec", "template", "metadata", "labels"], true),
];

/// Where labels select: kustomize's table, but that a selector is never made where there is none. A Service or
/// ReplicationController without one is so on purpose, and a Deployment's is checked by the schema.
static SELECTORS: &[FieldSpec] = &[
    spec!("", "Service", ["spec", "selector"], false),
    spec!("", "ReplicationController", ["spec", "selector"], false),
    spec!("*", "Deployment", ["spec", "selector", "matchLabels"], true),
    spec!("*", "ReplicaSet", ["spec", "selector", "matchLabels"], true),
    spec!("*", "DaemonSet", ["spec", "selector", "matchLabels"], true),
    spec!("apps", "StatefulSet", ["spec", "selector", "matchLabels"], true),
    spec!("batch", "Job", ["spec", "selector", "matchLabels"], false),
    spec!("batch", "CronJob", ["spec", "jobTemplate", "spec", "selector", "matchLabels"], false),
    spec!("policy", "PodDisruptionBudget", ["spec", "selector", "matchLabels"], false),
    spec!("networking.k8s.io", "NetworkPolicy", ["spec", "podSelector", "matchLabels"], false),
    spec!("networking.k8s.io", "NetworkPolicy", ["spec", "ingress", "from", "podSelector", "matchLabels"], false),
    spec!("networking.k8s.io", "NetworkPolicy", ["spec", "egress", "to", "podSelector", "matchLabels"], false),
];

/// The same within the pod specs of Deployments and StatefulSets.
static POD_SELECTORS: &[&[&str]] = &[
    &[
        "affinity",
        "podAffinity",
        "preferredDuringSchedulingIgnoredDuringExecution",
        "podAffinityTerm",
        "labelSelector",
        "matchLabels",
    ],
    &["affinity", "podAffinity", "requiredDuringSchedulingIgnoredDuringExecution", "labelSelector", "matchLabels"],
    &[
        "affinity",
        "podAntiAffinity",
        "preferredDuringSchedulingIgnoredDuringExecution",
        "podAffinityTerm",
        "labelSelector",
        "matchLabels",
    ],
    &["affinity", "podAntiAffinity", "requiredDuringSchedulingIgnoredDuringExecution", "labelSelector", "matchLabels"],
    &["topologySpreadConstraints", "labelSelector", "matchLabels"],
];

/// Sets the labels.
pub(super) fn apply(transform: &Transform, bundle: &mut Bundle) {
    let pairs = &transform.labels;
    if pairs.is_empty() {
        return;
    }
    let selectors = transform.label_selectors.as_ref().is_some_and(|wanted| wanted.value);
    bundle.edit_all(&mut Diagnostics::new(), |object, _| {
        set_pairs(object, "labels", TEMPLATES, pairs, "transform.labels");
        if selectors {
            set_selectors(object, pairs);
        }
    });
}

/// Sets pairs in an object's own `metadata` and in its pod templates: those of the table, and in custom resources every `template`
/// of a pod.
pub(super) fn set_pairs(
    object: &mut Object,
    field: &'static str,
    templates: &[FieldSpec],
    pairs: &[Pair<String>],
    by: &'static str,
) {
    let Some(first) = pairs.first().map(|(key, _)| key.span()) else { return };
    let mut set = Vec::new();
    if let Some(metadata) = object.map_mut().and_then(|root| root.child_map("metadata", first)) {
        insert(metadata, &FieldPath::of(&["metadata"]), field, pairs, &mut set);
    }
    let source = object.source.clone();
    for row in templates.iter().filter(|row| row.applies(&source)) {
        row.each(&mut object.root, first, &mut |map, here, last| insert(map, here, last, pairs, &mut set));
    }
    if is_custom_group(&source.group) {
        for template in pod_spec_paths(object).iter().map(pod_template_path).filter(is_template) {
            let metadata = template.find_mut(&mut object.root).and_then(Node::as_map_mut);
            if let Some(metadata) = metadata.and_then(|template| template.child_map("metadata", first)) {
                insert(metadata, &template.child("metadata"), field, pairs, &mut set);
            }
        }
    }
    for (path, at) in set {
        object.touch(path, by, at);
    }
}

fn is_template(path: &FieldPath) -> bool {
    matches!(path.0.last(), Some(Step::Field(field)) if field == "template")
}

fn set_selectors(object: &mut Object, pairs: &[Pair<String>]) {
    let Some(first) = pairs.first().map(|(key, _)| key.span()) else { return };
    let mut set = Vec::new();
    let source = object.source.clone();
    for row in SELECTORS.iter().filter(|row| row.applies(&source)) {
        row.each(&mut object.root, first, &mut |map, here, last| {
            if row.create || map.has(last) {
                insert(map, here, last, pairs, &mut set);
            }
        });
    }
    if source.group == "apps" && matches!(source.kind.as_str(), "Deployment" | "StatefulSet") {
        for path in POD_SELECTORS {
            let within = FieldPath::of(&["spec", "template", "spec"]);
            let Some(spec) = within.find_mut(&mut object.root) else { continue };
            let row = FieldSpec { group: None, kind: "", path, create: false };
            row.each(spec, first, &mut |map, here, last| {
                if map.has(last) {
                    let here = FieldPath(within.0.iter().chain(&here.0).cloned().collect());
                    insert(map, &here, last, pairs, &mut set);
                }
            });
        }
    }
    for (path, at) in set {
        object.touch(path, "transform.labels", at);
    }
}

fn insert(
    map: &mut Map,
    here: &FieldPath,
    field: &'static str,
    pairs: &[Pair<String>],
    set: &mut Vec<(FieldPath, crate::source::Span)>,
) {
    let Some((key, _)) = pairs.first() else { return };
    let Some(target) = map.child_map(field, key.span()) else { return };
    let here = here.child(field);
    for (key, value) in pairs {
        target.insert(key.value.as_str(), key.span(), Node::text(value.value.as_str(), value.span()));
        set.push((here.child(key.value.as_str()), value.span()));
    }
}
