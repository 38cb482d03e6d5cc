//! What to say of a name that leads to nothing.

use super::holder::made_secrets;
use crate::check::{World, finding};
use crate::diagnostic::{Diagnostic, Rule, nearest};
use crate::object::{Node, Object};

/// A finding that `node` in `object` names a `kind` that isn't there in `namespace`; with what it may have meant.
pub(super) fn missing(
    world: &World<'_>,
    rule: &'static Rule,
    object: &Object,
    node: &Node,
    kind: &str,
    namespace: &str,
) -> Diagnostic {
    let name = node.as_str().unwrap_or_default();
    let found = finding::at(rule, object, node, format!("there is no {kind} `{name}`"));
    if let Some(elsewhere) = world.find_anywhere(kind, name) {
        let its_namespace = world.namespace_of(elsewhere);
        return found.also(finding::name_span(elsewhere), "the one of that name").hint(format!(
            "`{kind}/{name}` stands in namespace `{its_namespace}`, and this is looked up in `{namespace}`: references don't \
             cross namespaces"
        ));
    }
    if let Some(other) = other_kind(kind)
        && let Some(twin) = world.find(other, namespace, name)
    {
        return found
            .also(finding::name_span(twin), "this has the name")
            .hint(format!("`{name}` is a {other}: refer to it as one"));
    }
    if let Some(near) = nearest(name, candidates(world, kind, namespace)) {
        return found.hint(format!("did you mean `{near}`?"));
    }
    found.hint(format!(
        "add a {kind} to the bundle, or, if it exists outside of it, list it in the environment: {}",
        external_entry(kind, name)
    ))
}

fn candidates<'a>(world: &World<'a>, kind: &str, namespace: &str) -> Vec<&'a str> {
    let here = |object: &&'a Object| world.namespace_of(object) == namespace || world.namespace_of(object).is_empty();
    let objects = world.of_kind(kind).iter().copied().filter(here).map(|object| object.source.name.as_str());
    let made = if kind == "Secret" { made_secrets(world, namespace) } else { Vec::new() };
    objects.chain(made.iter().map(|made| made.name)).chain(world.external(kind).map(|entry| entry.name)).collect()
}

fn other_kind(kind: &str) -> Option<&'static str> {
    match kind {
        "ConfigMap" => Some("Secret"),
        "Secret" => Some("ConfigMap"),
        "Role" => Some("ClusterRole"),
        "ClusterRole" => Some("Role"),
        _ => None,
    }
}

/// How `[external]` lists an object.
fn external_entry(kind: &str, name: &str) -> String {
    let list = match kind {
        "ConfigMap" => "configmaps",
        "Secret" => "secrets",
        "ServiceAccount" => "service-accounts",
        _ => return format!("`[external] objects = [\"{kind}/{name}\"]`"),
    };
    format!("`[external] {list} = [\"{name}\"]`")
}
