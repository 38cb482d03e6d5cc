//! `plimsoll apply`

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;

use super::carry_out::{Work, carry_out, refused};
use super::history::no_inventory;
use super::live::{ClusterArgs, Need, Prepared, prepare};
use super::{Context, Exit, Failure, Format};
use crate::execute;
use crate::inventory::{Action, Inventory};
use crate::plan::file::{self, BadPlan, PlanFile};
use crate::plan::{self, Plan};
use crate::report;
use crate::secret::{Opened, Scrubber};

/// The end of the demo identity's path.
const DEMO: &str = ".demo-identity";
/// Plans that are no larger than this are read.
const MAX_PLAN: u64 = 1 << 28;

/// Make the cluster what an environment says
///
/// Shows what changes, asks (or wants `--yes` or `--plan`), writes each object only while it is as the plan saw it, waits until all of it
/// is ready, and deletes what the environment has no more. Formats: text, json.
///
/// Exit codes: 0 done · 3 refused, nothing written · 4 something written, and something failed · 5 all written, not all ready · 6 not
/// reachable or not allowed, nothing written · 130 interrupted, nothing written.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub struct ApplyArgs {
    /// The environment; with `--plan` it may be left out: it is the plan's
    #[arg(value_name = "ENV", required_unless_present = "plan")]
    environment: Option<String>,
    /// Don't ask
    #[arg(long, short)]
    yes: bool,
    /// Apply exactly what this plan says, or nothing
    #[arg(long, value_name = "FILE", conflicts_with = "adopt")]
    plan: Option<PathBuf>,
    /// Take over objects of these names that somebody else made
    #[arg(long)]
    adopt: bool,
    /// Accept sealed files older than the last ones applied, down to this serial
    #[arg(long, value_name = "N")]
    accept_serial: Option<u64>,
    /// Apply with the public demo identity to a server that isn't on this machine
    #[arg(long)]
    demo: bool,
    /// How long to wait in all, such as `90s` or `10m`; instead of `[apply] timeout`
    #[arg(long, value_name = "TIME", value_parser = duration)]
    timeout: Option<Duration>,
    /// Don't wait until the objects are ready
    #[arg(long)]
    no_wait: bool,
    /// Delete nothing
    #[arg(long)]
    no_prune: bool,
    /// Show no container's log when something fails
    #[arg(long)]
    no_logs: bool,
    #[command(flatten)]
    cluster: ClusterArgs,
}

/// A time as the environment's `[apply] timeout` is written.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    plan::duration(text).ok_or_else(|| "a time is written as `90s`, `10m` or `1h30m`".to_owned())
}

pub(super) fn run(args: ApplyArgs, context: &mut Context) -> Result<Exit, Failure> {
    let format = context.format(&[Format::Text, Format::Json])?;
    let approved = args.plan.as_ref().map(|path| read_plan(path, context)).transpose()?;
    let named = args.environment.as_deref().or(approved.as_ref().map(|file| file.environment.as_str()));
    let prepared = prepare(context, named.unwrap_or_default(), &args.cluster, Need::Write)?;
    guard(&prepared, &args, context)?;
    let nothing = Opened::default();
    let opened = prepared.opened.as_ref().unwrap_or(&nothing);
    let scrubber = Scrubber::of(opened);
    let serials = serials(&prepared, args.accept_serial)?;
    let adopts = |file: &PlanFile| file.steps.iter().any(|step| step.marks.iter().any(|mark| mark == "adopted"));
    let options = plan::Options {
        adopt: args.adopt || approved.as_ref().is_some_and(adopts),
        // What somebody approved is held against a plan that is as good as theirs.
        creates_unasked: approved.is_none(),
        ..plan::Options::default()
    };
    let mut plan =
        prepared.plan(context, options).map_err(|failure| if approved.is_some() { stale(failure) } else { failure })?;
    if let Some(approved) = &approved {
        plan.refusals.extend(file::check(approved, &plan));
    }
    show(&plan, format, context)?;
    if !plan.refusals.is_empty() {
        return Err(match format {
            Format::Json => refused(&plan.refusals, &scrubber),
            // The diff has named them, each with what to do about it.
            _ => Failure::refused("refused, as shown: nothing is written"),
        });
    }
    if !plan.is_empty() && !args.yes && approved.is_none() {
        ask(&format!("Apply this to `{}`?", plan.environment), &plan, format, context)?;
    }
    let options = execute::Options {
        wait: !args.no_wait,
        prune: !args.no_prune,
        logs: !args.no_logs,
        timeout: args.timeout.unwrap_or(plan.settings.timeout),
    };
    carry_out(
        context,
        Work { session: &prepared.session, opened, scrubber: &scrubber, action: Action::Apply, beside: None, serials, options },
        plan,
    )
}

