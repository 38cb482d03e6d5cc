//! Services, Ingresses and network policies.

use std::net::IpAddr;

use super::meta::labels;
use super::say::is_empty;
use super::structure::Walk;
use super::text::{dns_label, dns_subdomain, path_segment, port_name};
use super::{CONFLICTING_FIELDS, DUPLICATE_ITEM, INVALID_NAME, INVALID_VALUE, MISSING_FIELD};
use crate::check::pod::{items, text};
use crate::check::schema::Schema;
use crate::object::{Data, Node};

pub(super) fn service<'a>(walk: &mut Walk<'a, '_>, schema: &Schema, node: &'a Node) {
    let kind = text(node, "type").filter(|kind| !kind.is_empty()).unwrap_or("ClusterIP");
    let headless = text(node, "clusterIP") == Some("None");
    let ports = items(node, "ports");
    labels(walk, node.get("selector"));
    walk.unique(ports, "name", "ports");
    if ports.is_empty() && !headless && kind != "ExternalName" {
        walk.report(&MISSING_FIELD, node, "a Service needs `ports`, unless it is headless or of type ExternalName");
    }
    if ports.len() > 1 {
        for port in ports.iter().filter(|port| is_empty(port.get("name"))) {
            walk.report(&MISSING_FIELD, port, "each port needs a `name` where there are several");
        }
    }
    same_ports(walk, ports);
    match kind {
        "ExternalName" => external_name(walk, schema, node),
        "LoadBalancer" if headless => walk.forbid(node, "clusterIP", "can't be None for a load balancer"),
        "NodePort" if headless => walk.forbid(node, "clusterIP", "can't be None for type NodePort"),
        _ => {}
    }
    if kind == "ClusterIP" {
        for port in ports.iter().filter(|port| port.get("nodePort").and_then(Node::as_int) != Some(0)) {
            walk.forbid(port, "nodePort", "needs type NodePort or LoadBalancer");
        }
    }
    traffic(walk, node, kind);
}

fn same_ports<'a>(walk: &mut Walk<'a, '_>, ports: &'a [Node]) {
    let mut seen = std::collections::BTreeSet::new();
    for port in ports {
        let Some(number) = port.get("port").and_then(Node::as_int) else { continue };
        if !seen.insert((number, text(port, "protocol").unwrap_or("TCP"))) {
            walk.report(&DUPLICATE_ITEM, port, format!("the Service has port {number} of this protocol twice"));
        }
    }
}

fn external_name<'a>(walk: &mut Walk<'a, '_>, schema: &Schema, node: &'a Node) {
    walk.need(node, schema, "externalName");
    if let Some(name) = node.get("externalName")
        && let Some(Err(wrong)) = name.as_str().map(|name| dns_subdomain(name.trim_end_matches('.')))
    {
        walk.report(&INVALID_NAME, name, format!("the external name {wrong}"));
    }
    walk.forbid(node, "clusterIP", "can't be set for type ExternalName");
}

fn traffic<'a>(walk: &mut Walk<'a, '_>, node: &'a Node, kind: &str) {
    let outside = matches!(kind, "NodePort" | "LoadBalancer") || !items(node, "externalIPs").is_empty();
    if !outside {
        walk.forbid(node, "externalTrafficPolicy", "needs type NodePort or LoadBalancer");
    }
    if kind != "LoadBalancer" {
        walk.forbid(node, "loadBalancerSourceRanges", "needs type LoadBalancer");
        walk.forbid(node, "loadBalancerClass", "needs type LoadBalancer");
        walk.forbid(node, "allocateLoadBalancerNodePorts", "needs type LoadBalancer");
    }
    for range in items(node, "loadBalancerSourceRanges") {
        cidr(walk, range);
    }
    for address in items(node, "externalIPs") {
        super::pod::ip(walk, address);
    }
    if let Some(address) = node.get("clusterIP").filter(|address| !matches!(address.as_str(), None | Some("" | "None"))) {
        super::pod::ip(walk, address);
    }
    let timeout = node.get("sessionAffinityConfig").and_then(|config| config.get("clientIP"));
    if let Some(timeout) = timeout {
        walk.between(timeout, "timeoutSeconds", 1, 86400);
    }
    if text(node, "sessionAffinity") == Some("None") {
        walk.forbid(node, "sessionAffinityConfig", "needs `sessionAffinity: ClientIP`");
    }
}

pub(super) fn service_port<'a>(walk: &mut Walk<'a, '_>, node: &'a Node) {
    walk.form(node, "name", &INVALID_NAME, dns_label);
    walk.between(node, "port", 1, 65535);
    let unsaid = node.get("targetPort").is_some_and(|port| port.as_int() == Some(0) || port.as_str() == Some(""));
    if !unsaid {
        walk.port(node, "targetPort");
    }
    if node.get("nodePort").and_then(Node::as_int).is_some_and(|port| port != 0) {
        walk.between(node, "nodePort", 30000, 32767);
    }
}

