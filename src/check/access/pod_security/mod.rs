//! The Pod Security Standards, as the admission plugin of Kubernetes 1.37 holds pods against them: the pods of a namespace with
//! a level are refused where they break it, and a workload then has none.

mod baseline;
mod restricted;

use crate::check::pod::{Pod, text};
use crate::check::{Check, Scope, World, finding};
use crate::diagnostic::{Diagnostics, rule};
use crate::object::Node;

rule!(POD_SECURITY, "pod-security", Error, "a pod breaks the pod-security level of its namespace");

pub(in crate::check) static CHECK: Check = Check { rules: &[&POD_SECURITY], scope: Scope::Pod(look) };

/// The label that sets a namespace's level.
const LABEL: &str = "pod-security.kubernetes.io/enforce";

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Privileged,
    Baseline,
    Restricted,
}

impl Level {
    fn read(name: &str) -> Self {
        match name {
            "baseline" => Self::Baseline,
            "restricted" => Self::Restricted,
            _ => Self::Privileged,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Privileged => "privileged",
            Self::Baseline => "baseline",
            Self::Restricted => "restricted",
        }
    }
}

/// The level of a pod's namespace: the Namespace's label in the bundle, or what `[namespace]` says of the target's.
fn level(world: &World<'_>, namespace: &str) -> Level {
    if let Some(object) = world.find("Namespace", "", namespace) {
        let labels = object.root.get("metadata").and_then(|metadata| metadata.get("labels"));
        return Level::read(labels.and_then(|labels| text(labels, LABEL)).unwrap_or(""));
    }
    let settings = world.settings().namespace.as_ref().filter(|_| namespace == world.default_namespace());
    let level = settings.and_then(|settings| settings.pod_security.as_ref());
    level.map_or(Level::Privileged, |level| Level::read(level.as_str()))
}

fn look(world: &World<'_>, pod: &Pod<'_>, found: &mut Diagnostics) {
    let level = level(world, world.namespace_of(pod.object));
    if level == Level::Privileged {
        return;
    }
    let mut looker = Looker { pod, level, found };
    baseline::look(&mut looker);
    if level == Level::Restricted {
        restricted::look(&mut looker);
    }
}

/// One pod that is looked at.
struct Looker<'p, 'a, 'f> {
    pod: &'p Pod<'a>,
    level: Level,
    found: &'f mut Diagnostics,
}

impl<'a> Looker<'_, 'a, '_> {
    /// A finding at the node that breaks the level, or that lacks what the level wants.
    fn report(&mut self, node: &Node, what: impl AsRef<str>, hint: &str) {
        let message = format!("level `{}` {}", self.level.name(), what.as_ref());
        self.found.push(finding::at(&POD_SECURITY, self.pod.object, node, message).hint(hint));
    }

    /// The pod's security context and each container's, with the place to point at.
    fn contexts(&self) -> Vec<&'a Node> {
        let own = self.pod.spec.get("securityContext");
        own.into_iter().chain(self.containers().filter_map(|container| container.get("securityContext"))).collect()
    }

    fn containers(&self) -> impl Iterator<Item = &'a Node> + use<'a> {
        self.pod.containers().map(|(_, container)| container)
    }

    fn is_windows(&self) -> bool {
        self.pod.spec.get("os").and_then(|os| text(os, "name")) == Some("windows")
    }

    /// Whether the pod runs in a user namespace, where root inside is nobody outside.
    fn has_users_of_its_own(&self) -> bool {
        is(self.pod.spec, "hostUsers", false)
    }
}

/// Whether a field is there with this truth value.
fn is(node: &Node, field: &str, truth: bool) -> bool {
    node.get(field).and_then(Node::as_bool) == Some(truth)
}

/// A container's name in backquotes.
fn name(container: &Node) -> String {
    format!("container `{}`", text(container, "name").unwrap_or("?"))
}

#[cfg(test)]
mod tests;
