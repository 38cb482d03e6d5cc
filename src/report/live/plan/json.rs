//! For programs: schema `plimsoll.dev/live-diff/v1`. Members are only ever added within a version.

use serde_json::{Value, json};

use super::{fate_name, mark_name, operation_name};
use crate::cluster::Counts;
use crate::plan::{Operation, Plan, Step};
use crate::report::change::json::{field, id};

/// The plan as a JSON document; `requests` are those that making it took. Ends in a line end.
pub fn json(plan: &Plan, requests: Counts) -> String {
    let refusals = plan
        .refusals
        .iter()
        .map(|refusal| json!({ "object": refusal.id.as_ref().map(id), "message": refusal.message, "hint": refusal.hint }));
    let document = json!({
        "schema": "plimsoll.dev/live-diff/v1",
        "environment": plan.environment,
        "namespace": plan.namespace,
        "cluster": { "id": plan.cluster.id, "version": plan.cluster.version },
        "commit": plan.commit,
        "compiled": plan.compiled,
        "changed": plan.differs(),
        "summary": {
            "created": plan.count(Operation::Create),
            "changed": plan.count(Operation::Update) - plan.steps.iter().filter(|step| !step.differs()).count(),
            "replaced": plan.count(Operation::Replace),
            "pruned": plan.count(Operation::Prune),
            "kept": plan.kept.len(),
            "notCompared": plan.steps.iter().filter(|step| !step.differs()).count(),
            "unchanged": plan.unchanged(),
        },
        "requests": {
            "discovery": requests.discovery,
            "list": requests.list,
            "get": requests.get,
            "dryRun": requests.dry_run,
            "write": requests.write,
        },
        "restarts": plan.restarts,
        "steps": plan.steps.iter().map(step).collect::<Vec<_>>(),
        "kept": plan.kept.iter().map(|kept| json!({ "object": id(&kept.id), "why": kept.why })).collect::<Vec<_>>(),
        "refusals": refusals.collect::<Vec<_>>(),
        "warnings": plan.warnings,
    });
    format!("{document:#}\n")
}

fn step(step: &Step) -> Value {
    let foreign = step.foreign.iter().map(|foreign| {
        json!({ "path": foreign.path, "manager": foreign.manager, "time": foreign.time, "fate": fate_name(foreign.fate) })
    });
    json!({
        "operation": operation_name(step.operation),
        "object": id(&step.id),
        "differs": step.differs(),
        "renamedFrom": step.renamed_from.as_ref().map(id),
        "immutable": step.immutable,
        "marks": step.marks.iter().map(|mark| mark_name(*mark)).collect::<Vec<_>>(),
        "migrates": step.migrates,
        "foreign": foreign.collect::<Vec<_>>(),
        "restarts": step.restarts,
        "fields": step.fields.iter().map(field).collect::<Vec<_>>(),
    })
}
