//! Containers: ports, variables, resources, probes, mounts.

use super::quantity::Quantity;
use super::say::is_given;
use super::structure::{Walk, show};
use super::text::{config_key, dns_label, port_name, qualified_name, variable_name};
use super::{INVALID_KEY, INVALID_NAME, INVALID_QUANTITY, INVALID_VALUE, MISSING_FIELD};
use crate::check::pod::{items, text};
use crate::check::schema::Schema;
use crate::object::{Map, Node};

pub(super) fn container<'a>(walk: &mut Walk<'a, '_>, schema: &Schema, node: &'a Node) {
    walk.need(node, schema, "name");
    walk.form(node, "name", &INVALID_NAME, dns_label);
    image(walk, schema, node);
    walk.unique(items(node, "ports"), "name", "ports");
    for (field, only) in [("livenessProbe", true), ("startupProbe", true), ("readinessProbe", false)] {
        let Some(probe) = node.get(field) else { continue };
        if only && probe.get("successThreshold").and_then(Node::as_int).is_some_and(|times| times > 1) {
            walk.between(probe, "successThreshold", 1, 1);
        }
        if !only {
            walk.forbid(probe, "terminationGracePeriodSeconds", "can't be set on a readiness probe");
        }
    }
    let privileged = node.get("securityContext").and_then(|context| context.get("privileged")).and_then(Node::as_bool);
    for mount in items(node, "volumeMounts") {
        if text(mount, "mountPropagation") == Some("Bidirectional") && privileged != Some(true) {
            walk.forbid(mount, "mountPropagation", "`Bidirectional` needs a privileged container");
        }
    }
}

fn image<'a>(walk: &mut Walk<'a, '_>, schema: &Schema, node: &'a Node) {
    walk.need(node, schema, "image");
    if let Some(image) = node.get("image")
        && image.as_str().is_some_and(|written| written != written.trim())
    {
        walk.report(&INVALID_VALUE, image, "the image has space at its start or end");
    }
}

pub(super) fn port<'a>(walk: &mut Walk<'a, '_>, node: &'a Node) {
    walk.form(node, "name", &INVALID_NAME, port_name);
    walk.between(node, "containerPort", 1, 65535);
    if node.get("hostPort").and_then(Node::as_int) != Some(0) {
        walk.between(node, "hostPort", 1, 65535);
    }
}

pub(super) fn variable<'a>(walk: &mut Walk<'a, '_>, schema: &Schema, node: &'a Node) {
    walk.need(node, schema, "name");
    walk.form(node, "name", &INVALID_NAME, variable_name);
    walk.one_of(node, &["value", "valueFrom"], false);
}

pub(super) fn variable_source<'a>(walk: &mut Walk<'a, '_>, node: &'a Node) {
    walk.one_of(node, &["fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef"], true);
}

pub(super) fn variables_source<'a>(walk: &mut Walk<'a, '_>, node: &'a Node) {
    walk.form(node, "prefix", &INVALID_NAME, variable_name);
    walk.one_of(node, &["configMapRef", "secretRef"], true);
}

/// `configMapKeyRef`, `secretKeyRef`.
pub(super) fn key<'a>(walk: &mut Walk<'a, '_>, schema: &Schema, node: &'a Node) {
    walk.need(node, schema, "name");
    walk.need(node, schema, "key");
    walk.form(node, "key", &INVALID_KEY, config_key);
}

/// Fields of a pod that a variable can take.
const POD_FIELDS: [&str; 8] = [
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.podIP",
    "status.podIPs",
];

pub(super) fn field_reference<'a>(walk: &mut Walk<'a, '_>, schema: &Schema, node: &'a Node) {
    walk.need(node, schema, "fieldPath");
    let Some(path) = node.get("fieldPath") else { return };
    let Some(written) = path.as_str().filter(|written| !written.is_empty()) else { return };
    let subscript = written.strip_suffix("']").and_then(|path| path.split_once("['"));
    let known = match subscript {
        Some(("metadata.labels" | "metadata.annotations", key)) => qualified_name(&key.to_lowercase()).is_ok(),
        Some(_) => false,
        None => POD_FIELDS.contains(&written) || matches!(written, "status.hostIPs" | "metadata.labels" | "metadata.annotations"),
    };
    if !known {
        let message = format!("a pod's `{written}` can't be taken here");
        match crate::diagnostic::nearest(written, POD_FIELDS) {
            Some(near) => walk.report_with(&INVALID_VALUE, path, message, format!("did you mean `{near}`?")),
            None => walk.report(&INVALID_VALUE, path, message),
        }
    }
}

