//! Where the ConfigMap or Secret of a name comes from, and which keys it will hold.

use std::collections::BTreeSet;

use crate::check::World;
use crate::check::pod::{items, text};
use crate::object::{Node, Object};

/// What stands behind a name.
#[derive(Debug)]
pub(in crate::check) struct Holder<'a> {
    /// Its keys; `None` if they can't be known.
    pub keys: Option<BTreeSet<&'a str>>,
    /// The object that has them, or makes the Secret in the cluster; `None` for what `[external]` lists.
    pub object: Option<&'a Object>,
}

/// What stands behind the ConfigMap or Secret `name` in `namespace`.
pub(in crate::check) fn holder<'a>(world: &World<'a>, kind: &str, namespace: &str, name: &str) -> Option<Holder<'a>> {
    if let Some(object) = world.find(kind, namespace, name) {
        return Some(Holder { keys: Some(own_keys(object)).filter(|_| !is_filled_in_later(object)), object: Some(object) });
    }
    if kind == "Secret"
        && let Some(holder) = made_secrets(world, namespace).into_iter().find(|made| made.name == name)
    {
        return Some(Holder { keys: holder.keys, object: Some(holder.maker) });
    }
    if kind == "ConfigMap" && name == "kube-root-ca.crt" {
        return Some(Holder { keys: Some(BTreeSet::from(["ca.crt"])), object: None });
    }
    let external: Vec<_> = world.external(kind).filter(|entry| entry.name == name).collect();
    let listed: BTreeSet<&str> = external.iter().filter_map(|entry| entry.key).collect();
    (!external.is_empty()).then(|| Holder { keys: (!listed.is_empty()).then_some(listed), object: None })
}

/// The keys that a ConfigMap or Secret holds as written.
pub(in crate::check) fn own_keys(object: &Object) -> BTreeSet<&str> {
    let fields = ["data", "binaryData", "stringData"];
    let maps = fields.iter().filter_map(|field| object.root.get(field)?.as_map());
    maps.flat_map(|map| map.keys().map(compact_str::CompactString::as_str)).collect()
}

/// A token Secret: a controller writes its keys.
fn is_filled_in_later(object: &Object) -> bool {
    text(&object.root, "type") == Some("kubernetes.io/service-account-token")
}

/// A Secret that an object of the bundle makes in the cluster.
#[derive(Debug)]
pub(in crate::check) struct MadeSecret<'a> {
    /// The Secret's name.
    pub name: &'a str,
    /// Its keys, if they can be told.
    pub keys: Option<BTreeSet<&'a str>>,
    /// The object that asks for it.
    pub maker: &'a Object,
}

/// The Secrets that operators will make in `namespace`: ExternalSecret (External Secrets Operator), SealedSecret (Bitnami) and
/// Certificate (cert-manager).
pub(in crate::check) fn made_secrets<'a>(world: &World<'a>, namespace: &str) -> Vec<MadeSecret<'a>> {
    let here = |kind: &str| world.of_kind(kind).iter().copied().filter(|object| world.namespace_of(object) == namespace);
    here("ExternalSecret")
        .filter_map(by_external_secret)
        .chain(here("SealedSecret").filter_map(by_sealed_secret))
        .chain(here("Certificate").filter_map(by_certificate))
        .collect()
}

fn by_external_secret(maker: &Object) -> Option<MadeSecret<'_>> {
    let spec = maker.root.get("spec")?;
    let target = spec.get("target");
    let name = target.and_then(|target| text(target, "name")).unwrap_or(maker.name());
    let mut keys: BTreeSet<&str> = items(spec, "data").iter().filter_map(|item| text(item, "secretKey")).collect();
    let template = target.and_then(|target| target.get("template"));
    let templated = template.and_then(|template| template.get("data")).and_then(Node::as_map);
    keys.extend(templated.into_iter().flat_map(|map| map.keys().map(compact_str::CompactString::as_str)));
    let open = !items(spec, "dataFrom").is_empty() || template.is_some_and(|template| template.get("templateFrom").is_some());
    Some(MadeSecret { name, keys: (!open).then_some(keys), maker })
}

fn by_sealed_secret(maker: &Object) -> Option<MadeSecret<'_>> {
    let data = maker.root.get("spec")?.get("encryptedData")?.as_map()?;
    let keys = data.keys().map(compact_str::CompactString::as_str).collect();
    Some(MadeSecret { name: maker.name(), keys: Some(keys), maker })
}

fn by_certificate(maker: &Object) -> Option<MadeSecret<'_>> {
    let name = text(maker.root.get("spec")?, "secretName")?;
    Some(MadeSecret { name, keys: None, maker })
}
