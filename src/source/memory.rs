//! A tree in memory: for tests, and for what a command builds before anything is written.

use std::collections::{BTreeMap, BTreeSet};

use super::files::{Entry, EntryKind, Tree, TreeError};
use super::path::RootPath;

/// Files by path.
#[derive(Debug, Default, Clone)]
pub struct MemoryTree(BTreeMap<RootPath, Vec<u8>>);

impl MemoryTree {
    /// Adds or replaces a file.
    pub fn insert(&mut self, path: RootPath, bytes: impl Into<Vec<u8>>) {
        self.0.insert(path, bytes.into());
    }
}

impl Tree for MemoryTree {
    fn read(&self, path: &RootPath) -> Result<Vec<u8>, TreeError> {
        self.0.get(path).cloned().ok_or(TreeError::NotFound)
    }

    fn list(&self, folder: &RootPath) -> Result<Vec<Entry>, TreeError> {
        let mut files = BTreeSet::new();
        let mut folders = BTreeSet::new();
        for path in self.0.keys().filter(|path| *path != folder && path.is_under(folder)) {
            let rest = path.as_str().get(folder.as_str().len()..).unwrap_or("").trim_start_matches('/');
            match rest.split_once('/') {
                Some((name, _)) => folders.insert(name.to_owned()),
                None => files.insert(rest.to_owned()),
            };
        }
        if files.is_empty() && folders.is_empty() {
            return Err(TreeError::NotFound);
        }
        let files = files.into_iter().map(|name| Entry { name, kind: EntryKind::File });
        let mut entries: Vec<Entry> =
            files.chain(folders.into_iter().map(|name| Entry { name, kind: EntryKind::Folder })).collect();
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }
}
