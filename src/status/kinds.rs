//! The rules of the other built-in kinds: Pod, Job, PersistentVolumeClaim, Service, CustomResourceDefinition.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::Status;
use super::field::{Malformed, conditions, find, number_or, text, text_or};

/// How long a pod may be unschedulable before that counts as a failure.
const SCHEDULE_WINDOW: SignedDuration = SignedDuration::from_secs(15);

/// A Pod by itself. One that ended is current, whichever way: see [`super::waits_for`].
pub(super) fn pod(live: &Value, now: Timestamp) -> Result<Status, Malformed> {
    let conditions = conditions(live)?;
    match text_or(live, "status.phase", "") {
        "Succeeded" => Ok(Status::current("ended well")),
        "Failed" => Ok(Status::current("ended, and failed")),
        "Running" if conditions.iter().any(|condition| condition.holds("Ready")) => Ok(Status::current("is ready")),
        "Running" => Ok(match crash_looping(live)?.as_slice() {
            [] => Status::in_progress("PodRunningNotReady", "runs, and isn't ready yet"),
            names => Status::failed("ContainerCrashLooping", format!("crashes again and again: {}", names.join(", "))),
        }),
        "Pending" => {
            let scheduled = conditions.iter().find(|condition| condition.name == "PodScheduled" && condition.status == "False");
            Ok(match scheduled {
                Some(condition) if condition.reason == "Unschedulable" => unschedulable(live, now),
                _ => Status::in_progress("PodPending", "hasn't started yet"),
            })
        }
        "" => Ok(Status::in_progress("PodNotObserved", "no controller has seen it yet")),
        other => Err(format!("`status.phase` is `{other}`, which is no phase of a pod")),
    }
}

fn unschedulable(live: &Value, now: Timestamp) -> Status {
    let created: Option<Timestamp> = text_or(live, "metadata.creationTimestamp", "").parse().ok();
    if created.is_some_and(|created| now.duration_since(created) < SCHEDULE_WINDOW) {
        return Status::in_progress("PodNotScheduled", "isn't assigned to a node yet");
    }
    Status::failed("PodUnschedulable", "no node takes it")
}

/// The names of the containers that the kubelet has stopped starting for a while.
fn crash_looping(live: &Value) -> Result<Vec<&str>, Malformed> {
    let list = match find(live, "status.containerStatuses")? {
        None => return Ok(Vec::new()),
        Some(Value::Array(list)) => list,
        Some(_) => return Err("`status.containerStatuses` isn't a list".to_owned()),
    };
    let mut names = Vec::new();
    for entry in list {
        let Some(name) = text(entry, "name")? else { continue };
        if text(entry, "state.waiting.reason")? == Some("CrashLoopBackOff") {
            names.push(name);
        }
    }
    Ok(names)
}

/// A Job. One that has started is current, long before it completes: see [`super::waits_for`].
pub(super) fn job(live: &Value) -> Result<Status, Malformed> {
    let completions = number_or(live, "spec.completions", number_or(live, "spec.parallelism", 1));
    let count = |name: &str| number_or(live, &format!("status.{name}"), 0);
    for condition in conditions(live)? {
        if condition.holds("Complete") {
            return Ok(Status::current(format!("complete: {} of {completions} succeeded", count("succeeded"))));
        }
        if condition.holds("Failed") {
            let why = [condition.reason, condition.message].into_iter().find(|text| !text.is_empty());
            let why = why.map_or_else(String::new, |why| format!(": {why}"));
            return Ok(Status::failed("JobFailed", format!("failed after {} pods failed{why}", count("failed"))));
        }
    }
    if text_or(live, "status.startTime", "").is_empty() {
        return Ok(Status::in_progress("JobNotStarted", "hasn't started yet"));
    }
    let (active, succeeded, failed) = (count("active"), count("succeeded"), count("failed"));
    Ok(Status::current(format!("running: {active} active, {succeeded} of {completions} succeeded, {failed} failed")))
}

/// A PersistentVolumeClaim.
pub(super) fn claim(live: &Value) -> Status {
    match text_or(live, "status.phase", "unknown") {
        "Bound" => Status::current("is bound"),
        phase => Status::in_progress("NotBound", format!("isn't bound to a volume yet (`{phase}`)")),
    }
}

/// A Service: only a load balancer is waited for, and only until it has an address inside the cluster.
pub(super) fn service(live: &Value) -> Status {
    let balanced = text_or(live, "spec.type", "ClusterIP") == "LoadBalancer";
    if balanced && text_or(live, "spec.clusterIP", "").is_empty() {
        return Status::in_progress("NoIPAssigned", "has no cluster address yet");
    }
    Status::current("has its address")
}

/// A CustomResourceDefinition: the API server serves it, or says why it can't.
pub(super) fn definition(live: &Value) -> Result<Status, Malformed> {
    for condition in conditions(live)? {
        match (condition.name, condition.status) {
            ("NamesAccepted", "False") => return Ok(Status::failed(condition.reason, condition.message)),
            ("Established", "False") if condition.reason != "Installing" => {
                return Ok(Status::failed(condition.reason, condition.message));
            }
            ("Established", "True") => return Ok(Status::current("is established")),
            _ => {}
        }
    }
    Ok(Status::in_progress("Installing", "isn't served yet"))
}
