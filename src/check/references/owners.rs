//! Two objects that lay claim to one name, or to one thing.

use std::collections::BTreeMap;

use super::TWO_OWNERS;
use super::holder::made_secrets;
use crate::check::pod::text;
use crate::check::{Check, Scope, World, finding};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::object::Object;

pub(in crate::check) static CHECK: Check = Check { rules: &[&TWO_OWNERS], scope: Scope::Bundle(look) };

fn look(world: &World<'_>, found: &mut Diagnostics) {
    same_name(world, found);
    same_secret(world, found);
    same_target(world, found);
    also_external(world, found);
}

/// Different objects of the source that prefix, suffix, patches or namespaces brought to one name.
fn same_name(world: &World<'_>, found: &mut Diagnostics) {
    let mut seen: BTreeMap<_, &Object> = BTreeMap::new();
    for object in world.objects() {
        let key = (object.source.group.as_str(), object.kind(), world.namespace_of(object), object.name());
        if let Some(first) = seen.insert(key, object) {
            let message = format!("two objects end up as `{}/{}`", object.kind(), object.name());
            found.push(two(object, first, message).hint("rename one, or put it in another namespace"));
        }
    }
}

/// A Secret that the bundle holds and an operator makes too, or that two operators make.
fn same_secret(world: &World<'_>, found: &mut Diagnostics) {
    let mut namespaces: Vec<&str> = world.objects().iter().map(|object| world.namespace_of(object)).collect();
    namespaces.sort_unstable();
    namespaces.dedup();
    for namespace in namespaces {
        let mut seen: BTreeMap<&str, &Object> = BTreeMap::new();
        for made in made_secrets(world, namespace) {
            let first = world.find("Secret", namespace, made.name).or_else(|| seen.get(made.name).copied());
            seen.insert(made.name, made.maker);
            if let Some(first) = first {
                let message = format!("`{}` makes Secret `{}`, which `{}` makes too", made.maker.source, made.name, first.source);
                found.push(two(made.maker, first, message).hint("the two overwrite each other; give one another name"));
            }
        }
    }
}

/// Two autoscalers of one workload.
fn same_target(world: &World<'_>, found: &mut Diagnostics) {
    let mut seen: BTreeMap<_, &Object> = BTreeMap::new();
    for object in world.of_kind("HorizontalPodAutoscaler").iter().copied() {
        let target = object.root.get("spec").and_then(|spec| spec.get("scaleTargetRef"));
        let Some((kind, name)) = target.and_then(|target| Some((text(target, "kind")?, text(target, "name")?))) else { continue };
        if let Some(first) = seen.insert((world.namespace_of(object), kind, name), object) {
            let message = format!("`{}` scales `{kind}/{name}`, which `{}` scales too", object.source, first.source);
            found.push(two(object, first, message).hint("one workload takes one autoscaler; it may have several metrics"));
        }
    }
}

/// An object that the bundle makes and `[external]` says exists elsewhere.
fn also_external(world: &World<'_>, found: &mut Diagnostics) {
    let external = &world.settings().external;
    let typed =
        [("ConfigMap", &external.configmaps), ("Secret", &external.secrets), ("ServiceAccount", &external.service_accounts)];
    let of_kind = typed.iter().flat_map(|(kind, entries)| entries.iter().map(move |entry| (*kind, entry.as_str(), entry)));
    let others =
        external.objects.iter().filter_map(|entry| entry.as_str().split_once('/').map(|(kind, name)| (kind, name, entry)));
    for (kind, name, entry) in of_kind.chain(others) {
        let name = name.split_once('#').map_or(name, |(name, _)| name);
        let namespace = world.default_namespace();
        if let Some(object) = world.find(kind, namespace, name) {
            found.push(
                Diagnostic::new(&TWO_OWNERS, format!("`[external]` lists `{kind}/{name}`, which the bundle makes itself"))
                    .at(entry.span(), "listed here")
                    .also(finding::name_span(object), "made here")
                    .on(object.source.to_string())
                    .hint("take it out of `[external]`, or rename the one in the bundle"),
            );
        }
    }
}

fn two(object: &Object, first: &Object, message: String) -> Diagnostic {
    finding::on(&TWO_OWNERS, object, message).also(finding::name_span(first), "the other one")
}
