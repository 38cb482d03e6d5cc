//! Which sealed values differ, by their fingerprints: what a review can say without a key.

use crate::secret::Secrets;

/// How a sealed value differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretDifference {
    /// Only the new side has it.
    Added,
    /// Only the old side has it.
    Removed,
    /// Its fingerprint is another one: another value, or the file has another key of its own.
    Changed,
}

/// One sealed value that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretChange {
    /// Its path among the sealed values.
    pub path: String,
    /// The sealed file.
    pub file: String,
    /// How it differs.
    pub difference: SecretDifference,
}

/// The sealed values that differ, by path.
pub fn secrets(old: &Secrets, new: &Secrets) -> Vec<SecretChange> {
    let mut changes = Vec::new();
    for (path, key) in new.iter() {
        let difference = match old.get(path) {
            None => SecretDifference::Added,
            Some(old) if old.fingerprint != key.fingerprint => SecretDifference::Changed,
            Some(_) => continue,
        };
        changes.push(SecretChange { path: path.to_owned(), file: key.file.to_string(), difference });
    }
    for (path, key) in old.iter().filter(|(path, _)| new.get(path).is_none()) {
        let difference = SecretDifference::Removed;
        changes.push(SecretChange { path: path.to_owned(), file: key.file.to_string(), difference });
    }
    changes.sort_by(|a, b| a.path.cmp(&b.path));
    changes
}
