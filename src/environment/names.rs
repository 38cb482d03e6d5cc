//! The environments of a repository, by name.

use super::inherit;
use crate::diagnostic::Diagnostics;
use crate::source::{EntryKind, Files, RootPath};

/// The folder that holds them.
pub const FOLDER: &str = "environments";

/// An environment of the repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its name: the file's, without `.toml`.
    pub name: String,
    /// Its file.
    pub path: RootPath,
    /// Whether it is only there for others to extend.
    pub is_abstract: bool,
}

/// All environments of the repository, by name. What is wrong inside a file is left for [`load`](super::load) to say.
///
/// # Errors
/// The folder can't be read.
pub fn list(files: &Files) -> Result<Vec<Listed>, Diagnostics> {
    let listed = names(files)?.into_iter().filter_map(|name| {
        let path = path(&name)?;
        let layer = inherit::layer(files, &name, None, &mut Diagnostics::new());
        Some(Listed { name, path, is_abstract: layer.is_some_and(|layer| layer.abstract_at.is_some()) })
    });
    Ok(listed.collect())
}

/// The names alone, sorted. The index of a sealed file (`NAME.index.toml`) is none.
pub(super) fn names(files: &Files) -> Result<Vec<String>, Diagnostics> {
    let folder = RootPath::new(FOLDER).unwrap_or_default();
    let entries = files.list(&folder, None)?;
    let names = entries.into_iter().filter(|entry| entry.kind == EntryKind::File).filter_map(|entry| {
        let name = entry.name.strip_suffix(".toml")?;
        let is_index = name.rsplit_once('.').is_some_and(|(_, last)| last == "index");
        (!name.is_empty() && !name.starts_with('.') && !is_index).then(|| name.to_owned())
    });
    let mut names: Vec<String> = names.collect();
    names.sort();
    Ok(names)
}

/// The file of an environment; `None` if no file can have that name.
pub(super) fn path(name: &str) -> Option<RootPath> {
    let fits = !name.contains('/');
    fits.then(|| RootPath::new(&format!("{FOLDER}/{name}.toml")).ok()).flatten()
}