fn read_cidr(text: &str) -> Option<(IpAddr, u8)> {
    let (address, bits) = text.split_once('/')?;
    let address: IpAddr = address.parse().ok()?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    let bits: u8 = bits.parse().ok()?;
    (bits <= most).then_some((address, bits))
}

fn cidr<'a>(walk: &mut Walk<'a, '_>, node: &'a Node) -> Option<(IpAddr, u8)> {
    let written = node.as_str()?;
    let range = read_cidr(written);
    if range.is_none() {
        walk.report_with(&INVALID_VALUE, node, format!("`{written}` is no range of addresses"), "write it as `10.0.0.0/8`");
    }
    range
}

fn bits_of(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(address.to_bits()) << 96,
        IpAddr::V6(address) => address.to_bits(),
    }
}

/// Whether a range lies in another and is smaller.
fn lies_in((inner, inner_bits): (IpAddr, u8), (outer, outer_bits): (IpAddr, u8)) -> bool {
    let mask = u128::MAX.checked_shl(128 - u32::from(outer_bits)).unwrap_or(0);
    inner.is_ipv4() == outer.is_ipv4() && inner_bits > outer_bits && bits_of(inner) & mask == bits_of(outer) & mask
}

pub(super) fn networking<'a>(walk: &mut Walk<'a, '_>, schema: &Schema, node: &'a Node, name: &str) {
    match name {
        "IngressSpec" if items(node, "rules").is_empty() && node.get("defaultBackend").is_none() => {
            walk.report(&MISSING_FIELD, node, "an Ingress needs `rules` or a `defaultBackend`");
        }
        "IngressRule" => {
            if let Some(host) = node.get("host") {
                host_name(walk, host);
            }
        }
        "IngressTLS" => {
            for host in items(node, "hosts") {
                host_name(walk, host);
                if host.as_str() == Some("") {
                    walk.report(&INVALID_NAME, host, "a host is empty");
                }
            }
            walk.form(node, "secretName", &INVALID_NAME, dns_subdomain);
        }
        "HTTPIngressRuleValue" => walk.need(node, schema, "paths"),
        "HTTPIngressPath" => path(walk, node),
        "IngressBackend" => {
            walk.one_of(node, &["service", "resource"], true);
            if let Some(resource) = node.get("resource") {
                for field in ["kind", "name"] {
                    walk.form(resource, field, &INVALID_NAME, path_segment);
                }
                if let Some(group) = resource.get("apiGroup") {
                    walk.item_form(group, "API group", &INVALID_NAME, dns_subdomain);
                }
            }
        }
        "IngressClassParametersReference" => class_scope(walk, node),
        "IngressServiceBackend" => {
            walk.need(node, schema, "name");
            walk.form(node, "name", &INVALID_NAME, dns_label);
            if node.get("port").is_none() {
                walk.report(&MISSING_FIELD, node, "`port` must be given here");
            }
        }
        "ServiceBackendPort" => {
            walk.one_of(node, &["name", "number"], true);
            walk.between(node, "number", 1, 65535);
            walk.form(node, "name", &INVALID_NAME, port_name);
        }
        "ServiceCIDRSpec" => {
            for range in items(node, "cidrs") {
                cidr(walk, range);
            }
        }
        "NetworkPolicyPort" => policy_port(walk, node),
        "NetworkPolicyPeer" => peer(walk, node),
        "IPBlock" => block(walk, schema, node),
        "NetworkPolicySpec" => {
            if items(node, "policyTypes").len() > 2 {
                walk.report(
                    &INVALID_VALUE,
                    node.get("policyTypes").unwrap_or(node),
                    "there are two types of policy, so no more than two can be given",
                );
            }
            for kind in items(node, "policyTypes") {
                if !matches!(kind.as_str(), Some("Ingress" | "Egress") | None) {
                    walk.report_with(
                        &super::UNKNOWN_VALUE,
                        kind,
                        "a policy's type is `Ingress` or `Egress`",
                        "write it with a capital letter",
                    );
                }
            }
        }
        _ => {}
    }
}

/// Parameters in a namespace name it; others don't.
fn class_scope<'a>(walk: &mut Walk<'a, '_>, node: &'a Node) {
    if text(node, "scope") == Some("Namespace") {
        if is_empty(node.get("namespace")) {
            walk.report(&MISSING_FIELD, node, "`scope: Namespace` needs a `namespace`");
        }
    } else {
        walk.forbid(node, "namespace", "needs `scope: Namespace`");
    }
}

/// The addresses of an Endpoints object.
pub(super) fn endpoints<'a>(walk: &mut Walk<'a, '_>, node: &'a Node) {
    if items(node, "addresses").is_empty() && items(node, "notReadyAddresses").is_empty() {
        walk.report(&MISSING_FIELD, node, "one of `addresses`, `notReadyAddresses` must be given here");
    }
}

