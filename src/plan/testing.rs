//! Plans for tests.

use super::{ClusterFacts, Operation, Plan, Seen, Settings, Step};
use crate::object::ObjectId;

pub(crate) fn step(operation: Operation, kind: &str, name: &str) -> Step {
    let id =
        ObjectId { group: "".into(), version: "v1".into(), kind: kind.into(), namespace: Some("ns".into()), name: name.into() };
    let seen =
        Seen { uid: format!("uid-{name}"), resource_version: "1".to_owned(), digest: (kind != "Secret").then(|| "d".to_owned()) };
    Step {
        operation,
        id,
        member: None,
        resource: None,
        seen: (operation != Operation::Create).then_some(seen),
        renamed_from: None,
        fields: Vec::new(),
        immutable: Vec::new(),
        foreign: Vec::new(),
        migrates: Vec::new(),
        force: false,
        marks: Vec::new(),
        restarts: Vec::new(),
    }
}

pub(crate) fn plan(steps: Vec<Step>) -> Plan {
    Plan {
        environment: "dev".to_owned(),
        namespace: "ns".to_owned(),
        cluster: ClusterFacts { id: Some("id".to_owned()), version: "v1.37.2".to_owned() },
        commit: None,
        compiled: "c".to_owned(),
        members: Vec::new(),
        steps,
        kept: Vec::new(),
        refusals: Vec::new(),
        warnings: Vec::new(),
        restarts: Vec::new(),
        settings: Settings { timeout: std::time::Duration::from_secs(1), keep: 3, prune_budget: 10 },
    }
}
