//! Where the API server is milder than its OpenAPI, and hints for common slips.

use super::trail::Trail;
use crate::check::schema::Schema;
use crate::object::Object;

/// Fields that the OpenAPI calls required and the server doesn't ask for, as its own types have a zero value that is fine:
/// definition (its last two parts) and field. Each was tried against a real API server.
const FORGIVEN: &[(&str, &str)] = &[];

/// Whether the server does without a field that the OpenAPI requires.
pub(super) fn forgives(definition: &str, field: &str) -> bool {
    FORGIVEN.iter().any(|(name, its_field)| *its_field == field && definition.ends_with(name))
}

/// Whether the server takes a field that the OpenAPI doesn't have.
pub(super) fn takes(_: &Object, _: &Trail<'_>, _: &str) -> bool {
    false
}

/// What somebody who wrote `field` at a place probably wanted.
pub(super) fn hint(schema: &Schema, field: &str) -> Option<&'static str> {
    if schema.is("EnvVar") {
        return match field {
            "secretRef" | "configMapRef" => Some("a whole Secret or ConfigMap is taken under `envFrom`; in `env` write `valueFrom` with `secretKeyRef` or `configMapKeyRef`"),
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
