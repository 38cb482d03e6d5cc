//! Kinds that this plan brings: waiting until their definitions are established.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;

use super::order::defines;
use super::work::Work;
use super::{Failed, Reason};
use crate::cluster::{ClusterError, Resources};
use crate::plan::{Member, Operation};

const PAUSE: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(2);

/// Reads discovery again until it has every kind of the bundle that it hadn't, as far as a definition of the bundle brings it. A definition
/// that doesn't get established in time fails, and its objects are left out.
pub(super) async fn established(work: &mut Work<'_>) {
    let mut missing = missing(work);
    if missing.is_empty() {
        return;
    }
    let mut resources = Resources::default();
    let mut last_error = None;
    let patience = async {
        let mut pause = PAUSE;
        loop {
            match work.run.cluster.discover().await {
                Ok(found) => resources = found,
                Err(error) => last_error = Some(error),
            }
            missing.retain(|(group, version, kind)| resources.exact(group, version, kind).is_none());
            if missing.is_empty() || work.run.interrupt.or(tokio::time::sleep(pause)).await.is_none() {
                return;
            }
            pause = (pause * 2).min(LONGEST);
        }
    };
    let _ = tokio::time::timeout(work.run.options.timeout, patience).await;
    work.resources = resources;
    if !work.run.interrupt.is_set() {
        for (at, member) in definitions_of(work, &missing) {
            let failed = not_established(work, member, last_error.as_ref()).await;
            work.member_failed(at, failed);
        }
    }
}

/// Group, version and kind of members whose kind isn't served, where the bundle has its definition.
fn missing(work: &Work<'_>) -> BTreeSet<(String, String, String)> {
    let written = work.written();
    let defined: BTreeSet<(&str, &str)> = written.iter().filter_map(|(_, member)| defines(&member.object.root)).collect();
    let unserved = written.iter().filter(|(_, member)| member.resource.is_none()).map(|(_, member)| member.object.id());
    unserved
        .filter(|id| defined.contains(&(id.group.as_str(), id.kind.as_str())))
        .map(|id| (id.group.to_string(), id.version.to_string(), id.kind.to_string()))
        .collect()
}

fn definitions_of<'a>(work: &Work<'a>, missing: &BTreeSet<(String, String, String)>) -> Vec<(usize, &'a Member)> {
    let is_missing = |member: &Member| {
        defines(&member.object.root).is_some_and(|(group, kind)| missing.iter().any(|(g, _, k)| g == group && k == kind))
    };
    work.written()
        .into_iter()
        .filter(|(_, member)| member.object.kind() == "CustomResourceDefinition" && is_missing(member))
        .collect()
}

/// What the definition says of itself.
async fn not_established(work: &Work<'_>, member: &Member, error: Option<&ClusterError>) -> Failed {
    let id = member.object.id();
    let live = match &member.resource {
        Some(resource) => work.run.cluster.get(resource, None, &id.name).await.ok().flatten(),
        None => None,
    };
    let value = live.map(|live| live.value());
    let conditions = value.as_ref().and_then(|value| value.pointer("/status/conditions")).and_then(Value::as_array);
    let text = |condition: &Value, key: &str| condition.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let said: Vec<String> = conditions
        .into_iter()
        .flatten()
        .filter(|condition| ["NamesAccepted", "Established", "NonStructuralSchema"].contains(&text(condition, "type").as_str()))
        .map(|condition| format!("{} is {}: {}", text(condition, "type"), text(condition, "status"), text(condition, "message")))
        .collect();
    let why = match error {
        Some(error) if said.is_empty() => error.to_string(),
        _ => "the server doesn't serve its kind in the version that the bundle uses".to_owned(),
    };
    let scrub = |text: String| work.run.scrubber.scrub(&text);
    let step = work.plan.steps.iter().find(|step| step.id == id);
    Failed {
        id,
        operation: step.map_or(Operation::Update, |step| step.operation),
        message: scrub(format!("it didn't get established in time: {why}")),
        reason: Reason::NotReady,
        details: said.into_iter().map(scrub).collect(),
    }
}
