//! The Lease as an object of the API (coordination.k8s.io/v1), and who holds it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::cluster::{Edit, Live, Resource};

/// The annotation that says more of the holder than an identity can.
const HOLDER: &str = "plimsoll.dev/holder";

/// Who holds a Lease.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The run's own random name.
    pub run: String,
    /// Who, as the server says.
    pub who: String,
    /// `apply`, `rollback`, `delete`.
    pub action: String,
    /// The process, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub process: Option<Process>,
}

/// A process, told apart from all others on all machines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// The machine's name, for people.
    pub host: String,
    /// What tells this machine, since its last start, and this space of process numbers from others; says nothing else.
    pub machine: String,
    /// Its number.
    pub pid: u32,
    /// When it started, in the machine's own count: numbers are used again.
    pub started: u64,
}

/// `alice on host ci-7`
impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.who)?;
        self.process.as_ref().map_or(Ok(()), |process| write!(f, " on host {} (process {})", process.host, process.pid))
    }
}

/// The kind of the Lease, which every server has.
pub(super) fn leases() -> Arc<Resource> {
    Arc::new(Resource {
        group: "coordination.k8s.io".to_owned(),
        version: "v1".to_owned(),
        kind: "Lease".to_owned(),
        plural: "leases".to_owned(),
        namespaced: true,
        verbs: Vec::new(),
    })
}

/// A Lease's body as it is sent.
pub(super) fn edit<'a>(resource: &'a Arc<Resource>, namespace: &'a str, name: &'a str, body: &'a Value) -> Edit<'a> {
    Edit { resource, namespace: Some(namespace), name, body, manager: "plimsoll" }
}

/// A Lease as it was read, or one to be made.
#[derive(Debug, Clone)]
pub(super) struct Seen(Value);

impl Seen {
    pub(super) fn new(namespace: &str, name: &str) -> Self {
        Self(json!({ "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
            "metadata": { "name": name, "namespace": namespace, "labels": { "app.kubernetes.io/managed-by": "plimsoll" } },
            "spec": {} }))
    }

    pub(super) fn of(live: &Live) -> Self {
        Self(live.value())
    }

