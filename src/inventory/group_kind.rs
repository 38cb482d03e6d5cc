//! A kind whatever its version, as ApplySet's annotation writes it.

use std::collections::BTreeSet;
use std::fmt;

use crate::cluster::Resource;
use crate::object::ObjectId;

/// A group and a kind, in no particular version.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct GroupKind {
    /// The kind.
    pub kind: String,
    /// The API group; empty for the core group.
    pub group: String,
}

impl GroupKind {
    /// A kind of a group.
    pub fn new(group: impl Into<String>, kind: impl Into<String>) -> Self {
        Self { kind: kind.into(), group: group.into() }
    }

    /// The kind of an object.
    pub fn of(id: &ObjectId) -> Self {
        Self::new(id.group.as_str(), id.kind.as_str())
    }

    /// The kind that a resource serves.
    pub fn of_resource(resource: &Resource) -> Self {
        Self::new(resource.group.as_str(), resource.kind.as_str())
    }

    /// `Deployment.apps`, `Secret`; `None` for an empty text.
    fn parse(text: &str) -> Option<Self> {
        let (kind, group) = text.split_once('.').unwrap_or((text, ""));
        (!kind.is_empty()).then(|| Self::new(group, kind))
    }

    /// The annotation's list, separated by commas.
    pub fn parse_list(text: &str) -> BTreeSet<Self> {
        text.split(',').filter_map(|part| Self::parse(part.trim())).collect()
    }
}

/// As KEP-3659 writes it: `Deployment.apps`, `Secret`.
impl fmt::Display for GroupKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.group.is_empty() { f.write_str(&self.kind) } else { write!(f, "{}.{}", self.kind, self.group) }
    }
}
