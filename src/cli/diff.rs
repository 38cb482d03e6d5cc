//! `plimsoll diff`

use std::mem::ManuallyDrop;

use clap::Args;

use super::against::Against;
use super::compile::Repository;
use super::live::{ClusterArgs, Need, Prepared, prepare};
use super::{Context, Exit, Failure, Format, host};
use crate::change::{self, compare};
use crate::plan::{Options, Plan};
use crate::report;
use crate::report::change::{Markdown, json, markdown, text};

/// Show what an apply would change in the cluster, or how an environment differs from another state of it
///
/// Against the cluster: what the server would store, field by field; who else set a field; what is pruned and which pods are replaced.
/// Nothing is written. Secrets are compared here, if an identity opens them, and never shown. With `--against` offline: without a
/// cluster and without a key, and without the checks. A sealed value is a numbered mask: a changed secret shows as another number.
/// Exit 1 if there are differences, 3 if an apply would be refused. Formats: text, json, markdown; github: text, and on GitHub's
/// runner also the output `changed` and the summary.
#[derive(Debug, Args)]
pub struct DiffArgs {
    /// The environment
    #[arg(value_name = "ENV")]
    environment: String,
    /// Compare offline with `git:REVISION`, `env:NAME`, or `dir:PATH` with what `render` wrote
    #[arg(long, value_name = "SIDE")]
    against: Option<Against>,
    /// Ask the server about every object, proven ones too: shows what a policy made since the last apply would change
    #[arg(long, conflicts_with = "against")]
    dry_run_all: bool,
    /// Show what taking over objects that somebody else made would change
    #[arg(long, conflicts_with = "against")]
    adopt: bool,
    #[command(flatten)]
    cluster: ClusterArgs,
}

pub(super) fn run(args: DiffArgs, context: &mut Context) -> Result<Exit, Failure> {
    let format = context.format(&[Format::Text, Format::Json, Format::Markdown, Format::Github])?;
    match &args.against {
        Some(against) => offline(&args.environment, against, format, context),
        None => live(&args, format, context),
    }
}

fn live(args: &DiffArgs, format: Format, context: &mut Context) -> Result<Exit, Failure> {
    let prepared = prepare(context, &args.environment, &args.cluster, Need::Compare)?;
    let options = Options { adopt: args.adopt, dry_run_all: args.dry_run_all, ..Options::default() };
    // Not freed: the process ends with it.
    let plan = ManuallyDrop::new(prepared.plan(context, options)?);
    show(&plan, &prepared, format, &format!("`{}` against the cluster", plan.environment), context)?;
    Ok(if !plan.refusals.is_empty() {
        Exit::Refused
    } else if plan.differs() {
        Exit::Differences
    } else {
        Exit::Fine
    })
}

/// Writes a plan in the format asked for, under a heading where it has one; for GitHub its runner is told too.
pub(super) fn show(
    plan: &Plan,
    prepared: &Prepared,
    format: Format,
    heading: &str,
    context: &mut Context,
) -> Result<(), Failure> {
    let written = match format {
        Format::Json => report::live::plan::json(plan, prepared.session.cluster.counts()),
        Format::Markdown => {
            let mut page = Markdown::default();
            report::live::plan::markdown(&mut page, heading, plan);
            page.finish()
        }
        _ => report::live::plan::text(plan, context.colors_output()),
    };
    context.write(&written)?;
    if format == Format::Github {
        tell(context, plan.differs(), heading, |page, heading| report::live::plan::markdown(page, heading, plan))?;
    }
    Ok(())
}

/// Tells the CI host whether anything differs, and what, as the summary of its step.
fn tell(context: &Context, changed: bool, heading: &str, write: impl FnOnce(&mut Markdown, &str)) -> Result<(), Failure> {
    let mut page = Markdown::default();
    write(&mut page, heading);
    host::tell(context, &[("changed", if changed { "true" } else { "false" })], &page.finish())
}

fn offline(environment: &str, against: &Against, format: Format, context: &mut Context) -> Result<Exit, Failure> {
    let repository = Repository::open(context)?;
    let mut new = repository.compile(environment, false)?.bundle.objects;
    let mut old = against.read(environment, &repository, context)?;
    if old.rendered {
        new.iter_mut().for_each(change::shorten);
        old.objects.iter_mut().for_each(change::unmask);
    }
    let found = compare(&old.objects, &new, old.matching);
    let written = match format {
        Format::Json => json(&found, environment, &against.to_string()),
        Format::Markdown => {
            let mut page = Markdown::default();
            markdown(&mut page, &format!("`{environment}` against `{against}`"), &found);
            page.finish()
        }
        _ => text(&found, context.colors_output()),
    };
    context.write(&written)?;
    if format == Format::Github {
        tell(context, !found.is_empty(), &format!("`{environment}` against `{against}`"), |page, heading| {
            markdown(page, heading, &found);
        })?;
    }
    if matches!(against, Against::Environment(_)) && format == Format::Text && has_secrets(&found) {
        context.say("secrets of different sealed files can't be compared without a key: they are shown as different");
    }
    Ok(if found.is_empty() { Exit::Fine } else { Exit::Differences })
}

/// Whether a sealed text stands on both sides of a difference.
fn has_secrets(found: &change::Comparison) -> bool {
    use crate::object::Data;
    let is_sealed = |field: &change::FieldChange| {
        matches!(&field.difference, change::Difference::Changed(old, new)
            if matches!((&old.data, &new.data), (Data::Sealed(_), Data::Sealed(_))))
    };
    found.changes.iter().any(|change| change.fields.iter().any(is_sealed))
}
