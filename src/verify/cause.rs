//! What explains a difference.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::compare::Difference;
use super::facts::Facts;
use crate::cluster::{Cluster, Resources};
use crate::effective::Source;
use crate::object::podspec::ConfigKind;
use crate::object::{Bundle, Object};
use crate::plan::uses::used;
use crate::secret::Opened;

/// The live ConfigMaps and Secrets that differences come from, each read once.
pub(super) struct Causes<'a> {
    cluster: &'a Cluster,
    resources: &'a Resources,
    bundle: &'a Bundle,
    opened: Option<&'a Opened>,
    namespace: &'a str,
    seen: BTreeMap<(String, ConfigKind, String, String), Live>,
}

/// The cluster's own value of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Live {
    /// As the bundle has it.
    Right,
    /// Another, or none.
    Wrong,
    /// The object isn't there.
    NoObject,
    /// It couldn't be read or compared.
    Unknown,
}

impl<'a> Causes<'a> {
    pub(super) fn new(
        cluster: &'a Cluster,
        resources: &'a Resources,
        bundle: &'a Bundle,
        opened: Option<&'a Opened>,
        namespace: &'a str,
    ) -> Self {
        Self { cluster, resources, bundle, opened, namespace, seen: BTreeMap::new() }
    }

    /// Says what explains a difference, if it comes from a ConfigMap or Secret; and whether waiting may mend it: the kubelet brings a
    /// volume's files up to date within a minute or two.
    pub(super) async fn explain(&mut self, difference: &mut Difference, facts: &Facts, is_old: bool) -> bool {
        let Some(source) = difference.source.clone().filter(|_| difference.cause.is_none()) else { return false };
        let name = format!("{}/{}", source.kind.name(), source.name);
        if !used(facts.value()).contains(&(source.kind, source.name.clone())) {
            let why = if is_old { "the pod is of an earlier state" } else { "the pod's spec isn't the bundle's" };
            difference.cause = Some(format!("{why}: it doesn't use {name}"));
            return false;
        }
        let live = self.live(facts.namespace(), &source).await;
        let (cause, may_mend) = match live {
            Live::NoObject => (format!("{name} isn't in the cluster"), false),
            Live::Wrong => (format!("{name} in the cluster isn't the bundle's"), false),
            Live::Unknown => return false,
            Live::Right if difference.is_fixed => {
                ("an old value: the container started before the change, and must be restarted".to_owned(), false)
            }
            Live::Right => ("an old value: the kubelet hasn't brought the file up to date yet".to_owned(), !source.immutable),
        };
        difference.cause = Some(cause);
        may_mend
    }

    async fn live(&mut self, namespace: &str, source: &Source) -> Live {
        let key = (namespace.to_owned(), source.kind, source.name.clone(), source.key.clone());
        if let Some(live) = self.seen.get(&key) {
            return *live;
        }
        let live = self.read(namespace, source).await;
        self.seen.insert(key, live);
        live
    }

    async fn read(&self, namespace: &str, source: &Source) -> Live {
        let is_it = |object: &&Object| {
            object.source.group.is_empty()
                && object.kind() == source.kind.name()
                && object.name() == source.name
                && object.namespace().unwrap_or(self.namespace) == namespace
        };
        let Some(wanted) = self.bundle.objects.iter().find(is_it) else { return Live::Unknown };
        let Some(wanted) = super::evaluate::of_key(wanted, &source.key, self.opened) else { return Live::Unknown };
        let Some(resource) = self.resources.preferred("", source.kind.name()) else { return Live::Unknown };
        match self.cluster.get(resource, Some(namespace), &source.name).await {
            Ok(Some(live)) => match of_live(&live.value(), source) {
                Some(live) if bool::from(live.as_slice().ct_eq(wanted.as_slice())) => Live::Right,
                _ => Live::Wrong,
            },
            Ok(None) => Live::NoObject,
            Err(_) => Live::Unknown,
        }
    }
}

/// The value of a live object's key.
fn of_live(live: &Value, source: &Source) -> Option<Zeroizing<Vec<u8>>> {
    let at = |field: &str| live.get(field)?.get(&source.key)?.as_str();
    let decode = |text: &str| STANDARD.decode(text).ok().map(Zeroizing::new);
    match source.kind {
        ConfigKind::Secret => decode(at("data")?),
        ConfigKind::ConfigMap => match at("data") {
            Some(text) => Some(Zeroizing::new(text.as_bytes().to_vec())),
            None => decode(at("binaryData")?),
        },
    }
}
