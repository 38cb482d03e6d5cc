//! `plimsoll delete`

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;

use super::apply::{ask, duration, show};
use super::carry_out::{Work, carry_out, not_begun, refused};
use super::live::{ClusterArgs, Need, Prepared, prepare};
use super::{Context, Exit, Failure, Format, process};
use crate::execute::hold::{self, Purpose};
use crate::execute::lease::{Surroundings, Timing};
use crate::execute::{self, Outcome};
use crate::inventory::{Action, Inventory};
use crate::plan::{Options, Plan};
use crate::secret::{Opened, Scrubber};

/// Take an environment out of the cluster
///
/// An apply of nothing: shows what goes, asks (or wants `--yes`), and deletes all objects of the environment that the cluster has, in reverse
/// order, each by its UID. Namespaces, CustomResourceDefinitions and volumes stay unless `[apply] prune-kinds` names their kind. When
/// nothing is left, the inventory with its history and the Lease go too. Formats: text, json.
#[derive(Debug, Args)]
pub struct DeleteArgs {
    /// The environment
    #[arg(value_name = "ENV")]
    environment: String,
    /// Don't ask
    #[arg(long, short)]
    yes: bool,
    /// How long to wait in all, such as `90s` or `10m`; instead of `[apply] timeout`
    #[arg(long, value_name = "TIME", value_parser = duration)]
    timeout: Option<Duration>,
    #[command(flatten)]
    cluster: ClusterArgs,
}

pub(super) fn run(args: DeleteArgs, context: &mut Context) -> Result<Exit, Failure> {
    let format = context.format(&[Format::Text, Format::Json])?;
    let prepared = prepare(context, &args.environment, &args.cluster, Need::Remove)?;
    prepared.guard()?;
    let opened = Opened::default();
    let scrubber = Scrubber::of(&opened);
    let plan = prepared.plan(context, Options { everything_goes: true, ..Options::default() })?;
    show(&plan, format, context)?;
    if !plan.refusals.is_empty() {
        return Err(refused(&plan.refusals, &scrubber));
    }
    if plan.is_empty() {
        return finish_earlier(&prepared, &plan, context);
    }
    if !args.yes {
        ask(&format!("Delete this from `{}`?", plan.environment), &plan, format, context)?;
    }
    let options =
        execute::Options { wait: true, prune: true, logs: false, timeout: args.timeout.unwrap_or(plan.settings.timeout) };
    let work = Work {
        session: &prepared.session,
        opened: &opened,
        scrubber: &scrubber,
        action: Action::Delete,
        beside: None,
        serials: BTreeMap::new(),
        options,
    };
    carry_out(context, work, plan)
}

/// Nothing is there to be deleted: at most what an earlier delete, cut off at its end, has left of the inventory.
fn finish_earlier(prepared: &Prepared, plan: &Plan, context: &mut Context) -> Result<Exit, Failure> {
    let cluster = &prepared.session.cluster;
    let read = Inventory::read(cluster, &plan.environment, &plan.namespace);
    let inventory = prepared.session.run(read).map_err(|error| super::history::no_inventory(&error))?;
    if inventory.parent.is_some() && plan.kept.is_empty() {
        let surroundings = Surroundings {
            clock: context.system.clock(),
            is_running: process::is_running,
            note: Arc::new(|_| {}),
            timing: Timing::default(),
        };
        let purpose =
            Purpose { action: Action::Delete, beside: None, serials: BTreeMap::new(), process: process::own(), surroundings };
        prepared.session.run(async {
            let hold = hold::take(cluster, plan, purpose)
                .await
                .map_err(|error| not_begun(&error.into(), &Scrubber::of(&Opened::default())))?;
            hold.remove(cluster, &Outcome::default()).await.map_err(|error| super::history::no_inventory(&error))
        })?;
    }
    context.say(&format!("`{}` has nothing in the cluster to delete", plan.environment));
    Ok(Exit::Fine)
}
