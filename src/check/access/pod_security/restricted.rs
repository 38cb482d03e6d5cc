//! Level restricted: hardened pods.

use super::{Looker, is, name};
use crate::check::pod::items;
use crate::object::{Map, Node, Text};

/// Volumes that hold nothing of the node.
const VOLUMES: [&str; 9] =
    ["configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image", "persistentVolumeClaim", "projected", "secret"];

pub(super) fn look(looker: &mut Looker<'_, '_, '_>) {
    volumes(looker);
    if !looker.has_users_of_its_own() {
        non_root(looker);
        user(looker);
    }
    if !looker.is_windows() {
        escalation(looker);
        seccomp(looker);
        capabilities(looker);
    }
    proc_mount(looker);
}

/// Starting with 1.35 the baseline lets pods with users of their own unmask /proc; this level doesn't.
fn proc_mount(looker: &mut Looker<'_, '_, '_>) {
    for context in looker.contexts() {
        let unmasked = |node: &&Node| node.as_str().is_some_and(|mount| mount != "Default");
        if let Some(node) = context.get("procMount").filter(unmasked).filter(|_| looker.has_users_of_its_own()) {
            looker.report(node, "wants /proc masked", "take `procMount` out");
        }
    }
}

fn volumes(looker: &mut Looker<'_, '_, '_>) {
    for volume in items(looker.pod.spec, "volumes") {
        let mut sources = volume.as_map().into_iter().flat_map(Map::keys).map(Text::as_str).filter(|field| *field != "name");
        // `hostPath` breaks the baseline already.
        let Some(kind) = sources.find(|kind| !VOLUMES.contains(kind) && *kind != "hostPath") else { continue };
        looker.report(
            volume,
            format!("forbids volumes of type `{kind}`"),
            "use a claim, or a type that holds nothing of the node",
        );
    }
}

/// A setting that each container has itself or takes from the pod. `judge` says whether a value is fine.
fn each_or_pod<'a>(
    looker: &mut Looker<'_, 'a, '_>,
    value: impl Fn(&'a Node) -> Option<&'a Node>,
    fine: impl Fn(&Node) -> bool,
    (wants, hint): (&str, &str),
) {
    let pod = looker.pod.spec.get("securityContext").and_then(&value);
    if let Some(node) = pod.filter(|node| !fine(node)) {
        looker.report(node, wants, hint);
    }
    for container in looker.containers() {
        match container.get("securityContext").and_then(&value) {
            Some(node) if !fine(node) => looker.report(node, wants, hint),
            None if pod.is_none() => {
                let message = format!("{wants}, and neither {} nor the pod says so", name(container));
                looker.report(container, message, hint);
            }
            _ => {}
        }
    }
}

fn non_root(looker: &mut Looker<'_, '_, '_>) {
    let value = |context| Node::get(context, "runAsNonRoot");
    let words = ("wants `runAsNonRoot: true`", "set `securityContext.runAsNonRoot: true` in the pod's spec");
    each_or_pod(looker, value, |node| node.as_bool() == Some(true), words);
}

fn seccomp(looker: &mut Looker<'_, '_, '_>) {
    let value = |context| Node::get(context, "seccompProfile")?.get("type");
    let fine = |node: &Node| matches!(node.as_str(), Some("RuntimeDefault" | "Localhost"));
    let words = (
        "wants a seccomp profile, `RuntimeDefault` or `Localhost`",
        "set `securityContext.seccompProfile.type: RuntimeDefault` in the pod's spec",
    );
    each_or_pod(looker, value, fine, words);
}

fn user(looker: &mut Looker<'_, '_, '_>) {
    for context in looker.contexts() {
        if let Some(node) = context.get("runAsUser").filter(|node| node.as_int() == Some(0)) {
            looker.report(node, "forbids `runAsUser: 0`", "give another user, or take it out");
        }
    }
}

fn escalation(looker: &mut Looker<'_, '_, '_>) {
    const FIELD: &str = "allowPrivilegeEscalation";
    for container in looker.containers() {
        let context = container.get("securityContext");
        if context.is_some_and(|context| is(context, FIELD, false)) {
            continue;
        }
        let place = context.and_then(|context| context.get(FIELD)).unwrap_or(container);
        let message = format!("wants `{FIELD}: false` of {}", name(container));
        looker.report(place, message, "set `securityContext.allowPrivilegeEscalation: false` in the container");
    }
}

fn capabilities(looker: &mut Looker<'_, '_, '_>) {
    for container in looker.containers() {
        let capabilities = container.get("securityContext").and_then(|context| context.get("capabilities"));
        let dropped = capabilities.map(|capabilities| items(capabilities, "drop")).unwrap_or_default();
        if !dropped.iter().any(|capability| capability.as_str() == Some("ALL")) {
            let place = capabilities.and_then(|capabilities| capabilities.get("drop")).unwrap_or(container);
            let message = format!("wants all capabilities dropped by {}", name(container));
            looker.report(place, message, "set `securityContext.capabilities.drop: [\"ALL\"]` in the container");
        }
        for capability in capabilities.map(|capabilities| items(capabilities, "add")).unwrap_or_default() {
            if capability.as_str().is_some_and(|name| name != "NET_BIND_SERVICE") {
                looker.report(capability, "lets only `NET_BIND_SERVICE` be added", "take it out of `capabilities.add`");
            }
        }
    }
}
