//! Pod specs, beside their containers and volumes.

use std::net::IpAddr;

use super::meta::{labels, operator_values};
use super::structure::Walk;
use super::text::{dns_label, dns_subdomain, label_value, qualified_name};
use super::{CONFLICTING_FIELDS, INVALID_LABEL, INVALID_NAME, INVALID_VALUE, MISSING_FIELD};
use crate::check::pod::{items, text};
use crate::check::schema::Schema;
use crate::object::Node;

pub(super) fn spec<'a>(walk: &mut Walk<'a, '_>, schema: &Schema, node: &'a Node) {
    walk.need(node, schema, "containers");
    let containers: Vec<&'a Node> =
        ["initContainers", "containers", "ephemeralContainers"].iter().flat_map(|field| items(node, field)).collect();
    unique_names(walk, &containers);
    walk.unique(items(node, "volumes"), "name", "volumes");
    mounts(walk, node, &containers);
    init_containers(walk, node);
    claims(walk, node, &containers);
    for field in ["serviceAccountName", "nodeName", "priorityClassName", "runtimeClassName"] {
        walk.form(node, field, &INVALID_NAME, dns_subdomain);
    }
    for field in ["hostname", "subdomain"] {
        walk.form(node, field, &INVALID_NAME, dns_label);
    }
    labels(walk, node.get("nodeSelector"));
    walk.between(node, "activeDeadlineSeconds", 1, i64::from(i32::MAX));
    walk.between(node, "terminationGracePeriodSeconds", 0, i64::MAX);
    dns(walk, node);
    host_network(walk, node, &containers);
    if walk.object.kind() == "Pod" && !items(node, "ephemeralContainers").is_empty() {
        walk.forbid(node, "ephemeralContainers", "can't be set when a pod is made");
    }
}

fn unique_names<'a>(walk: &mut Walk<'a, '_>, containers: &[&'a Node]) {
    let mut seen = std::collections::BTreeMap::new();
    for container in containers {
        let Some(name) = container.get("name") else { continue };
        let Some(first) = name.as_str().and_then(|text| seen.insert(text, name)) else { continue };
        let message = format!("two containers have the name `{}`", name.as_str().unwrap_or_default());
        let finding = crate::check::finding::at(&super::DUPLICATE_ITEM, walk.object, name, message);
        walk.found.push(finding.also(first.span, "the first one"));
    }
}

/// Every mount names a volume; a StatefulSet's claim templates are volumes too.
fn mounts<'a>(walk: &mut Walk<'a, '_>, spec: &'a Node, containers: &[&'a Node]) {
    let mut volumes: Vec<&str> = items(spec, "volumes").iter().filter_map(|volume| text(volume, "name")).collect();
    let templates = walk.object.root.get("spec").map(|spec| items(spec, "volumeClaimTemplates")).unwrap_or_default();
    volumes.extend(templates.iter().filter_map(|claim| text(claim.get("metadata")?, "name")));
    for container in containers {
        for mount in ["volumeMounts", "volumeDevices"].into_iter().flat_map(|field| items(container, field)) {
            let Some(name) = mount.get("name") else { continue };
            let Some(written) = name.as_str().filter(|written| !volumes.contains(written)) else { continue };
            let message = format!("there is no volume `{written}` in this pod");
            match crate::diagnostic::nearest(written, volumes.iter().copied()) {
                Some(near) => walk.report_with(&super::MISSING_VOLUME, name, message, format!("did you mean `{near}`?")),
                None => walk.report_with(&super::MISSING_VOLUME, name, message, "add it under `volumes`"),
            }
        }
        let mut paths = std::collections::BTreeSet::new();
        for path in items(container, "volumeMounts").iter().filter_map(|mount| mount.get("mountPath")) {
            if let Some(written) = path.as_str().filter(|written| !paths.insert(*written)) {
                walk.report(&super::DUPLICATE_ITEM, path, format!("`{written}` is mounted twice in this container"));
            }
        }
    }
}

/// Every claim of a container is one of the pod's.
fn claims<'a>(walk: &mut Walk<'a, '_>, spec: &'a Node, containers: &[&'a Node]) {
    let known: Vec<&str> = items(spec, "resourceClaims").iter().filter_map(|claim| text(claim, "name")).collect();
    let claims =
        containers.iter().filter_map(|container| container.get("resources")).flat_map(|resources| items(resources, "claims"));
    for name in claims.filter_map(|claim| claim.get("name")) {
        if name.as_str().is_some_and(|name| !known.contains(&name)) {
            walk.report(&INVALID_VALUE, name, "the pod has no such claim under `resourceClaims`");
        }
    }
}

/// An init container that ends before the pod starts has neither probes nor hooks.
fn init_containers<'a>(walk: &mut Walk<'a, '_>, spec: &'a Node) {
    for container in items(spec, "initContainers").iter().filter(|container| text(container, "restartPolicy") != Some("Always")) {
        for field in ["lifecycle", "livenessProbe", "readinessProbe", "startupProbe"] {
            walk.forbid(container, field, "needs `restartPolicy: Always` on an init container");
        }
    }
}

fn dns<'a>(walk: &mut Walk<'a, '_>, spec: &'a Node) {
    let servers = spec.get("dnsConfig").map(|config| items(config, "nameservers")).unwrap_or_default();
    for server in servers {
        ip(walk, server);
    }
    if text(spec, "dnsPolicy") == Some("None") && servers.is_empty() {
        walk.report(&MISSING_FIELD, spec.get("dnsPolicy").unwrap_or(spec), "`dnsPolicy: None` needs `dnsConfig.nameservers`");
    }
}

