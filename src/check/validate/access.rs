//! Roles and bindings.

use super::say::is_empty;
use super::structure::Walk;
use super::text::{dns_subdomain, path_segment};
use super::{CONFLICTING_FIELDS, INVALID_NAME, MISSING_FIELD};
use crate::check::pod::text;
use crate::check::schema::Schema;
use crate::object::Node;

const GROUP: &str = "rbac.authorization.k8s.io";

pub(super) fn look<'a>(walk: &mut Walk<'a, '_>, schema: &Schema, node: &'a Node, name: &str) {
    match name {
        "PolicyRule" => rule(walk, schema, node),
        "RoleRef" => {
            let kinds: &[&str] =
                if walk.object.kind() == "ClusterRoleBinding" { &["ClusterRole"] } else { &["Role", "ClusterRole"] };
            walk.choice(node, "kind", kinds);
            walk.choice(node, "apiGroup", &["", GROUP]);
            walk.need(node, schema, "name");
            walk.form(node, "name", &INVALID_NAME, path_segment);
        }
        "Subject" => subject(walk, schema, node),
        "AggregationRule" => walk.need(node, schema, "clusterRoleSelectors"),
        _ => {}
    }
}

fn rule<'a>(walk: &mut Walk<'a, '_>, schema: &Schema, node: &'a Node) {
    walk.need(node, schema, "verbs");
    if is_empty(node.get("nonResourceURLs")) {
        walk.need(node, schema, "apiGroups");
        walk.need(node, schema, "resources");
        return;
    }
    if walk.object.kind() == "Role" {
        walk.forbid(node, "nonResourceURLs", "is for ClusterRoles");
    }
    for field in ["apiGroups", "resources", "resourceNames"] {
        if let Some(place) = node.get(field).filter(|place| !is_empty(Some(place))) {
            walk.report(&CONFLICTING_FIELDS, place, format!("`{field}` excludes `nonResourceURLs`"));
        }
    }
}

fn subject<'a>(walk: &mut Walk<'a, '_>, schema: &Schema, node: &'a Node) {
    walk.choice(node, "kind", &["ServiceAccount", "User", "Group"]);
    walk.need(node, schema, "name");
    if text(node, "kind") == Some("ServiceAccount") {
        walk.form(node, "name", &INVALID_NAME, dns_subdomain);
        walk.forbid(node, "apiGroup", "must be empty for a ServiceAccount");
        if walk.object.kind() == "ClusterRoleBinding" && is_empty(node.get("namespace")) {
            walk.report(&MISSING_FIELD, node, "a ServiceAccount in a ClusterRoleBinding needs its `namespace`");
        }
    } else {
        walk.choice(node, "apiGroup", &["", GROUP]);
    }
}
