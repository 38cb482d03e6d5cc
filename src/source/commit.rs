//! The door for writing several files of a repository together or not at all, also if the process is killed: sealed files and
//! their indexes. One file, or a folder of output, goes through [`write`](super::write).
//!
//! A commit of several files is made in three steps: every new content is written beside its file (`.NAME.plimsoll-new`) and
//! synced; a journal that lists them is put in place, which is the point of no return; the files are renamed and the journal is
//! removed. A process killed before that point leaves the old state and leftovers that the next [`Writer::open`] removes; killed
//! after it, the next `open` finishes the renames. Readers that come in between see a sealed file that its index doesn't fit,
//! and say so.
#![expect(clippy::disallowed_methods, reason = "this is the door through which files are written")]

use std::fmt::Write as _;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::path::RootPath;

/// The folder that the lock and the journal lie in.
const HOME: &str = "environments";
const JOURNAL: &str = ".plimsoll-journal";
const NEW: &str = ".plimsoll-new";

/// The door for writing in one repository. While it is open no other process has it open.
#[derive(Debug)]
pub struct Writer {
    root: PathBuf,
    home: PathBuf,
    // Held until the door is closed.
    _lock: Option<File>,
}

/// One file of a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Where.
    pub path: RootPath,
    /// The whole new content; `None` removes the file.
    pub content: Option<Vec<u8>>,
}

/// Why nothing, or not yet everything, was written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// Another process writes.
    #[error("another plimsoll process is writing in this repository")]
    Busy,
    /// A file isn't what it was when this run read it.
    #[error("`{0}` was changed by something else in the meantime")]
    Changed(RootPath),
    /// A link leads out of the root.
    #[error("`{0}` leads out of the repository by a link")]
    OutsideRoot(RootPath),
    /// The system's word; nothing was changed.
    #[error("can't write `{path}`: {error}")]
    Io {
        /// What was being written.
        path: String,
        /// The system's word.
        error: io::Error,
    },
    /// The system's word, after the point of no return.
    #[error("can't finish writing `{path}`: {error}; the next command that writes finishes it")]
    Begun {
        /// What was being renamed.
        path: String,
        /// The system's word.
        error: io::Error,
    },
}

/// Whether a commit in the repository below `root` was interrupted and waits to be finished.
pub fn interrupted(root: &Path) -> bool {
    root.join(HOME).join(JOURNAL).is_file()
}

impl Writer {
    /// Opens the door below `root`, the folder that holds `environments/`, and finishes what an interrupted commit left.
    pub fn open(root: &Path) -> Result<Self, WriteError> {
        let home = root.join(HOME);
        let root = root.canonicalize().map_err(|error| io_error(&home, error))?;
        let home = home.canonicalize().map_err(|error| io_error(&home, error))?;
        let folder = File::open(&home).map_err(|error| io_error(&home, error))?;
        let writer = Self { root, home, _lock: lock(folder)? };
        writer.recover()?;
        Ok(writer)
    }

    /// Whether the file at `path` still has these bytes, or still doesn't exist.
    pub fn expect(&self, path: &RootPath, bytes: Option<&[u8]>) -> Result<(), WriteError> {
        let now = match std::fs::read(self.root.join(path.as_str())) {
            Ok(now) => Some(now),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(io_error(Path::new(path.as_str()), error)),
        };
        if now.as_deref() == bytes { Ok(()) } else { Err(WriteError::Changed(path.clone())) }
    }

    /// Writes all of `changes`, or none.
    pub fn commit(&self, changes: &[Change]) -> Result<(), WriteError> {
        let mut targets = Vec::new();
        let prepared = changes.iter().try_for_each(|change| {
            let target = self.target(&change.path)?;
            targets.push(target.clone());
            prepare(&target, change)
        });
        let prepared = prepared.and_then(|()| if changes.len() > 1 { self.write_journal(&targets, changes) } else { Ok(()) });
        if let Err(error) = prepared {
            for target in &targets {
                let _ = std::fs::remove_file(new_path(target));
            }
            return Err(error);
        }
        let whole = changes.len() <= 1;
        for (target, change) in targets.iter().zip(changes) {
            let done = finish(target, change.content.is_some());
            done.map_err(|error| if whole { io_error(target, error) } else { begun(target, error) })?;
        }
        if !whole {
            self.remove_journal().map_err(|error| begun(&self.home.join(JOURNAL), error))?;
        }
        Ok(())
    }

