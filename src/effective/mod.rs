//! What a container sees: its environment and its mounted configuration, worked out from the bundle as the kubelet does it.
//!
//! `explain --env` shows it. Nothing is opened: a secret stays a [`Sealed`] expression.

mod data;
mod expand;
mod files;
mod variables;

pub use files::{Mount, Mounted, MountedFile};
pub use variables::Variable;

use crate::object::{Bundle, Node, Object, podspec};
use crate::secret::Sealed;

/// A piece of a value.
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    /// Known from the bundle; public, sealed, or both.
    Known(Sealed),
    /// Known only in the cluster: in words, such as `field metadata.name` or `Secret/x, key y (outside the bundle)`.
    Cluster(String),
    /// Bytes that aren't text: how many.
    Binary(usize),
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
                found.push(Container {
                    pod: path.to_string(),
                    name: container.get("name").and_then(Node::as_str).unwrap_or("").to_owned(),
                    list,
                    variables: variables::of(container, &configs),
                    mounts: files::of(container, spec, &configs),
                });
            }
        }
    }
    found
}

#[cfg(test)]
mod tests;