/// An address that can be behind a Service: none of the host's own, of the link's or of a group; of the family that is named.
pub(super) fn endpoint<'a>(walk: &mut Walk<'a, '_>, node: &'a Node, family: Option<&str>) {
    super::pod::ip(walk, node);
    let Some(address) = node.as_str().and_then(|written| written.parse::<IpAddr>().ok()) else { return };
    let link_local = match address {
        IpAddr::V4(address) => address.is_link_local(),
        IpAddr::V6(address) => address.is_unicast_link_local(),
    };
    if address.is_loopback() || address.is_unspecified() || address.is_multicast() || link_local {
        walk.report(&INVALID_VALUE, node, format!("`{address}` can't be behind a Service"));
    }
    if matches!((family, address), (Some("IPv4"), IpAddr::V6(_)) | (Some("IPv6"), IpAddr::V4(_))) {
        walk.report(&INVALID_VALUE, node, format!("`{address}` isn't of the family that `addressType` names"));
    }
}

/// An EndpointSlice: addresses of its type, and ports told apart by name.
pub(super) fn slices<'a>(walk: &mut Walk<'a, '_>, node: &'a Node, name: &str) {
    if name != "EndpointSlice" {
        return;
    }
    walk.unique(items(node, "ports"), "name", "ports");
    let kind = text(node, "addressType");
    for address in items(node, "endpoints").iter().flat_map(|endpoint| items(endpoint, "addresses")) {
        match kind {
            Some("FQDN") => walk.item_form(address, "address", &INVALID_NAME, dns_subdomain),
            _ => endpoint(walk, address, kind),
        }
    }
}

/// A host of an Ingress: a DNS name, whose first part may be `*`.
fn host_name<'a>(walk: &mut Walk<'a, '_>, node: &'a Node) {
    let Some(host) = node.as_str().filter(|host| !host.is_empty()) else { return };
    if host.parse::<IpAddr>().is_ok() {
        walk.report(&INVALID_NAME, node, format!("`{host}` is an IP address: a host must be a DNS name"));
        return;
    }
    if let Err(wrong) = dns_subdomain(host.strip_prefix("*.").unwrap_or(host)) {
        walk.report(&INVALID_NAME, node, format!("`{host}` is no host: it {wrong}"));
    }
}

/// What a path that is compared part by part may not hold.
const SEQUENCES: [&str; 5] = ["//", "/./", "/../", "%2f", "%2F"];

fn path<'a>(walk: &mut Walk<'a, '_>, node: &'a Node) {
    walk.choice(node, "pathType", &["Exact", "Prefix", "ImplementationSpecific"]);
    let exact = matches!(text(node, "pathType"), Some("Exact" | "Prefix"));
    let written = text(node, "path").unwrap_or("");
    let place = node.get("path").unwrap_or(node);
    if (exact || !written.is_empty()) && !written.starts_with('/') {
        walk.report(&INVALID_VALUE, place, "`path` must start with `/`");
    }
    if exact {
        let held = SEQUENCES.iter().find(|part| written.contains(*part));
        let ends = ["/..", "/."].iter().find(|part| written.ends_with(*part));
        if let Some(part) = held.or(ends) {
            walk.report(&INVALID_VALUE, place, format!("`path` may not hold `{part}`"));
        }
    }
}

fn policy_port<'a>(walk: &mut Walk<'a, '_>, node: &'a Node) {
    walk.port(node, "port");
    walk.between(node, "endPort", 1, 65535);
    match node.get("port").map(|port| &port.data) {
        Some(Data::Int(port)) if node.get("endPort").and_then(Node::as_int).is_some_and(|end| end < *port) => {
            walk.report(&INVALID_VALUE, node.get("endPort").unwrap_or(node), "`endPort` is less than `port`");
        }
        Some(Data::Text(_)) | None => walk.forbid(node, "endPort", "needs a number as `port`"),
        _ => {}
    }
}

fn peer<'a>(walk: &mut Walk<'a, '_>, node: &'a Node) {
    let selectors = ["podSelector", "namespaceSelector"];
    let given = |field: &str| node.get(field).is_some_and(super::say::is_given);
    if given("ipBlock") {
        for field in selectors.into_iter().filter(|field| given(field)) {
            walk.report(&CONFLICTING_FIELDS, node.get(field).unwrap_or(node), format!("`{field}` excludes `ipBlock`"));
        }
    } else if !selectors.into_iter().any(given) {
        walk.report(&MISSING_FIELD, node, "one of `podSelector`, `namespaceSelector`, `ipBlock` must be given here");
    }
}

fn block<'a>(walk: &mut Walk<'a, '_>, schema: &Schema, node: &'a Node) {
    walk.need(node, schema, "cidr");
    let Some(whole) = node.get("cidr").filter(|cidr| !is_empty(Some(cidr))).and_then(|node| cidr(walk, node)) else { return };
    for except in items(node, "except") {
        if let Some(part) = cidr(walk, except)
            && !lies_in(part, whole)
        {
            walk.report(&INVALID_VALUE, except, "this range must lie within `cidr`, and be smaller");
        }
    }
}
