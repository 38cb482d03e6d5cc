//! ConfigMaps, Secrets, quotas and limits.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::quantity::Quantity;
use super::structure::Walk;
use super::text::config_key;
use super::{CONFLICTING_FIELDS, INVALID_KEY, INVALID_NAME, INVALID_QUANTITY, INVALID_VALUE, MISSING_FIELD, TOO_LARGE};
use crate::check::finding;
use crate::check::pod::text;
use crate::check::schema::Schema;
use crate::object::{Data, Map, Node};

/// All values of a ConfigMap or Secret together, in bytes.
const MOST: usize = 1024 * 1024;

fn entries(map: Option<&Node>) -> impl Iterator<Item = (&str, &Node)> {
    let map = map.and_then(Node::as_map).into_iter().flat_map(Map::iter);
    map.map(|(key, entry)| (key.as_str(), &entry.node))
}

fn keys<'a>(walk: &mut Walk<'a, '_>, map: Option<&'a Node>) {
    for (key, _) in entries(map) {
        if let (Some(map), Err(wrong)) = (map, config_key(key)) {
            let message = format!("`{key}` is no key of a {}: it {wrong}", walk.object.kind());
            walk.found.push(finding::at_key(&INVALID_KEY, walk.object, map, key, message));
        }
    }
}

/// The size of base64 text's bytes, without decoding it.
fn decoded_size(node: &Node) -> usize {
    let text = node.as_str().unwrap_or_default();
    let (length, line_breaks) = (text.len(), text.bytes().filter(|byte| matches!(byte, b'\n' | b'\r')).count());
    let padding = text.bytes().rev().take_while(|byte| matches!(byte, b'=' | b'\n' | b'\r')).filter(|byte| *byte == b'=').count();
    ((length - line_breaks) / 4 * 3).saturating_sub(padding)
}

fn too_large(walk: &mut Walk<'_, '_>, node: &Node, size: usize) {
    if size > MOST {
        let kind = walk.object.kind();
        let message = format!("the {kind} has {size} bytes, more than the {MOST} that a {kind} can hold");
        walk.report_with(&TOO_LARGE, node, message, "split it, or put the data into the image or on a volume");
    }
}

pub(super) fn configmap<'a>(walk: &mut Walk<'a, '_>, node: &'a Node) {
    let (data, binary) = (node.get("data"), node.get("binaryData"));
    keys(walk, data);
    keys(walk, binary);
    for (key, value) in entries(binary) {
        if data.is_some_and(|data| data.get(key).is_some()) {
            walk.report(&CONFLICTING_FIELDS, value, format!("`{key}` stands in `data` and in `binaryData`"));
        }
    }
    let texts: usize = entries(data).map(|(_, value)| value.as_str().map_or(0, str::len)).sum();
    too_large(walk, node, texts + entries(binary).map(|(_, value)| decoded_size(value)).sum::<usize>());
}

pub(super) fn secret<'a>(walk: &mut Walk<'a, '_>, node: &'a Node) {
    let (data, plain) = (node.get("data"), node.get("stringData"));
    keys(walk, data);
    keys(walk, plain);
    let texts: usize = entries(plain).map(|(_, value)| value.as_str().map_or(0, str::len)).sum();
    too_large(walk, node, texts + entries(data).map(|(_, value)| decoded_size(value)).sum::<usize>());
    let has = |key: &str| [data, plain].into_iter().flatten().any(|map| map.get(key).is_some());
    let wanted: &[&str] = match text(node, "type") {
        Some("kubernetes.io/tls") => &["tls.crt", "tls.key"],
        Some("kubernetes.io/dockerconfigjson") => &[".dockerconfigjson"],
        Some("kubernetes.io/dockercfg") => &[".dockercfg"],
        Some("kubernetes.io/ssh-auth") => &["ssh-privatekey"],
        Some("kubernetes.io/basic-auth") if !has("username") && !has("password") => &["username"],
        Some("kubernetes.io/service-account-token") => return account_token(walk, node),
        _ => &[],
    };
    let empty = |key: &str| data.and_then(|data| data.get(key)).and_then(Node::as_str) == Some("");
    for key in wanted.iter().filter(|key| !has(key) || (**key == "ssh-privatekey" && empty(key))) {
        let kind = text(node, "type").unwrap_or_default();
        walk.report(&MISSING_FIELD, node.get("type").unwrap_or(node), format!("a Secret of type `{kind}` needs the key `{key}`"));
    }
    for key in [".dockerconfigjson", ".dockercfg"].iter().filter(|key| wanted.contains(key)) {
        if let Some(value) = data.and_then(|data| data.get(key)) {
            login(walk, value, key);
        }
    }
}

