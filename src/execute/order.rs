//! In which order objects are written, and which needs which.
//!
//! What others need comes first: a namespace before what lives in it, a definition before its objects, configuration before the pods
//! that use it. What can refuse or serve requests of others comes last: a webhook whose pods aren't there yet would refuse the very
//! Deployment that brings them. Within a wave order means nothing, so its writes run side by side. Prunes go the other way.

use std::collections::{BTreeMap, BTreeSet};

use crate::object::podspec::{self, config_uses};
use crate::object::{Node, Object, ObjectId};
use crate::plan::Member;

/// The waves, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wave {
    /// Namespaces.
    Namespaces,
    /// CustomResourceDefinitions; the next wave begins when they are established.
    Definitions,
    /// What decides who may do what, and how much: accounts, roles, quotas, limits, network policies, classes.
    Foundations,
    /// Bindings: the server checks at once that the role is there and holds no more than the writer may.
    Bindings,
    /// ConfigMaps, Secrets, volumes and their claims, Services, and custom resources without pods.
    Configuration,
    /// Whatever has pods: built-in workloads, and custom resources that hold a pod spec.
    Workloads,
    /// Autoscalers, disruption budgets, Ingresses and all else.
    Rest,
    /// Admission webhooks and policies, aggregated APIs.
    Interceptors,
}

impl Wave {
    /// The wave of a kind; `has_pods` tells custom resources with a pod spec from those without.
    pub fn of(id: &ObjectId, has_pods: bool) -> Self {
        match (id.group.as_str(), id.kind.as_str()) {
            ("", "Namespace") => Self::Namespaces,
            ("apiextensions.k8s.io", "CustomResourceDefinition") => Self::Definitions,
            ("", "ResourceQuota" | "LimitRange" | "ServiceAccount")
            | ("rbac.authorization.k8s.io", "Role" | "ClusterRole")
            | ("networking.k8s.io", "NetworkPolicy" | "IngressClass")
            | ("scheduling.k8s.io", "PriorityClass")
            | ("storage.k8s.io", "StorageClass" | "CSIDriver")
            | ("node.k8s.io", "RuntimeClass") => Self::Foundations,
            ("rbac.authorization.k8s.io", "RoleBinding" | "ClusterRoleBinding") => Self::Bindings,
            ("", "ConfigMap" | "Secret" | "PersistentVolume" | "PersistentVolumeClaim" | "Service" | "Endpoints")
            | ("discovery.k8s.io", "EndpointSlice") => Self::Configuration,
            ("admissionregistration.k8s.io", _) | ("apiregistration.k8s.io", "APIService") => Self::Interceptors,
            (group, kind) if has_pods || podspec::pod_spec_fields(group, kind).is_some() => Self::Workloads,
            (group, _) if podspec::is_custom_group(group) => Self::Configuration,
            _ => Self::Rest,
        }
    }

    /// The wave of an object.
    pub fn of_object(object: &Object) -> Self {
        Self::of(&object.id(), !podspec::pod_spec_paths(object).is_empty())
    }
}

/// Which members a member needs: if one of them fails, it is left out.
#[derive(Debug, Clone, Default)]
pub struct Needs(Vec<BTreeSet<usize>>);

impl Needs {
    /// The needs of all members of a plan: the namespace that an object lives in, the definition of its kind, the role that a binding
    /// names, and of whatever has pods the ConfigMaps, Secrets and the account that they use. Also optional ones: pods that start
    /// without what the bundle gives them would run with other settings than the environment says.
    pub fn of(members: &[Member]) -> Self {
        let index = Index::of(members);
        Self(members.iter().map(|member| index.needs(&member.object)).collect())
    }

    /// What a member needs.
    pub fn of_member(&self, member: usize) -> impl Iterator<Item = usize> {
        self.0.get(member).into_iter().flatten().copied()
    }
}

/// Members by what others name them by.
struct Index<'a> {
    /// Kind, namespace, name.
    named: BTreeMap<(&'a str, &'a str, &'a str), usize>,
    /// Group and kind that a definition defines.
    defined: BTreeMap<(&'a str, &'a str), usize>,
}

impl<'a> Index<'a> {
    fn of(members: &'a [Member]) -> Self {
        let mut index = Self { named: BTreeMap::new(), defined: BTreeMap::new() };
        for (at, member) in members.iter().enumerate() {
            let object = &member.object;
            let kind = object.kind();
            if kind == "CustomResourceDefinition" {
                index.defined.extend(defines(&object.root).map(|kind| (kind, at)));
            }
            let is_needed = matches!(kind, "Namespace" | "ConfigMap" | "Secret" | "ServiceAccount" | "Role" | "ClusterRole");
            if is_needed && !podspec::is_custom_group(&object.source.group) {
                index.named.insert((kind, object.namespace().unwrap_or_default(), object.name()), at);
            }
        }
        index
    }

