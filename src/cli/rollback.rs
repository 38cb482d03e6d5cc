//! `plimsoll rollback`

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::apply::{ask, duration, serials, show};
use super::carry_out::{Work, carry_out, refused};
use super::compile::{Repository, head};
use super::history::{Place, no_inventory};
use super::live::{ClusterArgs, Need, Session, is_ours_to_apply, must_be_clean, prepare_from, requires_clean};
use super::{Context, Exit, Failure, Format};
use crate::execute;
use crate::inventory::{Action, Ending, Inventory, Record};
use crate::plan::{self, Options};
use crate::secret::{Opened, Scrubber};
use crate::source::{DiskTree, Files, Git, OverlayTree, is_sealed};

/// Apply an earlier commit again, with today's secrets
///
/// Compiles the commit of an earlier run from git, with the sealed files of the working tree: secrets keep their present values. Then shows
/// the diff and asks, as `apply` does. Without `--to` it is the commit of the last good run before the present one. Git isn't changed: revert
/// there too, or the next apply brings everything back. Formats: text, json.
#[derive(Debug, Args)]
pub struct RollbackArgs {
    /// The environment
    #[arg(value_name = "ENV")]
    environment: String,
    /// A run's number in `plimsoll history`, or a commit
    #[arg(long, value_name = "N|COMMIT")]
    to: Option<String>,
    /// Don't ask
    #[arg(long, short)]
    yes: bool,
    /// Accept sealed files older than the last ones applied, down to this serial
    #[arg(long, value_name = "N")]
    accept_serial: Option<u64>,
    /// How long to wait in all, such as `90s` or `10m`; instead of `[apply] timeout`
    #[arg(long, value_name = "TIME", value_parser = duration)]
    timeout: Option<Duration>,
    /// Don't wait until the objects are ready
    #[arg(long)]
    no_wait: bool,
    #[command(flatten)]
    cluster: ClusterArgs,
}

pub(super) fn run(args: RollbackArgs, context: &mut Context) -> Result<Exit, Failure> {
    let format = context.format(&[Format::Text, Format::Json])?;
    let root = context.root()?;
    let git = Git::open(&root).map_err(Failure::found)?;
    let place = Place::of(context, &args.environment)?;
    let commit = target(&args, &place, &git, context)?;
    context.say(&format!("going back to {commit}, with the sealed files of the working tree"));
    let beside = head(&root);
    let repository = at(root, &git, &commit)?;
    let prepared = prepare_from(context, repository, Some(commit.clone()), &args.environment, &args.cluster, Need::Write)?;
    // What today's environment forbids, an earlier commit can't allow.
    is_ours_to_apply(&args.environment, &place.environment.settings)?;
    if requires_clean(&place.environment.settings)
        && let Some(why) = unclean(&git, &prepared.repository, &commit)?
    {
        return Err(must_be_clean(why));
    }
    let then = plan::namespace(&prepared.compiled.environment.settings);
    if then != place.namespace {
        let message = format!("at {commit} the environment was in namespace `{then}`, today it is in `{}`", place.namespace);
        return Err(Failure::refused(message).hint("a rollback doesn't move an environment: check that commit out, and apply it"));
    }
    let nothing = Opened::default();
    let opened = prepared.opened.as_ref().unwrap_or(&nothing);
    let scrubber = Scrubber::of(opened);
    let serials = serials(&prepared, args.accept_serial)?;
    let plan = prepared.plan(context, Options::default())?;
    show(&plan, format, context)?;
    if !plan.refusals.is_empty() {
        return Err(refused(&plan.refusals, &scrubber));
    }
    if !plan.is_empty() && !args.yes {
        ask(&format!("Take `{}` back to this?", plan.environment), &plan, format, context)?;
    }
    let timeout = args.timeout.unwrap_or(plan.settings.timeout);
    let options = execute::Options { wait: !args.no_wait, prune: true, logs: true, timeout };
    let (session, scrubber) = (&prepared.session, &scrubber);
    carry_out(context, Work { session, opened, scrubber, action: Action::Rollback, beside, serials, options }, plan)
}

/// What keeps an environment with `require-clean` from going back: its commit isn't published, or the sealed files, which are the
/// working tree's, aren't.
fn unclean(git: &Git, repository: &Repository, commit: &str) -> Result<Option<String>, Failure> {
    let read = repository.files.contents();
    let sealed: Vec<_> = read.into_iter().filter(|(path, _)| is_sealed(path.file_name())).collect();
    let found = match git.not_of_head(&sealed).map_err(Failure::found)? {
        None => git.unpublished(commit).map_err(Failure::found)?,
        found => found,
    };
    if found.is_some() || sealed.is_empty() { Ok(found) } else { git.unpublished("HEAD").map_err(Failure::found) }
}

/// A commit's files under the working tree's sealed ones.
fn at(root: PathBuf, git: &Git, commit: &str) -> Result<Repository, Failure> {
    let disk = DiskTree::new(&root).map_err(|error| Failure::usage(format!("can't read `{}`: {error}", root.display())))?;
    let files = Files::new(OverlayTree::new(git.tree(commit).map_err(Failure::found)?, disk));
    Ok(Repository { root, files })
}

/// The commit to go back to.
fn target(args: &RollbackArgs, place: &Place, git: &Git, context: &mut Context) -> Result<String, Failure> {
    let number = args.to.as_deref().and_then(|to| to.parse::<u64>().ok());
    if let Some(revision) = args.to.as_deref().filter(|_| number.is_none()) {
        return git.commit(revision).map_err(Failure::found);
    }
    let session = Session::open(context, &place.environment.settings, &args.cluster, Need::Compare)?;
    let read = Inventory::read(&session.cluster, &args.environment, &place.namespace);
    let history = session.run(read).map_err(|error| no_inventory(&error))?.history;
    let record = match number {
        Some(number) => history.iter().find(|record| record.number == number).ok_or_else(|| no_run(number, &history))?,
        None => before(&history).ok_or_else(|| {
            Failure::refused(format!("the history of `{}` has no good run of another commit to go back to", args.environment))
                .hint("name a commit: `--to COMMIT`")
        })?,
    };
    let Some(commit) = &record.commit else {
        return Err(Failure::refused(format!("run {} wasn't of a commit", record.number)).hint("name a commit: `--to COMMIT`"));
    };
    git.commit(commit).map_err(Failure::found)
}

fn no_run(number: u64, history: &[Record]) -> Failure {
    let known: Vec<String> = history.iter().map(|record| record.number.to_string()).collect();
    let hint = if known.is_empty() { "there was no run".to_owned() } else { format!("there are {}", known.join(", ")) };
    Failure::usage(format!("the history has no run {number}")).hint(hint)
}

/// The last run that went well with another commit than the present one's.
fn before(history: &[Record]) -> Option<&Record> {
    let (last, earlier) = history.split_last()?;
    let is_good =
        |record: &&Record| matches!(record.outcome, Ending::Ok) && record.commit.is_some() && record.commit != last.commit;
    earlier.iter().rev().find(is_good)
}
