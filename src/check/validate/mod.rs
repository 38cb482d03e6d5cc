//! What the API server's strict validation would refuse, found offline: the structure by the schemas of all kinds, the rest
//! by the server's own rules for its types.

mod access;
mod admission;
mod config;
mod container;
mod crd;
mod cron;
mod exceptions;
mod facts;
mod kinds;
mod limits;
mod meta;
mod network;
mod pod;
mod quantity;
mod say;
mod scale;
mod semantic;
mod storage;
mod structure;
mod text;
mod trail;
mod volume;
mod workload;

use self::structure::Walk;
use self::trail::Trail;
use super::{Check, Scope, World};
use crate::diagnostic::{Diagnostics, rule};
use crate::object::Object;

rule!(UNKNOWN_KIND, "unknown-kind", Error, "an object's kind, or the version of its API, doesn't exist");
rule!(NO_SCHEMA, "no-schema", Warning, "no schema is known for an object's kind, so it isn't validated");
rule!(WRONG_SCOPE, "wrong-scope", Error, "a cluster-wide object names a namespace");
rule!(UNKNOWN_FIELD, "unknown-field", Error, "an object has a field that its kind doesn't have");
rule!(WRONG_TYPE, "wrong-field-type", Error, "a field holds another type of value than its kind wants");
rule!(MISSING_FIELD, "missing-field", Error, "a field that must be given is absent or empty");
rule!(UNKNOWN_VALUE, "unknown-value", Error, "a field holds none of the values that it can have");
rule!(
    INVALID_FORMAT,
    "invalid-format",
    Error,
    "a value doesn't have the form of its field: a time, a size of integer, a pattern"
);
rule!(INVALID_QUANTITY, "invalid-quantity", Error, "a quantity can't be read, or is out of its bounds");
rule!(INVALID_BASE64, "invalid-base64", Error, "a value that must be base64 isn't");
rule!(INVALID_NAME, "invalid-name", Error, "a name doesn't have the form that its place wants");
rule!(INVALID_LABEL, "invalid-label", Error, "a label, selector, annotation key or finalizer doesn't have its form");
rule!(INVALID_KEY, "invalid-key", Error, "a key of a ConfigMap or Secret isn't the name of a file");
rule!(INVALID_VALUE, "invalid-value", Error, "a value is out of its bounds, or isn't allowed together with another");
rule!(CONFLICTING_FIELDS, "conflicting-fields", Error, "two fields are given that exclude each other");
rule!(DUPLICATE_ITEM, "duplicate-item", Error, "a list has two items that can't be told apart");
rule!(MISSING_VOLUME, "missing-volume", Error, "a container mounts a volume that its pod doesn't have");
rule!(WRONG_SELECTOR, "wrong-selector", Error, "a workload's selector doesn't choose the pods that it makes");
rule!(TOO_LARGE, "too-large", Error, "an object is larger than the API server stores");

pub(super) static CHECK: Check = Check {
    rules: &[
        &UNKNOWN_KIND,
        &NO_SCHEMA,
        &WRONG_SCOPE,
        &UNKNOWN_FIELD,
        &WRONG_TYPE,
        &MISSING_FIELD,
        &UNKNOWN_VALUE,
        &INVALID_FORMAT,
        &INVALID_QUANTITY,
        &INVALID_BASE64,
        &INVALID_NAME,
        &INVALID_LABEL,
        &INVALID_KEY,
        &INVALID_VALUE,
        &CONFLICTING_FIELDS,
        &DUPLICATE_ITEM,
        &MISSING_VOLUME,
        &WRONG_SELECTOR,
        &TOO_LARGE,
    ],
    scope: Scope::Object(look),
};

fn look(world: &World<'_>, object: &Object, found: &mut Diagnostics) {
    let Some(kind) = kinds::find(world, object, found) else { return };
    let custom = kind.custom;
    let mut walk = Walk { object, custom, meta: custom.then(|| kinds::object_meta(world)).flatten(), found };
    if let Some(metadata) = object.root.get("metadata") {
        meta::object(&mut walk, metadata);
    }
    walk.value(&object.root, kind.schema.root(), &Trail::root());
}

#[cfg(test)]
mod tests;
