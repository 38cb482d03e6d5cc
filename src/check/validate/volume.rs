//! Volumes and what they show.

use super::container::descending;
use super::say::is_empty;
use super::structure::{Walk, show};
use super::text::{dns_label, dns_subdomain};
use super::{CONFLICTING_FIELDS, INVALID_NAME, INVALID_VALUE, MISSING_FIELD};
use crate::check::pod::items;
use crate::check::schema::Schema;
use crate::object::{Map, Node, Text};

/// What a projected volume takes from.
pub(super) const PROJECTIONS: [&str; 6] =
    ["secret", "configMap", "downwardAPI", "serviceAccountToken", "clusterTrustBundle", "podCertificate"];

pub(super) fn volume<'a>(walk: &mut Walk<'a, '_>, schema: &Schema, node: &'a Node) {
    walk.need(node, schema, "name");
    walk.form(node, "name", &INVALID_NAME, dns_label);
    // Without a source a volume is an `emptyDir`.
    let fields = node.as_map().into_iter().flat_map(Map::keys).map(Text::as_str);
    let sources: Vec<&str> = fields.filter(|field| *field != "name" && schema.field(field).is_some()).collect();
    walk.one_of(node, &sources, false);
}

pub(super) fn item<'a>(walk: &mut Walk<'a, '_>, schema: &Schema, node: &'a Node) {
    walk.need(node, schema, "key");
    walk.need(node, schema, "path");
    descending(walk, node, "path");
    mode(walk, node, "mode");
}

/// File permissions, as a number: YAML's `0644` is octal.
pub(super) fn mode<'a>(walk: &mut Walk<'a, '_>, node: &'a Node, field: &str) {
    let Some(value) = node.get(field) else { return };
    if value.as_int().is_some_and(|bits| !(0..=0o777).contains(&bits)) {
        let message = format!("`{field}` is {}, and must be from 0 to 0777 (511)", show(value));
        walk.report_with(&INVALID_VALUE, value, message, "write it in octal with a leading 0: `0644`");
    }
}

/// A volume from a ConfigMap or Secret.
pub(super) fn config<'a>(walk: &mut Walk<'a, '_>, schema: &Schema, node: &'a Node, name: &str) {
    walk.need(node, schema, name);
    mode(walk, node, "defaultMode");
}

const HOST_PATHS: [&str; 8] =
    ["", "DirectoryOrCreate", "Directory", "FileOrCreate", "File", "Socket", "CharDevice", "BlockDevice"];

/// A projected volume: no two of its files may have one path.
pub(super) fn projected<'a>(walk: &mut Walk<'a, '_>, node: &'a Node) {
    mode(walk, node, "defaultMode");
    let mut seen = std::collections::BTreeSet::new();
    for source in items(node, "sources") {
        let listed = ["secret", "configMap", "downwardAPI"]
            .iter()
            .filter_map(|kind| source.get(kind))
            .flat_map(|kind| items(kind, "items"));
        let token = source.get("serviceAccountToken").into_iter();
        for path in listed.chain(token).filter_map(|item| item.get("path")) {
            if path.as_str().is_some_and(|written| !seen.insert(written)) {
                walk.report(&CONFLICTING_FIELDS, path, format!("two files of this volume have the path `{}`", show(path)));
            }
        }
    }
}

pub(super) fn csi<'a>(walk: &mut Walk<'a, '_>, node: &'a Node) {
    let Some(secret) = node.get("nodePublishSecretRef") else { return };
    if is_empty(secret.get("name")) {
        walk.report(&MISSING_FIELD, secret, "`name` must be given here");
    }
    walk.form(secret, "name", &INVALID_NAME, dns_subdomain);
}

pub(super) fn host_path<'a>(walk: &mut Walk<'a, '_>, schema: &Schema, node: &'a Node) {
    walk.need(node, schema, "path");
    walk.choice(node, "type", &HOST_PATHS);
    if let Some(path) = node.get("path")
        && path.as_str().is_some_and(|path| path.split('/').any(|part| part == ".."))
    {
        walk.report(&INVALID_VALUE, path, "the path may not hold `..`");
    }
}

pub(super) fn downward<'a>(walk: &mut Walk<'a, '_>, schema: &Schema, node: &'a Node) {
    walk.need(node, schema, "path");
    descending(walk, node, "path");
    mode(walk, node, "mode");
    walk.one_of(node, &["fieldRef", "resourceFieldRef"], true);
    if let Some(resource) = node.get("resourceFieldRef").filter(|resource| is_empty(resource.get("containerName"))) {
        walk.report(&MISSING_FIELD, resource, "`containerName` must be given in a volume");
    }
}

pub(super) fn token<'a>(walk: &mut Walk<'a, '_>, schema: &Schema, node: &'a Node) {
    walk.need(node, schema, "path");
    descending(walk, node, "path");
    walk.between(node, "expirationSeconds", 600, i64::from(u32::MAX));
}
