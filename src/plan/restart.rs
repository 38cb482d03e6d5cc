//! Which pods a plan replaces.

use std::collections::BTreeSet;

use super::{Operation, Plan};
use crate::change::{replaces_pods, used_config};

/// Notes on each step the workloads whose pods it replaces, and on the plan all of them in order: those whose pod template differs,
/// and with each changed ConfigMap or Secret those of them that use it.
pub(super) fn mark(plan: &mut Plan) {
    let mut workloads: Vec<(String, BTreeSet<(&'static str, String)>)> = Vec::new();
    for step in &mut plan.steps {
        let Some(object) = step.member.and_then(|at| plan.members.get(at)).map(|member| &member.object) else { continue };
        let is_replaced = match step.operation {
            Operation::Update => replaces_pods(&step.fields, object),
            Operation::Replace => !crate::object::podspec::pod_spec_paths(object).is_empty(),
            Operation::Create | Operation::Prune => false,
        };
        if is_replaced {
            let name = step.id.to_string();
            step.restarts.push(name.clone());
            workloads.push((name, used_config(object)));
        }
    }
    for step in &mut plan.steps {
        let kind = step.id.kind.as_str();
        if step.id.group.is_empty() && matches!(kind, "ConfigMap" | "Secret") && step.operation != Operation::Prune {
            let uses =
                |used: &BTreeSet<(&'static str, String)>| used.iter().any(|(word, name)| *word == kind && *name == step.id.name);
            step.restarts = workloads.iter().filter(|(_, used)| uses(used)).map(|(name, _)| name.clone()).collect();
        }
    }
    plan.restarts = workloads.into_iter().map(|(name, _)| name).collect();
}
