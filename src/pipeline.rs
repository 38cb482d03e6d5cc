//! The story: from a repository and an environment's name to a checked bundle.

use zeroize::Zeroizing;

use crate::check::{self, Input};
use crate::diagnostic::Diagnostics;
use crate::environment::{self, Environment};
use crate::generate::generate;
use crate::inject::inject;
use crate::object::Bundle;
use crate::object::emit::{self, EmitError, Form};
use crate::secret::Secrets;
use crate::source::Files;

/// What a compilation does beside the main way.
#[derive(Debug, Clone)]
pub struct Options {
    /// Whether the bundle is checked.
    pub check: bool,
    /// The commit that is checked out, for `git.commit` in templates.
    pub commit: Option<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self { check: true, commit: None }
    }
}

/// A compiled environment.
#[derive(Debug)]
pub struct Compiled {
    /// The environment, merged.
    pub environment: Environment,
    /// The public half of its secrets.
    pub secrets: Secrets,
    /// All objects under their final names.
    pub bundle: Bundle,
    /// What the checks found, errors among it; what the stages had to say, if there were no checks.
    pub findings: Diagnostics,
}

impl Compiled {
    /// The bundle as YAML, secrets masked.
    pub fn to_yaml(&self) -> Result<Zeroizing<String>, EmitError> {
        emit::yaml(&self.bundle.objects, Form::Masked)
    }
}

/// Compiles an environment. Nothing is opened, nothing is written.
///
/// # Errors
/// Everything that is wrong in the first stage that can't give a result, in places of templates and TOML files. Findings of the
/// checks are no errors here: they are in [`Compiled::findings`], beside the bundle that they are about.
pub fn compile(files: &Files, name: &str, options: &Options) -> Result<Compiled, Diagnostics> {
    let environment = environment::load(files, name)?;
    let secrets = Secrets::read(files, &environment)?;
    let bundle = Bundle::default();
    let bundle = generate(files, &environment, &secrets, bundle)?;
    let bundle = inject(&environment, bundle)?;
    let findings = if options.check {
        check::check(Input { files, environment: &environment, secrets: &secrets, bundle: &bundle, values_read: None })
    } else {
        bundle.findings.clone()
    };
    Ok(Compiled { environment, secrets, bundle, findings })
}
