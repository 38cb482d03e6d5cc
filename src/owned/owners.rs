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
    owning(&managers(live), live, path).into_iter().map(Owner::from).collect()
}

fn owning<'a>(entries: &'a [Manager], live: &Value, path: &[PathStep]) -> Vec<&'a Manager> {
    let fields = |entry: &'a Manager| entry.fields.as_ref();
    let owns = |entry: &&Manager| {
        let Some(owned) = entry.fields.as_ref() else { return false };
        (0..=path.len()).any(|depth| {
            let (above, rest) = path.split_at(depth);
            let Some(here) = descend(owned, live, above) else { return false };
            // what someone else owns field by field is no whole: the mark is that of a map that is or was empty
            let divided = || {
                entries.iter().filter_map(fields).any(|all| descend(all, live, above).is_some_and(|all| !all.children.is_empty()))
            };
            if rest.is_empty() { !here.is_empty() } else { here.is_leaf() && !divided() }
        })
    };
    entries.iter().filter(owns).collect()
}

/// Whose change it is that live and wanted differ at `path`, where `manager` is ours.
///
/// A field that someone else *removed* leaves no trace: that reads as [`Cause::Ours`], as a field does that is sent for the first time.
pub fn cause(live: &Value, path: &[PathStep], manager: &str) -> Cause {
    let entries = managers(live);
    let ours = entries.iter().find(|entry| entry.applies_as(manager));
    let owning = owning(&entries, live, path);
    if owning.is_empty() || owning.iter().any(|entry| entry.applies_as(manager)) {
        return Cause::Ours;
    }
    // times are whole seconds in UTC, so texts compare as they do
    let after = |entry: &&&Manager| ours.is_some_and(|ours| entry.time >= ours.time);
    let drift: Vec<Owner> = owning.iter().filter(after).map(|entry| Owner::from(*entry)).collect();
    if drift.is_empty() { Cause::Theirs(owning.into_iter().map(Owner::from).collect()) } else { Cause::Drift(drift) }
}

/// The fields at a path of a live object.
fn descend<'f>(fields: &'f Fields, object: &Value, path: &[PathStep]) -> Option<&'f Fields> {
    let (mut fields, mut here) = (fields, Some(object));
    for step in path {
        let below = here.and_then(|value| down(value, step));
        fields = match step {
            Step::Field(name) => fields.field(name)?,
            Step::Index(at) => {
                fields.children.iter().find(|(element, _)| below.is_some_and(|item| live::names(element, *at, item)))?.1
            }
        };
        here = below;
    }
    Some(fields)
}
