//! Who owns a field, and whose change a difference is.

use serde_json::Value;

use super::fields::Fields;
use super::path::down;
use super::{Manager, live, managers};
use crate::object::Step;

/// One step of a path in a live object; a list's item by its place there.
pub type PathStep = Step;

/// Who owns a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// The field manager.
    pub manager: String,
    /// `Apply` or `Update`.
    pub operation: String,
    /// The subresource that was written; empty: the object itself.
    pub subresource: String,
    /// When that manager last changed something of the object, in RFC 3339.
    pub time: Option<String>,
}

/// Whose change it is that live and wanted differ at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// Ours: the field is in our entry, which it leaves when anyone else changes it, or it is no one's.
    Ours,
    /// Drift: someone else set it at the time of our last apply or after it, and our entry doesn't have it.
    Drift(Vec<Owner>),
    /// Someone else's since before our last apply, or we never applied: to send it is to take it.
    Theirs(Vec<Owner>),
}

impl From<&Manager> for Owner {
    fn from(entry: &Manager) -> Self {
        Self {
            manager: entry.name.clone(),
            operation: entry.operation.clone(),
            subresource: entry.subresource.clone(),
            time: entry.time.clone(),
        }
    }
}

/// Who owns the field at `path`, something below it, or a whole that it is part of; in the order of the entries.
pub fn owners(live: &Value, path: &[PathStep]) -> Vec<Owner> {
    owning(&managers(live), live, path).map(Owner::from).collect()
}

fn owning<'a>(entries: &'a [Manager], live: &'a Value, path: &'a [PathStep]) -> impl Iterator<Item = &'a Manager> {
    entries.iter().filter(|entry| entry.fields.as_ref().is_some_and(|fields| owns(fields, Some(live), path)))
}

/// Whose change it is that live and wanted differ at `path`, where `manager` is ours.
///
/// A field that someone else *removed* leaves no trace: that reads as [`Cause::Ours`], as a field does that is sent for the first time.
pub fn cause(live: &Value, path: &[PathStep], manager: &str) -> Cause {
    let entries = managers(live);
    let ours = entries.iter().find(|entry| entry.applies_as(manager));
    let owning: Vec<&Manager> = owning(&entries, live, path).collect();
    if owning.is_empty() || owning.iter().any(|entry| entry.applies_as(manager)) {
        return Cause::Ours;
    }
    // times are whole seconds in UTC, so texts compare as they do
    let after = |entry: &&&Manager| ours.is_some_and(|ours| entry.time >= ours.time);
    let drift: Vec<Owner> = owning.iter().filter(after).map(|entry| Owner::from(*entry)).collect();
    if drift.is_empty() { Cause::Theirs(owning.into_iter().map(Owner::from).collect()) } else { Cause::Drift(drift) }
}

fn owns(fields: &Fields, value: Option<&Value>, path: &[PathStep]) -> bool {
    let Some((step, rest)) = path.split_first() else { return !fields.is_empty() };
    if fields.is_leaf() {
        return true;
    }
    let below = value.and_then(|value| down(value, step));
    match step {
        Step::Field(name) => fields.field(name).is_some_and(|fields| owns(fields, below, rest)),
        Step::Index(at) => {
            let Some(item) = below else { return false };
            let mut found = fields.children.iter().filter(|(element, _)| live::names(element, *at, item));
            found.any(|(_, fields)| owns(fields, below, rest))
        }
    }
}
