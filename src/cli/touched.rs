//! Which environments the difference between a revision and the working tree can touch: those that read a file that differs.

use std::collections::BTreeSet;

use super::Failure;
use super::compile::{Repository, environments, failed};
use crate::diagnostic::Diagnostics;
use crate::pipeline::{self, Compiled, Options};
use crate::source::{Entry, EntryKind, Files, Git, RootPath};

/// One side of an environment.
pub(super) struct Side {
    pub files: Files,
    /// What it compiles to, or what is wrong; `None` where the side has no such environment.
    pub compiled: Option<Result<Compiled, Diagnostics>>,
}

/// An environment that the difference can touch.
pub(super) struct Touched {
    pub name: String,
    /// The files that it reads, on either side, and that differ.
    pub why: Vec<RootPath>,
    pub old: Side,
    pub new: Side,
}

/// What the difference touches, and what it doesn't.
pub(super) struct Difference {
    /// By name.
    pub touched: Vec<Touched>,
    /// Environments that read nothing that differs.
    pub untouched: Vec<String>,
    /// Files that differ and that no environment reads.
    pub unread: Vec<RootPath>,
}

/// Compiles every environment at both sides, to see what it reads.
///
/// # Errors
/// The revision can't be read, or neither side has a readable folder of environments.
pub(super) fn since(repository: &Repository, git: &Git, base: &str, check: bool) -> Result<Difference, Failure> {
    let tree = || git.tree(base).map(Files::new).map_err(Failure::found);
    let (old_door, new_door) = (tree()?, super::Context::open(&repository.root)?);
    let now = environments(&new_door)?;
    // A revision from before the first environment has none.
    let before = environments(&old_door).unwrap_or_default();
    let names: BTreeSet<&String> = before.iter().chain(&now).collect();
    let (old_commit, new_commit) = (git.commit(base).ok(), git.head().ok());
    let mut difference = Difference { touched: Vec::new(), untouched: Vec::new(), unread: Vec::new() };
    let mut read = BTreeSet::new();
    for name in names {
        let side = |files: Files, is_there: bool, commit: &Option<String>| {
            let options = Options { check, commit: commit.clone() };
            let compiled = is_there.then(|| pipeline::compile(&files, name, &options));
            Side { files, compiled }
        };
        let old = side(tree()?, before.contains(name), &old_commit);
        let new = side(super::Context::open(&repository.root)?, now.contains(name), &new_commit);
        let reads: BTreeSet<RootPath> = old.files.reads().union(&new.files.reads()).cloned().collect();
        let why: BTreeSet<RootPath> = reads.iter().flat_map(|path| differing(&old_door, &new_door, path)).collect();
        read.extend(reads);
        // A folder that is new says nothing beside the file in it.
        let why: Vec<RootPath> =
            why.iter().filter(|path| !why.iter().any(|other| other != *path && other.is_under(path))).cloned().collect();
        if why.is_empty() {
            difference.untouched.push(name.clone());
        } else {
            difference.touched.push(Touched { name: name.clone(), why, old, new });
        }
    }
    let changed = git.changed_files(base, None).map_err(|found| failed(&new_door, found))?;
    difference.unread = changed.into_iter().filter(|path| !read.contains(path)).collect();
    Ok(difference)
}

/// What differs at a path that was read: itself, or of a folder that was listed the entries that came or went.
fn differing(old: &Files, new: &Files, path: &RootPath) -> Vec<RootPath> {
    match (old.bytes(path, None), new.bytes(path, None)) {
        (Ok(old), Ok(new)) if old == new => Vec::new(),
        (Err(_), Err(_)) => {
            let entries = |files: &Files| files.list(path, None).unwrap_or_default();
            let (old, new) = (entries(old), entries(new));
            let gone = old.iter().filter(|entry| !new.contains(entry));
            let changed = gone.chain(new.iter().filter(|entry| !old.contains(entry)));
            changed.filter(|entry| matters(path, entry)).filter_map(|entry| path.join(&entry.name).ok()).collect()
        }
        _ => vec![path.clone()],
    }
}

/// Whether an entry of a listed folder means something by being there. Under `templates/` manifests and shared templates do.
/// In `environments/` nothing does: what is used there is asked for by its own path. Elsewhere a glob may take any name.
fn matters(folder: &RootPath, entry: &Entry) -> bool {
    let name = entry.name.as_str();
    let is_under =
        |top: &str| folder.as_str() == top || folder.as_str().strip_prefix(top).is_some_and(|rest| rest.starts_with('/'));
    if is_under("templates") {
        let extension = std::path::Path::new(name).extension().and_then(std::ffi::OsStr::to_str);
        let is_template = matches!(extension, Some("yaml" | "yml")) || (name.starts_with('_') && extension == Some("tera"));
        return entry.kind == EntryKind::Folder || is_template;
    }
    folder.as_str() != "environments"
}
