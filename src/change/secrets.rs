//! Which sealed values differ, by their fingerprints: what a review can say without a key.

use crate::secret::{SecretKey, Secrets};

/// How a sealed value differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretDifference {
    /// Only the new side has it.
    Added,
    /// Only the old side has it.
    Removed,
    /// Its fingerprint is another one: another value, or one that can't be compared.
    Changed,
    /// The file has another key of its own, and the index says that the value stayed the same.
    Rekeyed,
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
    let mut add = |path: &str, key: &SecretKey, difference| {
        changes.push(SecretChange { path: path.to_owned(), file: key.file.to_string(), difference });
    };
    for (path, key) in new.iter() {
        match old.get(path) {
            None => add(path, key, SecretDifference::Added),
            Some(before) if before.fingerprint == key.fingerprint => {}
            Some(before) if is_unchanged(before, key, new) => add(path, key, SecretDifference::Rekeyed),
            Some(_) => add(path, key, SecretDifference::Changed),
        }
    }
    for (path, key) in old.iter().filter(|(path, _)| new.get(path).is_none()) {
        add(path, key, SecretDifference::Removed);
    }
    changes.sort_by(|a, b| a.path.cmp(&b.path));
    changes
}

/// Whether the new index says that the value had the old fingerprint under an earlier key. It is the index's claim: only who
/// can open the file knows.
fn is_unchanged(old: &SecretKey, new: &SecretKey, secrets: &Secrets) -> bool {
    let listed = secrets.sealed().iter().flat_map(|sealed| &sealed.keys).find(|(key, _)| **key == *new);
    listed.is_some_and(|(_, index)| index.unchanged_since.iter().any(|(_, fingerprint)| *fingerprint == old.fingerprint))
}
