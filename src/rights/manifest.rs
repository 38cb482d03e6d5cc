//! Grants as manifests that `kubectl apply -f -` takes.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Grant, Role};

const API: &str = "rbac.authorization.k8s.io/v1";

/// Whom the roles are bound to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A user, as the server names it.
    User(String),
    /// A group.
    Group(String),
    /// A service account: namespace and name.
    ServiceAccount(String, String),
}

impl Subject {
    fn manifest(&self) -> Value {
        const GROUP: &str = "rbac.authorization.k8s.io";
        match self {
            Self::User(name) => json!({ "apiGroup": GROUP, "kind": "User", "name": name }),
            Self::Group(name) => json!({ "apiGroup": GROUP, "kind": "Group", "name": name }),
            Self::ServiceAccount(namespace, name) => json!({ "kind": "ServiceAccount", "namespace": namespace, "name": name }),
        }
    }
}

/// A Role a namespace, one ClusterRole for the rest, and a binding of each to the subject, if there is one.
pub fn manifests(role: Role, environment: &str, grants: &[Grant], subject: Option<&Subject>) -> Vec<Value> {
    let mut places: BTreeMap<Option<&str>, Vec<&Grant>> = BTreeMap::new();
    for grant in grants {
        places.entry(grant.namespace.as_deref()).or_default().push(grant);
    }
    let name = format!("plimsoll-{}-{environment}", role.name());
    let mut manifests = Vec::new();
    for (namespace, grants) in places {
        let (kind, binding) = if namespace.is_some() { ("Role", "RoleBinding") } else { ("ClusterRole", "ClusterRoleBinding") };
        let mut metadata = json!({ "name": name });
        if let (Some(namespace), Some(map)) = (namespace, metadata.as_object_mut()) {
            map.insert("namespace".to_owned(), namespace.into());
        }
        manifests.push(json!({ "apiVersion": API, "kind": kind, "metadata": metadata, "rules": rules(&grants) }));
        if let Some(subject) = subject {
            let reference = json!({ "apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name });
            manifests.push(json!({
                "apiVersion": API, "kind": binding, "metadata": metadata, "roleRef": reference, "subjects": [subject.manifest()],
            }));
        }
    }
    manifests
}

/// A rule a resource: rules that were merged further would be shorter, and harder to review.
fn rules(grants: &[&Grant]) -> Vec<Value> {
    let rule = |grant: &&Grant| {
        let verbs: Vec<&str> = grant.verbs.keys().copied().collect();
        let mut rule = json!({ "apiGroups": [grant.group], "resources": [grant.resource] });
        if let Some(map) = rule.as_object_mut() {
            if !grant.names.is_empty() {
                map.insert("resourceNames".to_owned(), json!(grant.names));
            }
            map.insert("verbs".to_owned(), json!(verbs));
        }
        rule
    };
    grants.iter().filter(|grant| !grant.verbs.is_empty()).map(rule).collect()
}
