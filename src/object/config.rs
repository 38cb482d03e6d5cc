//! ConfigMaps and Secrets: the bundle's own, and those that other objects make in the cluster.

use super::bundle::Object;
use super::node::{Map, Node};
use super::podspec::ConfigKind;

/// A ConfigMap or Secret that an object is, or makes in the cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config<'a> {
    /// What it is.
    pub kind: ConfigKind,
    /// Its name, as the tree has it.
    pub name: &'a str,
    /// Its keys in order; `None` if they can't be known.
    pub keys: Option<Vec<&'a str>>,
    /// Whether the object only makes it: an ExternalSecret, a SealedSecret, a Certificate.
    pub made: bool,
}

/// The ConfigMap or Secret that `object` is or makes. Known makers: ExternalSecret (External Secrets Operator), SealedSecret
/// (Bitnami), Certificate (cert-manager).
pub fn config_of(object: &Object) -> Option<Config<'_>> {
    let root = &object.root;
    match (object.source.group.as_str(), object.kind()) {
        ("", "ConfigMap") => Some(own(object, ConfigKind::ConfigMap)),
        ("", "Secret") => Some(own(object, ConfigKind::Secret)),
        ("external-secrets.io", "ExternalSecret") => {
            let spec = root.get("spec")?;
            let target = spec.get("target");
            let name = target.and_then(|target| target.get("name")).and_then(Node::as_str).unwrap_or_else(|| object.name());
            Some(Config { kind: ConfigKind::Secret, name, keys: external_keys(spec), made: true })
        }
        ("bitnami.com", "SealedSecret") => {
            let keys = root.get("spec")?.get("encryptedData").and_then(Node::as_map).map(names);
            Some(Config { kind: ConfigKind::Secret, name: object.name(), keys, made: true })
        }
        ("cert-manager.io", "Certificate") => {
            let name = root.get("spec")?.get("secretName")?.as_str()?;
            Some(Config { kind: ConfigKind::Secret, name, keys: None, made: true })
        }
        _ => None,
    }
}

fn own(object: &Object, kind: ConfigKind) -> Config<'_> {
    let maps = ["data", "binaryData", "stringData"].into_iter().filter_map(|field| object.root.get(field)?.as_map());
    // A controller writes the keys of a token Secret.
    let filled_later =
        object.root.get("type").and_then(Node::as_str).is_some_and(|type_| type_ == "kubernetes.io/service-account-token");
    let keys = (!filled_later).then(|| maps.flat_map(names).collect());
    Config { kind, name: object.name(), keys, made: false }
}

fn external_keys(spec: &Node) -> Option<Vec<&str>> {
    let template = spec.get("target").and_then(|target| target.get("template"));
    let is_open = spec.get("dataFrom").is_some() || template.is_some_and(|template| template.get("templateFrom").is_some());
    if is_open {
        return None;
    }
    let data = spec.get("data").and_then(Node::as_list).unwrap_or_default();
    let fetched = data.iter().filter_map(|item| item.get("secretKey")?.as_str());
    let templated = template.and_then(|template| template.get("data")).and_then(Node::as_map).map(names);
    Some(fetched.chain(templated.unwrap_or_default()).collect())
}

fn names(map: &Map) -> Vec<&str> {
    map.keys().map(compact_str::CompactString::as_str).collect()
}
