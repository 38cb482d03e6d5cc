//! The file door.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use super::map::{SourceKind, SourceMap};
use super::path::RootPath;
use super::span::{FileId, Span};
use crate::diagnostic::{Diagnostic, Rule, rule};

rule!(FILE_NOT_FOUND, "file-not-found", Error, "a file that is named doesn't exist");
rule!(FILE_OUTSIDE_ROOT, "file-outside-root", Error, "a path leads out of the repository, by `..` or by a link");
rule!(FILE_UNREADABLE, "file-unreadable", Error, "a file can't be read, is not a file, or isn't UTF-8 where text is needed");

/// The rules of this module.
pub static RULES: &[&Rule] = &[&FILE_NOT_FOUND, &FILE_OUTSIDE_ROOT, &FILE_UNREADABLE];

/// What stands under a name in a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// A file, or a link to one inside the root.
    File,
    /// A folder, or a link to one inside the root.
    Folder,
    /// Anything else: a link out of the root, a socket, a submodule.
    Other,
}

/// One name in a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The last part of its path.
    pub name: String,
    /// What it is.
    pub kind: EntryKind,
}

/// Why a tree didn't give a file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TreeError {
    /// Nothing has that path.
    #[error("it doesn't exist")]
    NotFound,
    /// It is a folder where a file is needed, or the other way round.
    #[error("{0}")]
    WrongKind(&'static str),
    /// A link on the way leads out of the root.
    #[error("a link leads out of the repository's root")]
    OutsideRoot,
    /// The system's word.
    #[error("{0}")]
    Io(String),
}

/// Where the repository's files come from.
pub trait Tree: Send + Sync + std::fmt::Debug {
    /// The bytes of a file.
    fn read(&self, path: &RootPath) -> Result<Vec<u8>, TreeError>;
    /// The names in a folder, sorted by name.
    fn list(&self, folder: &RootPath) -> Result<Vec<Entry>, TreeError>;
}

/// The one door through which repository files are read. Reads of one path are answered from the first read, so a
/// run sees each file in one state. A clone is another handle of the same door.
#[derive(Debug, Clone)]
pub struct Files(Arc<Door>);

#[derive(Debug)]
struct Door {
    tree: Box<dyn Tree>,
    map: Arc<SourceMap>,
    texts: Mutex<BTreeMap<RootPath, FileId>>,
    bytes: Mutex<BTreeMap<RootPath, Arc<[u8]>>>,
    reads: Mutex<BTreeSet<RootPath>>,
}

impl Files {
    /// Opens the door on a tree.
    pub fn new(tree: impl Tree + 'static) -> Self {
        Self(Arc::new(Door {
            tree: Box::new(tree),
            map: Arc::default(),
            texts: Mutex::default(),
            bytes: Mutex::default(),
            reads: Mutex::default(),
        }))
    }

    /// The texts that spans point into.
    pub fn map(&self) -> &SourceMap {
        &self.0.map
    }

    /// The same, to outlive the door: a report may be written after it is closed.
    pub fn sources(&self) -> Arc<SourceMap> {
        self.0.map.clone()
    }

    /// Every path that was asked for, found or not (a file that appears later changes the result too). Folders that were
    /// listed end in `/`-less paths like files.
    pub fn reads(&self) -> BTreeSet<RootPath> {
        self.0.reads.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Every file that was read, with its bytes, by path.
    pub fn contents(&self) -> Vec<(RootPath, Arc<[u8]>)> {
        let bytes = self.0.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        bytes.iter().map(|(path, bytes)| (path.clone(), bytes.clone())).collect()
    }

    /// The bytes of `path`; `asked` is the place that names it, for the error.
    pub fn bytes(&self, path: &RootPath, asked: Option<Span>) -> Result<Arc<[u8]>, Diagnostic> {
        self.0.reads.lock().unwrap_or_else(PoisonError::into_inner).insert(path.clone());
        if let Some(bytes) = self.0.bytes.lock().unwrap_or_else(PoisonError::into_inner).get(path) {
            return Ok(bytes.clone());
        }
        let bytes: Arc<[u8]> = self.0.tree.read(path).map_err(|error| self.refuse(path, asked, &error))?.into();
        self.0.bytes.lock().unwrap_or_else(PoisonError::into_inner).insert(path.clone(), bytes.clone());
        Ok(bytes)
    }

    /// The text of `path`, as a source that spans can point into. A file that isn't UTF-8 is an error, a byte order mark is
    /// left out.
    pub fn text(&self, path: &RootPath, asked: Option<Span>) -> Result<FileId, Diagnostic> {
        if let Some(file) = self.0.texts.lock().unwrap_or_else(PoisonError::into_inner).get(path) {
            self.0.reads.lock().unwrap_or_else(PoisonError::into_inner).insert(path.clone());
            return Ok(*file);
        }
        let bytes = self.bytes(path, asked)?;
        let text = std::str::from_utf8(&bytes).map_err(|error| {
            Diagnostic::new(&FILE_UNREADABLE, format!("`{path}` isn't UTF-8: byte {} is invalid", error.valid_up_to()))
                .at_opt(asked, "named here")
                .hint("save the file as UTF-8; binary content belongs into `files` of a configmap or secret, which take it as it is")
        })?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let file = self.0.map.add(path.as_str(), text, SourceKind::File(path.clone()));
        let mut texts = self.0.texts.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(*texts.entry(path.clone()).or_insert(file))
    }

    /// The names in a folder, sorted.
    pub fn list(&self, folder: &RootPath, asked: Option<Span>) -> Result<Vec<Entry>, Diagnostic> {
        self.0.reads.lock().unwrap_or_else(PoisonError::into_inner).insert(folder.clone());
        self.0.tree.list(folder).map_err(|error| self.refuse(folder, asked, &error))
    }

    /// Whether a file stands at `path`. Counts as a read: its coming or going changes the result.
    pub fn has_file(&self, path: &RootPath) -> bool {
        self.bytes(path, None).is_ok()
    }

    /// The path that `written` means in the file that `at` lies in: relative to that file's folder.
    pub fn resolve(&self, written: &str, at: Span) -> Result<RootPath, Diagnostic> {
        let folder = match &self.0.map.get(at.file).kind {
            SourceKind::File(path) => path.parent(),
            SourceKind::Rendered { .. } | SourceKind::Other => RootPath::root(),
        };
        folder.join(written).map_err(|error| {
            Diagnostic::new(&FILE_OUTSIDE_ROOT, error.to_string())
                .at(at, "this path")
                .hint("nothing is read from outside the folder that holds `environments/`; copy the file into the repository")
        })
    }

    fn refuse(&self, path: &RootPath, asked: Option<Span>, error: &TreeError) -> Diagnostic {
        let rule = match error {
            TreeError::NotFound => &FILE_NOT_FOUND,
            TreeError::OutsideRoot => &FILE_OUTSIDE_ROOT,
            TreeError::WrongKind(_) | TreeError::Io(_) => &FILE_UNREADABLE,
        };
        let mut diagnostic = Diagnostic::new(rule, format!("can't read `{path}`: {error}")).at_opt(asked, "named here");
        if *error == TreeError::NotFound
            && let Ok(entries) = self.0.tree.list(&path.parent())
            && let Some(near) = crate::diagnostic::nearest(path.file_name(), entries.iter().map(|entry| entry.name.as_str()))
        {
            diagnostic = diagnostic.hint(format!("`{}` has `{near}`", path.parent()));
        }
        diagnostic
    }
}