    /// The file that a path means: its folder is made if need be, links are followed if they stay inside.
    fn target(&self, path: &RootPath) -> Result<PathBuf, WriteError> {
        let full = self.root.join(path.as_str());
        let folder = full.parent().unwrap_or(&self.root).to_owned();
        // Checked before anything is made, on the part that exists, so that no folder is made outside.
        let existing = folder.ancestors().find_map(|folder| folder.canonicalize().ok());
        if !existing.is_some_and(|folder| folder.starts_with(&self.root)) {
            return Err(WriteError::OutsideRoot(path.clone()));
        }
        std::fs::create_dir_all(&folder).map_err(|error| io_error(&folder, error))?;
        let folder = folder.canonicalize().map_err(|error| io_error(&folder, error))?;
        let target = match full.canonicalize() {
            Ok(target) => target,
            Err(_) => folder.join(path.file_name()),
        };
        if target.starts_with(&self.root) { Ok(target) } else { Err(WriteError::OutsideRoot(path.clone())) }
    }

    fn write_journal(&self, targets: &[PathBuf], changes: &[Change]) -> Result<(), WriteError> {
        let mut text = String::new();
        for (target, change) in targets.iter().zip(changes) {
            let path = target.strip_prefix(&self.root).unwrap_or(target);
            let verb = if change.content.is_some() { "write" } else { "remove" };
            let _ = writeln!(text, "{verb} {}", path.display());
        }
        let journal = self.home.join(JOURNAL);
        write_synced(&new_path(&journal), text.as_bytes(), None).map_err(|error| io_error(&journal, error))?;
        std::fs::rename(new_path(&journal), &journal).map_err(|error| io_error(&journal, error))?;
        sync_folder(&journal).map_err(|error| begun(&journal, error))
    }

    fn remove_journal(&self) -> io::Result<()> {
        let journal = self.home.join(JOURNAL);
        std::fs::remove_file(&journal)?;
        sync_folder(&journal)
    }

    /// Finishes an interrupted commit, or removes what one left that never came to the journal.
    fn recover(&self) -> Result<(), WriteError> {
        let journal = self.home.join(JOURNAL);
        match std::fs::read_to_string(&journal) {
            Ok(text) => {
                for (verb, path) in text.lines().filter_map(|line| line.split_once(' ')) {
                    let Ok(path) = RootPath::new(path) else { continue };
                    let target = self.target(&path)?;
                    finish(&target, verb == "write").map_err(|error| begun(&target, error))?;
                }
                self.remove_journal().map_err(|error| begun(&journal, error))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                sweep(&self.home, 16);
                Ok(())
            }
            Err(error) => Err(io_error(&journal, error)),
        }
    }
}

/// Locks the folder. Others that write take milliseconds, an open editor doesn't: so it waits for a second, no longer.
fn lock(folder: File) -> Result<Option<File>, WriteError> {
    for _ in 0..40 {
        match folder.try_lock() {
            Ok(()) => return Ok(Some(folder)),
            Err(TryLockError::WouldBlock) => std::thread::sleep(std::time::Duration::from_millis(25)),
            // Some network file systems have no locks. The comparison before each commit still holds.
            Err(TryLockError::Error(_)) => return Ok(None),
        }
    }
    Err(WriteError::Busy)
}

fn prepare(target: &Path, change: &Change) -> Result<(), WriteError> {
    let Some(content) = &change.content else { return Ok(()) };
    let permissions = std::fs::metadata(target).ok().map(|metadata| metadata.permissions());
    write_synced(&new_path(target), content, permissions).map_err(|error| io_error(target, error))
}

fn write_synced(path: &Path, content: &[u8], permissions: Option<std::fs::Permissions>) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(path)?;
    file.write_all(content)?;
    if let Some(permissions) = permissions {
        file.set_permissions(permissions)?;
    }
    file.sync_all()
}

/// The last step for one file; doing it again is harmless.
fn finish(target: &Path, write: bool) -> io::Result<()> {
    let done = if write { std::fs::rename(new_path(target), target) } else { std::fs::remove_file(target) };
    match done {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        done => done?,
    }
    sync_folder(target)
}

