//! The story: from a compiled environment and a cluster to a plan.

use std::collections::BTreeSet;

use futures_util::stream::{self, StreamExt, TryStreamExt};
use rayon::prelude::*;

use super::ahead::{Ahead, Found};
use super::body::opener;
use super::compare::{Compare, Compared};
use super::members::{Wanted, members};
use super::observe::observe;
use super::policy::Policies;
use super::schemas::KnownKinds;
use super::set::Prune;
use super::{ClusterFacts, Member, Plan, PlanError, digest, rename, restart, settings};
use crate::cluster::{Cluster, ClusterError, Resources};
use crate::environment;
use crate::inventory::PART_OF;
use crate::object::Bundle;
use crate::pipeline::Compiled;
use crate::secret::{Opened, Scrubber};

/// How many dry-runs are under way at once.
const DRY_RUNS: usize = 8;

/// What a plan is made of.
#[derive(Debug)]
pub struct Input<'a> {
    /// The environment.
    pub compiled: &'a Compiled,
    /// Its opened sealed files; without them what holds a secret isn't compared.
    pub opened: Option<&'a Opened>,
    /// The cluster.
    pub cluster: &'a Cluster,
    /// What was read of it: [`look_ahead`](super::look_ahead).
    pub ahead: Ahead,
    /// The commit that was compiled.
    pub commit: Option<String>,
    /// What else was asked for.
    pub options: Options,
}

/// What a plan's maker can be asked for.
#[derive(Debug, Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of a command, none excludes another")]
pub struct Options {
    /// Objects that somebody else made are taken over.
    pub adopt: bool,
    /// Every object is asked of the server, those too that are proven to be as wanted: shows what a policy or webhook made since the
    /// last apply would change.
    pub dry_run_all: bool,
    /// Nothing is wanted any more: everything of the environment is pruned (`delete`).
    pub everything_goes: bool,
    /// New objects aren't asked of the server: for an apply that writes them at once, and hears then what is wrong with them.
    pub creates_unasked: bool,
}

/// Makes the plan. Nothing is written.
///
/// # Errors
/// The cluster can't be asked, or the server can't take an object of the bundle at all.
pub async fn make(input: Input<'_>) -> Result<Plan, PlanError> {
    let Input { compiled, opened, cluster, ahead: Ahead { facts, found }, commit, options } = input;
    let Found { resources, set, seen } = found?;
    let said = &compiled.environment.settings;
    let manager = settings::manager(said);
    let label = set.as_ref().map(|set| (PART_OF, set.inventory.set.as_str()));
    let empty = Bundle::default();
    let bundle = if options.everything_goes { &empty } else { &compiled.bundle };
    let wanted = members(bundle, &resources, label).map_err(PlanError::Invalid)?;
    let made = wanted.iter().filter(|one| one.id.group.is_empty() && one.id.kind == "Namespace");
    let namespaces: BTreeSet<String> = made.map(|one| one.id.name.to_string()).collect();
    let observed = observe(cluster, &resources, &wanted, seen).await?;
    let replace: Vec<String> = said.apply.replace.iter().map(|kind| kind.value.clone()).collect();
    let scrubber = opened.map(Scrubber::of);
    let compare = Compare {
        cluster,
        observed: &observed,
        reveal: &opener(opened),
        scrubber: scrubber.as_ref(),
        opened: opened.is_some(),
        manager,
        label,
        kinds: &KnownKinds::of(bundle, said.target.kubernetes.as_ref().map(environment::Spanned::as_str)),
        policies: &Policies::read(&said.conflicts),
        replace: &replace,
        namespaces: &namespaces,
        options: &options,
    };
    // Proofs and the digest are work for all cores, dry-runs for the server.
    let (proven, digest) = rayon::join(|| prove_all(&compare, &wanted), || digest::compiled(compiled));
    let compared = compare_all(&compare, &wanted, proven).await.map_err(|error| scrubbed(error, scrubber.as_ref()))?;
    let mut plan = Plan {
        environment: compiled.environment.name.clone(),
        namespace: settings::namespace(said).to_owned(),
        warnings: warnings(said, &facts, &resources, opened.is_none()),
        cluster: facts,
        commit,
        compiled: digest,
        members: Vec::with_capacity(wanted.len()),
        steps: Vec::new(),
        kept: Vec::new(),
        refusals: Vec::new(),
        restarts: Vec::new(),
        settings: settings::read(said),
    };
    fill(&mut plan, wanted, compared)?;
    rename::mark(&mut plan, &observed, label, opened, scrubber.as_ref());
    restart::mark(&mut plan);
    if let Some(set) = &set {
        let prune = Prune {
            cluster,
            resources: &resources,
            observed: &observed,
            apply: &said.apply,
            everything_goes: options.everything_goes,
        };
        prune.fill(set, &mut plan).await?;
    }
    Ok(plan)
}

/// A server echoes what it doesn't take.
fn scrubbed(mut error: ClusterError, scrubber: Option<&Scrubber>) -> ClusterError {
    if let Some(scrubber) = scrubber {
        error.message = scrubber.scrub(&error.message);
    }
    error
}

/// What needs no asking: by member, the proof that it is as wanted.
fn prove_all(compare: &Compare<'_>, wanted: &[Wanted]) -> Vec<Option<Compared>> {
    wanted.par_iter().map(|wanted| compare.proven(wanted)).collect()
}

/// Asks about the others.
async fn compare_all(
    compare: &Compare<'_>,
    wanted: &[Wanted],
    proven: Vec<Option<Compared>>,
) -> Result<Vec<Compared>, ClusterError> {
    let all = wanted.iter().zip(proven).enumerate();
    let one = all.map(|(at, (wanted, proven))| async move {
        match proven {
            Some(proven) => Ok(proven),
            None => compare.one(at, wanted).await,
        }
    });
    stream::iter(one).buffered(DRY_RUNS).try_collect().await
}

/// Puts each object's part into the plan.
fn fill(plan: &mut Plan, wanted: Vec<Wanted>, compared: Vec<Compared>) -> Result<(), PlanError> {
    let mut problems = Vec::new();
    for (wanted, compared) in wanted.into_iter().zip(compared) {
        problems.extend(compared.problem);
        plan.refusals.extend(compared.refusals);
        plan.steps.extend(compared.step);
        plan.members.push(Member { object: compared.object, resource: wanted.resource, live: compared.live });
    }
    if problems.is_empty() { Ok(()) } else { Err(PlanError::Invalid(problems)) }
}

fn warnings(said: &environment::Settings, facts: &ClusterFacts, resources: &Resources, unopened: bool) -> Vec<String> {
    let mut warnings = Vec::new();
    match (&said.target.cluster_id, &facts.id) {
        (None, Some(id)) => {
            warnings
                .push(format!("nothing keeps this from another cluster; `[target]` takes this one's id: cluster-id = \"{id}\""));
        }
        (Some(_), None) => {
            let message = "the cluster's id can't be read, so it isn't held against `target.cluster-id`";
            warnings.push(message.to_owned());
        }
        _ => {}
    }
    if let Some(minor) = said.target.kubernetes.as_ref().map(environment::Spanned::as_str)
        && !facts.version.trim_start_matches('v').starts_with(&format!("{minor}."))
    {
        warnings.push(format!("the server is {}, and the environment is checked against {minor}", facts.version));
    }
    if unopened {
        warnings.push("no identity opens the sealed files: secret values aren't compared".to_owned());
    }
    let down = resources.unknown.iter();
    warnings.extend(down.map(|group| format!("the API group `{group}` doesn't answer: what is there isn't seen")));
    warnings
}
