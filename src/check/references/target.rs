//! What autoscalers, stateful sets and webhooks point at is there.

use super::MISSING_OBJECT;
use super::missing::missing;
use super::pod::is_known;
use crate::check::pod::{items, text};
use crate::check::{Check, Scope, World};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::object::{Node, Object};

pub(in crate::check) static CHECK: Check = Check { rules: &[], scope: Scope::Object(look) };

fn look(world: &World<'_>, object: &Object, found: &mut Diagnostics) {
    let namespace = world.namespace_of(object);
    let spec = object.root.get("spec");
    match object.kind() {
        "HorizontalPodAutoscaler" => found.extend(spec.and_then(|spec| scaled(world, object, spec.get("scaleTargetRef")?))),
        "StatefulSet" => found.extend(spec.and_then(|spec| service(world, object, spec.get("serviceName")?, namespace))),
        "APIService" => found.extend(spec.and_then(|spec| remote(world, object, spec.get("service")?))),
        "ValidatingWebhookConfiguration" | "MutatingWebhookConfiguration" => {
            let services = items(&object.root, "webhooks").iter().filter_map(|hook| hook.get("clientConfig")?.get("service"));
            found.extend(services.filter_map(|service| remote(world, object, service)));
        }
        _ => {}
    }
}

/// The target of an autoscaler: any kind that can be scaled, also a custom one.
fn scaled(world: &World<'_>, object: &Object, target: &Node) -> Option<Diagnostic> {
    let (kind, node) = (text(target, "kind")?, target.get("name")?);
    let namespace = world.namespace_of(object);
    let gone = !is_known(world, kind, namespace, node.as_str()?);
    gone.then(|| missing(world, &MISSING_OBJECT, object, node, kind, namespace))
}

fn service(world: &World<'_>, object: &Object, node: &Node, namespace: &str) -> Option<Diagnostic> {
    let name = node.as_str().filter(|name| !name.is_empty())?;
    let gone = !is_known(world, "Service", namespace, name);
    gone.then(|| missing(world, &MISSING_OBJECT, object, node, "Service", namespace))
}

/// A Service with its namespace. One in a namespace that the bundle doesn't fill is somebody else's.
fn remote(world: &World<'_>, object: &Object, holder: &Node) -> Option<Diagnostic> {
    let namespace = text(holder, "namespace")?;
    let ours = world.objects().iter().any(|it| world.namespace_of(it) == namespace);
    if ours { service(world, object, holder.get("name")?, namespace) } else { None }
}
