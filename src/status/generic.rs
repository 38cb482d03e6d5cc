//! The rules that hold for objects of every kind.

use serde_json::Value;

use super::State;
use super::Status;
use super::field::{Condition, Malformed, conditions, number, text};

/// What can be said without knowing the kind: it is being deleted, its controller hasn't seen it yet, or one of the two
/// conditions that kstatus reserves is set. None: ask the kind's rule.
pub(super) fn status(live: &Value, kind: &str) -> Result<Option<Status>, Malformed> {
    if text(live, "metadata.deletionTimestamp")?.is_some_and(|time| !time.is_empty()) {
        let message = "is being deleted".to_owned();
        return Ok(Some(Status { state: State::Terminating, reason: None, message }));
    }
    if let (Some(wanted), Some(seen)) = generations(live)?
        && wanted != seen
    {
        let message = format!("generation {wanted} isn't seen yet by what controls this {kind}; it saw {seen}");
        return Ok(Some(Status::in_progress("LatestGenerationNotObserved", message)));
    }
    let set = conditions(live)?.into_iter().find(|condition| condition.holds("Reconciling") || condition.holds("Stalled"));
    Ok(set.map(|Condition { name, reason, message, .. }| match name {
        "Stalled" => Status::failed(reason, message),
        _ => Status::in_progress(reason, message),
    }))
}

/// `metadata.generation`, and `status.observedGeneration` where there is a generation.
fn generations(live: &Value) -> Result<(Option<i64>, Option<i64>), Malformed> {
    let wanted = number(live, "metadata.generation")?;
    let seen = if wanted.is_some() { number(live, "status.observedGeneration")? } else { None };
    Ok((wanted, seen))
}

/// By the condition `Ready`, which most custom resources have. An object without one is current.
pub(super) fn ready(live: &Value) -> Result<Status, Malformed> {
    let known = |condition: &Condition| condition.name == "Ready" && matches!(condition.status, "True" | "False" | "Unknown");
    Ok(match conditions(live)?.into_iter().find(known) {
        Some(Condition { status: "True", .. }) => Status::current("is ready"),
        Some(Condition { reason, message, .. }) => Status::in_progress(reason, message),
        None => Status::current("is there"),
    })
}
