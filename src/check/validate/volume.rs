//! Volumes and what they show.

use super::container::descending;
use super::structure::{Walk, show};
use super::text::dns_label;
use super::{INVALID_NAME, INVALID_VALUE};
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
}

pub(super) fn token<'a>(walk: &mut Walk<'a, '_>, schema: &Schema, node: &'a Node) {
    walk.need(node, schema, "path");
    descending(walk, node, "path");
    walk.between(node, "expirationSeconds", 600, i64::from(u32::MAX));
}
