//! The door for writing: a file is written whole or not at all, and so is a folder.
#![expect(clippy::disallowed_methods, reason = "this is the door to the disk")]

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::{NamedTempFile, TempDir};

use super::path::RootPath;

/// Who may read a file that is made anew. One that exists keeps its mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// 0644, as the umask allows.
    Public,
    /// 0600.
    Private,
}

/// A file to be written.
#[derive(Debug)]
pub struct NewFile<'a> {
    /// Where. A link is followed: its target is replaced.
    pub path: PathBuf,
    /// What.
    pub bytes: &'a [u8],
    /// Who may read it.
    pub mode: Mode,
    /// Whether it is an error that the file is there already.
    pub must_be_new: bool,
}

/// Writes one file: staged beside its place, synced, then renamed there. Missing folders are made.
pub fn write_file(file: &NewFile<'_>) -> io::Result<()> {
    write_files(std::slice::from_ref(file))
}

/// Adds to the end of a file, which is made if it isn't there: for files that several programs add to.
pub fn append(path: &Path, bytes: &[u8]) -> io::Result<()> {
    fs::OpenOptions::new().append(true).create(true).open(path)?.write_all(bytes)
}

/// Writes several files or none: all are staged before the first takes its place, and if one can't, those that did are put
/// back. A crash between two renames can leave some of them new.
pub fn write_files(files: &[NewFile<'_>]) -> io::Result<()> {
    let staged = files.iter().map(stage).collect::<io::Result<Vec<_>>>()?;
    let mut done: Vec<(PathBuf, Option<Vec<u8>>)> = Vec::new();
    for (staged, target, must_be_new) in staged {
        let before = match fs::read(&target) {
            Ok(bytes) => Some(bytes),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(undo(done, error)),
        };
        let placed = if must_be_new { staged.persist_noclobber(&target) } else { staged.persist(&target) };
        if let Err(error) = placed {
            return Err(undo(done, error.error));
        }
        done.push((target, before));
    }
    Ok(())
}

fn stage(file: &NewFile<'_>) -> io::Result<(NamedTempFile, PathBuf, bool)> {
    let target = fs::canonicalize(&file.path).unwrap_or_else(|_| file.path.clone());
    let folder = target.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut staged = NamedTempFile::new_in(folder)?;
    staged.write_all(file.bytes)?;
    let mode = match (fs::metadata(&target), file.mode) {
        (Ok(there), _) => there.permissions(),
        (Err(_), Mode::Public) => Permissions::from_mode(0o644),
        (Err(_), Mode::Private) => Permissions::from_mode(0o600),
    };
    staged.as_file().set_permissions(mode)?;
    staged.as_file().sync_all()?;
    Ok((staged, target, file.must_be_new))
}

/// Puts back what stood there; the first error is the one that counts.
fn undo(done: Vec<(PathBuf, Option<Vec<u8>>)>, error: io::Error) -> io::Error {
    for (path, before) in done.into_iter().rev() {
        let _ = match before {
            Some(bytes) => {
                let file = NewFile { path: path.clone(), bytes: &bytes, mode: Mode::Public, must_be_new: false };
                stage(&file).and_then(|(staged, target, _)| staged.persist(target).map(|_| ()).map_err(|error| error.error))
            }
            None => fs::remove_file(&path),
        };
    }
    error
}

/// The list of files that marks a folder as written by plimsoll.
pub const MARKER: &str = ".plimsoll-rendered";

/// Why a folder isn't replaced.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// It is neither empty nor marked.
    #[error("`{0}` isn't empty, and plimsoll didn't write it")]
    NotOurs(PathBuf),
    /// It is marked, but holds a file that the marker doesn't list.
    #[error("`{0}` holds `{1}`, which plimsoll didn't write")]
    Foreign(PathBuf, String),
    /// The system's word.
    #[error("can't write `{0}`: {1}")]
    Io(PathBuf, io::Error),
}

/// Makes `folder` hold exactly `files` and the marker. It must not be there yet, or be empty, or be what an earlier call
/// wrote. The new folder is built beside it and takes its place at once; where the system refuses that (the folder is a mount
/// point), file by file.
pub fn write_folder(folder: &Path, files: &BTreeMap<RootPath, Vec<u8>>) -> Result<(), FolderError> {
    let io = |error| FolderError::Io(folder.to_owned(), error);
    let target = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
    let old = ours(&target)?;
    let mut files = files.clone();
    let mut list = "# Written by `plimsoll render`; these files are replaced as a whole.\n".to_owned();
    for path in files.keys() {
        list.push_str(path.as_str());
        list.push('\n');
    }
    files.insert(RootPath::new(MARKER).unwrap_or_default(), list.into_bytes());
    let parent = target.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(parent).map_err(io)?;
    match swap(parent, &target, old.is_some(), &files) {
        Ok(()) => Ok(()),
        Err(_) if old.is_some() => in_place(&target, &files, &old.unwrap_or_default()).map_err(io),
        Err(error) => Err(io(error)),
    }
}

/// The files that the folder holds, if it is ours or empty; `None` if it isn't there.
fn ours(folder: &Path) -> Result<Option<Vec<RootPath>>, FolderError> {
    let io = |error| FolderError::Io(folder.to_owned(), error);
    let mut found = Vec::new();
    match walk(folder, &RootPath::root(), &mut found) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io(error)),
    }
    if found.is_empty() {
        return Ok(Some(found));
    }
    let marker = match fs::read_to_string(folder.join(MARKER)) {
        Ok(marker) => marker,
        Err(error) if error.kind() == ErrorKind::NotFound => return Err(FolderError::NotOurs(folder.to_owned())),
        Err(error) => return Err(io(error)),
    };
    let listed: Vec<&str> = marker.lines().chain([MARKER]).collect();
    match found.iter().find(|path| !listed.contains(&path.as_str())) {
        Some(foreign) => Err(FolderError::Foreign(folder.to_owned(), foreign.to_string())),
        None => Ok(Some(found)),
    }
}