    fn needs(&self, object: &Object) -> BTreeSet<usize> {
        let namespace = object.namespace().unwrap_or_default();
        let mut needs: BTreeSet<usize> = BTreeSet::new();
        needs.extend(self.named.get(&("Namespace", "", namespace)));
        needs.extend(self.defined.get(&(object.source.group.as_str(), object.kind())));
        if matches!(object.kind(), "RoleBinding" | "ClusterRoleBinding") {
            needs.extend(self.role_of(&object.root, namespace));
        }
        for path in podspec::pod_spec_paths(object) {
            let Some(spec) = path.find(&object.root).and_then(Node::as_map) else { continue };
            let used = config_uses(spec, &path);
            needs.extend(used.iter().filter_map(|used| self.named.get(&(used.kind.name(), namespace, used.name))));
            let account = spec.get("serviceAccountName").and_then(Node::as_str);
            needs.extend(account.and_then(|account| self.named.get(&("ServiceAccount", namespace, account))));
        }
        needs
    }

    fn role_of(&self, binding: &Node, namespace: &str) -> Option<usize> {
        let reference = binding.get("roleRef")?;
        let (kind, name) = (reference.get("kind")?.as_str()?, reference.get("name")?.as_str()?);
        self.named.get(&(kind, if kind == "Role" { namespace } else { "" }, name)).copied()
    }
}

/// The group and kind that a CustomResourceDefinition defines.
pub(crate) fn defines(definition: &Node) -> Option<(&str, &str)> {
    let spec = definition.get("spec")?;
    Some((spec.get("group")?.as_str()?, spec.get("names")?.get("kind")?.as_str()?))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::object::{MadeBy, parse};
    use crate::secret::Tokens;
    use crate::source::{SourceKind, SourceMap};

    fn members(yaml: &str) -> Vec<Member> {
        let sources = SourceMap::default();
        let file = sources.add("t.yaml", yaml, SourceKind::Other);
        let objects = parse(&sources, file, &Tokens::new([0; 16]), MadeBy::Template(file)).unwrap();
        objects.into_iter().map(|object| Member { object: Arc::new(object), resource: None, live: None }).collect()
    }

    fn needs(yaml: &str) -> Vec<String> {
        let members = members(yaml);
        let needs = Needs::of(&members);
        let name = |at: usize| members[at].object.id().to_string();
        let of = |at: usize| needs.of_member(at).map(name).collect::<Vec<_>>().join(" ");
        (0..members.len()).filter(|at| !of(*at).is_empty()).map(|at| format!("{} needs {}", name(at), of(at))).collect()
    }

    #[test]
    fn waves_of_kinds() {
        let wave = |api_version: &str, kind: &str, has_pods| {
            let (group, version) = ObjectId::split_api_version(api_version);
            let id =
                ObjectId { group: group.into(), version: version.into(), kind: kind.into(), namespace: None, name: "x".into() };
            Wave::of(&id, has_pods)
        };
        assert_eq!(wave("v1", "Secret", false), Wave::Configuration);
        assert_eq!(wave("apps/v1", "Deployment", true), Wave::Workloads);
        assert_eq!(wave("batch/v1", "CronJob", false), Wave::Workloads);
        assert_eq!(wave("argoproj.io/v1alpha1", "Rollout", true), Wave::Workloads);
        assert_eq!(wave("cert-manager.io/v1", "Certificate", false), Wave::Configuration);
        assert_eq!(wave("gateway.networking.k8s.io/v1", "Gateway", false), Wave::Rest);
        assert_eq!(wave("autoscaling/v2", "HorizontalPodAutoscaler", false), Wave::Rest);
        assert_eq!(wave("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy", false), Wave::Interceptors);
        assert!(wave("rbac.authorization.k8s.io/v1", "Role", false) < wave("rbac.authorization.k8s.io/v1", "RoleBinding", false));
    }

    #[test]
    fn what_pods_use_and_where_they_live() {
        let found = needs(
            "
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  template:
    spec:
      serviceAccountName: web
      imagePullSecrets: [{name: pull}]
      containers:
      - name: a
        image: i
        envFrom: [{configMapRef: {name: settings, optional: true}}]
        env: [{name: T, valueFrom: {secretKeyRef: {name: elsewhere, key: t}}}]
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: settings, namespace: shop}}
---
{apiVersion: v1, kind: Secret, metadata: {name: pull, namespace: shop}}
---
{apiVersion: v1, kind: Secret, metadata: {name: elsewhere, namespace: other}}
---
{apiVersion: v1, kind: ServiceAccount, metadata: {name: web, namespace: shop}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: shop}}
",
        );
        assert_eq!(
            found,
            [
                "Deployment/web needs ConfigMap/settings Secret/pull ServiceAccount/web Namespace/shop",
                "ConfigMap/settings needs Namespace/shop",
                "Secret/pull needs Namespace/shop",
                "ServiceAccount/web needs Namespace/shop",
            ]
        );
    }

    #[test]
    fn definitions_and_roles() {
        let found = needs(
            "
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.shop.example}
spec: {group: shop.example, names: {kind: Widget, plural: widgets}}
---
{apiVersion: shop.example/v1, kind: Widget, metadata: {name: w}}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: r}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: b, namespace: shop}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: r}
",
        );
        assert_eq!(found, ["Widget/w needs CustomResourceDefinition/widgets.shop.example", "RoleBinding/b needs ClusterRole/r"]);
    }
}