/// A literal docker login must be JSON; a sealed one is put together as JSON.
fn login(walk: &mut Walk<'_, '_>, value: &Node, key: &str) {
    let Data::Text(encoded) = &value.data else { return };
    let Ok(decoded) = STANDARD.decode(encoded.replace(['\n', '\r'], "")) else { return };
    if serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(&decoded).is_err() {
        walk.report(&INVALID_VALUE, value, format!("`{key}` isn't JSON"));
    }
}

fn account_token<'a>(walk: &mut Walk<'a, '_>, node: &'a Node) {
    let annotations = node.get("metadata").and_then(|metadata| metadata.get("annotations"));
    let account = annotations.and_then(|annotations| text(annotations, "kubernetes.io/service-account.name"));
    if account.is_none_or(str::is_empty) {
        let message = "a token Secret needs the annotation `kubernetes.io/service-account.name`";
        walk.report(&MISSING_FIELD, node.get("type").unwrap_or(node), message);
    }
}

fn not_negative(walk: &mut Walk<'_, '_>, map: Option<&Node>) {
    for (name, value) in entries(map) {
        if Quantity::of(value).is_some_and(|amount| amount < Quantity::ZERO) {
            walk.report(&INVALID_QUANTITY, value, format!("`{name}` is negative"));
        }
    }
}

/// Resources that a quota can bound, beside those with a domain, a `count/`, and huge pages.
const QUOTAS: [&str; 18] = [
    "configmaps",
    "cpu",
    "ephemeral-storage",
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "memory",
    "persistentvolumeclaims",
    "pods",
    "replicationcontrollers",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory",
    "requests.storage",
    "resourcequotas",
    "secrets",
    "services",
    "storage",
];

/// The spec of a ResourceQuota.
pub(super) fn quota<'a>(walk: &mut Walk<'a, '_>, node: &'a Node) {
    not_negative(walk, node.get("hard"));
    for (name, value) in entries(node.get("hard")) {
        let known = QUOTAS.contains(&name) || name.contains('/') || name.contains("hugepages-") || name.starts_with("services.");
        if !known {
            let message = format!("a quota can't bound `{name}`");
            match crate::diagnostic::nearest(name, QUOTAS) {
                Some(near) => walk.report_with(&INVALID_NAME, value, message, format!("did you mean `{near}`?")),
                None => walk.report(&INVALID_NAME, value, message),
            }
        }
        let counted = name.starts_with("count/") || (name.ends_with('s') && !name.contains('.') && !name.contains('/'));
        if counted && Quantity::of(value).is_some_and(|amount| !amount.is_whole()) {
            walk.report(&INVALID_QUANTITY, value, format!("`{name}` is counted: it must be a whole number"));
        }
    }
}

/// One row of a LimitRange: min ≤ defaultRequest ≤ default ≤ max.
pub(super) fn limits<'a>(walk: &mut Walk<'a, '_>, schema: &Schema, node: &'a Node) {
    walk.need(node, schema, "type");
    for field in ["max", "min", "default", "defaultRequest", "maxLimitRequestRatio"] {
        super::container::resource_names(walk, node.get(field));
    }
    for (name, value) in entries(node.get("maxLimitRequestRatio")) {
        if Quantity::of(value).is_some_and(|ratio| ratio < Quantity::ONE) {
            walk.report(&INVALID_QUANTITY, value, format!("the ratio of `{name}` is less than 1"));
        }
    }
    for (low, high) in [
        ("min", "max"),
        ("min", "defaultRequest"),
        ("min", "default"),
        ("defaultRequest", "default"),
        ("defaultRequest", "max"),
        ("default", "max"),
    ] {
        let upper = node.get(high);
        for (name, value) in entries(node.get(low)) {
            let (Some(least), Some(most)) = (Quantity::of(value), upper.and_then(|upper| upper.get(name)).and_then(Quantity::of))
            else {
                continue;
            };
            if least > most {
                walk.report(&INVALID_QUANTITY, value, format!("`{low}` of `{name}` is more than its `{high}`"));
            }
        }
    }
}
