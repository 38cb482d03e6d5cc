//! An object as the cluster has it.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::Arc;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;

use super::discovery::Resource;
use crate::object::ObjectId;

/// An object as the cluster has it: its head parsed, the rest raw until somebody asks. Shows nothing of its content. Cheap to clone: it
/// shares the answer that it came with.
#[derive(Clone)]
pub struct Live(Arc<Content>);

/// What is read of a [`Live`].
pub struct Content {
    /// Its kind.
    pub resource: Arc<Resource>,
    /// Its namespace, if it lives in one.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
    /// `metadata.uid`.
    pub uid: String,
    /// `metadata.resourceVersion`.
    pub resource_version: String,
    /// `metadata.labels`.
    pub labels: BTreeMap<String, String>,
    raw: Bytes,
}

impl Deref for Live {
    type Target = Content;

    fn deref(&self) -> &Content {
        &self.0
    }
}

impl std::fmt::Debug for Live {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Live({}, {})", self.id(), self.resource_version)
    }
}

#[derive(Deserialize)]
struct Head {
    metadata: Metadata,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    #[serde(default)]
    namespace: Option<String>,
    #[serde(default)]
    name: String,
    #[serde(default)]
    uid: String,
    #[serde(default)]
    resource_version: String,
    #[serde(default)]
    labels: Option<BTreeMap<String, String>>,
}

impl Live {
    /// An object of this kind from its JSON; `None` if it has no metadata.
    pub fn new(resource: Arc<Resource>, raw: Bytes) -> Option<Self> {
        let Head { metadata } = serde_json::from_slice(&raw).ok()?;
        Some(Self(Arc::new(Content {
            resource,
            namespace: metadata.namespace,
            name: metadata.name,
            uid: metadata.uid,
            resource_version: metadata.resource_version,
            labels: metadata.labels.unwrap_or_default(),
            raw,
        })))
    }

    /// An object of this kind from parsed JSON.
    pub fn of(resource: Arc<Resource>, value: &Value) -> Option<Self> {
        Self::new(resource, serde_json::to_vec(value).ok()?.into())
    }

    /// The whole object, with the `apiVersion` and `kind` that items of a LIST leave out.
    pub fn value(&self) -> Value {
        let mut value: Value = serde_json::from_slice(&self.raw).unwrap_or_default();
        if let Some(map) = value.as_object_mut() {
            map.entry("apiVersion").or_insert_with(|| self.resource.api_version().into());
            map.entry("kind").or_insert_with(|| self.resource.kind.clone().into());
        }
        value
    }

    /// As the server sent it. Items of a LIST leave `apiVersion` and `kind` out.
    pub fn json(&self) -> &[u8] {
        &self.raw
    }

    /// What names it, in the version that it was read in.
    pub fn id(&self) -> ObjectId {
        ObjectId {
            group: self.resource.group.as_str().into(),
            version: self.resource.version.as_str().into(),
            kind: self.resource.kind.as_str().into(),
            namespace: self.namespace.as_deref().map(Into::into),
            name: self.name.as_str().into(),
        }
    }
}
