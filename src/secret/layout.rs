//! Where sealed things lie.
//!
//! - A sealed file `X.age` has its index in `X.index.toml`.
//! - A sealed folder `F/` has `plimsoll.age` (K and the recipients) and a file a key: `F/registry/password.age` is the key path
//!   `registry.password`. Each has an index of its own beside it.
//! - Dots in a member's file name stay: `F/inference-tls/tls.key.age` is `inference-tls.tls.key`. A whole file and a short value are
//!   the same thing.

use crate::diagnostic::Diagnostic;
use crate::source::{EntryKind, Files, RootPath, Span};

/// The member of a sealed folder that holds K and the recipients.
pub(crate) const FOLDER_FILE: &str = "plimsoll.age";

/// How deep folders may lie in a sealed folder.
const MAX_DEPTH: usize = 16;

/// Whether a path in `[sealed]` names a file; else it is a folder.
pub(crate) fn is_file(path: &RootPath) -> bool {
    path.as_str().strip_suffix(".age").is_some()
}

/// The index beside a sealed file.
pub(crate) fn index_of(sealed: &RootPath) -> RootPath {
    let stem = sealed.file_name().strip_suffix(".age").unwrap_or(sealed.file_name());
    beside(sealed, &format!("{stem}.index.toml"))
}

/// The file of a folder that holds K and the recipients.
pub(crate) fn folder_file(folder: &RootPath) -> RootPath {
    within(folder, FOLDER_FILE)
}

/// Whether `file` is the one of `folder` that holds K.
pub(crate) fn is_folder_file(folder: &RootPath, file: &RootPath) -> bool {
    *file == folder_file(folder)
}

/// The key path of a member of a folder.
pub fn key_path(folder: &RootPath, member: &RootPath) -> String {
    let rest = member.as_str().strip_prefix(folder.as_str()).unwrap_or(member.as_str()).trim_start_matches('/');
    rest.strip_suffix(".age").unwrap_or(rest).replace('/', ".")
}

/// The sealed folder that `path` is a member of, or will be: the nearest one above it that has a `plimsoll.age`.
pub fn container(files: &Files, path: &RootPath) -> Option<RootPath> {
    if !is_file(path) {
        return None;
    }
    let mut folder = path.parent();
    while folder != RootPath::root() {
        if files.has_file(&folder_file(&folder)) {
            return (*path != folder_file(&folder)).then_some(folder);
        }
        folder = folder.parent();
    }
    None
}

/// The file that a new key gets in a folder: each dot of the key path is a folder.
pub(crate) fn member_for(folder: &RootPath, key_path: &str) -> RootPath {
    within(folder, &format!("{}.age", key_path.replace('.', "/")))
}

/// All members of a folder, in the order of their key paths' files; `plimsoll.age` is none.
pub(crate) fn members(files: &Files, folder: &RootPath, asked: Option<Span>) -> Result<Vec<RootPath>, Diagnostic> {
    let mut found = Vec::new();
    collect(files, folder, asked, MAX_DEPTH, &mut found)?;
    let own = folder_file(folder);
    found.retain(|path| *path != own);
    Ok(found)
}

fn collect(
    files: &Files,
    folder: &RootPath,
    asked: Option<Span>,
    depth: usize,
    found: &mut Vec<RootPath>,
) -> Result<(), Diagnostic> {
    for entry in files.list(folder, asked)? {
        let path = within(folder, &entry.name);
        match entry.kind {
            EntryKind::File if is_file(&path) => found.push(path),
            EntryKind::Folder if depth > 0 => collect(files, &path, asked, depth - 1, found)?,
            EntryKind::File | EntryKind::Folder | EntryKind::Other => {}
        }
    }
    Ok(())
}

fn beside(path: &RootPath, name: &str) -> RootPath {
    within(&path.parent(), name)
}

/// A name inside a folder. Names come from listings or are checked key paths, so they can't lead out of the root; one that
/// would stays at the folder.
fn within(folder: &RootPath, name: &str) -> RootPath {
    folder.join(name).unwrap_or_else(|_| folder.clone())
}

/// What is wrong with a key path, if anything: it names a place in a table and, in a folder, a file.
pub(crate) fn bad_key_path(path: &str) -> Option<&'static str> {
    let segments: Vec<&str> = path.split('.').collect();
    if path.is_empty() || segments.iter().any(|segment| segment.is_empty()) {
        Some("a part between its dots is empty")
    } else if path.chars().any(|c| c.is_control() || matches!(c, '/' | '\\')) {
        Some("it has a slash or a control character")
    } else if segments.first() == Some(&"plimsoll") {
        Some("`plimsoll` is reserved")
    } else if path.len() > 200 {
        Some("it is longer than 200 bytes")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        let path = |text| RootPath::new(text).unwrap();
        assert_eq!(index_of(&path("environments/prod.secrets.age")), path("environments/prod.secrets.index.toml"));
        let folder = path("environments/prod.secrets");
        assert_eq!(key_path(&folder, &path("environments/prod.secrets/registry/password.age")), "registry.password");
        assert_eq!(key_path(&folder, &path("environments/prod.secrets/tls/tls.key.age")), "tls.tls.key");
        assert_eq!(member_for(&folder, "registry.password"), path("environments/prod.secrets/registry/password.age"));
        for bad in ["", "a..b", ".a", "a/b", "plimsoll.key", "a\n"] {
            assert!(bad_key_path(bad).is_some(), "{bad:?}");
        }
        assert_eq!(bad_key_path("inference-tls.tls.key"), None);
    }
}
