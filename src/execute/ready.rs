//! Waiting until what is written is ready.

use std::collections::BTreeMap;

use super::diagnose::{Sight, diagnose};
use super::wait::{Patience, Waited, Waiting, until_ready};
use super::work::Work;
use super::{Failed, Reason};
use crate::object::ObjectId;
use crate::plan::{Member, Operation};

/// Waits for every object of the bundle that isn't known to have failed, those too that didn't change.
pub(super) async fn wait(work: &Work<'_>) {
    let run = work.run;
    if !run.options.wait || run.interrupt.is_set() || work.is_lost() {
        return;
    }
    let wanted: Vec<Waited> = work.written().into_iter().filter_map(|(at, member)| waited(work, at, member)).collect();
    let clock = || run.purpose.surroundings.clock.now();
    let patience = Patience {
        cluster: run.cluster,
        timeout: run.options.timeout,
        listener: run.listener,
        scrubber: run.scrubber,
        clock: &clock,
        interrupt: &run.interrupt,
    };
    let left = until_ready(&wanted, patience).await;
    let mut found = look_into(work, wanted, &left).await;
    for (id, waiting) in left {
        let (reason, message) = match waiting {
            Waiting::Ready => continue,
            Waiting::NotReady { message } => (Reason::NotReady, format!("not ready in time: {message}")),
            Waiting::Never { message } => (Reason::NotReady, message),
            Waiting::Interrupted => (Reason::Interrupted, "written; nobody waited for it".to_owned()),
        };
        let details = found.remove(&id).unwrap_or_default();
        work.not_ready(failed(work, id, reason, message, details));
    }
}

/// What a human would look for about what isn't ready, in lines.
async fn look_into(work: &Work<'_>, wanted: Vec<Waited>, left: &[(ObjectId, Waiting)]) -> BTreeMap<ObjectId, Vec<String>> {
    let is_failing = |waiting: &Waiting| matches!(waiting, Waiting::NotReady { .. } | Waiting::Never { .. });
    let failing: Vec<Waited> =
        wanted.into_iter().zip(left).filter(|(_, (_, waiting))| is_failing(waiting)).map(|(waited, _)| waited).collect();
    let run = work.run;
    let sight = Sight { cluster: run.cluster, scrubber: run.scrubber, logs: run.options.logs };
    let found = run.interrupt.or(diagnose(&failing, sight)).await.unwrap_or_default();
    found.into_iter().map(|(id, diagnosis)| (id, diagnosis.lines())).collect()
}

fn waited(work: &Work<'_>, at: usize, member: &Member) -> Option<Waited> {
    let id = member.object.id();
    let found = || work.resources.exact(&id.group, &id.version, &id.kind);
    let resource = member.resource.as_ref().or_else(found)?.clone();
    let changes = work.plan.steps.iter().any(|step| step.member == Some(at));
    let seen = if changes { work.live(at) } else { member.live.clone() };
    Some(Waited {
        namespace: member.object.namespace().map(str::to_owned),
        name: member.object.name().to_owned(),
        uid: seen.as_ref().map(|live| live.uid.clone()),
        id,
        resource,
        seen,
    })
}

fn failed(work: &Work<'_>, id: ObjectId, reason: Reason, message: String, details: Vec<String>) -> Failed {
    let step = work.plan.steps.iter().find(|step| step.id == id);
    Failed { id, operation: step.map_or(Operation::Update, |step| step.operation), message, reason, details }
}
