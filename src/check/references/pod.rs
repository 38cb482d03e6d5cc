//! Every ConfigMap, Secret, key, ServiceAccount, claim and class that a pod spec names is there.

use super::holder::{Holder, holder};
use super::missing::missing;
use super::of_pod::{Reference, references, sub_path_references};
use super::{MISSING_KEY, MISSING_OBJECT, MISSING_OPTIONAL, UNKNOWN_CLUSTER_OBJECT};
use crate::check::pod::{Pod, items, text};
use crate::check::{Check, Scope, World, finding};
use crate::diagnostic::{Diagnostic, Diagnostics, nearest};
use crate::object::Node;

pub(in crate::check) static CHECK: Check =
    Check { rules: &[&MISSING_OBJECT, &MISSING_KEY, &MISSING_OPTIONAL, &UNKNOWN_CLUSTER_OBJECT], scope: Scope::Pod(look) };

fn look(world: &World<'_>, pod: &Pod<'_>, found: &mut Diagnostics) {
    for reference in references(pod) {
        match reference.kind {
            "ConfigMap" | "Secret" => config(world, pod, reference, found),
            "PriorityClass" | "RuntimeClass" => class(world, pod, reference, found),
            _ => other(world, pod, reference, found),
        }
    }
    for reference in sub_path_references(pod) {
        let holder = holder_of(world, pod, reference);
        if let Some(holder) = holder {
            found.extend(key(pod, reference, &holder));
        }
    }
}

fn holder_of<'a>(world: &World<'a>, pod: &Pod<'a>, reference: Reference<'a>) -> Option<Holder<'a>> {
    holder(world, reference.kind, world.namespace_of(pod.object), reference.name.as_str()?)
}

fn config<'a>(world: &World<'a>, pod: &Pod<'a>, reference: Reference<'a>, found: &mut Diagnostics) {
    match holder_of(world, pod, reference) {
        Some(holder) => found.extend(key(pod, reference, &holder)),
        None => found.push(missing(
            world,
            if reference.optional { &MISSING_OPTIONAL } else { &MISSING_OBJECT },
            pod.object,
            reference.name,
            reference.kind,
            world.namespace_of(pod.object),
        )),
    }
}

/// A finding if the holder is known not to have the key.
fn key(pod: &Pod<'_>, reference: Reference<'_>, holder: &Holder<'_>) -> Option<Diagnostic> {
    let keys = holder.keys.as_ref()?;
    let node = reference.key?;
    let key = node.as_str()?;
    if keys.contains(key) {
        return None;
    }
    let rule = if reference.optional { &MISSING_OPTIONAL } else { &MISSING_KEY };
    let (kind, name) = (reference.kind, holder.object.map(|object| object.source.name.as_str()).or(reference.name.as_str())?);
    let mut found = finding::at(rule, pod.object, node, format!("{kind} `{name}` has no key `{key}`"));
    if let Some(object) = holder.object {
        found = found.also(finding::name_span(object), "this has the keys");
    }
    Some(match nearest(key, keys.iter().copied()) {
        Some(near) => found.hint(format!("did you mean `{near}`?")),
        None if keys.is_empty() => found.hint("it has no keys at all"),
        None => found.hint(format!("it has {}", list(keys.iter().copied()))),
    })
}

/// The first few names, in backquotes.
fn list<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> String {
    let total = names.len();
    let mut shown: Vec<String> = names.take(8).map(|name| format!("`{name}`")).collect();
    if total > shown.len() {
        shown.push(format!("{} more", total - shown.len()));
    }
    shown.join(", ")
}

/// Classes stand outside of most bundles, so a name that nobody knows is only a warning.
fn class<'a>(world: &World<'a>, pod: &Pod<'a>, reference: Reference<'a>, found: &mut Diagnostics) {
    let Some(name) = reference.name.as_str() else { return };
    let built_in = reference.kind == "PriorityClass" && name.starts_with("system-");
    if !built_in && !is_known(world, reference.kind, "", name) {
        found.push(missing(world, &UNKNOWN_CLUSTER_OBJECT, pod.object, reference.name, reference.kind, ""));
    }
}

fn other<'a>(world: &World<'a>, pod: &Pod<'a>, reference: Reference<'a>, found: &mut Diagnostics) {
    let namespace = world.namespace_of(pod.object);
    let Some(name) = reference.name.as_str() else { return };
    let built_in = reference.kind == "ServiceAccount" && name == "default";
    let own = reference.kind == "PersistentVolumeClaim" && claims_of_its_own(pod).any(|claim| name.starts_with(&claim));
    if !built_in && !own && !is_known(world, reference.kind, namespace, name) {
        found.push(missing(world, &MISSING_OBJECT, pod.object, reference.name, reference.kind, namespace));
    }
}

/// Whether the bundle or `[external]` has an object.
pub(super) fn is_known(world: &World<'_>, kind: &str, namespace: &str, name: &str) -> bool {
    world.find(kind, namespace, name).is_some() || world.external(kind).any(|entry| entry.name == name)
}

/// The beginnings of the names of the claims that a StatefulSet makes: `CLAIM-SET-`.
fn claims_of_its_own<'a>(pod: &Pod<'a>) -> impl Iterator<Item = String> + use<'a> {
    let object = pod.object;
    let templates = object.root.get("spec").map(|spec: &Node| items(spec, "volumeClaimTemplates")).unwrap_or_default();
    templates.iter().filter_map(move |claim| Some(format!("{}-{}-", text(claim.get("metadata")?, "name")?, object.name())))
}
