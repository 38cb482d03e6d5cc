//! The disk as a tree.
#![expect(clippy::disallowed_methods, reason = "this is the door to the disk")]

use std::path::{Path, PathBuf};

use super::files::{Entry, EntryKind, Tree, TreeError};
use super::path::RootPath;

/// The nearest folder upwards from `start` that holds `environments/`.
pub fn find_root(start: &Path) -> Option<PathBuf> {
    let start = start.canonicalize().ok()?;
    start.ancestors().find(|folder| folder.join("environments").is_dir()).map(Path::to_path_buf)
}

/// Most bytes of a file that is read.
const LARGEST: u64 = 64 << 20;

/// A folder of the disk. Links may lead anywhere inside it, never out of it.
#[derive(Debug)]
pub struct DiskTree {
    root: PathBuf,
}

impl DiskTree {
    /// The tree below `root`, which must exist.
    pub fn new(root: &Path) -> Result<Self, TreeError> {
        let root = root.canonicalize().map_err(|error| from_io(&error))?;
        Ok(Self { root })
    }

    fn locate(&self, path: &RootPath) -> Result<PathBuf, TreeError> {
        let full = self.root.join(path.as_str()).canonicalize().map_err(|error| from_io(&error))?;
        if full.starts_with(&self.root) { Ok(full) } else { Err(TreeError::OutsideRoot) }
    }
}

impl Tree for DiskTree {
    fn read(&self, path: &RootPath) -> Result<Vec<u8>, TreeError> {
        let full = self.locate(path)?;
        if full.is_dir() {
            return Err(TreeError::WrongKind("it is a folder"));
        }
        // A pipe or device would block for ever or never end.
        if !full.is_file() {
            return Err(TreeError::WrongKind("it isn't a regular file"));
        }
        // A file by mistake, such as a disk's image, would fill the memory.
        if std::fs::metadata(&full).map_err(|error| from_io(&error))?.len() > LARGEST {
            return Err(TreeError::WrongKind("it is larger than 64 MiB"));
        }
        std::fs::read(full).map_err(|error| from_io(&error))
    }

    fn list(&self, folder: &RootPath) -> Result<Vec<Entry>, TreeError> {
        let full = self.locate(folder)?;
        if !full.is_dir() {
            return Err(TreeError::WrongKind("it isn't a folder"));
        }
        let mut entries = Vec::new();
        for entry in std::fs::read_dir(full).map_err(|error| from_io(&error))? {
            let entry = entry.map_err(|error| from_io(&error))?;
            let name = entry
                .file_name()
                .into_string()
                .map_err(|name| TreeError::Io(format!("the name {} isn't UTF-8", name.display())))?;
            let kind = match entry.path().canonicalize() {
                Ok(target) if !target.starts_with(&self.root) => EntryKind::Other,
                Ok(target) if target.is_dir() => EntryKind::Folder,
                Ok(target) if target.is_file() => EntryKind::File,
                _ => EntryKind::Other,
            };
            entries.push(Entry { name, kind });
        }
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }
}

fn from_io(error: &std::io::Error) -> TreeError {
    match error.kind() {
        std::io::ErrorKind::NotFound => TreeError::NotFound,
        std::io::ErrorKind::NotADirectory => TreeError::WrongKind("a part of the path is a file"),
        _ => TreeError::Io(error.to_string()),
    }
}
