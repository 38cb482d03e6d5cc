//! The rules of what keeps pods running: Deployment, ReplicaSet, DaemonSet, StatefulSet.
//!
//! Each compares counts of `status` with what `spec` asks for, in kstatus' order: the first that falls short is the reason.

use serde_json::Value;

use super::Status;
use super::field::{Malformed, conditions, number, number_or, text_or};

/// What the Deployment controller takes for "no progress deadline", also where the field is missing.
const NO_DEADLINE: i64 = i32::MAX as i64;

/// A Deployment: failed once its progress deadline has passed.
pub(super) fn deployment(live: &Value) -> Result<Status, Malformed> {
    // Without a deadline the controller doesn't report progress.
    let mut progressed = number_or(live, "spec.progressDeadlineSeconds", NO_DEADLINE) == NO_DEADLINE;
    let mut available = false;
    for condition in conditions(live)? {
        if condition.name == "Progressing" && condition.reason == "ProgressDeadlineExceeded" {
            return Ok(Status::failed(condition.reason, "made no progress within `spec.progressDeadlineSeconds`"));
        }
        progressed |= condition.holds("Progressing") && condition.reason == "NewReplicaSetAvailable";
        available |= condition.holds("Available");
    }
    let counts = Counts::read(live);
    let updated = number_or(live, "status.updatedReplicas", 0);
    let short = counts.fewer_pods().or_else(|| fewer("LessUpdated", updated, counts.wanted, "are updated"));
    let short = short.or_else(|| counts.surplus());
    let short = short.or_else(|| fewer("LessAvailable", counts.available, updated, "updated pods are available"));
    let short = short.or_else(|| fewer("LessReady", counts.ready, counts.wanted, "are ready"));
    Ok(match short {
        Some(short) => short,
        None if !progressed => Status::in_progress("ReplicaSetNotAvailable", "its newest ReplicaSet isn't available yet"),
        None if !available => Status::in_progress("DeploymentNotAvailable", "too few of its pods are available"),
        None => counts.complete(),
    })
}

/// A ReplicaSet.
pub(super) fn replica_set(live: &Value) -> Result<Status, Malformed> {
    if conditions(live)?.iter().any(|condition| condition.holds("ReplicaFailure")) {
        return Ok(Status::in_progress("ReplicaFailure", "a pod can't be created or deleted"));
    }
    let counts = Counts::read(live);
    let labelled = number_or(live, "status.fullyLabeledReplicas", 0);
    let short = fewer("LessLabelled", labelled, counts.wanted, "bear the template's labels");
    let short = short.or_else(|| fewer("LessAvailable", counts.available, counts.wanted, "are available"));
    let short = short.or_else(|| fewer("LessReady", counts.ready, counts.wanted, "are ready"));
    Ok(short.or_else(|| counts.surplus()).unwrap_or_else(|| counts.complete()))
}

/// A StatefulSet. Its controller never reports a failure, so the rule can't either.
pub(super) fn stateful_set(live: &Value) -> Status {
    if text_or(live, "spec.updateStrategy.type", "") == "OnDelete" {
        return Status::current("its pods are replaced when someone deletes them (`OnDelete`)");
    }
    let counts = Counts::read(live);
    let short = counts.fewer_pods().or_else(|| fewer("LessReady", counts.ready, counts.wanted, "are ready"));
    if let Some(short) = short.or_else(|| counts.surplus()) {
        return short;
    }
    let partition = number_or(live, "spec.updateStrategy.rollingUpdate.partition", -1);
    if partition == -1 { whole_set(live, counts) } else { upper_part(live, counts, partition) }
}

/// Of a StatefulSet with a partition only the pods with an ordinal from it upwards are updated.
fn upper_part(live: &Value, counts: Counts, partition: i64) -> Status {
    let updated = number_or(live, "status.updatedReplicas", 0);
    let wanted = counts.wanted.saturating_sub(partition);
    let short = fewer("PartitionRollout", updated, wanted, "at and above the partition are updated");
    short.unwrap_or_else(|| Status::current(format!("{updated} pods updated, down to the partition {partition}")))
}

fn whole_set(live: &Value, counts: Counts) -> Status {
    let current = number_or(live, "status.currentReplicas", 0);
    if let Some(short) = fewer("LessCurrent", current, counts.wanted, "are of the current revision") {
        return short;
    }
    if text_or(live, "status.currentRevision", "") != text_or(live, "status.updateRevision", "") {
        return Status::in_progress("RevisionMismatch", "the new revision isn't the current one yet");
    }
    counts.complete()
}

/// A DaemonSet. Both generations must be there: its controller sets them as soon as it has acted.
pub(super) fn daemon_set(live: &Value, kind: &str) -> Result<Status, Malformed> {
    if number(live, "metadata.generation")?.is_none() {
        return Ok(Status::in_progress("NoGeneration", format!("this {kind} has no `metadata.generation`")));
    }
    if number(live, "status.observedGeneration")?.is_none() {
        return Ok(Status::in_progress("NoObservedGeneration", format!("its controller hasn't seen this {kind} yet")));
    }
    let count = |name: &str, default| number_or(live, &format!("status.{name}"), default);
    let wanted = count("desiredNumberScheduled", -1);
    if wanted == -1 {
        return Ok(Status::in_progress("NoDesiredNumber", "its controller hasn't counted the nodes yet"));
    }
    let parts = [
        ("LessCurrent", "currentNumberScheduled", "are scheduled"),
        ("LessUpdated", "updatedNumberScheduled", "are updated"),
        ("LessAvailable", "numberAvailable", "are available"),
        ("LessReady", "numberReady", "are ready"),
    ];
    let short = parts.iter().find_map(|(reason, name, what)| fewer(reason, count(name, 0), wanted, what));
    Ok(short.unwrap_or_else(|| Status::current(format!("{wanted} pods ready"))))
}

/// The counts that most workloads share.
#[derive(Debug, Clone, Copy)]
struct Counts {
    wanted: i64,
    there: i64,
    ready: i64,
    available: i64,
}

impl Counts {
    fn read(live: &Value) -> Self {
        Self {
            // One is what the controllers take where nothing is said.
            wanted: number_or(live, "spec.replicas", 1),
            there: number_or(live, "status.replicas", 0),
            ready: number_or(live, "status.readyReplicas", 0),
            available: number_or(live, "status.availableReplicas", 0),
        }
    }

    fn fewer_pods(self) -> Option<Status> {
        fewer("LessReplicas", self.there, self.wanted, "exist")
    }

    fn surplus(self) -> Option<Status> {
        let surplus = self.there.saturating_sub(self.wanted);
        (surplus > 0).then(|| Status::in_progress("ExtraPods", format!("{} still to end", pods(surplus))))
    }

    fn complete(self) -> Status {
        Status::current(format!("{} ready", pods(self.there)))
    }
}

fn fewer(reason: &str, there: i64, wanted: i64, what: &str) -> Option<Status> {
    (wanted > there).then(|| Status::in_progress(reason, format!("{there} of {wanted} {what}")))
}

fn pods(count: i64) -> String {
    if count == 1 { "1 pod".to_owned() } else { format!("{count} pods") }
}
