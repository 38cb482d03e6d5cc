//! How sealed files differ: their own keys and their recipients.

use std::collections::BTreeSet;

use crate::secret::Secrets;

/// A sealed file that has another key of its own, or other recipients.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedChange {
    /// The file or folder.
    pub file: String,
    /// Whether its own key K is another one: every fingerprint is then, whatever the values.
    pub rekeyed: bool,
    /// Recipients that only the new side has.
    pub gained: Vec<String>,
    /// Recipients that only the old side has.
    pub lost: Vec<String>,
}

/// The sealed files on both sides that differ in key or recipients, by path.
pub fn sealed_files(old: &Secrets, new: &Secrets) -> Vec<SealedChange> {
    let mut changes = Vec::new();
    for now in new.sealed() {
        let Some(before) = old.sealed().iter().find(|before| before.path == now.path) else { continue };
        let (had, has): (BTreeSet<&String>, BTreeSet<&String>) =
            (before.recipients.iter().collect(), now.recipients.iter().collect());
        let change = SealedChange {
            file: now.path.to_string(),
            rekeyed: before.key_id != now.key_id,
            gained: has.difference(&had).map(ToString::to_string).collect(),
            lost: had.difference(&has).map(ToString::to_string).collect(),
        };
        if change.rekeyed || !change.gained.is_empty() || !change.lost.is_empty() {
            changes.push(change);
        }
    }
    changes.sort_by(|a, b| a.file.cmp(&b.file));
    changes
}
