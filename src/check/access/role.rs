//! Roles that grant more than the bundle needs.

use crate::check::pod::items;
use crate::check::references::holder::holder;
use crate::check::{Check, Scope, World, finding};
use crate::diagnostic::{Diagnostic, Diagnostics, rule};
use crate::object::{Node, Object};

rule!(ROLE_TOO_WIDE, "role-too-wide", Warning, "a role grants more than the bundle's own names");
rule!(
    LIST_NOT_NARROWED,
    "list-not-narrowed",
    Warning,
    "`list`, `watch` or `create` with `resourceNames` doesn't do what it seems to"
);

pub(in crate::check) static CHECK: Check = Check { rules: &[&ROLE_TOO_WIDE, &LIST_NOT_NARROWED], scope: Scope::Object(look) };

fn look(world: &World<'_>, object: &Object, found: &mut Diagnostics) {
    if !matches!(object.kind(), "Role" | "ClusterRole") || object.source.group != "rbac.authorization.k8s.io" {
        return;
    }
    for rule in items(&object.root, "rules") {
        found.extend(wildcards(object, rule));
        found.extend(escalation(object, rule));
        found.extend(secrets(object, rule));
        found.extend(foreign_names(world, object, rule));
        found.extend(not_narrowed(object, rule));
    }
}

fn holds(rule: &Node, field: &str, text: &str) -> bool {
    items(rule, field).iter().any(|item| item.as_str() == Some(text))
}

fn wildcards(object: &Object, rule: &Node) -> Vec<Diagnostic> {
    let fields = [("verbs", "every verb"), ("resources", "every resource"), ("apiGroups", "every API group")];
    let stars = fields.iter().flat_map(|(field, all)| {
        items(rule, field).iter().filter(|item| item.as_str() == Some("*")).map(move |item| (item, *all))
    });
    stars
        .map(|(item, all)| {
            finding::at(&ROLE_TOO_WIDE, object, item, format!("`{}` grants {all}", object.source))
                .hint("name what is needed; `*` also means what later versions add")
        })
        .collect()
}

/// Verbs that lead to other rights.
fn escalation(object: &Object, rule: &Node) -> Vec<Diagnostic> {
    let leading = items(rule, "verbs").iter().filter(|verb| matches!(verb.as_str(), Some("escalate" | "bind" | "impersonate")));
    leading
        .map(|verb| {
            let name = verb.as_str().unwrap_or_default();
            finding::at(
                &ROLE_TOO_WIDE,
                object,
                verb,
                format!("`{}` grants `{name}`, which leads to any other right", object.source),
            )
            .hint("few controllers need it; name one that does in an `[[allow]]` with its reason")
        })
        .collect()
}

const READING: [&str; 4] = ["get", "list", "watch", "*"];

/// Secrets without names are all Secrets of the namespace, or of the cluster.
fn secrets(object: &Object, rule: &Node) -> Option<Diagnostic> {
    let core = holds(rule, "apiGroups", "") || holds(rule, "apiGroups", "*");
    let reading = READING.iter().any(|verb| holds(rule, "verbs", verb));
    let resource = items(rule, "resources").iter().find(|resource| resource.as_str() == Some("secrets"))?;
    if !core || !reading || !items(rule, "resourceNames").is_empty() {
        return None;
    }
    let all =
        if object.kind() == "ClusterRole" { "every namespace that it is bound in, or of the cluster" } else { "its namespace" };
    Some(
        finding::at(&ROLE_TOO_WIDE, object, resource, format!("`{}` lets read every Secret of {all}", object.source)).hint(
            "list the names in `resourceNames`; `[service-account.*] secrets = \"referenced\"` writes such a Role by itself",
        ),
    )
}

/// Names of Secrets and ConfigMaps that the bundle doesn't have, in a Role.
fn foreign_names(world: &World<'_>, object: &Object, rule: &Node) -> Vec<Diagnostic> {
    if object.kind() != "Role" || !holds(rule, "apiGroups", "") {
        return Vec::new();
    }
    let kinds: Vec<&str> = [("secrets", "Secret"), ("configmaps", "ConfigMap")]
        .into_iter()
        .filter(|(resource, _)| holds(rule, "resources", resource))
        .map(|(_, kind)| kind)
        .collect();
    let others = items(rule, "resources").len() > kinds.len();
    if kinds.is_empty() || others {
        return Vec::new();
    }
    let namespace = world.namespace_of(object);
    let unknown = items(rule, "resourceNames").iter().filter(|name| {
        name.as_str().is_some_and(|name| !kinds.iter().any(|kind| holder(world, kind, namespace, name).is_some()))
    });
    unknown
        .map(|node| {
            let name = node.as_str().unwrap_or_default();
            finding::at(
                &ROLE_TOO_WIDE,
                object,
                node,
                format!("`{}` names `{name}`, which the bundle doesn't have", object.source),
            )
            .hint("correct the name, take it out, or list the object in `[external]`")
        })
        .collect()
}

/// `list` and `watch` with names authorise only requests for a single name; `create` has no name yet.
fn not_narrowed(object: &Object, rule: &Node) -> Option<Diagnostic> {
    if items(rule, "resourceNames").is_empty() {
        return None;
    }
    let verb = items(rule, "verbs")
        .iter()
        .find(|verb| matches!(verb.as_str(), Some("list" | "watch" | "deletecollection" | "create")))?;
    let name = verb.as_str().unwrap_or_default();
    let message = format!("`{name}` isn't narrowed by `resourceNames`");
    let hint = match name {
        "create" => {
            "a name isn't known when `create` is authorised, so this grants nothing: give it a rule of its own without names"
        }
        _ => {
            "only a request with the field selector `metadata.name` is allowed, and clients that list everything are refused: use `get`, or a rule without names"
        }
    };
    Some(finding::at(&LIST_NOT_NARROWED, object, verb, message).hint(hint))
}
