//! A plan's file held against a plan made anew: what has moved since, and who moved it.

use std::cell::LazyCell;
use std::collections::BTreeMap;

use serde_json::Value;

use super::form::{PlanFile, Planned, PlannedField, PlannedId};
use crate::owned::{MANAGER, managers};
use crate::plan::{Mark, Member, Plan, Refusal, Step};

/// What has moved since the file was written; nothing means that what was approved is what would be done now.
///
/// The resourceVersion isn't compared: a status write moves it. What was looked at is, by its digest; of a Secret the operation and the
/// names of what changes.
pub fn check(file: &PlanFile, fresh: &Plan) -> Vec<Refusal> {
    let mut refusals = whole(file, fresh);
    if !refusals.is_empty() {
        // Of another cluster or another bundle every object would differ: that says nothing more.
        return refusals;
    }
    let now: BTreeMap<PlannedId, &Step> = fresh.steps.iter().map(|step| (PlannedId::of(&step.id), step)).collect();
    let members: LazyCell<BTreeMap<PlannedId, &Member>, _> =
        LazyCell::new(|| fresh.members.iter().map(|member| (PlannedId::of(&member.object.id()), member)).collect());
    let planned: BTreeMap<PlannedId, &Planned> = file.steps.iter().map(|step| (step.object.clone(), step)).collect();
    for planned in &file.steps {
        match now.get(&planned.object) {
            None => refusals.push(no_longer(planned, members.get(&planned.object).copied())),
            Some(step) => refusals.extend(moved(planned, step, fresh)),
        }
    }
    for step in fresh.steps.iter().filter(|step| !planned.contains_key(&PlannedId::of(&step.id))) {
        let what = format!("it wasn't to change, and now {}", would(step));
        refusals.push(refusal(step, &by(what, mover(step, fresh))));
    }
    refusals
}

/// What holds for the whole plan.
fn whole(file: &PlanFile, fresh: &Plan) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    let mut refuse = |message: String, hint: &str| refusals.push(Refusal { id: None, message, hint: Some(hint.to_owned()) });
    if file.environment != fresh.environment {
        refuse(
            format!("the plan is for the environment `{}`, not `{}`", file.environment, fresh.environment),
            "name its own environment, or none",
        );
    }
    if file.cluster.id != fresh.cluster.id {
        let name = |id: &Option<String>| id.clone().unwrap_or_else(|| "unknown".to_owned());
        refuse(
            format!("the plan is for the cluster `{}`, and this is `{}`", name(&file.cluster.id), name(&fresh.cluster.id)),
            "choose the right context, or plan anew for this cluster",
        );
    }
    if file.compiled != fresh.compiled {
        let commit =
            |commit: &Option<String>| commit.as_deref().map_or("none", |commit| commit.get(..12).unwrap_or(commit)).to_owned();
        refuse(
            format!(
                "the repository compiles to something else than the plan was made from (commit {}, now {})",
                commit(&file.commit),
                commit(&fresh.commit)
            ),
            "check out the plan's commit, or plan anew",
        );
    }
    refusals
}

/// A step that is planned and wouldn't be made now.
fn no_longer(planned: &Planned, member: Option<&Member>) -> Refusal {
    let id = planned.object.id();
    let live = member.and_then(|member| member.live.as_ref());
    let message = match (planned.operation.as_str(), live) {
        ("prune", _) => "it was to be pruned, and is gone, or stays".to_owned(),
        (operation, Some(live)) => by(format!("it was to be {}, and is as wanted by now", past(operation)), last(&live.value())),
        (operation, None) => format!("it was to be {}, and isn't any more", past(operation)),
    };
    Refusal { id: Some(id), message, hint: Some("plan anew".to_owned()) }
}

/// How a step differs from what was planned.
fn moved(planned: &Planned, step: &Step, fresh: &Plan) -> Option<Refusal> {
    let now = Planned::of(step);
    if planned.operation != now.operation {
        let was = format!("it was to be {}, and now {}", past(&planned.operation), would(step));
        return Some(refusal(step, &by(was, mover(step, fresh))));
    }
    if planned.uid != now.uid {
        return Some(refusal(step, &by("it was deleted and made anew".to_owned(), mover(step, fresh))));
    }
    if planned.digest != now.digest {
        return Some(refusal(step, &by("it has changed".to_owned(), mover(step, fresh))));
    }
    let names = |fields: &[PlannedField]| -> Vec<(String, String)> {
        fields.iter().map(|field| (field.path.clone(), field.operation.clone())).collect()
    };
    let is_secret = planned.object.kind == "Secret" && planned.object.api_version == "v1";
    let same_fields = if is_secret { names(&planned.fields) == names(&now.fields) } else { planned.fields == now.fields };
    if !same_fields {
        return Some(refusal(step, &by("other fields would change than were planned".to_owned(), mover(step, fresh))));
    }
    if planned.foreign != now.foreign || planned.force != now.force || planned.migrates != now.migrates {
        return Some(refusal(step, &by("others' fields have changed hands".to_owned(), mover(step, fresh))));
    }
    // A mark that came means that less is known than was when it was approved.
    if now.marks.iter().any(|mark| !planned.marks.contains(mark)) {
        return Some(refusal(step, "it can't be found out any more as it was when it was planned"));
    }
    None
}

fn refusal(step: &Step, message: &str) -> Refusal {
    Refusal { id: Some(step.id.clone()), message: message.to_owned(), hint: Some("plan anew".to_owned()) }
}

fn by(message: String, who: Option<String>) -> String {
    match who {
        Some(who) => format!("{message}: last written by {who}"),
        None => message,
    }
}

/// Who wrote a step's object last, as far as its live state tells.
fn mover(step: &Step, fresh: &Plan) -> Option<String> {
    let live = fresh.members.get(step.member?)?.live.as_ref()?;
    last(&live.value())
}

/// The manager that wrote an object last, status aside; ours only if there is no other.
fn last(live: &Value) -> Option<String> {
    let entries = managers(live);
    let mut writers: Vec<_> = entries.iter().filter(|entry| entry.subresource != "status").collect();
    // Times are whole seconds in UTC, so texts compare as they do; of the same second, the stranger is who we ask about.
    writers.sort_by_key(|entry| (entry.time.clone(), entry.name != MANAGER));
    let writer = writers.pop()?;
    let time = writer.time.as_ref().map(|time| format!(" at {time}")).unwrap_or_default();
    Some(format!("`{}`{time}", writer.name))
}

fn would(step: &Step) -> String {
    use crate::plan::Operation;
    let adopted = if step.marks.contains(&Mark::Adopted) { ", which somebody else made," } else { "" };
    match step.operation {
        Operation::Create => "it isn't there".to_owned(),
        Operation::Update => format!("it is there{adopted} and would be changed"),
        Operation::Replace => "it would be replaced".to_owned(),
        Operation::Prune => "it would be pruned".to_owned(),
    }
}

fn past(operation: &str) -> &str {
    match operation {
        "create" => "created",
        "update" => "changed",
        "replace" => "replaced",
        "prune" => "pruned",
        other => other,
    }
}
