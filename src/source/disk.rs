//! The disk as a tree.
#![expect(clippy::disallowed_methods, reason = "this is the door to the disk")]

use std::collections::BTreeMap;
use std::fs::{DirEntry, FileType, Metadata};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

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
    /// Folders by path, their links followed: thousands of files share a few, and each part of a path is a question to the system.
    folders: Mutex<BTreeMap<RootPath, PathBuf>>,
}

impl DiskTree {
    /// The tree below `root`, which must exist.
    pub fn new(root: &Path) -> Result<Self, TreeError> {
        let root = root.canonicalize().map_err(|error| from_io(&error))?;
        Ok(Self { root, folders: Mutex::default() })
    }

    /// Where the path leads, and what is there.
    fn locate(&self, path: &RootPath) -> Result<(PathBuf, Metadata), TreeError> {
        let full = match path.file_name() {
            "" => self.root.clone(),
            name => self.folder(&path.parent())?.join(name),
        };
        let found = full.symlink_metadata().map_err(|error| from_io(&error))?;
        if !found.is_symlink() {
            return Ok((full, found));
        }
        let target = self.follow(&full)?;
        let found = target.metadata().map_err(|error| from_io(&error))?;
        Ok((target, found))
    }

    fn folder(&self, path: &RootPath) -> Result<PathBuf, TreeError> {
        let mut folders = self.folders.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(folder) = folders.get(path) {
            return Ok(folder.clone());
        }
        let folder = self.follow(&self.root.join(path.as_str()))?;
        folders.insert(path.clone(), folder.clone());
        Ok(folder)
    }

    fn follow(&self, path: &Path) -> Result<PathBuf, TreeError> {
        let full = path.canonicalize().map_err(|error| from_io(&error))?;
        if full.starts_with(&self.root) { Ok(full) } else { Err(TreeError::OutsideRoot) }
    }

    /// What an entry of a folder is, a link's end for a link.
    fn kind(&self, entry: &DirEntry) -> EntryKind {
        let of = |found: FileType| match found {
            found if found.is_dir() => EntryKind::Folder,
            found if found.is_file() => EntryKind::File,
            _ => EntryKind::Other,
        };
        match entry.file_type() {
            Ok(found) if found.is_symlink() => {
                let target = self.follow(&entry.path()).ok().and_then(|target| target.metadata().ok());
                target.map_or(EntryKind::Other, |target| of(target.file_type()))
            }
            Ok(found) => of(found),
            Err(_) => EntryKind::Other,
        }
    }
}

impl Tree for DiskTree {
    fn read(&self, path: &RootPath) -> Result<Vec<u8>, TreeError> {
        let (full, found) = self.locate(path)?;
        if found.is_dir() {
            return Err(TreeError::WrongKind("it is a folder"));
        }
        // A pipe or device would block for ever or never end.
        if !found.is_file() {
            return Err(TreeError::WrongKind("it isn't a regular file"));
        }
        // A file by mistake, such as a disk's image, would fill the memory.
        if found.len() > LARGEST {
            return Err(TreeError::WrongKind("it is larger than 64 MiB"));
        }
        std::fs::read(full).map_err(|error| from_io(&error))
    }

    fn list(&self, folder: &RootPath) -> Result<Vec<Entry>, TreeError> {
        let (full, found) = self.locate(folder)?;
        if !found.is_dir() {
            return Err(TreeError::WrongKind("it isn't a folder"));
        }
        let mut entries = Vec::new();
        for entry in std::fs::read_dir(full).map_err(|error| from_io(&error))? {
            let entry = entry.map_err(|error| from_io(&error))?;
            let name = entry
                .file_name()
                .into_string()
                .map_err(|name| TreeError::Io(format!("the name {} isn't UTF-8", name.display())))?;
            let kind = self.kind(&entry);
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
