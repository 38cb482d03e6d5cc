//! What a pod spec refers to.

use crate::check::pod::{Pod, items, text};
use crate::object::Node;

/// A reference by name.
#[derive(Debug, Clone, Copy)]
pub(in crate::check) struct Reference<'a> {
    /// The kind that it leads to.
    pub kind: &'static str,
    /// The node that holds the name.
    pub name: &'a Node,
    /// The node that holds the key, if it takes a single one.
    pub key: Option<&'a Node>,
    /// Whether the pod starts without it.
    pub optional: bool,
}

impl<'a> Reference<'a> {
    fn read(kind: &'static str, holder: &'a Node, name: &str) -> Option<Self> {
        let optional = holder.get("optional").and_then(Node::as_bool).unwrap_or(false);
        Some(Self { kind, name: holder.get(name)?, key: None, optional })
    }

    fn with_key(self, key: Option<&'a Node>) -> Self {
        Self { key, ..self }
    }
}

/// Everything that a pod spec refers to by name in its own namespace or in the cluster.
pub(in crate::check) fn references<'a>(pod: &Pod<'a>) -> Vec<Reference<'a>> {
    let mut found = Vec::new();
    let spec = pod.spec;
    found.extend(Reference::read("ServiceAccount", spec, "serviceAccountName"));
    found.extend(Reference::read("PriorityClass", spec, "priorityClassName"));
    found.extend(Reference::read("RuntimeClass", spec, "runtimeClassName"));
    found.extend(items(spec, "imagePullSecrets").iter().filter_map(|secret| Reference::read("Secret", secret, "name")));
    for claim in items(spec, "resourceClaims") {
        found.extend(Reference::read("ResourceClaim", claim, "resourceClaimName"));
        found.extend(Reference::read("ResourceClaimTemplate", claim, "resourceClaimTemplateName"));
    }
    for (_, container) in pod.containers() {
        of_container(container, &mut found);
    }
    for volume in items(spec, "volumes") {
        of_volume(volume, &mut found);
    }
    found.retain(|reference| reference.name.as_str().is_some_and(|name| !name.is_empty()));
    found
}

fn of_container<'a>(container: &'a Node, found: &mut Vec<Reference<'a>>) {
    for source in items(container, "envFrom") {
        found.extend(source.get("configMapRef").and_then(|holder| Reference::read("ConfigMap", holder, "name")));
        found.extend(source.get("secretRef").and_then(|holder| Reference::read("Secret", holder, "name")));
    }
    for variable in items(container, "env") {
        let Some(from) = variable.get("valueFrom") else { continue };
        for (kind, field) in [("ConfigMap", "configMapKeyRef"), ("Secret", "secretKeyRef")] {
            let Some(holder) = from.get(field) else { continue };
            found.extend(Reference::read(kind, holder, "name").map(|reference| reference.with_key(holder.get("key"))));
        }
    }
}

/// The secrets of volume drivers: the volume's field, and in it the field that has the name, or a `secretRef` that does.
const DRIVER_SECRETS: [(&str, &str); 7] = [
    ("azureFile", "secretName"),
    ("cephfs", "secretRef"),
    ("cinder", "secretRef"),
    ("flexVolume", "secretRef"),
    ("iscsi", "secretRef"),
    ("rbd", "secretRef"),
    ("scaleIO", "secretRef"),
];

fn of_volume<'a>(volume: &'a Node, found: &mut Vec<Reference<'a>>) {
    of_config(volume, "name", "secretName", found);
    let projected = volume.get("projected").map(|projected| items(projected, "sources")).unwrap_or_default();
    for source in projected {
        of_config(source, "name", "name", found);
    }
    let claim = volume.get("persistentVolumeClaim");
    found.extend(claim.and_then(|claim| Reference::read("PersistentVolumeClaim", claim, "claimName")));
    for (driver, field) in DRIVER_SECRETS {
        let Some(source) = volume.get(driver) else { continue };
        let holder = source.get(field).filter(|holder| holder.as_map().is_some());
        found.extend(match holder {
            Some(holder) => Reference::read("Secret", holder, "name"),
            None => Reference::read("Secret", source, field),
        });
    }
    let published = volume.get("csi").and_then(|csi| csi.get("nodePublishSecretRef"));
    found.extend(published.and_then(|holder| Reference::read("Secret", holder, "name")));
}

/// `configMap` and `secret`, of a volume or of a projected volume's source.
fn of_config<'a>(source: &'a Node, configmap_name: &str, secret_name: &str, found: &mut Vec<Reference<'a>>) {
    for (kind, field, name) in [("ConfigMap", "configMap", configmap_name), ("Secret", "secret", secret_name)] {
        let Some(holder) = source.get(field) else { continue };
        let Some(reference) = Reference::read(kind, holder, name) else { continue };
        let keys = items(holder, "items").iter().filter_map(|item| item.get("key"));
        let before = found.len();
        found.extend(keys.map(|key| reference.with_key(Some(key))));
        if found.len() == before {
            found.push(reference);
        }
    }
}

/// A mount of one file of a ConfigMap or Secret: the volume's reference with the `subPath` as the key, if the volume shows its
/// keys under their own names.
pub(in crate::check) fn sub_path_references<'a>(pod: &Pod<'a>) -> Vec<Reference<'a>> {
    let volumes = items(pod.spec, "volumes");
    let mounts = pod.containers().flat_map(|(_, container)| items(container, "volumeMounts"));
    mounts
        .filter_map(|mount| {
            let name = text(mount, "name")?;
            let path = mount.get("subPath").filter(|path| path.as_str().is_some_and(|path| !path.contains('/')))?;
            let volume = volumes.iter().find(|volume| text(volume, "name") == Some(name))?;
            let (kind, holder, name) = match (volume.get("configMap"), volume.get("secret")) {
                (Some(holder), _) => ("ConfigMap", holder, "name"),
                (_, Some(holder)) => ("Secret", holder, "secretName"),
                _ => return None,
            };
            let whole = items(holder, "items").is_empty();
            let reference = Reference::read(kind, holder, name)?.with_key(Some(path));
            whole.then_some(reference)
        })
        .collect()
}
