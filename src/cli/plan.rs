//! `plimsoll plan`

use std::path::PathBuf;

use clap::Args;

use super::diff::show;
use super::live::{ClusterArgs, Need, prepare};
use super::{Context, Exit, Failure, Format};
use crate::plan::{Options, file};
use crate::source::write::{Mode, NewFile, write_file};

/// Show what an apply would do, and write it down for `apply --plan`
///
/// As `diff`, but every secret of the bundle must open, and the plan can be kept: a readable JSON file without anything derived from a
/// secret's value. `apply --plan FILE` does exactly this or nothing. Exit 3 if an apply would be refused; then no file is written.
/// Formats: text, json, markdown; github: text, and on GitHub's runner also the output `changed` and the summary.
#[derive(Debug, Args)]
pub struct PlanArgs {
    /// The environment
    #[arg(value_name = "ENV")]
    environment: String,
    /// Write the plan to this file
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Ask the server about every object, proven ones too
    #[arg(long)]
    dry_run_all: bool,
    /// Take over objects that somebody else made
    #[arg(long)]
    adopt: bool,
    #[command(flatten)]
    cluster: ClusterArgs,
}

pub(super) fn run(args: PlanArgs, context: &mut Context) -> Result<Exit, Failure> {
    let format = context.format(&[Format::Text, Format::Json, Format::Markdown, Format::Github])?;
    let prepared = prepare(context, &args.environment, &args.cluster, Need::Write)?;
    if let Some(why) = prepared.unclean()? {
        context.say(&format!("warning: an apply would be refused: {why}"));
    }
    let options = Options { adopt: args.adopt, dry_run_all: args.dry_run_all, ..Options::default() };
    let plan = prepared.plan(context, options)?;
    show(&plan, &prepared, format, &format!("Plan for `{}`", plan.environment), context)?;
    if !plan.refusals.is_empty() {
        return Ok(Exit::Refused);
    }
    if let Some(output) = &args.output {
        let path = context.system.absolute(output);
        let text = file::write(&plan);
        write_file(&NewFile { path, bytes: text.as_bytes(), mode: Mode::Public, must_be_new: false })
            .map_err(|error| Failure::usage(format!("can't write the plan to `{}`: {error}", output.display())))?;
    }
    Ok(Exit::Fine)
}
