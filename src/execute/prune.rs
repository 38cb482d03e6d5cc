//! Deleting what isn't in the bundle any more.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::StreamExt;
use futures_util::stream;

use super::Reason;
use super::delete::{Deleted, delete};
use super::miss::Miss;
use super::order::Wave;
use super::seen::{At, changed_by};
use super::waves::{SIDE_BY_SIDE, resource};
use super::work::Work;
use crate::cluster::Live;
use crate::inventory::Action;
use crate::object::podspec::ConfigKind;
use crate::owned;
use crate::plan::uses::Uses;
use crate::plan::{Operation, Step};

/// Does the plan's deletions: the last waves first, what others need last. Only when all else went well: an object that a failed write
/// should have replaced may still be needed.
pub(super) async fn prune(work: &Work<'_>) {
    let steps: Vec<&Step> = work.plan.steps.iter().filter(|step| step.operation == Operation::Prune).collect();
    if steps.is_empty() {
        return;
    }
    if !work.run.options.prune {
        return work.note(format!("{} that the bundle has no more stay (`--no-prune`)", objects(steps.len())));
    }
    if !work.is_clean() {
        return left_out(work, &steps);
    }
    let mut waves: BTreeMap<std::cmp::Reverse<Wave>, Vec<&Step>> = BTreeMap::new();
    for step in steps {
        waves.entry(std::cmp::Reverse(Wave::of(&step.id, false))).or_default().push(step);
    }
    for (wave, steps) in waves {
        let steps = if wave.0 == Wave::Configuration { unused(work, steps).await } else { steps };
        stream::iter(steps).map(|step| one(work, step)).buffer_unordered(SIDE_BY_SIDE).collect::<()>().await;
    }
}

/// The steps without those of ConfigMaps and Secrets that something has begun to use since the plan looked: those stay. A delete of the whole
/// environment doesn't ask.
async fn unused<'a>(work: &Work<'_>, steps: Vec<&'a Step>) -> Vec<&'a Step> {
    let namespaces: BTreeSet<String> = steps
        .iter()
        .filter(|step| config_kind(step).is_some())
        .filter_map(|step| step.id.namespace.as_deref())
        .map(str::to_owned)
        .collect();
    if namespaces.is_empty() || work.run.purpose.action == Action::Delete {
        return steps;
    }
    let resources = work.run.cluster.discover().await;
    let uses = match &resources {
        Ok(resources) => Some(Uses::read(work.run.cluster, resources, &namespaces).await),
        Err(_) => None,
    };
    let may_go = |step: &&Step| {
        let Some(kind) = config_kind(step) else { return true };
        let namespace = step.id.namespace.as_deref().unwrap_or_default();
        let users = uses.as_ref().and_then(|uses| uses.users(namespace, kind, &step.id.name));
        let gap = match &uses {
            Some(uses) => uses.gap(namespace),
            None => Some("whether something uses it isn't known: the server didn't say which kinds it has".to_owned()),
        };
        match (users, gap) {
            (Some(users), _) => work.kept(&step.id, users),
            // The plan knew it, so this is the server's failure, and the next apply's work.
            (None, Some(gap)) => work.failed(step, Miss::new(Reason::Unreachable, format!("not pruned: {gap}"))),
            (None, None) => return true,
        }
        false
    };
    steps.into_iter().filter(may_go).collect()
}

fn config_kind(step: &Step) -> Option<ConfigKind> {
    match (step.id.group.as_str(), step.id.kind.as_str()) {
        ("", "ConfigMap") => Some(ConfigKind::ConfigMap),
        ("", "Secret") => Some(ConfigKind::Secret),
        _ => None,
    }
}

fn left_out(work: &Work<'_>, steps: &[&Step]) {
    if work.run.interrupt.is_set() {
        for step in steps {
            work.failed(step, Miss::interrupted());
        }
    } else {
        let count = objects(steps.len());
        work.note(format!(
            "nothing is pruned, because not all went well: {count} that the bundle has no more stay until the next apply"
        ));
    }
}

async fn one(work: &Work<'_>, step: &Step) {
    if let Some(miss) = work.veto(step) {
        return work.failed(step, miss);
    }
    match remove(work, step).await {
        Ok(_) => work.done(step),
        Err(miss) => work.failed(step, miss),
    }
}

async fn remove(work: &Work<'_>, step: &Step) -> Result<Deleted, Miss> {
    let resource = resource(work, step)?;
    let Some(seen) = &step.seen else { return Err(Miss::new(Reason::Refused, "the plan didn't see what it deletes")) };
    let is_another = |live: &Live| {
        let value = live.value();
        let by = changed_by(None, &value);
        (!owned::is_ours(&value)).then(|| Miss::moved(by, "it isn't ours any more"))
    };
    delete(work.run, &resource, step.id.namespace.as_deref(), &step.id.name, &At::from(seen), &is_another).await
}

fn objects(count: usize) -> String {
    if count == 1 { "1 object".to_owned() } else { format!("{count} objects") }
}
