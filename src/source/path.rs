//! Paths from the repository's root.

use std::fmt;

/// A path from the root, `/`-separated, without `.`, `..` or a leading slash: it can't name anything outside.
/// The root itself is the empty path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct RootPath(String);

/// A path that leads out of the root, or is absolute.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` leads out of the repository's root")]
pub struct OutsideRoot(pub String);

impl RootPath {
    /// The root itself.
    pub fn root() -> Self {
        Self::default()
    }

    /// Reads a path that is relative to the root.
    pub fn new(path: &str) -> Result<Self, OutsideRoot> {
        Self::root().join(path)
    }

    /// `path`, read relative to this folder; `..` may climb, but not out of the root.
    pub fn join(&self, path: &str) -> Result<Self, OutsideRoot> {
        let outside = || OutsideRoot(path.to_owned());
        if path.starts_with('/') || path.contains('\0') || path.contains('\\') {
            return Err(outside());
        }
        let mut parts: Vec<&str> = self.0.split('/').filter(|part| !part.is_empty()).collect();
        for part in path.split('/') {
            match part {
                "" | "." => {}
                ".." => {
                    parts.pop().ok_or_else(outside)?;
                }
                part => parts.push(part),
            }
        }
        Ok(Self(parts.join("/")))
    }

    /// The folder that holds this; the root's is the root.
    #[must_use]
    pub fn parent(&self) -> Self {
        Self(self.0.rsplit_once('/').map_or_else(String::new, |(folder, _)| folder.to_owned()))
    }

    /// The last part.
    pub fn file_name(&self) -> &str {
        self.0.rsplit_once('/').map_or(&self.0, |(_, name)| name)
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this lies in `folder`, or is it.
    pub fn is_under(&self, folder: &Self) -> bool {
        folder.0.is_empty() || self == folder || self.0.strip_prefix(&folder.0).is_some_and(|rest| rest.starts_with('/'))
    }
}

impl fmt::Display for RootPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "." } else { &self.0 })
    }
}
