//! Others' fields: whose they are, since when, and what becomes of them.

use serde_json::Value;

use super::policy::{Policies, Verdict};
use super::{Fate, Foreign};
use crate::change::{Difference, FieldChange};
use crate::cluster::FieldConflict;
use crate::object::Object;
use crate::owned::{Cause, Manager, Owner, cause, managers, read_path};

/// Who else wrote an object, as the server tells it.
pub(super) struct Others {
    entries: Vec<Manager>,
    /// Whether we ever applied.
    applied: bool,
    /// When we applied last.
    ours: Option<String>,
}

/// What is said of one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Conflict {
    /// The field, without the dot before it.
    pub(super) path: String,
    /// The manager's name.
    pub(super) manager: String,
    pub(super) time: Option<String>,
    /// Whether it was written after our last apply.
    pub(super) is_drift: bool,
    pub(super) verdict: Verdict,
}

impl Others {
    pub(super) fn of(live: &Value, manager: &str) -> Self {
        let entries = managers(live);
        let ours = entries.iter().find(|entry| entry.applies_as(manager));
        Self { applied: ours.is_some(), ours: ours.and_then(|entry| entry.time.clone()), entries }
    }

    /// Whether we have applied the object.
    pub(super) fn is_applied(&self) -> bool {
        self.applied
    }

    /// A conflict that the server names.
    pub(super) fn judge(&self, conflict: &FieldConflict, object: &Object, policies: &Policies) -> Conflict {
        let manager = name(&conflict.manager);
        let entry = self.entries.iter().rfind(|entry| entry.name == manager);
        let time = entry.and_then(|entry| entry.time.clone());
        Conflict {
            path: conflict.field.trim_start_matches('.').to_owned(),
            manager: manager.to_owned(),
            is_drift: self.applied && time >= self.ours,
            time,
            verdict: policies.verdict(object, &conflict.field),
        }
    }
}

/// The conflicts that the server would name, where it isn't asked: fields that we send with another value than the one that
/// someone else set.
pub(super) fn predict(
    fields: &[FieldChange],
    live: &Value,
    manager: &str,
    object: &Object,
    policies: &Policies,
) -> Vec<Conflict> {
    let sent = fields.iter().filter(|field| matches!(field.difference, Difference::Changed(..) | Difference::Added(_)));
    let mut found = Vec::new();
    for field in sent {
        let Some(path) = read_path(&field.path, live) else { continue };
        let (is_drift, owners) = match cause(live, &path, manager) {
            Cause::Ours => continue,
            Cause::Drift(owners) => (true, owners),
            Cause::Theirs(owners) => (false, owners),
        };
        let verdict = policies.verdict(object, &field.path);
        found.extend(owners.into_iter().map(|Owner { manager, time, .. }| Conflict {
            path: field.path.clone(),
            manager,
            time,
            is_drift,
            verdict,
        }));
    }
    found
}

impl Conflict {
    /// What a reader is told.
    pub(super) fn foreign(&self, fate: Fate) -> Foreign {
        Foreign { path: self.path.clone(), manager: self.manager.clone(), time: self.time.clone(), fate }
    }

    /// Whose the field is, in words.
    pub(super) fn whose(&self) -> String {
        let time = self.time.as_ref().map(|time| format!(" at {time}")).unwrap_or_default();
        if self.is_drift {
            format!("`{}` was set by `{}`{time}, after the last apply", self.path, self.manager)
        } else {
            format!("`{}` belongs to `{}`, which set it{time}", self.path, self.manager)
        }
    }
}

/// The manager's name in the server's words: `"kubectl-edit" using apps/v1`, `"a" with subresource "scale" using v1`.
fn name(manager: &str) -> &str {
    manager.strip_prefix('"').and_then(|rest| rest.split_once('"')).map_or(manager, |(name, _)| name)
}

/// The managers whose fields an adoption takes over: those of people's commands, which don't come back to set them again.
pub(super) fn adopted_managers(live: &Value) -> Vec<String> {
    let is_command = |entry: &&Manager| {
        entry.operation == "Update"
            && entry.subresource.is_empty()
            && (entry.name.starts_with("kubectl") || ["helm", "before-first-apply"].contains(&entry.name.as_str()))
    };
    let mut names: Vec<String> = managers(live).iter().filter(is_command).map(|entry| entry.name.clone()).collect();
    names.dedup();
    names
}