fn walk(folder: &Path, at: &RootPath, found: &mut Vec<RootPath>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let path = at.join(&name.to_string_lossy()).map_err(|error| io::Error::other(error.to_string()))?;
        // A link is a thing of its own here: it isn't followed.
        if entry.file_type()?.is_dir() {
            walk(&entry.path(), &path, found)?;
        } else {
            found.push(path);
        }
    }
    Ok(())
}

fn swap(parent: &Path, target: &Path, is_there: bool, files: &BTreeMap<RootPath, Vec<u8>>) -> io::Result<()> {
    let staging = TempDir::with_prefix_in(".plimsoll-", parent)?;
    let (new, old) = (staging.path().join("new"), staging.path().join("old"));
    fs::create_dir(&new)?;
    write_below(&new, files)?;
    if is_there {
        fs::rename(target, &old)?;
    }
    fs::rename(&new, target).inspect_err(|_| {
        if is_there && fs::rename(&old, target).is_err() {
            // What was there is not deleted with the staging folder.
            let _ = staging.keep();
        }
    })
}

fn write_below(folder: &Path, files: &BTreeMap<RootPath, Vec<u8>>) -> io::Result<()> {
    for (path, bytes) in files {
        let path = folder.join(path.as_str());
        fs::create_dir_all(path.parent().unwrap_or(folder))?;
        fs::write(path, bytes)?;
    }
    Ok(())
}

fn in_place(folder: &Path, files: &BTreeMap<RootPath, Vec<u8>>, old: &[RootPath]) -> io::Result<()> {
    for (path, bytes) in files {
        write_file(&NewFile { path: folder.join(path.as_str()), bytes, mode: Mode::Public, must_be_new: false })?;
    }
    for stale in old.iter().filter(|path| !files.contains_key(*path)) {
        fs::remove_file(folder.join(stale.as_str()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(names: &[&str]) -> BTreeMap<RootPath, Vec<u8>> {
        names.iter().map(|name| (RootPath::new(name).unwrap(), name.as_bytes().to_vec())).collect()
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut found = Vec::new();
        walk(folder, &RootPath::root(), &mut found).unwrap();
        let mut names: Vec<String> = found.iter().map(ToString::to_string).filter(|name| name != MARKER).collect();
        names.sort();
        names
    }

    #[test]
    fn a_folder_is_replaced_only_if_it_is_empty_or_ours() {
        let temp = tempfile::tempdir().unwrap();
        let out = temp.path().join("a/out");
        write_folder(&out, &files(&["one.yaml", "two.yaml"])).unwrap();
        write_folder(&out, &files(&["two.yaml", "three.yaml"])).unwrap();
        assert_eq!(names(&out), ["three.yaml", "two.yaml"]);
        // nothing is left beside it
        assert_eq!(fs::read_dir(temp.path().join("a")).unwrap().count(), 1);
        fs::write(out.join("notes.txt"), "mine").unwrap();
        assert!(matches!(write_folder(&out, &files(&["x"])), Err(FolderError::Foreign(_, name)) if name == "notes.txt"));
        assert_eq!(names(&out), ["notes.txt", "three.yaml", "two.yaml"]);
        let mine = temp.path().join("mine");
        fs::create_dir(&mine).unwrap();
        write_folder(&mine, &files(&["x"])).unwrap();
        fs::remove_file(mine.join(MARKER)).unwrap();
        assert!(matches!(write_folder(&mine, &files(&["x"])), Err(FolderError::NotOurs(_))));
    }

    #[test]
    fn a_folder_that_cannot_be_moved_is_written_file_by_file() {
        let temp = tempfile::tempdir().unwrap();
        write_below(temp.path(), &files(&["old.yaml", "both.yaml"])).unwrap();
        in_place(
            temp.path(),
            &files(&["both.yaml", "new.yaml"]),
            &files(&["old.yaml", "both.yaml"]).into_keys().collect::<Vec<_>>(),
        )
        .unwrap();
        assert_eq!(names(temp.path()), ["both.yaml", "new.yaml"]);
    }

    #[test]
    fn files_are_written_all_or_none() {
        let temp = tempfile::tempdir().unwrap();
        let (first, second) = (temp.path().join("first"), temp.path().join("second"));
        let file = |path: &Path, bytes, must_be_new| NewFile { path: path.to_owned(), bytes, mode: Mode::Private, must_be_new };
        write_file(&file(&first, b"old", true)).unwrap();
        assert_eq!(fs::metadata(&first).unwrap().permissions().mode() & 0o777, 0o600);
        fs::write(&second, "there").unwrap();
        assert!(write_files(&[file(&first, b"new", false), file(&second, b"new", true)]).is_err());
        assert_eq!((fs::read(&first).unwrap(), fs::read(&second).unwrap()), (b"old".to_vec(), b"there".to_vec()));
        write_files(&[file(&first, b"new", false), file(&second, b"new", false)]).unwrap();
        assert_eq!((fs::read(&first).unwrap(), fs::read(&second).unwrap()), (b"new".to_vec(), b"new".to_vec()));
        assert_eq!(names(temp.path()), ["first", "second"]);
    }
}
