//! Where the API server is milder than its OpenAPI, and hints for common slips.

use crate::check::schema::Schema;

/// Fields that the OpenAPI calls required and the server doesn't ask for, as its own types have a zero value that is fine:
/// definition (its last two parts) and field. Each was tried against a real API server.
const FORGIVEN: &[(&str, &str)] = &[
    ("core.v1.Event", "involvedObject"),
    ("core.v1.HTTPHeader", "value"),
    ("core.v1.LimitRangeSpec", "limits"),
    ("core.v1.PreferredSchedulingTerm", "preference"),
    ("core.v1.SleepAction", "seconds"),
    ("core.v1.Sysctl", "value"),
    ("batch.v1.PodFailurePolicy", "rules"),
    ("apiextensions.v1.CustomResourceDefinitionVersion", "served"),
    ("storage.v1.CSIDriver", "spec"),
    ("storage.v1.CSINode", "spec"),
    ("storage.v1.CSINodeSpec", "drivers"),
];

/// Whether the server does without a field that the OpenAPI requires.
pub(super) fn forgives(definition: &str, field: &str) -> bool {
    FORGIVEN.iter().any(|(name, its_field)| *its_field == field && definition.ends_with(name))
}

/// Fields with an enum that the server fills in where they are empty.
const FILLED_IN: [&str; 18] = [
    "concurrencyPolicy",
    "dnsPolicy",
    "effect",
    "externalTrafficPolicy",
    "imagePullPolicy",
    "operator",
    "persistentVolumeReclaimPolicy",
    "podManagementPolicy",
    "protocol",
    "reclaimPolicy",
    "restartPolicy",
    "scheme",
    "sessionAffinity",
    "status",
    "terminationMessagePolicy",
    "type",
    "whenDeleted",
    "whenScaled",
];

/// Whether an empty text in a field of this name is as good as nothing given.
pub(super) fn fills_in(field: &str) -> bool {
    FILLED_IN.contains(&field)
}

/// What somebody who wrote `field` at a place probably wanted.
pub(super) fn hint(schema: &Schema, field: &str) -> Option<&'static str> {
    if schema.is("EnvVar") {
        return match field {
            "secretRef" | "configMapRef" => Some(
                "a whole Secret or ConfigMap is taken under `envFrom`; in `env` write `valueFrom` with `secretKeyRef` or `configMapKeyRef`",
            ),
            "secretKeyRef" | "configMapKeyRef" | "fieldRef" | "resourceFieldRef" => Some("put it under `valueFrom`"),
            _ => None,
        };
    }
    if schema.is("EnvFromSource") {
        return match field {
            "secretKeyRef" | "configMapKeyRef" => Some("a single key is taken under `env`, with `valueFrom`"),
            _ => None,
        };
    }
    if schema.is("Volume") && field == "secretName" {
        return Some("put it under `secret`");
    }
    None
}
