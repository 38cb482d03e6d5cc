//! `plimsoll status`

use clap::Args;

use super::history::Place;
use super::live::{self, ClusterArgs, Need, Session};
use super::{Context, Exit, Failure, Format};
use crate::inventory::members;
use crate::report::live::{Standing, status_json, status_text};
use crate::status;

/// Show how an environment's objects are in the cluster
///
/// Every object of the environment that the cluster has, with its state by kstatus' rules, and the last run. Reads the inventory, not
/// the bundle: what differs from the repository is shown by `plimsoll diff`. Exit 5 if an object isn't current.
/// Formats: text, json.
#[derive(Debug, Args)]
pub struct StatusArgs {
    /// The environment
    #[arg(value_name = "ENV")]
    environment: String,
    #[command(flatten)]
    cluster: ClusterArgs,
}

pub(super) fn run(args: StatusArgs, context: &mut Context) -> Result<Exit, Failure> {
    let format = context.format(&[Format::Text, Format::Json])?;
    let place = Place::of(context, &args.environment)?;
    let session = Session::open(context, &place.environment.settings, &args.cluster, Need::Compare)?;
    let clock = context.system.clock();
    let standing = session.run(async {
        let (inventory, running) = place.inventory(&session).await?;
        let cluster = &session.cluster;
        let unreachable = |error| live::unreachable(&error);
        let resources = cluster.discover().await.map_err(unreachable)?;
        let found = members(cluster, &resources, &inventory, |_, _| None).await.map_err(unreachable)?;
        let now = clock.now();
        let mut objects: Vec<_> = found.live.iter().map(|live| (live.id(), status::of(&live.value(), now))).collect();
        objects.sort_by(|(a, _), (b, _)| (&a.namespace, &a.kind, &a.name).cmp(&(&b.namespace, &b.kind, &b.name)));
        let last = inventory.history.last().cloned();
        Ok::<_, Failure>(Standing {
            environment: args.environment,
            namespace: place.namespace.clone(),
            objects,
            unseen: found.why,
            last,
            running,
        })
    })?;
    let written = match format {
        Format::Json => status_json(&standing),
        _ => status_text(&standing),
    };
    context.write(&written)?;
    Ok(if standing.is_current() { Exit::Fine } else { Exit::TimedOut })
}
