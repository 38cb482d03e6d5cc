//! `plimsoll history`

use clap::Args;

use super::compile::Repository;
use super::live::{self, ClusterArgs, Need, Session};
use super::{Context, Exit, Failure, Format};
use crate::environment::Environment;
use crate::execute::lease;
use crate::inventory::{Inventory, InventoryError};
use crate::plan;
use crate::report::live::{history_json, history_text};

/// Show what was done to an environment: the last 20 runs
///
/// Each with its commit, who ran it (as the server knows them), when, what it changed and what became of it. A run that was killed
/// shows as one that didn't end. Formats: text, json.
#[derive(Debug, Args)]
pub struct HistoryArgs {
    /// The environment
    #[arg(value_name = "ENV")]
    environment: String,
    #[command(flatten)]
    cluster: ClusterArgs,
}

pub(super) fn run(args: HistoryArgs, context: &mut Context) -> Result<Exit, Failure> {
    let format = context.format(&[Format::Text, Format::Json])?;
    let place = Place::of(context, &args.environment)?;
    let session = Session::open(context, &place.environment.settings, &args.cluster, Need::Compare)?;
    let (inventory, running) = session.run(place.inventory(&session))?;
    let written = match format {
        Format::Json => history_json(&args.environment, &inventory.history, running.as_deref()),
        _ => history_text(&args.environment, &inventory.history, running.as_deref()),
    };
    context.write(&written)?;
    Ok(Exit::Fine)
}

/// Where an environment lives.
pub(super) struct Place {
    pub(super) environment: Environment,
    pub(super) namespace: String,
}

impl Place {
    /// Reads where an environment lives. Only one that plimsoll itself applies has an inventory.
    pub(super) fn of(context: &Context, name: &str) -> Result<Self, Failure> {
        let repository = Repository::open(context)?;
        let environment = repository.load(name)?;
        let target = &environment.settings.target;
        if let Some(engine) = target.engine.as_ref().filter(|engine| engine.value != "plimsoll") {
            return Err(Failure::refused(format!("`{name}` is applied by {}, which keeps its own books", engine.value))
                .hint("ask that engine; plimsoll keeps an inventory only where `target.engine` is `plimsoll`"));
        }
        let namespace = plan::namespace(&environment.settings).to_owned();
        Ok(Self { environment, namespace })
    }

    /// The inventory, and the run that has the Lease.
    pub(super) async fn inventory(&self, session: &Session) -> Result<(Inventory, Option<String>), Failure> {
        let inventory = Inventory::read(&session.cluster, &self.environment.name, &self.namespace)
            .await
            .map_err(|error| no_inventory(&error))?;
        let running = lease::running(&session.cluster, &self.namespace, &inventory.name, super::process::is_running)
            .await
            .map_err(|error| live::unreachable(&error))?;
        Ok((inventory, running))
    }
}

/// An inventory that can't be used, before anything was written.
pub(super) fn no_inventory(error: &InventoryError) -> Failure {
    let failure = match error {
        InventoryError::Cluster(error) => return live::unreachable(error),
        error => Failure::refused(error.to_string()),
    };
    match error.hint() {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}