    fn text(&self, pointer: &str) -> &str {
        self.0.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    pub(super) fn namespace(&self) -> &str {
        self.text("/metadata/namespace")
    }

    pub(super) fn name(&self) -> &str {
        self.text("/metadata/name")
    }

    pub(super) fn uid(&self) -> &str {
        self.text("/metadata/uid")
    }

    pub(super) fn version(&self) -> &str {
        self.text("/metadata/resourceVersion")
    }

    /// Who holds it; `None` if nobody does.
    pub(super) fn identity(&self) -> Option<&str> {
        Some(self.text("/spec/holderIdentity")).filter(|identity| !identity.is_empty())
    }

    /// What is known of the holder, if it is one of ours.
    pub(super) fn holder(&self) -> Option<Holder> {
        let text = self.0.pointer("/metadata/annotations")?.get(HOLDER)?.as_str()?;
        let holder: Holder = serde_json::from_str(text).ok()?;
        // An annotation that somebody else left behind says nothing of who has it now.
        (Some(identity_of(&holder).as_str()) == self.identity()).then_some(holder)
    }

    /// The run that holds it.
    pub(super) fn run(&self) -> Option<&str> {
        self.identity()?.rsplit_once('/').map(|(_, run)| run)
    }

    pub(super) fn since(&self) -> String {
        let text = self.text("/spec/acquireTime");
        text.parse::<Timestamp>()
            .ok()
            .and_then(|at| Timestamp::from_second(at.as_second()).ok())
            .map_or_else(|| "an unknown time".to_owned(), |at| at.to_string())
    }

    pub(super) fn renewed(&self) -> Option<Timestamp> {
        self.text("/spec/renewTime").parse().ok()
    }

    pub(super) fn duration(&self) -> Option<Duration> {
        self.0.pointer("/spec/leaseDurationSeconds").and_then(Value::as_u64).map(Duration::from_secs)
    }

    /// The object with this holder, renewed at `now`: what is to be written, under the uid and resourceVersion that were seen.
    pub(super) fn held_by(&self, holder: &Holder, now: Timestamp, duration: Duration) -> Value {
        let identity = identity_of(holder);
        let is_new = self.identity() != Some(&identity);
        let transitions = self.0.pointer("/spec/leaseTransitions").and_then(Value::as_u64).unwrap_or(0);
        let mut next = self.bare();
        if let Some(spec) = map(&mut next, "spec") {
            spec.insert("holderIdentity".to_owned(), identity.into());
            spec.insert("leaseDurationSeconds".to_owned(), duration.as_secs().into());
            spec.insert("renewTime".to_owned(), micro_time(now).into());
            if is_new {
                spec.insert("acquireTime".to_owned(), micro_time(now).into());
                spec.insert("leaseTransitions".to_owned(), (transitions + 1).into());
            }
        }
        if let Some(annotations) = map(&mut next, "metadata").and_then(|metadata| entry(metadata, "annotations")) {
            annotations.insert(HOLDER.to_owned(), serde_json::to_string(holder).unwrap_or_default().into());
        }
        next
    }

    /// The object without a holder.
    pub(super) fn released(&self, now: Timestamp) -> Value {
        let mut next = self.bare();
        if let Some(spec) = map(&mut next, "spec") {
            spec.remove("holderIdentity");
            spec.insert("renewTime".to_owned(), micro_time(now).into());
        }
        if let Some(annotations) = map(&mut next, "metadata").and_then(|metadata| entry(metadata, "annotations")) {
            annotations.remove(HOLDER);
        }
        next
    }

    /// The object as it may be sent: the server keeps the book of managers.
    fn bare(&self) -> Value {
        let mut next = self.0.clone();
        if let Some(metadata) = map(&mut next, "metadata") {
            metadata.remove("managedFields");
        }
        next
    }
}

fn map<'a>(value: &'a mut Value, key: &str) -> Option<&'a mut Map<String, Value>> {
    entry(value.as_object_mut()?, key)
}

fn entry<'a>(map: &'a mut Map<String, Value>, key: &str) -> Option<&'a mut Map<String, Value>> {
    map.entry(key).or_insert_with(|| json!({})).as_object_mut()
}

/// `alice/3f2a…`: the last part is the run.
fn identity_of(holder: &Holder) -> String {
    format!("{}/{}", holder.who, holder.run)
}

/// Kubernetes' MicroTime wants all six digits.
fn micro_time(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_is_held_renewed_and_released() {
        let process = Process { host: "ci".to_owned(), machine: "m".to_owned(), pid: 7, started: 9 };
        let alice = Holder { run: "r1".to_owned(), who: "alice".to_owned(), action: "apply".to_owned(), process: Some(process) };
        let time = |text: &str| text.parse::<Timestamp>().unwrap();
        let fresh = Seen::new("shop", "plimsoll-prod");
        assert_eq!((fresh.identity(), fresh.holder()), (None, None));
        let held = Seen(fresh.held_by(&alice, time("2026-01-01T00:00:00.5Z"), Duration::from_secs(20)));
        assert_eq!(held.holder(), Some(alice.clone()));
        assert_eq!((held.run(), held.since().as_str()), (Some("r1"), "2026-01-01T00:00:00Z"));
        assert_eq!(held.0["spec"]["renewTime"], "2026-01-01T00:00:00.500000Z");
        let renewed = Seen(held.held_by(&alice, time("2026-01-01T00:00:05Z"), Duration::from_secs(20)));
        assert_eq!(renewed.since(), held.since());
        assert_eq!(renewed.0["spec"]["leaseTransitions"], 1);
        let free = Seen(renewed.released(time("2026-01-01T00:00:06Z")));
        assert_eq!((free.identity(), free.holder()), (None, None));
        // Another tool takes it and leaves the annotation: that says nothing of it.
        let mut foreign = renewed.0.clone();
        foreign["spec"]["holderIdentity"] = "kubectl".into();
        assert_eq!(Seen(foreign).holder(), None);
        assert_eq!(alice.to_string(), "alice on host ci (process 7)");
    }
}
