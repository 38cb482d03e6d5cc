//! Why a workload has too few pods: what its controller was told when it tried to create them.

use serde_json::Value;

use super::event::about;
use super::field::conditions;
use super::message::refusal;
use super::trouble::Trouble;

/// What keeps a Deployment, ReplicaSet, StatefulSet, DaemonSet or Job from creating pods: a quota, admission, a webhook, a service account
/// that isn't there. `events` may hold those of other objects; `None` where nothing of the kind is known.
///
/// A Deployment says it in its condition `ReplicaFailure`, as its ReplicaSet does; the others only in their events, of which the newest
/// counts: a pod that was created since then is a success.
pub fn trouble(owner: &Value, events: &[Value]) -> Option<Trouble> {
    let conditions = conditions(owner).unwrap_or_default();
    let failure = conditions.iter().find(|condition| condition.holds("ReplicaFailure") && condition.reason == "FailedCreate");
    let message = failure.map(|condition| condition.message).or_else(|| newest_failure(owner, events))?;
    Some(Trouble { cause: refusal(message), container: None, log: None, message: message.to_owned() })
}

fn newest_failure<'a>(owner: &Value, events: &'a [Value]) -> Option<&'a str> {
    let events = about(owner, events);
    let newest = events.iter().rfind(|event| matches!(event.reason, "FailedCreate" | "SuccessfulCreate"))?;
    (newest.reason == "FailedCreate").then_some(newest.message)
}