/// Requests and limits.
pub(super) fn resources<'a>(walk: &mut Walk<'a, '_>, node: &'a Node) {
    for field in ["limits", "requests"] {
        for (name, entry) in node.get(field).and_then(Node::as_map).into_iter().flat_map(Map::iter) {
            resource_name(walk, &entry.node, name);
            if Quantity::of(&entry.node).is_some_and(|amount| amount < Quantity::ZERO) {
                walk.report(&INVALID_QUANTITY, &entry.node, format!("`{name}` is negative"));
            }
        }
    }
    let (limits, requests) = (node.get("limits"), node.get("requests"));
    for (name, entry) in requests.and_then(Node::as_map).into_iter().flat_map(Map::iter) {
        let limit = limits.and_then(|limits| limits.get(name));
        let place = &entry.node;
        if limit.is_none() && !overcommits(name) {
            walk.report(&MISSING_FIELD, place, format!("`{name}` needs a limit, the same as its request"));
        }
        let (Some(wanted), Some(most)) = (Quantity::of(place), limit.and_then(Quantity::of)) else { continue };
        if wanted > most {
            let most = limit.map(show).unwrap_or_default();
            walk.report(&INVALID_QUANTITY, place, format!("`{name}` requests {}, more than its limit {most}", show(place)));
        } else if wanted != most && !overcommits(name) {
            walk.report(&INVALID_QUANTITY, place, format!("the request of `{name}` must be the same as its limit"));
        }
    }
}

/// Whether a resource may be requested below its limit: the node's own, but for huge pages.
fn overcommits(name: &str) -> bool {
    (!name.contains('/') || name.contains("kubernetes.io/")) && !name.starts_with("hugepages-")
}

/// The resources of a RuntimeClass or LimitRange.
pub(super) fn resource_names<'a>(walk: &mut Walk<'a, '_>, map: Option<&'a Node>) {
    for (name, entry) in map.and_then(Node::as_map).into_iter().flat_map(Map::iter) {
        resource_name(walk, &entry.node, name);
    }
}

fn resource_name<'a>(walk: &mut Walk<'a, '_>, node: &'a Node, name: &str) {
    let own = matches!(name, "cpu" | "memory" | "ephemeral-storage") || name.starts_with("hugepages-");
    // A claim has `storage`; its spec looks at it.
    let claim = name == "storage";
    if qualified_name(name).is_err() {
        walk.report(&INVALID_NAME, node, format!("`{name}` is no name of a resource"));
    } else if !own && !claim && !name.contains('/') {
        let hint = crate::diagnostic::nearest(name, ["cpu", "memory", "ephemeral-storage"]);
        let message =
            format!("there is no resource `{name}`: others than the node's own have a domain, such as `nvidia.com/gpu`");
        match hint {
            Some(near) => walk.report_with(&INVALID_NAME, node, message, format!("did you mean `{near}`?")),
            None => walk.report(&INVALID_NAME, node, message),
        }
    }
    let whole = name.contains('/') && !name.contains("kubernetes.io/");
    if whole && Quantity::of(node).is_some_and(|amount| !amount.is_whole()) {
        walk.report(&INVALID_QUANTITY, node, format!("`{name}` must be a whole number"));
    }
}

pub(super) fn probe<'a>(walk: &mut Walk<'a, '_>, node: &'a Node) {
    walk.one_of(node, &["exec", "httpGet", "tcpSocket", "grpc"], true);
    walk.not_negative(node, &["initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"]);
    walk.between(node, "terminationGracePeriodSeconds", 1, i64::MAX);
}

/// `httpGet`, `tcpSocket`, `grpc`.
pub(super) fn action<'a>(walk: &mut Walk<'a, '_>, node: &'a Node) {
    walk.port(node, "port");
    for header in items(node, "httpHeaders") {
        let token = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        if let Some(name) = header.get("name")
            && name.as_str().is_some_and(|name| name.is_empty() || !name.bytes().all(token))
        {
            walk.report(&INVALID_NAME, name, format!("`{}` is no name of a header", show(name)));
        }
    }
}

pub(super) fn mount<'a>(walk: &mut Walk<'a, '_>, schema: &Schema, node: &'a Node) {
    walk.need(node, schema, "name");
    walk.need(node, schema, "mountPath");
    walk.one_of(node, &["subPath", "subPathExpr"], false);
    for field in ["subPath", "subPathExpr"] {
        descending(walk, node, field);
    }
    let read_only = node.get("readOnly").and_then(Node::as_bool) == Some(true);
    if matches!(text(node, "recursiveReadOnly"), Some("Enabled" | "IfPossible")) && !read_only {
        walk.forbid(node, "recursiveReadOnly", "needs `readOnly: true`");
    }
}

/// A path that stays below where it starts.
pub(super) fn descending<'a>(walk: &mut Walk<'a, '_>, node: &'a Node, field: &str) {
    let Some(path) = node.get(field).filter(|path| is_given(path)) else { return };
    let Some(written) = path.as_str() else { return };
    if written.starts_with('/') {
        walk.report(&INVALID_VALUE, path, format!("`{written}` must be relative: it may not start with `/`"));
    } else if written.split('/').any(|part| part == "..") {
        walk.report(&INVALID_VALUE, path, format!("`{written}` may not hold `..`"));
    }
}
