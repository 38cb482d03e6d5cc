//! References: what an object names must be there, in the bundle or in `[external]`.

pub(super) mod access;
pub(super) mod holder;
pub(super) mod ingress;
pub(super) mod labels;
mod missing;
pub(super) mod of_pod;
pub(super) mod owners;
pub(super) mod pod;
pub(super) mod selector;
pub(super) mod target;

use crate::diagnostic::rule;

rule!(MISSING_OBJECT, "missing-object", Error, "an object refers to one that neither the bundle nor `[external]` has");
rule!(MISSING_KEY, "missing-key", Error, "a reference names a key that its ConfigMap or Secret doesn't hold");
rule!(MISSING_OPTIONAL, "missing-optional", Note, "an optional reference leads to nothing");
rule!(UNKNOWN_CLUSTER_OBJECT, "unknown-cluster-object", Warning, "a cluster-wide object is named that the bundle doesn't have");
rule!(MISSING_PORT, "missing-port", Error, "a port is named that the Service or the pods behind it don't have");
rule!(SERVICE_WITHOUT_PODS, "service-without-pods", Warning, "a Service selects no pod of the bundle");
rule!(SELECTOR_WITHOUT_PODS, "selector-without-pods", Warning, "a budget or a network policy selects no pod of the bundle");
rule!(OVERLAPPING_SELECTORS, "overlapping-selectors", Warning, "the selectors of two workloads choose each other's pods");
rule!(TWO_OWNERS, "two-owners", Error, "two objects lay claim to one name or to one thing");

#[cfg(test)]
mod tests;