/// What the server took when the plan was made, and doesn't take now.
fn stale(failure: Failure) -> Failure {
    match failure {
        Failure::Usage { message, hints } => {
            Failure::Refused { message: format!("the plan doesn't hold any more: {message}"), hints }
        }
        other => other,
    }
}

/// Reads an approved plan.
fn read_plan(path: &Path, context: &Context) -> Result<PlanFile, Failure> {
    let shown = path.display();
    let bytes = context
        .system
        .read_outside(&context.system.absolute(path), MAX_PLAN)
        .map_err(|error| Failure::usage(format!("can't read the plan `{shown}`: {error}")))?;
    let text = String::from_utf8(bytes).map_err(|_| Failure::usage(format!("the plan `{shown}` isn't text")))?;
    let hint = "make it anew: `plimsoll plan ENV -o FILE`";
    file::read(&text).map_err(|error| match error {
        BadPlan::Edited => Failure::refused(format!("the plan `{shown}` can't be used: {error}")).hint(hint),
        error => Failure::usage(format!("the plan `{shown}` can't be used: {error}")).hint(hint),
    })
}

/// What has to hold before anything is written.
fn guard(prepared: &Prepared, args: &ApplyArgs, context: &Context) -> Result<(), Failure> {
    prepared.guard()?;
    let demo = context.global.identity.as_ref().filter(|path| path.to_string_lossy().ends_with(DEMO));
    if let Some(demo) = demo.filter(|_| !args.demo && !prepared.session.cluster.is_loopback()) {
        let url = prepared.session.cluster.url();
        let message = format!("`{}` is the public demo identity, and `{url}` isn't this machine", demo.display());
        return Err(Failure::refused(message).hint("everybody knows its secrets; if that is meant: `--demo`"));
    }
    Ok(())
}

/// What changes: on stdout, where a program doesn't read something else.
pub(super) fn show(plan: &Plan, format: Format, context: &mut Context) -> Result<(), Failure> {
    if format == Format::Json || (plan.is_empty() && plan.refusals.is_empty()) {
        return Ok(());
    }
    let colors = context.colors_output();
    context.write(&report::live::plan::text(plan, colors))
}

/// Asks whether to go on. Without a terminal nobody can agree.
pub(super) fn ask(question: &str, plan: &Plan, format: Format, context: &mut Context) -> Result<(), Failure> {
    if !context.system.is_interactive() {
        return Err(Failure::refused("nobody has agreed to this: there is no terminal to ask on")
            .hint("look at the diff, then apply with `--yes`, or with a plan that somebody approved: `--plan FILE`"));
    }
    if format == Format::Json {
        let colors = context.colors_messages();
        context.say(&report::live::plan::text(plan, colors));
    }
    let answer = context.system.ask(&format!("{question} [y/N] "))?;
    if matches!(answer.trim().to_lowercase().as_str(), "y" | "yes") {
        Ok(())
    } else {
        Err(Failure::refused("not applied: the answer wasn't yes"))
    }
}

/// The serials of the environment's sealed files, none of them lower than the one that was applied last: whoever can put an old sealed file in
/// place of a new one brings a withdrawn secret back.
pub(super) fn serials(prepared: &Prepared, accept: Option<u64>) -> Result<BTreeMap<String, u64>, Failure> {
    let environment = &prepared.compiled.environment;
    let serials: BTreeMap<String, u64> =
        prepared.compiled.secrets.sealed().iter().map(|public| (public.path.to_string(), public.serial)).collect();
    let namespace = plan::namespace(&environment.settings);
    let read = Inventory::read(&prepared.session.cluster, &environment.name, namespace);
    let applied = prepared.session.run(read).map_err(|error| no_inventory(&error))?.serials;
    for (file, serial) in &serials {
        let Some(last) = applied.get(file).filter(|last| serial < *last) else { continue };
        if accept.is_none_or(|accepted| *serial < accepted) {
            return Err(Failure::refused(format!(
                "`{file}` has serial {serial}, and serial {last} was applied before: an old file is in its place"
            ))
            .hint(format!("if that is meant (a revert in git, say), accept it: `--accept-serial {serial}`")));
        }
    }
    Ok(serials)
}
