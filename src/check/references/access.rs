//! A binding leads to a role and to service accounts that are there; a ServiceAccount's Secrets exist.

use super::holder::holder;
use super::missing::missing;
use super::pod::is_known;
use super::{MISSING_OBJECT, UNKNOWN_CLUSTER_OBJECT};
use crate::check::pod::{items, text};
use crate::check::{Check, Scope, World};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::object::{Node, Object};

pub(in crate::check) static CHECK: Check = Check { rules: &[], scope: Scope::Object(look) };

/// Roles that every cluster has, beside those that start with `system:`.
const BUILT_IN_ROLES: [&str; 4] = ["admin", "cluster-admin", "edit", "view"];

fn look(world: &World<'_>, object: &Object, found: &mut Diagnostics) {
    match object.kind() {
        "RoleBinding" | "ClusterRoleBinding" => {
            found.extend(object.root.get("roleRef").and_then(|role| role_is_there(world, object, role)));
            let subjects = items(&object.root, "subjects").iter();
            found.extend(subjects.filter_map(|subject| subject_is_there(world, object, subject)));
        }
        "ServiceAccount" => {
            let secrets = ["secrets", "imagePullSecrets"].into_iter().flat_map(|field| items(&object.root, field));
            found.extend(secrets.filter_map(|secret| secret_is_there(world, object, secret)));
        }
        _ => {}
    }
}

fn role_is_there(world: &World<'_>, object: &Object, role: &Node) -> Option<Diagnostic> {
    let node = role.get("name")?;
    let name = node.as_str()?;
    match text(role, "kind")? {
        "ClusterRole" => {
            let built_in = BUILT_IN_ROLES.contains(&name) || name.starts_with("system:");
            (!built_in && !is_known(world, "ClusterRole", "", name))
                .then(|| missing(world, &UNKNOWN_CLUSTER_OBJECT, object, node, "ClusterRole", ""))
        }
        "Role" => {
            let namespace = world.namespace_of(object);
            (!is_known(world, "Role", namespace, name)).then(|| missing(world, &MISSING_OBJECT, object, node, "Role", namespace))
        }
        _ => None,
    }
}

/// A ServiceAccount of a namespace that the bundle fills must be in the bundle; one elsewhere is somebody else's.
fn subject_is_there(world: &World<'_>, object: &Object, subject: &Node) -> Option<Diagnostic> {
    if text(subject, "kind")? != "ServiceAccount" {
        return None;
    }
    let node = subject.get("name")?;
    let name = node.as_str()?;
    let namespace = text(subject, "namespace").unwrap_or_else(|| world.namespace_of(object));
    let ours = namespace == world.default_namespace() || world.objects().iter().any(|it| world.namespace_of(it) == namespace);
    let gone = ours && name != "default" && !is_known(world, "ServiceAccount", namespace, name);
    gone.then(|| missing(world, &MISSING_OBJECT, object, node, "ServiceAccount", namespace))
}

fn secret_is_there(world: &World<'_>, object: &Object, secret: &Node) -> Option<Diagnostic> {
    let node = secret.get("name")?;
    let namespace = world.namespace_of(object);
    let gone = holder(world, "Secret", namespace, node.as_str()?).is_none();
    gone.then(|| missing(world, &MISSING_OBJECT, object, node, "Secret", namespace))
}
