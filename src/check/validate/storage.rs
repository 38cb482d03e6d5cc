//! Claims, volumes and classes.

use super::quantity::Quantity;
use super::structure::Walk;
use super::text::dns_subdomain;
use super::{CONFLICTING_FIELDS, INVALID_NAME, INVALID_QUANTITY, MISSING_FIELD};
use crate::check::pod::items;
use crate::check::schema::Schema;
use crate::object::{Map, Node, Text};

const MODES: [&str; 4] = ["ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod"];

fn access_modes<'a>(walk: &mut Walk<'a, '_>, node: &'a Node) {
    let modes = items(node, "accessModes");
    if modes.is_empty() {
        walk.report_with(&MISSING_FIELD, node, "`accessModes` must be given here", "such as `accessModes: [ReadWriteOnce]`");
    }
    for mode in modes {
        if let Some(written) = mode.as_str().filter(|written| !MODES.contains(written)) {
            let message = format!("`{written}` is no access mode");
            let hint = crate::diagnostic::nearest(written, MODES).map(|near| format!("did you mean `{near}`?"));
            let hint = hint.unwrap_or_else(|| format!("it is one of `{}`", MODES.join("`, `")));
            walk.report_with(&super::UNKNOWN_VALUE, mode, message, hint);
        }
    }
    if modes.len() > 1
        && let Some(mode) = modes.iter().find(|mode| mode.as_str() == Some("ReadWriteOncePod"))
        && modes.iter().any(|other| other.as_str() != Some("ReadWriteOncePod"))
    {
        walk.report(&CONFLICTING_FIELDS, mode, "`ReadWriteOncePod` excludes other access modes");
    }
}

pub(super) fn claim<'a>(walk: &mut Walk<'a, '_>, _: &Schema, node: &'a Node) {
    access_modes(walk, node);
    walk.form(node, "storageClassName", &INVALID_NAME, dns_subdomain);
    let requests = node.get("resources").and_then(|resources| resources.get("requests"));
    match requests.and_then(|requests| requests.get("storage")) {
        None => walk.report(&MISSING_FIELD, node.get("resources").unwrap_or(node), "a claim needs `resources.requests.storage`"),
        Some(storage) => positive(walk, storage),
    }
}

fn positive(walk: &mut Walk<'_, '_>, amount: &Node) {
    if Quantity::of(amount).is_some_and(|quantity| quantity <= Quantity::ZERO) {
        walk.report(&INVALID_QUANTITY, amount, "the amount must be more than 0");
    }
}

/// Fields of a PersistentVolume's spec that are no source.
const OTHER: [&str; 9] = [
    "accessModes",
    "capacity",
    "claimRef",
    "mountOptions",
    "nodeAffinity",
    "persistentVolumeReclaimPolicy",
    "storageClassName",
    "volumeAttributesClassName",
    "volumeMode",
];

pub(super) fn volume<'a>(walk: &mut Walk<'a, '_>, schema: &Schema, node: &'a Node) {
    access_modes(walk, node);
    walk.form(node, "storageClassName", &INVALID_NAME, dns_subdomain);
    match node.get("capacity").and_then(|capacity| capacity.get("storage")) {
        None => walk.report(&MISSING_FIELD, node.get("capacity").unwrap_or(node), "a volume needs `capacity.storage`"),
        Some(storage) => positive(walk, storage),
    }
    for (name, entry) in node.get("capacity").and_then(Node::as_map).into_iter().flat_map(Map::iter) {
        if name != "storage" {
            walk.report(&INVALID_NAME, &entry.node, "a volume's capacity is `storage` alone");
        }
    }
    let fields = node.as_map().into_iter().flat_map(Map::keys).map(Text::as_str);
    let sources: Vec<&str> = fields.filter(|field| !OTHER.contains(field) && schema.field(field).is_some()).collect();
    walk.one_of(node, &sources, true);
    if node.get("local").is_some() && node.get("nodeAffinity").is_none() {
        walk.report(&MISSING_FIELD, node, "a local volume needs `nodeAffinity`: it is on one node");
    }
}

/// StorageClasses and PriorityClasses.
pub(super) fn classes<'a>(walk: &mut Walk<'a, '_>, schema: &Schema, node: &'a Node, name: &str) {
    match name {
        "VolumeAttachmentSource" => walk.one_of(node, &["persistentVolumeName", "inlineVolumeSpec"], true),
        "StorageClass" => walk.need(node, schema, "provisioner"),
        "PriorityClass" => {
            let own = node.get("metadata").and_then(|metadata| metadata.get("name")).and_then(Node::as_str).unwrap_or_default();
            if own.starts_with("system-") {
                let place = node.get("metadata").and_then(|metadata| metadata.get("name")).unwrap_or(node);
                walk.report(&INVALID_NAME, place, "names that start with `system-` are the cluster's own");
            }
            walk.between(node, "value", i64::from(i32::MIN), 1_000_000_000);
        }
        _ => {}
    }
}
