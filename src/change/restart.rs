//! Which pods a change replaces.

use std::collections::BTreeSet;

use super::{Change, FieldChange, Operation};
use crate::object::{Node, Object, podspec};

/// Notes on each change the workloads whose pods it replaces, and gives all of them in order: those whose pod template
/// differs, and with each changed ConfigMap or Secret those of them that use it.
pub(super) fn mark(changes: &mut [(Change, Option<&Object>)]) -> Vec<String> {
    let mut restarts = Vec::new();
    let mut workloads: Vec<(String, BTreeSet<(&'static str, String)>)> = Vec::new();
    for (change, object) in changes.iter_mut() {
        let Some(object) = object else { continue };
        if change.operation != Operation::Update || !replaces_pods(&change.fields, object) {
            continue;
        }
        let name = object.id().to_string();
        change.restarts.push(name.clone());
        restarts.push(name.clone());
        workloads.push((name, used_config(object)));
    }
    for (change, _) in changes.iter_mut() {
        let kind = change.id.kind.as_str();
        if !change.id.group.is_empty() || !matches!(kind, "ConfigMap" | "Secret") {
            continue;
        }
        let users = workloads.iter().filter(|(_, used)| used.iter().any(|(word, name)| *word == kind && *name == change.id.name));
        change.restarts = users.map(|(name, _)| name.clone()).collect();
    }
    restarts
}

/// Whether changing these fields of an object makes its pods anew: one lies in the pod template of a kind that rolls out.
pub fn replaces_pods(fields: &[FieldChange], object: &Object) -> bool {
    if !podspec::rolls_out(&object.source.group, &object.source.kind) {
        return false;
    }
    let templates: Vec<String> =
        podspec::pod_spec_paths(object).iter().map(|path| podspec::pod_template_path(path).to_string()).collect();
    fields.iter().any(|field| {
        let below = |template: &String| {
            field.path.strip_prefix(template.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        templates.iter().any(below)
    })
}

/// The ConfigMaps and Secrets that an object's pods use: kind and name now.
pub fn used_config(object: &Object) -> BTreeSet<(&'static str, String)> {
    let mut used = BTreeSet::new();
    for path in podspec::pod_spec_paths(object) {
        let Some(spec) = path.find(&object.root).and_then(Node::as_map) else { continue };
        used.extend(podspec::config_uses(spec, &path).into_iter().map(|one| (one.kind.name(), one.name.to_owned())));
    }
    used
}
