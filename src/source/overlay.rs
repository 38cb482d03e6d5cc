//! An earlier state of the repository with today's sealed files: what a rollback compiles.

use std::collections::BTreeMap;

use super::files::{Entry, EntryKind, Tree, TreeError};
use super::path::RootPath;

/// All files of one tree, but sealed files and their indexes of another: an old revision under today's secrets. A sealed file that is only
/// in the old one isn't there: its values may be known to somebody by now, and its key may be gone.
#[derive(Debug)]
pub struct OverlayTree<Old, New> {
    old: Old,
    new: New,
}

impl<Old: Tree, New: Tree> OverlayTree<Old, New> {
    /// `old` with the sealed files of `new`.
    pub fn new(old: Old, new: New) -> Self {
        Self { old, new }
    }
}

/// Whether a file is a sealed one or the index of one, by its name.
pub fn is_sealed(name: &str) -> bool {
    let has_ending = |ending: &str| name.len() > ending.len() && name.ends_with(ending);
    has_ending(".age") || has_ending(".index.toml")
}

impl<Old: Tree, New: Tree> Tree for OverlayTree<Old, New> {
    fn read(&self, path: &RootPath) -> Result<Vec<u8>, TreeError> {
        if is_sealed(path.file_name()) { self.new.read(path) } else { self.old.read(path) }
    }

    fn list(&self, folder: &RootPath) -> Result<Vec<Entry>, TreeError> {
        let (old, new) = (self.old.list(folder), self.new.list(folder));
        let mut entries: BTreeMap<String, EntryKind> = BTreeMap::new();
        // A folder of today may hold nothing but sealed files, which is all that shows of it.
        let fits = |entry: &Entry| entry.kind == EntryKind::Folder || is_sealed(&entry.name);
        let today = new.into_iter().flatten().filter(fits);
        entries.extend(today.map(|entry| (entry.name, entry.kind)));
        match old {
            Ok(old) => {
                let others = old.into_iter().filter(|entry| entry.kind == EntryKind::Folder || !is_sealed(&entry.name));
                entries.extend(others.map(|entry| (entry.name, entry.kind)));
            }
            Err(error) if entries.is_empty() => return Err(error),
            Err(_) => {}
        }
        Ok(entries.into_iter().map(|(name, kind)| Entry { name, kind }).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::super::memory::MemoryTree;
    use super::*;

    fn tree(files: &[(&str, &str)]) -> MemoryTree {
        let mut tree = MemoryTree::default();
        for (path, text) in files {
            tree.insert(RootPath::new(path).unwrap(), *text);
        }
        tree
    }

    #[test]
    fn old_files_under_today_s_secrets() {
        let old = tree(&[
            ("environments/prod.toml", "old"),
            ("environments/prod.secrets.age", "old secret"),
            ("environments/gone.secrets.age", "old secret"),
            ("environments/prod.secrets.index.toml", "old index"),
            ("templates/a/x.yaml", "old"),
        ]);
        let new = tree(&[
            ("environments/prod.toml", "new"),
            ("environments/other.toml", "new"),
            ("environments/prod.secrets.age", "new secret"),
            ("environments/prod.secrets.index.toml", "new index"),
            ("environments/late/token.age", "new member"),
        ]);
        let both = OverlayTree::new(old, new);
        let read = |path: &str| both.read(&RootPath::new(path).unwrap()).map(|bytes| String::from_utf8(bytes).unwrap());
        assert_eq!(read("environments/prod.toml").unwrap(), "old");
        assert_eq!(read("environments/prod.secrets.age").unwrap(), "new secret");
        assert_eq!(read("environments/prod.secrets.index.toml").unwrap(), "new index");
        assert_eq!(read("environments/late/token.age").unwrap(), "new member");
        assert_eq!(read("environments/other.toml").unwrap_err(), TreeError::NotFound);
        assert_eq!(read("environments/gone.secrets.age").unwrap_err(), TreeError::NotFound);
        let names = |path: &str| -> Vec<String> {
            both.list(&RootPath::new(path).unwrap()).unwrap().into_iter().map(|entry| entry.name).collect()
        };
        assert_eq!(names("environments"), ["late", "prod.secrets.age", "prod.secrets.index.toml", "prod.toml"]);
        assert_eq!(names("environments/late"), ["token.age"]);
        assert_eq!(both.list(&RootPath::new("nowhere").unwrap()).unwrap_err(), TreeError::NotFound);
    }
}
