//! A git revision as a tree.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use git2::{ObjectType, Oid, Repository};

use super::files::{Entry, EntryKind, Tree, TreeError};
use super::path::RootPath;

/// The mode of a symbolic link in a git tree.
const LINK: i32 = 0o120_000;
/// As many links on one way as Linux follows.
const MOST_LINKS: usize = 40;

/// The root as one revision has it. Links may lead anywhere inside it, never out of it; submodules are not entered.
pub struct GitTree {
    repository: Arc<Mutex<Repository>>,
    /// The root's own tree; none if the revision doesn't have the folder.
    folder: Option<Oid>,
}

impl std::fmt::Debug for GitTree {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GitTree").field("folder", &self.folder).finish_non_exhaustive()
    }
}

/// What stands at the end of a path.
enum Found {
    File(Oid),
    Folder(Oid),
}

impl GitTree {
    pub(super) fn new(repository: Arc<Mutex<Repository>>, folder: Option<Oid>) -> Self {
        Self { repository, folder }
    }
}

impl Tree for GitTree {
    fn read(&self, path: &RootPath) -> Result<Vec<u8>, TreeError> {
        let repository = self.repository.lock().unwrap_or_else(PoisonError::into_inner);
        let root = self.folder.ok_or(TreeError::NotFound)?;
        match walk(&repository, &[root], path.as_str())? {
            Found::File(blob) => read_blob(&repository, blob),
            Found::Folder(_) => Err(TreeError::WrongKind("it is a folder")),
        }
    }

    fn list(&self, folder: &RootPath) -> Result<Vec<Entry>, TreeError> {
        let repository = self.repository.lock().unwrap_or_else(PoisonError::into_inner);
        let root = self.folder.ok_or(TreeError::NotFound)?;
        let Found::Folder(found) = walk(&repository, &[root], folder.as_str())? else {
            return Err(TreeError::WrongKind("it isn't a folder"));
        };
        let tree = repository.find_tree(found).map_err(|error| from_git(&error))?;
        let mut entries = Vec::with_capacity(tree.len());
        for entry in &tree {
            let name = entry
                .name()
                .map_err(|_| TreeError::Io(format!("the name {} isn't UTF-8", String::from_utf8_lossy(entry.name_bytes()))))?;
            let kind = match (entry.kind(), entry.filemode()) {
                // A link is what it leads to, through other links too.
                (Some(ObjectType::Blob), LINK) => {
                    let path = format!("{}/{name}", folder.as_str());
                    match walk(&repository, &[root], &path) {
                        Ok(Found::File(_)) => EntryKind::File,
                        Ok(Found::Folder(_)) => EntryKind::Folder,
                        Err(_) => EntryKind::Other,
                    }
                }
                (Some(ObjectType::Blob), _) => EntryKind::File,
                (Some(ObjectType::Tree), _) => EntryKind::Folder,
                _ => EntryKind::Other,
            };
            entries.push(Entry { name: name.to_owned(), kind });
        }
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }
}

/// Follows `path` from the last folder of `from`, which lists the folders on the way down from the root.
fn walk(repository: &Repository, from: &[Oid], path: &str) -> Result<Found, TreeError> {
    let mut folders = from.to_vec();
    let mut ahead: VecDeque<String> = path.split('/').map(str::to_owned).collect();
    let mut links = 0;
    while let Some(part) = ahead.pop_front() {
        match part.as_str() {
            "" | "." => continue,
            ".." => {
                folders.pop();
                if folders.is_empty() {
                    return Err(TreeError::OutsideRoot);
                }
                continue;
            }
            _ => {}
        }
        let here = folders.last().copied().ok_or(TreeError::OutsideRoot)?;
        let tree = repository.find_tree(here).map_err(|error| from_git(&error))?;
        let entry = tree.get_name(&part).ok_or(TreeError::NotFound)?;
        match (entry.kind(), entry.filemode()) {
            (Some(ObjectType::Tree), _) => folders.push(entry.id()),
            (Some(ObjectType::Blob), LINK) => {
                links += 1;
                if links > MOST_LINKS {
                    return Err(TreeError::Io("too many links on the way".to_owned()));
                }
                let target = String::from_utf8(read_blob(repository, entry.id())?)
                    .map_err(|_| TreeError::Io("a link's target isn't UTF-8".to_owned()))?;
                if target.starts_with('/') {
                    return Err(TreeError::OutsideRoot);
                }
                for part in target.split('/').rev() {
                    ahead.push_front(part.to_owned());
                }
            }
            (Some(ObjectType::Blob), _) if ahead.iter().any(|part| !part.is_empty() && part != ".") => {
                return Err(TreeError::WrongKind("a part of the path is a file"));
            }
            (Some(ObjectType::Blob), _) => return Ok(Found::File(entry.id())),
            _ => return Err(TreeError::WrongKind("it lies in a git submodule")),
        }
    }
    folders.last().copied().map(Found::Folder).ok_or(TreeError::OutsideRoot)
}

fn read_blob(repository: &Repository, blob: Oid) -> Result<Vec<u8>, TreeError> {
    repository.find_blob(blob).map(|blob| blob.content().to_vec()).map_err(|error| from_git(&error))
}

fn from_git(error: &git2::Error) -> TreeError {
    if error.code() == git2::ErrorCode::NotFound {
        return TreeError::Io("git doesn't have its content here (a partial clone?)".to_owned());
    }
    TreeError::Io(error.message().to_owned())
}

#[cfg(test)]
mod tests;