fn sync_folder(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

fn new_path(target: &Path) -> PathBuf {
    let mut name = std::ffi::OsString::from(".");
    name.push(target.file_name().unwrap_or_default());
    name.push(NEW);
    target.with_file_name(name)
}

/// Removes leftovers; they are only ever sealed content. What can't be removed does no harm.
fn sweep(folder: &Path, depth: usize) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let is_new = name.as_encoded_bytes().starts_with(b".") && name.as_encoded_bytes().ends_with(NEW.as_bytes());
        match entry.file_type() {
            Ok(kind) if kind.is_dir() && depth > 0 => sweep(&entry.path(), depth - 1),
            Ok(kind) if kind.is_file() && is_new => {
                let _ = std::fs::remove_file(entry.path());
            }
            _ => {}
        }
    }
}

fn io_error(path: &Path, error: io::Error) -> WriteError {
    WriteError::Io { path: path.display().to_string(), error }
}

fn begun(path: &Path, error: io::Error) -> WriteError {
    WriteError::Begun { path: path.display().to_string(), error }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repository() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join(HOME)).unwrap();
        folder
    }

    fn change(path: &str, content: Option<&str>) -> Change {
        Change { path: RootPath::new(path).unwrap(), content: content.map(|content| content.as_bytes().to_vec()) }
    }

    fn read(root: &Path, path: &str) -> Option<String> {
        std::fs::read_to_string(root.join(path)).ok()
    }

    #[test]
    fn a_commit_writes_all_and_leaves_nothing_else() {
        let folder = repository();
        let writer = Writer::open(folder.path()).unwrap();
        writer.commit(&[change("environments/a", Some("1")), change("environments/new/b", Some("2"))]).unwrap();
        writer.commit(&[change("environments/a", Some("3")), change("environments/new/b", None)]).unwrap();
        assert_eq!(read(folder.path(), "environments/a").as_deref(), Some("3"));
        let names: Vec<_> =
            std::fs::read_dir(folder.path().join(HOME)).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names.len(), 2, "{names:?}");
        writer.commit(&[]).unwrap();
        assert!(writer.expect(&RootPath::new("environments/a").unwrap(), Some(b"3")).is_ok());
        assert!(matches!(writer.expect(&RootPath::new("environments/a").unwrap(), None), Err(WriteError::Changed(_))));
    }

    #[test]
    fn one_writer_at_a_time() {
        let folder = repository();
        let first = Writer::open(folder.path()).unwrap();
        assert!(matches!(Writer::open(folder.path()), Err(WriteError::Busy)));
        drop(first);
        assert!(Writer::open(folder.path()).is_ok());
    }

    #[test]
    fn what_was_interrupted_is_finished_or_forgotten() {
        let folder = repository();
        let path = |name: &str| folder.path().join(HOME).join(name);
        std::fs::write(path("a"), "old").unwrap();
        std::fs::write(path(".a.plimsoll-new"), "new").unwrap();
        drop(Writer::open(folder.path()).unwrap());
        assert_eq!((read(folder.path(), "environments/a").as_deref(), path(".a.plimsoll-new").exists()), (Some("old"), false));
        std::fs::write(path(".a.plimsoll-new"), "new").unwrap();
        std::fs::write(path("gone"), "old").unwrap();
        std::fs::write(path(JOURNAL), "write environments/a\nwrite environments/done\nremove environments/gone\n").unwrap();
        assert!(interrupted(folder.path()));
        drop(Writer::open(folder.path()).unwrap());
        assert_eq!((read(folder.path(), "environments/a").as_deref(), path("gone").exists()), (Some("new"), false));
        assert!(!interrupted(folder.path()));
    }

    #[test]
    fn nothing_is_written_outside() {
        let (folder, outside) = (repository(), tempfile::tempdir().unwrap());
        std::os::unix::fs::symlink(outside.path(), folder.path().join("environments/link")).unwrap();
        let writer = Writer::open(folder.path()).unwrap();
        let error = writer.commit(&[change("environments/link/deep/a", Some("1"))]).unwrap_err();
        assert!(matches!(error, WriteError::OutsideRoot(_)));
        assert_eq!(std::fs::read_dir(outside.path()).unwrap().count(), 0);
    }
}
