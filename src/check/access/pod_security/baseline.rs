//! Level baseline: nothing that leads out of the pod.

use super::Looker;
use crate::check::pod::{items, text};
use crate::object::{Map, Node};

/// Capabilities that may be added.
const CAPABILITIES: [&str; 13] = [
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

/// Kernel parameters that are the pod's own.
const SYSCTLS: [&str; 14] = [
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ping_group_range",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_notsent_lowat",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_slow_start_after_idle",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.tcp_wmem",
];

const SELINUX_TYPES: [&str; 5] = ["", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"];

pub(super) fn look(looker: &mut Looker<'_, '_, '_>) {
    host(looker);
    volumes(looker);
    for context in looker.contexts() {
        privileges(looker, context);
        profiles(looker, context);
    }
    annotations(looker);
    sysctls(looker);
    probes(looker);
}

/// The host's namespaces and ports.
fn host(looker: &mut Looker<'_, '_, '_>) {
    for field in ["hostNetwork", "hostPID", "hostIPC"] {
        if let Some(node) = looker.pod.spec.get(field).filter(|node| node.as_bool() == Some(true)) {
            looker.report(node, format!("forbids `{field}`"), "take it out");
        }
    }
    for port in looker.containers().flat_map(|container| items(container, "ports")) {
        if let Some(node) = port.get("hostPort").filter(|port| port.as_int() != Some(0)) {
            looker.report(node, "forbids host ports", "take `hostPort` out, and reach the pods through a Service");
        }
    }
}

fn volumes(looker: &mut Looker<'_, '_, '_>) {
    for volume in items(looker.pod.spec, "volumes") {
        if let Some(node) = volume.get("hostPath") {
            looker.report(
                node,
                "forbids volumes of type `hostPath`",
                "use another type of volume, such as a claim or `emptyDir`",
            );
        }
    }
}

fn privileges(looker: &mut Looker<'_, '_, '_>, context: &Node) {
    if let Some(node) = context.get("privileged").filter(|node| node.as_bool() == Some(true)) {
        looker.report(node, "forbids privileged containers", "take `privileged` out; a single capability may be enough");
    }
    let added = context.get("capabilities").map(|capabilities| items(capabilities, "add")).unwrap_or_default();
    for capability in added {
        if let Some(name) = capability.as_str().filter(|name| !CAPABILITIES.contains(name)) {
            looker.report(capability, format!("forbids the capability `{name}`"), "take it out of `capabilities.add`");
        }
    }
    let windows = context.get("windowsOptions").and_then(|options| options.get("hostProcess"));
    if let Some(node) = windows.filter(|node| node.as_bool() == Some(true)) {
        looker.report(node, "forbids host processes", "take `hostProcess` out");
    }
    let masked = text(context, "procMount").is_none_or(|mount| mount == "Default") || looker.has_users_of_its_own();
    if let Some(node) = context.get("procMount").filter(|_| !masked) {
        looker.report(node, "wants /proc masked", "take `procMount` out");
    }
}

fn profiles(looker: &mut Looker<'_, '_, '_>, context: &Node) {
    let kind = |field: &str| context.get(field).and_then(|profile| profile.get("type"));
    if let Some(node) = kind("seccompProfile").filter(|node| node.as_str() == Some("Unconfined")) {
        looker.report(node, "forbids the seccomp profile `Unconfined`", "use `RuntimeDefault` or `Localhost`");
    }
    let known = |node: &&Node| !matches!(node.as_str(), None | Some("" | "RuntimeDefault" | "Localhost"));
    if let Some(node) = kind("appArmorProfile").filter(known) {
        looker.report(node, "forbids the AppArmor profile `Unconfined`", "use `RuntimeDefault` or `Localhost`");
    }
    let Some(options) = context.get("seLinuxOptions") else { return };
    if let Some(node) = options.get("type").filter(|node| node.as_str().is_some_and(|name| !SELINUX_TYPES.contains(&name))) {
        looker.report(
            node,
            "forbids this SELinux type",
            "use `container_t`, `container_init_t`, `container_kvm_t` or `container_engine_t`",
        );
    }
    for field in ["user", "role"] {
        if let Some(node) = options.get(field).filter(|node| node.as_str() != Some("")) {
            looker.report(node, format!("forbids an SELinux {field}"), "take it out");
        }
    }
}

/// AppArmor profiles as annotations, from before they had a field.
fn annotations(looker: &mut Looker<'_, '_, '_>) {
    let annotations = looker.pod.template.get("metadata").and_then(|metadata| metadata.get("annotations")).and_then(Node::as_map);
    for (key, entry) in annotations.into_iter().flat_map(Map::iter) {
        let profile = entry.node.as_str().unwrap_or_default();
        let fine = matches!(profile, "" | "runtime/default") || profile.starts_with("localhost/");
        if key.starts_with("container.apparmor.security.beta.kubernetes.io/") && !fine {
            looker.report(&entry.node, "forbids this AppArmor profile", "use `runtime/default` or `localhost/…`");
        }
    }
}

fn sysctls(looker: &mut Looker<'_, '_, '_>) {
    let sysctls = looker.pod.spec.get("securityContext").map(|context| items(context, "sysctls")).unwrap_or_default();
    for sysctl in sysctls {
        if let Some(name) = text(sysctl, "name").filter(|name| !SYSCTLS.contains(name)) {
            looker.report(sysctl, format!("forbids the sysctl `{name}`"), "take it out");
        }
    }
}

/// Probes and hooks may not ask other hosts.
fn probes(looker: &mut Looker<'_, '_, '_>) {
    for container in looker.containers() {
        let lifecycle = container.get("lifecycle");
        let hooks = ["postStart", "preStop"].iter().filter_map(|hook| lifecycle?.get(hook));
        let probes = ["livenessProbe", "readinessProbe", "startupProbe"].iter().filter_map(|probe| container.get(probe));
        for handler in probes.chain(hooks) {
            let hosts = ["httpGet", "tcpSocket"].iter().filter_map(|action| handler.get(action)?.get("host"));
            for node in hosts.filter(|host| host.as_str() != Some("")) {
                looker.report(node, "forbids a `host` in probes and hooks", "take it out: the pod itself is asked");
            }
        }
    }
}
