//! The other side of an offline diff: a git revision, another environment, a rendered folder.

use std::path::Path;

use super::compile::{Repository, compile, failed};
use super::{Context, Failure};
use crate::change::Matching;
use crate::object::{MadeBy, Object, parse};
use crate::secret::Tokens;
use crate::source::{EntryKind, Files, Git, RootPath, SourceKind};

/// One side's objects, and what the comparison needs to know of it.
pub(super) struct Side {
    pub objects: Vec<Object>,
    pub matching: Matching,
    /// Whether it was read from rendered files, where a secret is a mask with a short fingerprint.
    pub rendered: bool,
}

/// What `--against` names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Against {
    Git(String),
    Environment(String),
    Folder(String),
}

impl std::str::FromStr for Against {
    type Err = String;

    fn from_str(written: &str) -> Result<Self, String> {
        match written.split_once(':').filter(|(_, rest)| !rest.is_empty()) {
            Some(("git", revision)) => Ok(Self::Git(revision.to_owned())),
            Some(("env", name)) => Ok(Self::Environment(name.to_owned())),
            Some(("dir", path)) => Ok(Self::Folder(path.to_owned())),
            _ => Err("write `git:REVISION`, `env:NAME` or `dir:PATH`".to_owned()),
        }
    }
}

impl std::fmt::Display for Against {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Git(revision) => write!(f, "git:{revision}"),
            Self::Environment(name) => write!(f, "env:{name}"),
            Self::Folder(path) => write!(f, "dir:{path}"),
        }
    }
}

impl Against {
    /// Compiles or reads the other side of `environment`.
    pub(super) fn read(&self, environment: &str, repository: &Repository, context: &mut Context) -> Result<Side, Failure> {
        match self {
            Self::Git(revision) => {
                let git = Git::open(&repository.root).map_err(Failure::found)?;
                let files = Files::new(git.tree(revision).map_err(Failure::found)?);
                at_revision(&git, revision, &files, environment, context)
            }
            Self::Environment(name) => {
                let compiled = repository.compile(name, false).inspect_err(|_| other_side(self, context))?;
                Ok(Side { objects: compiled.bundle.objects, matching: Matching::Source, rendered: false })
            }
            Self::Folder(path) => {
                let objects = read_rendered(&context.system.absolute(path.as_ref()), path)?;
                Ok(Side { objects, matching: Matching::Identity, rendered: true })
            }
        }
    }
}

fn at_revision(git: &Git, revision: &str, files: &Files, environment: &str, context: &mut Context) -> Result<Side, Failure> {
    let matching = Matching::Identity;
    if !exists(files, environment) {
        context.say(&format!("{revision} has no environment `{environment}`: everything is new"));
        return Ok(Side { objects: Vec::new(), matching, rendered: false });
    }
    let compiled = compile(files, environment, false, git.commit(revision).ok())
        .inspect_err(|_| other_side(&Against::Git(revision.to_owned()), context))?;
    Ok(Side { objects: compiled.bundle.objects, matching, rendered: false })
}

/// Whether a tree has the environment's file.
pub(super) fn exists(files: &Files, environment: &str) -> bool {
    RootPath::new(&format!("environments/{environment}.toml")).is_ok_and(|path| files.has_file(&path))
}

fn other_side(against: &Against, context: &mut Context) {
    context.say(&format!("the side that is compared with, `{against}`, doesn't compile:"));
}

/// The objects of a folder's YAML and JSON files, or of one such file; errors show their places below `written`.
fn read_rendered(path: &Path, written: &str) -> Result<Vec<Object>, Failure> {
    let (root, file) = match (Context::open(path), path.parent(), path.file_name().and_then(|name| name.to_str())) {
        (Ok(files), ..) if files.list(&RootPath::root(), None).is_ok() => (files, None),
        (_, Some(parent), Some(name)) => (Context::open(parent)?, RootPath::new(name).ok()),
        (files, ..) => (files?, None),
    };
    let mut paths = Vec::new();
    let is_file = file.is_some();
    match file {
        Some(file) => paths.push(file),
        None => walk(&root, &RootPath::root(), &mut paths)?,
    }
    let tokens = Tokens::new([0; 16]);
    let mut objects = Vec::new();
    let mut found = crate::diagnostic::Diagnostics::new();
    for file in paths {
        let name = if is_file { written.to_owned() } else { format!("{}/{file}", written.trim_end_matches('/')) };
        let read = root.text(&file, None).map_err(Into::into).and_then(|text| {
            let shown = root.map().add(name, root.map().get(text).text.clone(), SourceKind::Other);
            parse(root.map(), shown, &tokens, MadeBy::Template(shown))
        });
        objects.extend(found.take::<_, crate::diagnostic::Diagnostics>(read).into_iter().flatten());
    }
    let objects = found.into_result(objects).map_err(|found| failed(&root, found))?;
    if objects.is_empty() {
        return Err(Failure::usage(format!("`{written}` holds no manifest"))
            .hint("name a folder that `plimsoll render ENV -o dir:PATH` wrote"));
    }
    Ok(objects)
}

fn walk(files: &Files, folder: &RootPath, paths: &mut Vec<RootPath>) -> Result<(), Failure> {
    for entry in files.list(folder, None).map_err(|found| failed(files, found))? {
        let Ok(path) = folder.join(&entry.name) else { continue };
        let is_object = [".yaml", ".yml", ".json"].iter().any(|extension| entry.name.ends_with(extension));
        match entry.kind {
            _ if entry.name.starts_with('.') => {}
            EntryKind::Folder => walk(files, &path, paths)?,
            EntryKind::File if is_object => paths.push(path),
            EntryKind::File | EntryKind::Other => {}
        }
    }
    Ok(())
}
