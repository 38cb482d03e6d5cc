//! Which sealed file a command means.

use std::path::{Component, Path, PathBuf};

use super::work::found;
use crate::cli::{Context, Failure};
use crate::diagnostic::{Diagnostics, nearest};
use crate::environment::{self, SealedFile};
use crate::secret::{Recipient, Target, recipient_problem, sealed_container};
use crate::source::{Files, RootPath};

/// What `ENV|FILE` means.
pub(super) enum Named {
    /// The sealed files of an environment.
    Environment(String, Vec<Target>),
    /// One sealed file or folder, or a member of a folder.
    File {
        /// The file or folder.
        target: Target,
        /// The member, if the path is one's.
        member: Option<RootPath>,
    },
}

impl Named {
    /// Reads `ENV|FILE`: what has a slash or ends in `.age` is a path.
    pub(super) fn read(context: &Context, files: &Files, written: &str) -> Result<Self, Failure> {
        if written.contains('/') || written.strip_suffix(".age").is_some() {
            return Self::file(context, files, written);
        }
        let environment = environment::load(files, written).map_err(|error| found(files, error))?;
        let targets = environment.settings.sealed.iter().map(|sealed| target(files, sealed)).collect::<Result<Vec<_>, _>>()?;
        Ok(Self::Environment(written.to_owned(), targets))
    }

    fn file(context: &Context, files: &Files, written: &str) -> Result<Self, Failure> {
        let path = path_in_repository(context, files, written)?;
        let (container, member) = match sealed_container(files, &path) {
            Some(folder) => (folder, Some(path)),
            None => (path, None),
        };
        let sealed = named_by_environments(files)?;
        if let Some(sealed) = sealed.iter().find(|sealed| sealed.path.value == container) {
            return Ok(Self::File { target: target(files, sealed)?, member });
        }
        // A new member of a folder that doesn't exist yet.
        if let Some(sealed) =
            sealed.iter().find(|sealed| container != sealed.path.value && container.is_under(&sealed.path.value))
        {
            return Ok(Self::File { target: target(files, sealed)?, member: Some(container) });
        }
        Ok(Self::File { target: Target { path: container, recipients: Vec::new() }, member })
    }

    /// All that it means.
    pub(super) fn targets(self) -> Result<Vec<Target>, Failure> {
        match self {
            Self::File { target, .. } => Ok(vec![target]),
            Self::Environment(name, targets) if targets.is_empty() => Err(none(&name)),
            Self::Environment(_, targets) => Ok(targets),
        }
    }

    /// The one that is meant: the only one, that of `--to`, or the one that `has` what is looked for.
    pub(super) fn one(self, to: Option<&str>, has: impl Fn(&RootPath) -> bool) -> Result<Target, Failure> {
        let (name, targets) = match self {
            Self::File { target, .. } => return Ok(target),
            Self::Environment(name, targets) => (name, targets),
        };
        if let Some(to) = to {
            return choose(&targets, to);
        }
        let having: Vec<&Target> = targets.iter().filter(|target| has(&target.path)).collect();
        match (having.as_slice(), targets.as_slice()) {
            ([one], _) => Ok((*one).clone()),
            ([], [one]) => Ok(one.clone()),
            (_, []) => Err(none(&name)),
            _ => Err(Failure::usage(format!("`{name}` has several sealed files: {}", list(&targets)))
                .hint("name one with `--to FILE`")),
        }
    }
}

fn none(name: &str) -> Failure {
    Failure::usage(format!("the environment `{name}` names no sealed file"))
        .hint(format!("add to `environments/{name}.toml`: `[sealed.\"{name}.secrets.age\"]` with `recipients = [\"age1…\"]`"))
}

fn choose(targets: &[Target], to: &str) -> Result<Target, Failure> {
    let fits = |target: &&Target| {
        target.path.as_str() == to || target.path.file_name() == to || target.path.as_str().ends_with(&format!("/{to}"))
    };
    if let Some(target) = targets.iter().find(fits) {
        return Ok(target.clone());
    }
    let failure = Failure::usage(format!("the environment has no sealed file `{to}`; it has {}", list(targets)));
    Err(match nearest(to, targets.iter().map(|target| target.path.file_name())) {
        Some(near) => failure.hint(format!("`{near}`?")),
        None => failure,
    })
}

fn list(targets: &[Target]) -> String {
    targets.iter().map(|target| format!("`{}`", target.path)).collect::<Vec<_>>().join(", ")
}

fn target(files: &Files, sealed: &SealedFile) -> Result<Target, Failure> {
    let mut said = Diagnostics::new();
    let mut recipients = Vec::new();
    for written in &sealed.recipients {
        match Recipient::parse(written.as_str()) {
            Ok(recipient) => recipients.push(recipient),
            Err(error) => said.push(recipient_problem(&error).at(written.span(), "")),
        }
    }
    said.into_result(Target { path: sealed.path.value.clone(), recipients }).map_err(|error| found(files, error))
}

/// All sealed files that any environment names; an environment that can't be read is passed over, as it isn't the one meant.
fn named_by_environments(files: &Files) -> Result<Vec<SealedFile>, Failure> {
    let listed = environment::list(files).map_err(|error| found(files, error))?;
    let loaded =
        listed.iter().filter(|listed| !listed.is_abstract).filter_map(|listed| environment::load(files, &listed.name).ok());
    Ok(loaded.flat_map(|environment| environment.settings.sealed).collect())
}

/// A path as the user wrote it, relative to the current folder, or to the root if nothing is there.
fn path_in_repository(context: &Context, files: &Files, written: &str) -> Result<RootPath, Failure> {
    let root = context.root()?;
    let absolute = normal(&context.system.absolute(Path::new(written)));
    let from_folder = absolute.strip_prefix(normal(&root)).ok().and_then(Path::to_str).and_then(|path| RootPath::new(path).ok());
    let from_root = RootPath::new(written).ok();
    let stands = |path: &RootPath| files.has_file(path) || files.list(path, None).is_ok();
    match (from_folder, from_root) {
        (Some(path), Some(other)) if !stands(&path) && stands(&other) => Ok(other),
        (Some(path), _) | (None, Some(path)) => Ok(path),
        (None, None) => Err(Failure::usage(format!("`{written}` isn't in the repository `{}`", root.display()))
            .hint("sealed files lie in the repository that names them")),
    }
}

/// Without `.` and `..`, by the text alone.
fn normal(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                out.pop();
            }
            part => out.push(part),
        }
    }
    out
}
