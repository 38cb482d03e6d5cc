//! How far a live object has come, read from its JSON alone. Pure: no cluster, and the clock is an argument.
//!
//! [`of`] answers by the rules of kstatus (`sigs.k8s.io/cli-utils/pkg/kstatus/status`), the library that kpt, Flux and Helm
//! wait by; its own build is the witness in `tests/status/`. A status is found in this order:
//!
//! 1. a `metadata.deletionTimestamp` → [`State::Terminating`];
//! 2. a `status.observedGeneration` that isn't `metadata.generation` → [`State::InProgress`];
//! 3. the conditions `Reconciling` and `Stalled`, which any controller may set → in progress, failed;
//! 4. the kind's own rule: `workloads` and `kinds`;
//! 5. of all other kinds, custom resources among them, the condition `Ready`;
//! 6. an object about which nothing speaks is current.
//!
//! [`waits_for`] asks the stronger question that an apply asks: kstatus calls a started Job current, for example.
//! [`pod::trouble`] and [`owner::trouble`] say why a workload doesn't get there.

mod event;
mod field;
mod generic;
mod kinds;
mod message;
pub mod owner;
pub mod pod;
#[cfg(test)]
mod tests;
mod trouble;
#[cfg(test)]
mod trouble_tests;
mod wait;
mod workloads;

use jiff::Timestamp;
use serde_json::Value;

pub use event::warnings;
pub use trouble::{Cause, Log, Probe, Trouble};
pub use wait::{Wait, is_ready_by_being_there, waits_for};

/// How far an object has come; the words are kstatus'.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// What was asked for is what runs.
    Current,
    /// A controller is at work, or hasn't started yet.
    InProgress,
    /// A controller gave up, or can't go on.
    Failed,
    /// It is being deleted.
    Terminating,
    /// It isn't there.
    NotFound,
    /// Its JSON isn't of the shape that its API promises.
    Unknown,
}

impl State {
    /// The state's name, as kstatus spells it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Current => "Current",
            Self::InProgress => "InProgress",
            Self::Failed => "Failed",
            Self::Terminating => "Terminating",
            Self::NotFound => "NotFound",
            Self::Unknown => "Unknown",
        }
    }
}

/// What [`of`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// How far it has come.
    pub state: State,
    /// One word for programs, as kstatus puts it into its conditions; none where the state says all.
    pub reason: Option<String>,
    /// A short text for people. It may quote a controller's condition, and so the server's words: scrub it before it is shown.
    pub message: String,
}

impl Status {
    /// The status of an object that a read or a watch didn't find.
    pub fn not_found() -> Self {
        Self { state: State::NotFound, reason: None, message: "doesn't exist".to_owned() }
    }

    fn current(message: impl Into<String>) -> Self {
        Self { state: State::Current, reason: None, message: message.into() }
    }

    fn in_progress(reason: &str, message: impl Into<String>) -> Self {
        Self { state: State::InProgress, reason: Some(reason.to_owned()), message: message.into() }
    }

    fn failed(reason: &str, message: impl Into<String>) -> Self {
        Self { state: State::Failed, reason: Some(reason.to_owned()), message: message.into() }
    }
}

/// The status of a live object by kstatus' rules. `now` decides how long a pod has been unschedulable.
pub fn of(live: &Value, now: Timestamp) -> Status {
    let (group, kind) = group_kind(live);
    let decided = generic::status(live, kind).and_then(|found| match found {
        Some(status) => Ok(status),
        None => by_kind(live, group, kind, now),
    });
    decided.unwrap_or_else(|malformed| Status { state: State::Unknown, reason: None, message: malformed })
}

/// The kind's own rule, or else the condition `Ready`.
fn by_kind(live: &Value, group: &str, kind: &str, now: Timestamp) -> Result<Status, field::Malformed> {
    match (group, kind) {
        ("", "ConfigMap" | "Secret") | ("batch", "CronJob") => Ok(Status::current("is there")),
        ("", "Service") => Ok(kinds::service(live)),
        ("", "Pod") => kinds::pod(live, now),
        ("", "PersistentVolumeClaim") => Ok(kinds::claim(live)),
        ("apps" | "extensions", "Deployment") => workloads::deployment(live),
        ("apps" | "extensions", "ReplicaSet") => workloads::replica_set(live),
        ("apps" | "extensions", "DaemonSet") => workloads::daemon_set(live, kind),
        ("apps", "StatefulSet") => Ok(workloads::stateful_set(live)),
        ("batch", "Job") => kinds::job(live),
        // The controller counts before it says that it saw the object's generation, so nothing is left to ask.
        ("policy", "PodDisruptionBudget") => Ok(Status::current("its allowed disruptions are counted")),
        ("apiextensions.k8s.io", "CustomResourceDefinition") => kinds::definition(live),
        _ => generic::ready(live),
    }
}

/// An object's API group and kind; an apiVersion with two slashes names neither.
fn group_kind(live: &Value) -> (&str, &str) {
    let version = field::text_or(live, "apiVersion", "");
    let kind = field::text_or(live, "kind", "");
    match version.split_once('/') {
        None => ("", kind),
        Some((_, rest)) if rest.contains('/') => ("", ""),
        Some((group, _)) => (group, kind),
    }
}
