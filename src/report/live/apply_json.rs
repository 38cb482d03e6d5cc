//! What became of an apply, for programs: schema `plimsoll.dev/apply/v1`. Members are only ever added within a version.

use serde_json::{Value, json};

use crate::execute::{Failed, Outcome, Reason};
use crate::object::ObjectId;
use crate::plan::Operation;

/// The outcome as a JSON document. `exit` is the exit code of the command. Ends in a line end.
pub fn apply_json(outcome: &Outcome, environment: &str, unchanged: usize, exit: u8) -> String {
    let count = |operation| outcome.done.iter().filter(|(done, _)| *done == operation).count();
    let document = json!({
        "schema": "plimsoll.dev/apply/v1",
        "environment": environment,
        "exit": exit,
        "interrupted": outcome.interrupted,
        "summary": {
            "created": count(Operation::Create),
            "updated": count(Operation::Update),
            "replaced": count(Operation::Replace),
            "pruned": count(Operation::Prune),
            "unchanged": unchanged,
            "failed": outcome.failed.len(),
            "kept": outcome.kept.len(),
        },
        "done": outcome.done.iter().map(|(operation, id)| json!({ "operation": verb(*operation), "object": object(id) })).collect::<Vec<_>>(),
        "failed": outcome.failed.iter().map(failed).collect::<Vec<_>>(),
        "kept": outcome.kept.iter().map(|kept| json!({ "object": object(&kept.id), "why": kept.why })).collect::<Vec<_>>(),
        "notes": outcome.notes,
    });
    format!("{document:#}\n")
}

fn failed(failed: &Failed) -> Value {
    let (reason, about) = match &failed.reason {
        Reason::Moved(by) => ("moved", json!({ "by": by })),
        Reason::Forbidden(right) => ("forbidden", json!({ "right": right })),
        Reason::Refused => ("refused", json!({})),
        Reason::Unknown => ("unknown", json!({})),
        Reason::Unreachable => ("unreachable", json!({})),
        Reason::Skipped(need) => ("skipped", json!({ "needs": object(need) })),
        Reason::NotReady => ("not-ready", json!({})),
        Reason::Interrupted => ("interrupted", json!({})),
    };
    json!({
        "operation": verb(failed.operation),
        "object": object(&failed.id),
        "reason": reason,
        "about": about,
        "message": failed.message,
        "details": failed.details,
    })
}

fn verb(operation: Operation) -> &'static str {
    match operation {
        Operation::Create => "create",
        Operation::Update => "update",
        Operation::Replace => "replace",
        Operation::Prune => "prune",
    }
}

fn object(id: &ObjectId) -> Value {
    json!({ "apiVersion": id.api_version(), "kind": id.kind.as_str(), "namespace": id.namespace.as_deref(), "name": id.name.as_str() })
}
