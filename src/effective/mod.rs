//! What a container sees: its environment and its mounted configuration, worked out from the bundle as the kubelet does it.
//!
//! `explain --env` shows it. Nothing is opened: a secret stays a [`Sealed`] expression.

mod data;
mod expand;
mod files;
mod variables;

pub(crate) use expand::{Piece, pieces};
pub use files::{Mount, Mounted, MountedFile, place};
pub use variables::{Given, Setting, Variable};

use crate::object::podspec::ConfigKind;
use crate::object::{Bundle, Node, Object, podspec};
use crate::secret::Sealed;

/// A piece of a value.
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    /// Known from the bundle; public, sealed, or both.
    Known(Sealed),
    /// What the base64 of this text holds: a Secret's data that is sealed, but not as base64.
    Encoded(Sealed),
    /// Bytes that aren't text.
    Binary(Vec<u8>),
    /// A field of the pod, known when the pod is there.
    Pod(PodField),
    /// Of an object that the bundle doesn't have, in words: `Secret/x, key y (outside the bundle)`.
    Outside(String),
    /// Nothing: the bundle's object has no such key, in words.
    NoKey(String),
    /// Known only in the cluster, in words: a token of a service account.
    Cluster(String),
}

impl Part {
    /// What can be said of a part whose value isn't known; `None` for those that are.
    pub fn words(&self) -> Option<String> {
        match self {
            Self::Known(_) | Self::Encoded(_) | Self::Binary(_) => None,
            Self::Pod(PodField::Field(path) | PodField::Resource { resource: path, .. }) => Some(format!("the pod's {path}")),
            Self::Outside(words) | Self::NoKey(words) | Self::Cluster(words) => Some(words.clone()),
        }
    }
}

/// What the downward API gives of a pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PodField {
    /// `fieldRef`: `metadata.name`, `metadata.labels['app']`, `status.podIP`.
    Field(String),
    /// `resourceFieldRef`.
    Resource {
        /// The container that is meant; its own if none is named.
        container: Option<String>,
        /// `limits.cpu`, `requests.memory`.
        resource: String,
        /// What it is counted in; 1 if none is named.
        divisor: String,
    },
}

/// A key of a ConfigMap or Secret that a value is taken from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Source {
    /// What it is.
    pub kind: ConfigKind,
    /// Its name.
    pub name: String,
    /// The key.
    pub key: String,
    /// Whether the object never changes under its name.
    pub immutable: bool,
}

/// `ConfigMap/x, key y`
impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}, key {}", self.kind.name(), self.name, self.key)
    }
}

/// One container.
#[derive(Debug, Clone)]
pub struct Container {
    /// The path of its pod spec in the object; more than one in custom resources.
    pub pod: String,
    /// Its name.
    pub name: String,
    /// The list that it stands in: `containers`, `initContainers`, `ephemeralContainers`.
    pub list: &'static str,
    /// Its variables, in the order in which they are set; one that is overridden is not in it, but named by what overrode it.
    pub variables: Vec<Variable>,
    /// What sets them, one after the other, as the kubelet goes through it.
    pub settings: Vec<Setting>,
    /// Its mounts, in the order written.
    pub mounts: Vec<Mount>,
}

/// The containers of an object, in the order written; init containers after the others, as the pod spec's lists are read.
pub fn containers(bundle: &Bundle, object: &Object) -> Vec<Container> {
    let mut found = Vec::new();
    for path in podspec::pod_spec_paths(object) {
        let Some(spec) = path.find(&object.root) else { continue };
        let configs = data::Configs::new(bundle, object.namespace());
        for list in podspec::CONTAINER_LISTS {
            for container in spec.get(list).and_then(Node::as_list).unwrap_or_default() {
                let settings = variables::settings(container, &configs);
                found.push(Container {
                    pod: path.to_string(),
                    name: container.get("name").and_then(Node::as_str).unwrap_or("").to_owned(),
                    list,
                    variables: variables::of(&settings),
                    settings,
                    mounts: files::of(container, spec, &configs),
                });
            }
        }
    }
    found
}

/// The value of a ConfigMap's or Secret's key; `None` if it has no such key.
pub fn value_of(object: &Object, key: &str) -> Option<Part> {
    data::values(object)?.into_iter().find(|value| value.key == key).map(|value| value.part)
}

#[cfg(test)]
mod tests;
