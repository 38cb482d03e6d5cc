//! What Services, budgets and policies select is there, with the ports that they name.

use super::ingress::show;
use super::labels::PodIndex;
use super::{MISSING_PORT, OVERLAPPING_SELECTORS, SELECTOR_WITHOUT_PODS, SERVICE_WITHOUT_PODS};
use crate::check::pod::{Pod, items, text};
use crate::check::{Check, Scope, World, finding};
use crate::diagnostic::{Diagnostic, Diagnostics, nearest};
use crate::object::{Data, Map, Node, Object};

pub(in crate::check) static CHECK: Check =
    Check { rules: &[&SERVICE_WITHOUT_PODS, &SELECTOR_WITHOUT_PODS, &OVERLAPPING_SELECTORS], scope: Scope::Bundle(look) };

fn look(world: &World<'_>, found: &mut Diagnostics) {
    let pods = PodIndex::new(world);
    for object in world.objects() {
        let Some(spec) = object.root.get("spec") else { continue };
        match object.kind() {
            "Service" if object.source.group.is_empty() => service(world, &pods, object, spec, found),
            "PodDisruptionBudget" => found.extend(selected(world, &pods, object, spec.get("selector"))),
            "NetworkPolicy" => found.extend(selected(world, &pods, object, spec.get("podSelector"))),
            "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" => {
                found.extend(overlap(world, &pods, object, spec.get("selector")));
            }
            _ => {}
        }
    }
}

fn service<'a>(world: &World<'a>, pods: &PodIndex<'_, 'a>, object: &'a Object, spec: &'a Node, found: &mut Diagnostics) {
    let Some(selector) = spec.get("selector").filter(|selector| selector.as_map().is_some_and(|map| !map.is_empty())) else {
        return;
    };
    let namespace = world.namespace_of(object);
    let behind = pods.with(namespace, selector);
    if behind.is_empty() {
        let message = format!("Service `{}` selects no pod of the bundle", object.source.name);
        let finding = finding::at(&SERVICE_WITHOUT_PODS, object, selector, message);
        found.push(nearly(finding, selector, pods.all(namespace)));
        return;
    }
    let named = items(spec, "ports").iter().filter_map(|port| port.get("targetPort")).filter(|port| port.as_str().is_some());
    found.extend(named.filter_map(|port| target_port(object, port, &behind)));
}

/// Adds the pods whose labels come nearest, and the pair that keeps them out.
fn nearly(finding: Diagnostic, selector: &Node, pods: &[&Pod<'_>]) -> Diagnostic {
    let pairs: Vec<_> = selector.as_map().into_iter().flat_map(Map::iter).collect();
    let misses = |pod: &Pod<'_>| {
        let labels = pod.labels();
        let has = |key: &str, wanted: &Node| labels.and_then(|labels| labels.get(key)).is_some_and(|label| label.same(wanted));
        pairs.iter().filter(|(key, wanted)| !has(key, &wanted.node)).copied().collect::<Vec<_>>()
    };
    // A hint needs no more than a look at the first pods: a bundle of thousands would make this quadratic.
    let nearest = pods.iter().take(200).map(|pod| (misses(pod), pod)).min_by_key(|(misses, _)| misses.len());
    let Some((misses, pod)) = nearest.filter(|(misses, _)| misses.len() < pairs.len() || pairs.len() == 1) else {
        return finding.hint("no workload of the bundle has these labels on its pods");
    };
    let Some((key, wanted)) = misses.first() else { return finding };
    let has = pod.labels().and_then(|labels| labels.get(key));
    let wanted = show(&wanted.node);
    let place = has.map_or(pod.template.span, |label| label.span);
    let finding = finding.also(place, "the labels that come nearest");
    let owner = &pod.object.source;
    match has {
        Some(label) => finding.hint(format!("`{owner}`'s pods have `{key}: {}`, not `{key}: {wanted}`", show(label))),
        None => finding.hint(format!("`{owner}`'s pods have no label `{key}`")),
    }
}

/// A Service's named `targetPort` must be the name of a container's port.
fn target_port(object: &Object, port: &Node, pods: &[&Pod<'_>]) -> Option<Diagnostic> {
    let wanted = port.as_str()?;
    let containers = pods.iter().flat_map(|pod| pod.containers());
    let names: Vec<&str> = containers.flat_map(|(_, it)| items(it, "ports")).filter_map(|port| text(port, "name")).collect();
    if names.contains(&wanted) {
        return None;
    }
    let message = format!("no container of the selected pods has a port named `{wanted}`");
    let finding = finding::at(&MISSING_PORT, object, port, message);
    Some(match nearest(wanted, names.iter().copied()) {
        Some(near) => finding.hint(format!("did you mean `{near}`?")),
        None if names.is_empty() => finding.hint("their containers name no port; give the number, or name the port there"),
        None => finding.hint(format!("they have `{}`", names.join("`, `"))),
    })
}

/// A PodDisruptionBudget or NetworkPolicy whose selector isn't empty should choose something.
fn selected<'a>(
    world: &World<'a>,
    pods: &PodIndex<'_, 'a>,
    object: &'a Object,
    selector: Option<&'a Node>,
) -> Option<Diagnostic> {
    let selector = selector.filter(|selector| selector.as_map().is_some_and(|map| !map.is_empty()))?;
    let namespace = world.namespace_of(object);
    if !pods.chosen(namespace, selector).is_empty() {
        return None;
    }
    let message = format!("{} `{}` selects no pod of the bundle", object.kind(), object.source.name);
    let finding = finding::at(&SELECTOR_WITHOUT_PODS, object, selector, message);
    Some(match selector.get("matchLabels") {
        Some(pairs) => nearly(finding, pairs, pods.all(namespace)),
        None => finding,
    })
}

/// A workload whose selector also chooses another workload's pods counts them as its own when they are orphaned.
fn overlap<'a>(world: &World<'a>, pods: &PodIndex<'_, 'a>, object: &'a Object, selector: Option<&'a Node>) -> Option<Diagnostic> {
    let selector = selector.filter(|selector| matches!(&selector.data, Data::Map(map) if !map.is_empty()))?;
    let chosen = pods.chosen(world.namespace_of(object), selector);
    let other = chosen.iter().find(|pod| !std::ptr::eq(pod.object, object) && pod.object.kind() != "Job")?;
    let message = format!("the selector of `{}` also chooses the pods of `{}`", object.source, other.object.source);
    let labels = other.labels().map_or(other.template.span, |labels| labels.span);
    Some(
        finding::at(&OVERLAPPING_SELECTORS, object, selector, message)
            .also(labels, "these labels")
            .hint("give each workload's pods a label of their own, and select by it"),
    )
}
