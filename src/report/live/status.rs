//! How an environment's objects are.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::history::{commit, outcome};
use super::table::table;
use crate::inventory::Record;
use crate::object::ObjectId;
use crate::status::{State, Status};

const SCHEMA: &str = "plimsoll.dev/status/v1";

/// What is shown.
#[derive(Debug)]
pub struct Standing {
    /// The environment.
    pub environment: String,
    /// Its target namespace.
    pub namespace: String,
    /// Its objects in the cluster, in order.
    pub objects: Vec<(ObjectId, Status)>,
    /// Where objects couldn't be looked for, a sentence each.
    pub unseen: Vec<String>,
    /// The last run.
    pub last: Option<Record>,
    /// The run that is under way.
    pub running: Option<String>,
}

impl Standing {
    /// Whether all objects are as they should be.
    pub fn is_current(&self) -> bool {
        self.objects.iter().all(|(_, status)| status.state == State::Current)
    }
}

/// For people.
pub fn status_text(standing: &Standing) -> String {
    let Standing { environment, namespace, objects, unseen, last, running } = standing;
    let current = objects.iter().filter(|(_, status)| status.state == State::Current).count();
    let mut out = match last {
        None if objects.is_empty() => return format!("`{environment}` was never applied to namespace {namespace}\n"),
        None => String::new(),
        Some(record) => {
            let outcome = outcome(record, running.as_deref());
            format!(
                "last: {} {} of {} by {} at {}: {outcome}\n",
                record.action,
                record.number,
                commit(record),
                record.who,
                record.began
            )
        }
    };
    let rows: Vec<Vec<String>> = objects
        .iter()
        .map(|(id, status)| {
            let place =
                id.namespace.as_ref().filter(|name| *name != namespace).map(|name| format!(" in {name}")).unwrap_or_default();
            vec![format!("{id}{place}"), status.state.name().to_owned(), status.message.clone()]
        })
        .collect();
    out.push_str(&table(&rows));
    let _ = writeln!(out, "{current} of {} objects current", objects.len());
    for why in unseen {
        let _ = writeln!(out, "not seen: {why}");
    }
    out
}

/// For programs: schema `plimsoll.dev/status/v1`.
pub fn status_json(standing: &Standing) -> String {
    let object = |(id, status): &(ObjectId, Status)| {
        json!({
            "apiVersion": id.api_version(), "kind": id.kind.as_str(), "namespace": id.namespace.as_deref(), "name": id.name.as_str(),
            "state": status.state.name(), "reason": status.reason, "message": status.message,
        })
    };
    let objects: Vec<Value> = standing.objects.iter().map(object).collect();
    let last = standing.last.as_ref().map(|record| {
        json!({ "number": record.number, "action": record.action.to_string(), "commit": record.commit, "who": record.who,
            "began": record.began.to_string(), "outcome": outcome(record, standing.running.as_deref()) })
    });
    let document = json!({ "schema": SCHEMA, "environment": standing.environment, "namespace": standing.namespace,
        "current": standing.is_current(), "last": last, "objects": objects, "unseen": standing.unseen });
    format!("{document:#}\n")
}
