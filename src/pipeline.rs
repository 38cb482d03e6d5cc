//! The story: from a repository and an environment's name to a checked bundle.

use std::collections::BTreeSet;

use rayon::prelude::*;
use zeroize::Zeroizing;

use crate::check::{self, Input};
use crate::diagnostic::Diagnostics;
use crate::environment::{self, Environment};
use crate::generate::generate;
use crate::inject::inject;
use crate::object::emit::{self, EmitError, Form};
use crate::object::{self, Bundle, MadeBy};
use crate::resolve::resolve;
use crate::secret::Secrets;
use crate::source::Files;
use crate::template::{self, Output, Rendered};
use crate::transform::transform;

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
    /// What its templates rendered; maps places in rendered texts to lines of templates.
    pub rendered: Rendered,
    /// All objects under their final names.
    pub bundle: Bundle,
    /// What the checks found, errors among it; what the stages had to say, if there were no checks. In places of templates and
    /// TOML files.
    pub findings: Diagnostics,
}

impl Compiled {
    /// The bundle as YAML, secrets masked.
    ///
    /// # Errors
    /// A value that YAML can't hold; there is none in what `parse` and the generators make.
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
    compile_environment(files, environment::load(files, name)?, options)
}

/// The same from an environment that is loaded already.
///
/// # Errors
/// As of [`compile`].
pub fn compile_environment(files: &Files, environment: Environment, options: &Options) -> Result<Compiled, Diagnostics> {
    let secrets = Secrets::read(files, &environment)?;
    let rendered = match template::render(files, &environment, &secrets, options.commit.as_deref()) {
        Ok(rendered) => rendered,
        Err(problems) => return Err(with_tables(problems, files, &environment, &secrets)),
    };
    let bundle = build(files, &environment, &secrets, &rendered).map_err(|problems| rendered.relocate(problems))?;
    let findings = if options.check {
        let values_read = rendered.values_read();
        let values_read: Option<&BTreeSet<String>> = Some(&values_read);
        check::check(Input { files, environment: &environment, secrets: &secrets, bundle: &bundle, values_read })
    } else {
        bundle.findings.clone()
    };
    let findings = rendered.relocate(findings);
    Ok(Compiled { environment, secrets, rendered, bundle, findings })
}

/// From rendered texts to final names.
fn build(files: &Files, environment: &Environment, secrets: &Secrets, rendered: &Rendered) -> Result<Bundle, Diagnostics> {
    let (mut bundle, mut problems) = parse(files, secrets, &rendered.outputs);
    bundle.findings.extend(secrets.findings().clone());
    bundle.findings.extend(rendered.findings.clone());
    let bundle = match generate(files, environment, secrets, bundle) {
        Ok(bundle) if !problems.has_errors() => bundle,
        Ok(_) => return Err(problems),
        Err(more) => {
            problems.extend(more);
            return Err(problems);
        }
    };
    let bundle = inject(environment, bundle)?;
    let bundle = transform(files, environment, bundle)?;
    let mut bundle = resolve(environment, bundle)?;
    // An alias, or a list that is injected into every container, has one map at several places: a finding is about one of them.
    bundle.objects.par_iter_mut().for_each(|object| object.root.unshare());
    Ok(bundle)
}

/// The objects of all rendered texts in order, and all that is wrong with any.
fn parse(files: &Files, secrets: &Secrets, outputs: &[Output]) -> (Bundle, Diagnostics) {
    let one = |output: &Output| object::parse(files.map(), output.text, secrets.tokens(), MadeBy::Template(output.template));
    let parsed: Vec<_> = outputs.par_iter().map(one).collect();
    let mut bundle = Bundle::default();
    let mut problems = Diagnostics::new();
    for objects in parsed {
        bundle.objects.extend(problems.take(objects).unwrap_or_default());
    }
    (bundle, problems)
}

/// Adds what is wrong with the tables to what is wrong with the templates, so that a user sees both at once.
fn with_tables(mut problems: Diagnostics, files: &Files, environment: &Environment, secrets: &Secrets) -> Diagnostics {
    if let Err(more) = generate(files, environment, secrets, Bundle::default()) {
        problems.extend(more);
    }
    problems
}
