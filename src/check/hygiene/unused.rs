//! ConfigMaps and Secrets that nothing in the bundle names, and values that no template reads.

use std::collections::BTreeSet;

use crate::check::{Check, Scope, World, finding};
use crate::diagnostic::{Diagnostic, Diagnostics, nearest, rule};
use crate::environment::{Table, ValueKind};
use crate::object::{Data, Node, Object};
use crate::source::Span;

rule!(UNUSED_OBJECT, "unused-object", Note, "nothing in the bundle names a ConfigMap or Secret of it");
rule!(UNUSED_VALUE, "unused-value", Error, "a value of the environment is read by no template");

pub(in crate::check) static CHECK: Check = Check { rules: &[&UNUSED_OBJECT, &UNUSED_VALUE], scope: Scope::Bundle(look) };

fn look(world: &World<'_>, found: &mut Diagnostics) {
    let is_config = |object: &&Object| matches!(object.kind(), "ConfigMap" | "Secret") && object.source.group.is_empty();
    let config: BTreeSet<&str> = world.objects().iter().filter(is_config).map(Object::name).collect();
    let mut named = BTreeSet::new();
    for object in world.objects() {
        for (key, entry) in object.map().into_iter().flat_map(crate::object::Map::iter) {
            if key != "metadata" {
                mentions(&entry.node, &config, &mut named);
            }
        }
    }
    for object in world.objects().iter().filter(is_config).filter(|object| !named.contains(object.name())) {
        if filled_for_others(object) {
            continue;
        }
        let message = format!("nothing in the bundle names `{}`", object.source);
        found.push(
            finding::on(&UNUSED_OBJECT, object, message)
                .hint("if a program finds it by itself (through the API, by a label), nothing is wrong; else it can go, or is named wrongly"),
        );
    }
    if let Some(read) = world.input.values_read
        && !read.contains("values")
    {
        values(&world.input.environment.values, "values", read, found);
    }
}

/// Adds the names of `config` that stand in a tree, as a text or in one.
fn mentions<'a>(node: &'a Node, config: &BTreeSet<&'a str>, named: &mut BTreeSet<&'a str>) {
    match &node.data {
        Data::Text(text) => {
            if let Some(name) = config.get(text.as_str()) {
                named.insert(name);
            }
        }
        Data::List(items) => items.iter().for_each(|item| mentions(item, config, named)),
        Data::Map(map) => map.iter().for_each(|(_, entry)| mentions(&entry.node, config, named)),
        _ => {}
    }
}

/// Kinds of Secret that the cluster itself looks for.
fn filled_for_others(object: &Object) -> bool {
    crate::check::pod::text(&object.root, "type")
        .is_some_and(|kind| matches!(kind, "kubernetes.io/service-account-token" | "bootstrap.kubernetes.io/token"))
}

/// Values that no template read: a table is read if anything in it was.
fn values(table: &Table, above: &str, read: &BTreeSet<String>, found: &mut Diagnostics) {
    for (key, entry) in &table.0 {
        let path = format!("{above}.{key}");
        if read.contains(&path) {
            continue;
        }
        let inside = format!("{path}.");
        let partly = read.range(inside.clone()..).next().is_some_and(|next| next.starts_with(&inside));
        match &entry.value.kind {
            ValueKind::Table(table) if partly => values(table, &path, read, found),
            _ if partly => {}
            _ => found.push(unused(&path, key, above, entry.key_span, read)),
        }
    }
}

/// A value that touches nothing, with the nearest name that a template reads in the same table.
fn unused(path: &str, key: &str, above: &str, span: Span, read: &BTreeSet<String>) -> Diagnostic {
    let beside = read.iter().filter_map(|read| read.strip_prefix(above)?.strip_prefix('.')?.split('.').next());
    let said = Diagnostic::new(&UNUSED_VALUE, format!("no template reads `{path}`")).at(span, "touches nothing");
    match nearest(key, beside) {
        Some(near) => said.hint(format!("templates read `{above}.{near}`: is that what is meant?")),
        None => said.hint("take it out, or read it in a template"),
    }
}
