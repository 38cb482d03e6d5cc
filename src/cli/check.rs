//! `plimsoll check`

use std::fmt::Write;

use clap::Args;

use super::compile::{Repository, environments, head};
use super::failure::exit_of;
use super::{Context, Exit, Failure, Format, identities};
use crate::diagnostic::Diagnostics;
use crate::pipeline::{self, Compiled, Options};
use crate::report::diagnostics::{Findings, github, json, junit, sarif, text};
use crate::secret::{Identities, Opened};
use crate::source::{Files, Git};

/// Compile environments and report all findings
///
/// No cluster and no key is needed. Exit 2 if a finding is an error. Formats: text, json, sarif, github (annotations), junit.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// The environments
    #[arg(value_name = "ENV", required_unless_present = "all", conflicts_with = "all")]
    environments: Vec<String>,
    /// Check every environment that isn't abstract
    #[arg(long)]
    all: bool,
    /// Also check what only the opened secrets tell: sizes, PEM, JSON. Needs an identity
    #[arg(long)]
    open: bool,
}

/// What came of one environment.
struct Checked {
    name: String,
    /// How many objects it has; unknown where it doesn't compile.
    objects: Option<usize>,
    findings: Diagnostics,
}

/// What only plaintext tells, or why it can't be had.
fn opened(files: &Files, compiled: &Compiled, identities: &mut Identities) -> Diagnostics {
    match Opened::all(files, &compiled.secrets, identities) {
        Ok(opened) => compiled.rendered.relocate(crate::check::opened(&compiled.bundle, &opened)),
        Err(findings) => findings,
    }
}

pub(super) fn run(args: CheckArgs, context: &mut Context) -> Result<Exit, Failure> {
    let format = context.format(&[Format::Text, Format::Json, Format::Sarif, Format::Github, Format::Junit])?;
    let repository = Repository::open(context)?;
    let files = &repository.files;
    let names = if args.all { environments(files)? } else { args.environments };
    if names.is_empty() {
        return Err(Failure::usage("every environment is abstract: there is nothing to check"));
    }
    let options = Options { commit: head(&repository.root), ..Options::default() };
    let mut identities = if args.open { Some(identities::load(context)?) } else { None };
    let checked: Vec<Checked> = names
        .into_iter()
        .map(|name| match pipeline::compile(files, &name, &options) {
            Ok(mut compiled) => {
                if let Some(identities) = &mut identities {
                    compiled.findings.extend(opened(files, &compiled, identities));
                }
                Checked { name, objects: Some(compiled.bundle.objects.len()), findings: compiled.findings }
            }
            Err(findings) => Checked { name, objects: None, findings },
        })
        .collect();
    let groups: Vec<Findings<'_>> = checked
        .iter()
        .map(|one| Findings { environment: Some(&one.name), findings: &one.findings, sources: files.map() })
        .collect();
    let prefix = || Git::open(&repository.root).map_or_else(|_| String::new(), |git| git.prefix().to_owned());
    let written = match format {
        Format::Json => json(&groups),
        Format::Sarif => sarif(&groups, &prefix()),
        Format::Github => github(&groups, &prefix()),
        Format::Junit => junit(&groups),
        _ => text(&groups, context.colors_output()) + &summary(&checked),
    };
    context.write(&written)?;
    let mut all = Diagnostics::new();
    all.extend(checked.into_iter().flat_map(|one| one.findings));
    Ok(exit_of(&all))
}

/// A line for each environment: `prod: 12 objects, nothing found`.
fn summary(checked: &[Checked]) -> String {
    let mut lines = String::new();
    for one in checked {
        let objects = match one.objects {
            None => "doesn't compile".to_owned(),
            Some(1) => "1 object".to_owned(),
            Some(count) => format!("{count} objects"),
        };
        let verdict = if one.findings.is_empty() { ", nothing found" } else { "" };
        let _ = writeln!(lines, "{}: {objects}{verdict}", one.name);
    }
    lines
}