/// On the host's network a container's port is the host's.
fn host_network<'a>(walk: &mut Walk<'a, '_>, spec: &'a Node, containers: &[&'a Node]) {
    if spec.get("hostNetwork").and_then(Node::as_bool) != Some(true) {
        return;
    }
    for port in containers.iter().flat_map(|container| items(container, "ports")) {
        let (Some(host), Some(own)) = (port.get("hostPort"), port.get("containerPort").and_then(Node::as_int)) else { continue };
        if host.as_int().is_some_and(|number| number != 0 && number != own) {
            walk.report(&CONFLICTING_FIELDS, host, "with `hostNetwork: true`, `hostPort` must be the same as `containerPort`");
        }
    }
}

pub(super) fn ip<'a>(walk: &mut Walk<'a, '_>, node: &'a Node) {
    if let Some(written) = node.as_str().filter(|written| written.parse::<IpAddr>().is_err()) {
        walk.report(&INVALID_VALUE, node, format!("`{written}` is no IP address"));
    }
}

pub(super) fn toleration<'a>(walk: &mut Walk<'a, '_>, node: &'a Node) {
    walk.form(node, "key", &INVALID_LABEL, qualified_name);
    walk.choice(node, "effect", &["", "NoSchedule", "PreferNoSchedule", "NoExecute"]);
    let operator = text(node, "operator").unwrap_or("Equal");
    let (key, value) = (text(node, "key").unwrap_or(""), text(node, "value").unwrap_or(""));
    if key.is_empty() && operator != "Exists" {
        walk.report(&MISSING_FIELD, node, "a toleration without `key` needs `operator: Exists`");
    }
    if operator == "Exists" && !value.is_empty() {
        walk.forbid(node, "value", "excludes `operator: Exists`");
    }
    if text(node, "effect") != Some("NoExecute") && node.get("tolerationSeconds").is_some() {
        walk.forbid(node, "tolerationSeconds", "needs `effect: NoExecute`");
    }
}

pub(super) fn spread<'a>(walk: &mut Walk<'a, '_>, schema: &Schema, node: &'a Node) {
    walk.between(node, "maxSkew", 1, i64::MAX);
    walk.need(node, schema, "topologyKey");
    walk.between(node, "minDomains", 1, i64::MAX);
    if node.get("minDomains").is_some() && text(node, "whenUnsatisfiable") == Some("ScheduleAnyway") {
        walk.forbid(node, "minDomains", "needs `whenUnsatisfiable: DoNotSchedule`");
    }
}

pub(super) fn affinity_term<'a>(walk: &mut Walk<'a, '_>, schema: &Schema, node: &'a Node) {
    walk.need(node, schema, "topologyKey");
    walk.form(node, "topologyKey", &INVALID_LABEL, qualified_name);
}

pub(super) fn node_expression<'a>(walk: &mut Walk<'a, '_>, schema: &Schema, node: &'a Node) {
    walk.need(node, schema, "key");
    walk.form(node, "key", &INVALID_LABEL, qualified_name);
    operator_values(walk, node);
    if matches!(text(node, "operator"), Some("Gt" | "Lt")) && items(node, "values").len() != 1 {
        walk.report(&INVALID_VALUE, node, "operators `Gt` and `Lt` take exactly one value");
    }
    for value in items(node, "values") {
        walk.text_form(value, "label value", &INVALID_LABEL, label_value);
    }
}

pub(super) fn host_alias<'a>(walk: &mut Walk<'a, '_>, schema: &Schema, node: &'a Node) {
    walk.need(node, schema, "ip");
    if let Some(address) = node.get("ip") {
        ip(walk, address);
    }
    for name in items(node, "hostnames") {
        walk.item_form(name, "host name", &INVALID_NAME, dns_subdomain);
    }
}

pub(super) fn security<'a>(walk: &mut Walk<'a, '_>, node: &'a Node) {
    walk.unique(items(node, "sysctls"), "name", "sysctls");
    for field in ["runAsUser", "runAsGroup", "fsGroup"] {
        walk.between(node, field, 0, i64::from(i32::MAX));
    }
    let is = |field: &str| node.get(field).and_then(Node::as_bool);
    if is("allowPrivilegeEscalation") == Some(false) {
        if is("privileged") == Some(true) {
            walk.forbid(node, "privileged", "excludes `allowPrivilegeEscalation: false`");
        }
        let added = node.get("capabilities").map(|capabilities| items(capabilities, "add")).unwrap_or_default();
        if let Some(capability) =
            added.iter().find(|capability| matches!(capability.as_str(), Some("SYS_ADMIN" | "CAP_SYS_ADMIN")))
        {
            walk.report(&CONFLICTING_FIELDS, capability, "`CAP_SYS_ADMIN` excludes `allowPrivilegeEscalation: false`");
        }
    }
}

/// A seccomp or AppArmor profile: only `Localhost` has a file.
pub(super) fn profile<'a>(walk: &mut Walk<'a, '_>, node: &'a Node) {
    super::container::descending(walk, node, "localhostProfile");
    match text(node, "type") {
        Some("Localhost") if node.get("localhostProfile").is_none() => {
            walk.report(&MISSING_FIELD, node, "`type: Localhost` needs a `localhostProfile`");
        }
        Some("Localhost") | None => {}
        Some(_) => walk.forbid(node, "localhostProfile", "needs `type: Localhost`"),
    }
}
