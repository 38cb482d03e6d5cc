//! Whether a kind's objects live in a namespace.

use std::collections::BTreeMap;

use crate::check::schema::Schemas;
use crate::object::{Bundle, Node, ObjectId};

/// Cluster-scoped kinds of operators that are often used without their CRDs in the bundle. Any other kind that neither Kubernetes nor a
/// CRD of the bundle describes counts as namespaced, as with kustomize.
const KNOWN: [(&str, &str); 14] = [
    ("cert-manager.io", "ClusterIssuer"),
    ("external-secrets.io", "ClusterSecretStore"),
    ("external-secrets.io", "ClusterExternalSecret"),
    ("external-secrets.io", "ClusterPushSecret"),
    ("gateway.networking.k8s.io", "GatewayClass"),
    ("kyverno.io", "ClusterPolicy"),
    ("kueue.x-k8s.io", "ClusterQueue"),
    ("kueue.x-k8s.io", "ResourceFlavor"),
    ("trainer.kubeflow.org", "ClusterTrainingRuntime"),
    ("serving.kserve.io", "ClusterServingRuntime"),
    ("serving.kserve.io", "ClusterStorageContainer"),
    ("nvidia.com", "ClusterPolicy"),
    ("karpenter.sh", "NodePool"),
    ("snapshot.storage.k8s.io", "VolumeSnapshotClass"),
];

/// The scopes of the kinds of one bundle.
#[derive(Debug)]
pub struct Scopes {
    builtin: Option<&'static Schemas>,
    /// Group and kind of the bundle's own CRDs, with whether they are namespaced.
    custom: BTreeMap<(String, String), bool>,
}

impl Scopes {
    /// The scopes that Kubernetes `minor` (or the newest known) and the CRDs of `bundle` say.
    pub fn of(bundle: &Bundle, minor: Option<&str>) -> Self {
        let newest = Schemas::minors().last().copied().unwrap_or_default();
        let builtin = minor.and_then(Schemas::builtin).or_else(|| Schemas::builtin(newest));
        let custom = bundle.objects.iter().filter_map(|object| {
            let spec = object.root.get("spec").filter(|_| object.kind() == "CustomResourceDefinition")?;
            let text = |node: Option<&Node>| node.and_then(Node::as_str).map(str::to_owned);
            let group = text(spec.get("group"))?;
            let kind = text(spec.get("names")?.get("kind"))?;
            Some(((group, kind), text(spec.get("scope"))? != "Cluster"))
        });
        Self { builtin, custom: custom.collect() }
    }

    /// Whether objects of this kind live in a namespace.
    pub fn namespaced(&self, id: &ObjectId) -> bool {
        if let Some(namespaced) = self.custom.get(&(id.group.to_string(), id.kind.to_string())) {
            return *namespaced;
        }
        if let Some(kind) = self.builtin.and_then(|schemas| schemas.kind(&id.group, &id.version, &id.kind)) {
            return kind.namespaced();
        }
        !KNOWN.iter().any(|(group, kind)| *group == id.group && *kind == id.kind)
    }
}
