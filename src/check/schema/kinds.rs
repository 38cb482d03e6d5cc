//! The index of kinds.

use compact_str::CompactString;

use super::NodeId;

/// Where objects of a kind live.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// In a namespace.
    Namespaced,
    /// In none.
    Cluster,
    /// Nowhere: a list, an option, or an answer, which no bundle can hold.
    None,
}

/// One row of the index.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Kind {
    /// The API group; empty for the core group.
    pub group: CompactString,
    /// The version, such as `v1`.
    pub version: CompactString,
    /// The kind, such as `Deployment`.
    pub kind: CompactString,
    /// The plural name in URLs and roles, such as `deployments`; empty where the scope is none.
    pub resource: CompactString,
    /// Where its objects live.
    pub scope: Scope,
    /// Whether the server stores objects of it and takes them by apply: what a bundle may hold.
    pub storable: bool,
    /// The schema of the whole object.
    pub root: NodeId,
}

impl Kind {
    /// What the index is sorted and searched by.
    pub(super) fn key(&self) -> (&str, &str, &str) {
        (&self.group, &self.version, &self.kind)
    }
}
