//! What names an object.

use std::fmt;

use super::node::Text;

/// Group, version, kind, namespace and name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId {
    /// API group; empty for the core group.
    pub group: Text,
    /// API version, without the group.
    pub version: Text,
    /// Kind.
    pub kind: Text,
    /// Namespace, if the object names one.
    pub namespace: Option<Text>,
    /// Name.
    pub name: Text,
}

impl ObjectId {
    /// `apiVersion` as written: `v1`, `apps/v1`.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.to_string() } else { format!("{}/{}", self.group, self.version) }
    }

    /// Splits `apps/v1` into group and version.
    pub fn split_api_version(api_version: &str) -> (&str, &str) {
        api_version.split_once('/').unwrap_or(("", api_version))
    }
}

/// `Kind/name`, as selectors and messages write it.
impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind, self.name)
    }
}
