//! Annotations for every object and pod template.

use super::field_spec::{FieldSpec, spec};
use super::labels::set_pairs;
use crate::environment::Transform;
use crate::object::Bundle;

/// Where annotations go beside every object's own metadata: kustomize's table.
static TEMPLATES: &[FieldSpec] = &[
    spec!("", "ReplicationController", ["spec", "template", "metadata", "annotations"], true),
    spec!("*", "Deployment", ["spec", "template", "metadata", "annotations"], true),
    spec!("*", "ReplicaSet", ["spec", "template", "metadata", "annotations"], true),
    spec!("*", "DaemonSet", ["spec", "template", "metadata", "annotations"], true),
    spec!("*", "StatefulSet", ["spec", "template", "metadata", "annotations"], true),
    spec!("batch", "Job", ["spec", "template", "metadata", "annotations"], true),
    spec!("batch", "CronJob", ["spec", "jobTemplate", "metadata", "annotations"], true),
    spec!("batch", "CronJob", ["spec", "jobTemplate", "spec", "template", "metadata", "annotations"], true),
];

/// Sets the annotations.
pub(super) fn apply(transform: &Transform, bundle: &mut Bundle) {
    if transform.annotations.is_empty() {
        return;
    }
    for object in &mut bundle.objects {
        set_pairs(object, "annotations", TEMPLATES, &transform.annotations, "transform.annotations");
    }
}
