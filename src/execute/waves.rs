//! The writes of a plan, wave by wave.

use std::borrow::Cow;
use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream;

use super::miss::Miss;
use super::order::Wave;
use super::seen::Before;
use super::work::Work;
use super::write::{Target, is_free, write};
use super::{Reason, definitions, replace, roles};
use crate::cluster::Resource;
use crate::plan::{Member, Operation, Step};
use crate::planted;

/// How many writes run side by side.
pub(super) const SIDE_BY_SIDE: usize = 8;

/// Writes the namespace that the inventory lies in, if the plan creates it: nothing can be noted before. Whether it is there then, as far
/// as the plan knows.
pub(super) async fn target_namespace(work: &Work<'_>) -> bool {
    let steps = work.plan.steps.iter().enumerate();
    let is_it = |step: &Step| step.id.kind == "Namespace" && step.id.group.is_empty() && step.id.name == work.plan.namespace;
    let Some((at, step)) = steps.filter(|(_, step)| is_it(step)).find(|(_, step)| step.operation == Operation::Create) else {
        return true;
    };
    one(work, at).await;
    is_done(work, step)
}

fn is_done(work: &Work<'_>, step: &Step) -> bool {
    work.outcome().done.iter().any(|(_, id)| *id == step.id)
}

/// Notes of every step that nothing was made of that it was left out.
pub(super) fn leave_out(work: &Work<'_>) {
    let begun = work.outcome();
    let namespace = begun.failed.first().map(|failed| failed.id.clone());
    let is_begun =
        |step: &Step| begun.done.iter().any(|(_, id)| *id == step.id) || begun.failed.iter().any(|failed| failed.id == step.id);
    for step in work.plan.steps.iter().filter(|step| !is_begun(step)) {
        let miss = work.veto(step).unwrap_or_else(|| match &namespace {
            Some(id) => Miss::new(Reason::Skipped(id.clone()), format!("not begun: the inventory lies in {id}, which failed")),
            None => Miss::new(Reason::Unreachable, "not begun: the run couldn't go on"),
        });
        work.failed(step, miss);
    }
}

/// All writes but that of the target namespace.
pub(super) async fn all(work: &mut Work<'_>) {
    let begun = work.outcome();
    let is_begun = |step: &Step| begun.done.iter().any(|(_, id)| *id == step.id);
    let mut asked = false;
    for (wave, steps) in work.waves() {
        if wave > Wave::Definitions && !asked {
            definitions::established(work).await;
            asked = true;
        }
        let work = &*work;
        let left = steps.into_iter().filter(|at| work.step(*at).is_some_and(|step| !is_begun(step)));
        stream::iter(left).map(|at| one(work, at)).buffer_unordered(SIDE_BY_SIDE).collect::<()>().await;
    }
}

/// One step, from its veto to its record.
async fn one(work: &Work<'_>, at: usize) {
    let Some(step) = work.step(at) else { return };
    let Some(member) = work.member(step) else { return };
    if let Some(miss) = work.veto(step) {
        return work.failed(step, miss);
    }
    match carry_out(work, at, step, member).await {
        Ok(Done::Whole) => work.done(step),
        Ok(Done::NarrowLater) => {}
        Err(miss) => work.failed(step, miss),
    }
}

enum Done {
    Whole,
    /// A Role whose last write comes after the rollouts.
    NarrowLater,
}

async fn carry_out(work: &Work<'_>, at: usize, step: &Step, member: &Member) -> Result<Done, Miss> {
    let resource = resource(work, step)?;
    let target = Target::new(step, member, &member.object, &resource);
    if step.operation == Operation::Replace {
        work.keep(step, &replace::replace(work.run, &target).await?);
        return Ok(Done::Whole);
    }
    if step.operation == Operation::Update && roles::follows_rollouts(&member.object) && rolls_out(work) {
        return widen(work, at, &target, member).await;
    }
    if step.operation == Operation::Create && work.may_have_made_it() && !planted::is("looked-at-nothing") {
        is_free(work.run, &target).await?;
    }
    work.keep(step, &write(work.run, &target).await?);
    Ok(Done::Whole)
}

/// Writes a Role with the old names beside the new.
async fn widen(work: &Work<'_>, at: usize, target: &Target<'_>, member: &Member) -> Result<Done, Miss> {
    let live = member.live.as_ref().map(crate::cluster::Live::value);
    let wide = live.as_ref().and_then(|live| roles::widened(&member.object, live));
    let (Some(live), Some(wide), Some(before)) = (live, wide, &target.before) else {
        write(work.run, target).await?;
        return Ok(Done::Whole);
    };
    let is_wide = roles::is_wide(&member.object, &live) && target.step.migrates.is_empty();
    let before = if is_wide {
        before.clone()
    } else {
        let wide = Target { object: &wide, before: target.before.clone(), ..*target };
        Before::after(&write(work.run, &wide).await?)
    };
    work.narrow_later(at, before, !is_wide);
    Ok(Done::NarrowLater)
}

/// Whether pods that go may still need what they have: a workload is written, or may be on its way from an earlier run.
fn rolls_out(work: &Work<'_>) -> bool {
    work.run.options.wait || work.waves().contains_key(&Wave::Workloads)
}

/// The last writes of Roles, with nothing but the new names: only when every rollout is through, since old pods still read the old.
pub(super) async fn narrow(work: &Work<'_>) {
    let is_through = work.is_clean() && work.run.options.wait;
    for (at, before) in work.take_narrow() {
        let (Some(step), Some(member)) = (work.step(at), work.step(at).and_then(|step| work.member(step))) else { continue };
        if !is_through {
            work.note(format!(
                "{} keeps the names of old Secrets too until the rollout is through; the next apply takes them out",
                step.id
            ));
            continue;
        }
        let Ok(resource) = resource(work, step) else { continue };
        let last = Step { migrates: Vec::new(), ..step.clone() };
        let target = Target { step: &last, object: &member.object, resource: &resource, before: Some(before) };
        match write(work.run, &target).await {
            Ok(_) => work.done(step),
            Err(miss) => work.failed(step, miss),
        }
    }
}

/// The kind as the server serves it by now.
pub(super) fn resource<'a>(work: &Work<'_>, step: &'a Step) -> Result<Cow<'a, Arc<Resource>>, Miss> {
    if let Some(resource) = &step.resource {
        return Ok(Cow::Borrowed(resource));
    }
    let found = work.resources.exact(&step.id.group, &step.id.version, &step.id.kind);
    let message = || format!("the server has no kind `{}` in `{}`", step.id.kind, step.id.api_version());
    found.cloned().map(Cow::Owned).ok_or_else(|| Miss::new(Reason::Refused, message()))
}
