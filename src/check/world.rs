//! The bundle, indexed for the checks.

use std::collections::BTreeMap;

use super::Input;
use super::custom::SchemaSet;
use super::pod::Pod;
use crate::environment::{Settings, Spanned};
use crate::object::{Node, Object};

/// The bundle with its final names, and what it may refer to outside of it.
#[derive(Debug)]
pub struct World<'a> {
    /// What it was made of.
    pub input: Input<'a>,
    schemas: Vec<SchemaSet>,
    pods: Vec<Pod<'a>>,
    by_name: BTreeMap<(&'a str, &'a str), Vec<&'a Object>>,
    by_kind: BTreeMap<&'a str, Vec<&'a Object>>,
}

/// Kinds without a namespace, among those that other objects refer to by name.
const CLUSTER_KINDS: [&str; 14] = [
    "APIService",
    "ClusterRole",
    "ClusterRoleBinding",
    "CustomResourceDefinition",
    "IngressClass",
    "MutatingWebhookConfiguration",
    "Namespace",
    "Node",
    "PersistentVolume",
    "PriorityClass",
    "RuntimeClass",
    "StorageClass",
    "ValidatingAdmissionPolicy",
    "ValidatingWebhookConfiguration",
];

impl<'a> World<'a> {
    /// Indexes a bundle.
    pub(super) fn new(input: Input<'a>, schemas: Vec<SchemaSet>) -> Self {
        let mut by_name: BTreeMap<_, Vec<&Object>> = BTreeMap::new();
        let mut by_kind: BTreeMap<_, Vec<&Object>> = BTreeMap::new();
        let mut pods = Vec::new();
        for object in &input.bundle.objects {
            by_name.entry((object.kind(), object.name())).or_default().push(object);
            by_kind.entry(object.kind()).or_default().push(object);
            pods.extend(Pod::of(object));
        }
        Self { input, schemas, pods, by_name, by_kind }
    }

    /// All objects, in the bundle's order.
    pub fn objects(&self) -> &'a [Object] {
        &self.input.bundle.objects
    }

    /// All pod specs, in the bundle's order.
    pub fn pods(&self) -> &[Pod<'a>] {
        &self.pods
    }

    /// The kinds that are known, the bundle's own CRDs first.
    pub(super) fn schemas(&self) -> &[SchemaSet] {
        &self.schemas
    }

    /// The environment's tables.
    pub fn settings(&self) -> &'a Settings {
        &self.input.environment.settings
    }

    /// The objects of a kind, in the bundle's order.
    pub fn of_kind(&self, kind: &str) -> &[&'a Object] {
        self.by_kind.get(kind).map_or(&[], Vec::as_slice)
    }

    /// The namespace that an object ends up in; empty for cluster-wide kinds. An object that names none goes into the target's.
    pub fn namespace_of(&self, object: &'a Object) -> &'a str {
        if CLUSTER_KINDS.contains(&object.kind()) {
            return "";
        }
        object.namespace().unwrap_or_else(|| self.default_namespace())
    }

    /// The target's namespace.
    pub fn default_namespace(&self) -> &'a str {
        self.settings().target.namespace.as_ref().map_or("default", Spanned::as_str)
    }

    /// The object with this kind and final name in this namespace (ignored for cluster-wide kinds).
    pub fn find(&self, kind: &str, namespace: &str, name: &str) -> Option<&'a Object> {
        let namespace = if CLUSTER_KINDS.contains(&kind) { "" } else { namespace };
        self.by_name.get(&(kind, name))?.iter().copied().find(|object| self.namespace_of(object) == namespace)
    }

    /// The object with this kind and final name in any namespace.
    pub fn find_anywhere(&self, kind: &str, name: &str) -> Option<&'a Object> {
        self.by_name.get(&(kind, name))?.first().copied()
    }

    /// What `[external]` lists of a kind: names, or names with a key.
    pub fn external(&self, kind: &str) -> impl Iterator<Item = ExternalName<'a>> {
        let external = &self.settings().external;
        let of_kind: &[Spanned<String>] = match kind {
            "ConfigMap" => &external.configmaps,
            "Secret" => &external.secrets,
            "ServiceAccount" => &external.service_accounts,
            _ => &[],
        };
        let others = external.objects.iter().filter_map(move |entry| {
            let (its_kind, name) = entry.as_str().split_once('/')?;
            its_kind.eq_ignore_ascii_case(kind).then_some(name)
        });
        of_kind.iter().map(Spanned::as_str).chain(others.collect::<Vec<_>>()).map(ExternalName::read)
    }
}

/// An entry of `[external]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExternalName<'a> {
    /// The object's name.
    pub name: &'a str,
    /// A key that it holds, if the entry lists one.
    pub key: Option<&'a str>,
}

impl<'a> ExternalName<'a> {
    fn read(entry: &'a str) -> Self {
        let (name, key) = entry.split_once('#').map_or((entry, None), |(name, key)| (name, Some(key)));
        Self { name, key }
    }
}

/// Whether a map of labels has every pair of a selector.
pub(super) fn selects(selector: &Node, labels: Option<&Node>) -> bool {
    let Some(selector) = selector.as_map() else { return false };
    selector.iter().all(|(key, wanted)| labels.and_then(|labels| labels.get(key)).is_some_and(|label| label.same(&wanted.node)))
}
