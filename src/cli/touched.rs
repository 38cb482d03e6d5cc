//! Which environments the difference between a revision and the working tree can touch: those that read a file that differs.

use std::collections::BTreeSet;

use super::Failure;
use super::compile::{Repository, environments, failed};
use crate::diagnostic::Diagnostics;
use crate::pipeline::{self, Compiled, Options};
use crate::source::{Files, Git, RootPath};

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
        let why: Vec<RootPath> = reads.iter().filter(|path| differs(&old_door, &new_door, path)).cloned().collect();
        read.extend(reads);
        // A folder whose list differs says nothing beside the file that makes it differ.
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

/// Whether a path holds something else: another content, another list of names, something or nothing.
fn differs(old: &Files, new: &Files, path: &RootPath) -> bool {
    match (old.bytes(path, None), new.bytes(path, None)) {
        (Ok(old), Ok(new)) => old != new,
        (Err(_), Err(_)) => old.list(path, None).ok() != new.list(path, None).ok(),
        _ => true,
    }
}
