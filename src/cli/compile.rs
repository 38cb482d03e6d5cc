//! What the commands have in common that compile environments.

use std::path::{Path, PathBuf};

use super::{Context, Failure, identities};
use crate::diagnostic::Diagnostics;
use crate::environment::{self, Environment};
use crate::pipeline::{self, Compiled, Options};
use crate::secret::{Opened, Secrets};
use crate::source::{Files, Git};

/// A working tree: its root and the file door on it.
pub(super) struct Repository {
    pub root: PathBuf,
    pub files: Files,
}

impl Repository {
    /// The repository that the command runs in.
    pub(super) fn open(context: &Context) -> Result<Self, Failure> {
        let root = context.root()?;
        let files = Context::open(&root)?;
        Ok(Self { root, files })
    }

    /// Compiles the working tree's environment. With `check`, findings of error level are a failure.
    pub(super) fn compile(&self, environment: &str, check: bool) -> Result<Compiled, Failure> {
        self.sound(compile(&self.files, environment, check, head(&self.root))?)
    }

    /// Loads an environment.
    pub(super) fn load(&self, environment: &str) -> Result<Environment, Failure> {
        environment::load(&self.files, environment).map_err(|found| failed(&self.files, found))
    }

    /// Compiles and checks an environment as of a commit.
    pub(super) fn compile_as(&self, environment: Environment, commit: Option<String>) -> Result<Compiled, Failure> {
        let options = Options { check: true, commit };
        let compiled = pipeline::compile_environment(&self.files, environment, &options);
        self.sound(compiled.map_err(|found| failed(&self.files, found))?)
    }

    fn sound(&self, compiled: Compiled) -> Result<Compiled, Failure> {
        if compiled.findings.has_errors() { Err(failed(&self.files, compiled.findings)) } else { Ok(compiled) }
    }
}

/// Opens what an environment's secrets need, with the identities at hand.
pub(super) fn open(context: &mut Context, files: &Files, secrets: &Secrets) -> Result<Opened, Failure> {
    let mut identities = identities::load(context)?;
    Opened::all(files, secrets, &mut identities).map_err(|found| failed(files, found))
}

/// The commit that is checked out, if the root lies in a git repository with one.
pub(super) fn head(root: &Path) -> Option<String> {
    Git::open(root).ok()?.head().ok()
}

/// Compiles an environment; a failure knows the texts that it points into.
pub(super) fn compile(files: &Files, environment: &str, check: bool, commit: Option<String>) -> Result<Compiled, Failure> {
    pipeline::compile(files, environment, &Options { check, commit }).map_err(|found| failed(files, found))
}

/// Findings of a door as a failure.
pub(super) fn failed(files: &Files, found: impl Into<Diagnostics>) -> Failure {
    Failure::Found(found.into(), files.sources())
}

/// The environments that can be compiled by themselves, by name.
pub(super) fn environments(files: &Files) -> Result<Vec<String>, Failure> {
    let listed = environment::list(files).map_err(|found| failed(files, found))?;
    Ok(listed.into_iter().filter(|listed| !listed.is_abstract).map(|listed| listed.name).collect())
}
