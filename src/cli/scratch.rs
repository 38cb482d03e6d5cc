//! A file in memory, for an editor.
#![expect(clippy::disallowed_methods, reason = "this is the door to the file system in memory")]

use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// A file in a folder of its own with mode 0700; both go when this is dropped, the content is overwritten first.
pub(crate) struct Scratch {
    folder: TempDir,
    path: PathBuf,
}

impl Scratch {
    /// Makes the folder in `parent`, and in it the file `name`.
    pub(crate) fn new(parent: &Path, name: &str, content: &[u8]) -> io::Result<Self> {
        let mode = std::fs::Permissions::from_mode(0o700);
        let folder = tempfile::Builder::new().prefix("plimsoll-").permissions(mode).tempdir_in(parent)?;
        let path = folder.path().join(name);
        let scratch = Self { folder, path };
        let mut file = std::fs::File::create(&scratch.path)?;
        file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
        file.write_all(content)?;
        Ok(scratch)
    }

    /// Where the file is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// What it says now.
    pub(crate) fn read(&self) -> io::Result<Vec<u8>> {
        std::fs::read(&self.path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Whatever the editor left in the folder, not only our file. What can't be overwritten is still removed.
        let Ok(entries) = std::fs::read_dir(self.folder.path()) else { return };
        for path in entries.flatten().map(|entry| entry.path()) {
            if let Ok(length) = std::fs::metadata(&path).map(|metadata| metadata.len()) {
                let _ = std::fs::write(&path, vec![0; usize::try_from(length).unwrap_or(0)]);
            }
        }
    }
}
