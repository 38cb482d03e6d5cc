//! What an apply waits for, where kstatus' answer isn't the one that it needs.

use jiff::Timestamp;
use serde_json::Value;

use super::field::{conditions, number_or, text_or};
use super::{State, Status, group_kind, of};

/// Whether an apply has to wait for an object, or has waited long enough.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wait {
    /// It is what was asked for.
    Done,
    /// It isn't, and rightly so: what is left happens for another reason than this apply, or when somebody asks for it.
    Settled {
        /// Why nobody waits.
        message: String,
    },
    /// Not yet.
    Not {
        /// What is missing.
        message: String,
    },
    /// A controller gave up, or the object is going away: more time won't help.
    Never {
        /// What went wrong.
        message: String,
    },
}

impl Wait {
    /// Whether nothing is left to wait for.
    pub fn is_over(&self) -> bool {
        matches!(self, Self::Done | Self::Settled { .. })
    }

    /// What is missing, went wrong, or is left for later.
    pub fn message(&self) -> Option<&str> {
        match self {
            Self::Done => None,
            Self::Settled { message } | Self::Not { message } | Self::Never { message } => Some(message),
        }
    }
}

/// kstatus' verdict on a live object, and these corrections, each for a case in which an apply would end too early or wait in vain:
///
/// - a Job is waited for until it is complete; a suspended one isn't;
/// - a Pod that ended in failure has failed;
/// - a PersistentVolumeClaim that is pending is settled: with `WaitForFirstConsumer` it binds only when a pod uses it, the claim itself
///   doesn't tell which mode its class has, and a pod that can't start for want of it is waited for itself; a lost one never binds;
/// - a paused Deployment rolls out when somebody resumes it;
/// - a DaemonSet that its controller hasn't seen yet counts no nodes, which isn't the same as none;
/// - an APIService is waited for until it is available, and a ReplicationController until its pods are ready: kstatus has no rule for them.
pub fn waits_for(live: &Value, now: Timestamp) -> Wait {
    let status = of(live, now);
    if let Some(answer) = corrected(live, &status) {
        return answer;
    }
    match status.state {
        State::Current => Wait::Done,
        State::InProgress | State::NotFound | State::Unknown => Wait::Not { message: status.message },
        State::Failed | State::Terminating => Wait::Never { message: status.message },
    }
}

/// Whether objects of a kind are ready as soon as they exist: no controller reports on them, or what it reports nobody waits for.
pub fn is_ready_by_being_there(group: &str, kind: &str) -> bool {
    match group {
        "" => matches!(
            kind,
            "ConfigMap"
                | "Endpoints"
                | "Event"
                | "LimitRange"
                | "Namespace"
                | "PodTemplate"
                | "ResourceQuota"
                | "Secret"
                | "ServiceAccount"
        ),
        "batch" => kind == "CronJob",
        "networking.k8s.io" => matches!(kind, "NetworkPolicy" | "IngressClass"),
        "admissionregistration.k8s.io" => matches!(kind, "MutatingWebhookConfiguration" | "ValidatingWebhookConfiguration"),
        "rbac.authorization.k8s.io"
        | "scheduling.k8s.io"
        | "storage.k8s.io"
        | "node.k8s.io"
        | "coordination.k8s.io"
        | "discovery.k8s.io" => true,
        _ => false,
    }
}

/// The answer where kstatus' own isn't enough.
fn corrected(live: &Value, status: &Status) -> Option<Wait> {
    match (group_kind(live), status.state) {
        (("batch", "Job"), State::Current | State::InProgress) => job(live, status),
        (("", "Pod"), State::Current) => failed_pod(live, status),
        (("", "PersistentVolumeClaim"), State::InProgress) => claim(live),
        (("apps", "Deployment"), State::InProgress) => paused(live, status),
        (("apps", "DaemonSet"), State::Current) => unseen_daemon_set(live),
        (("apiregistration.k8s.io", "APIService"), State::Current) => api_service(live),
        (("", "ReplicationController"), State::Current) => replication_controller(live),
        _ => None,
    }
}

fn job(live: &Value, status: &Status) -> Option<Wait> {
    let finished = conditions(live).ok()?.iter().any(|condition| condition.holds("Complete"));
    if finished {
        return None;
    }
    if flag(live, "/spec/suspend") {
        return Some(Wait::Settled { message: "is suspended (`spec.suspend`)".to_owned() });
    }
    Some(Wait::Not { message: status.message.clone() })
}

fn failed_pod(live: &Value, status: &Status) -> Option<Wait> {
    let failed = text_or(live, "status.phase", "") == "Failed";
    failed.then(|| Wait::Never { message: status.message.clone() })
}

fn claim(live: &Value) -> Option<Wait> {
    match text_or(live, "status.phase", "") {
        "Pending" => Some(Wait::Settled { message: "is bound when a pod uses it".to_owned() }),
        "Lost" => Some(Wait::Never { message: "lost its volume: the PersistentVolume that it is bound to is gone".to_owned() }),
        _ => None,
    }
}

fn paused(live: &Value, status: &Status) -> Option<Wait> {
    // Before its controller has seen the object, the pause may be an old one.
    let seen = status.reason.as_deref() != Some("LatestGenerationNotObserved");
    (seen && flag(live, "/spec/paused")).then(|| Wait::Settled { message: "is paused (`spec.paused`)".to_owned() })
}

fn unseen_daemon_set(live: &Value) -> Option<Wait> {
    let seen = number_or(live, "status.observedGeneration", 0) > 0;
    (!seen).then(|| Wait::Not { message: "its controller hasn't seen it yet".to_owned() })
}

fn api_service(live: &Value) -> Option<Wait> {
    let conditions = conditions(live).ok()?;
    let available = conditions.iter().find(|condition| condition.name == "Available")?;
    let waits = available.status != "True";
    waits.then(|| Wait::Not { message: format!("isn't available: {}", available.message) })
}

fn replication_controller(live: &Value) -> Option<Wait> {
    let wanted = number_or(live, "spec.replicas", 1);
    let ready = number_or(live, "status.readyReplicas", 0);
    (wanted > ready).then(|| Wait::Not { message: format!("{ready} of {wanted} are ready") })
}

fn flag(live: &Value, pointer: &str) -> bool {
    live.pointer(pointer).and_then(Value::as_bool).unwrap_or_default()
}
