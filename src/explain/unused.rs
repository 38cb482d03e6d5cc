//! Values that nothing reads.

use std::collections::BTreeSet;

use super::{Place, Trace};
use crate::environment::{Environment, Table, Value, ValueKind};
use crate::source::SourceMap;

/// A value that no template reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unused {
    /// Its path: `values.inference.replicas`.
    pub path: String,
    /// Where it is set.
    pub place: Place,
    /// The layers that it overrode.
    pub overrode: Vec<Place>,
}

/// The values of an environment that no template of it reads, in the order of the tables. A table that is read as a whole (in a
/// loop, by a filter) counts as read with all that is in it.
pub fn unused(environment: &Environment, map: &SourceMap, trace: &dyn Trace) -> Vec<Unused> {
    let read = trace.values_read();
    let mut found = Vec::new();
    let mut told = |path: &str, value: &Value| {
        let place = Place::read(value.origin.span, map, trace);
        let overrode = value.origin.overrode.iter().map(|span| Place::read(*span, map, trace)).collect();
        found.push(Unused { path: path.to_owned(), place, overrode });
    };
    if !read.contains("values") {
        walk(&environment.values, "values", &read, &mut told);
    }
    found
}

fn walk(table: &Table, path: &str, read: &BTreeSet<String>, told: &mut impl FnMut(&str, &Value)) {
    for (key, entry) in &table.0 {
        let path = format!("{path}.{key}");
        if read.contains(&path) {
            continue;
        }
        // Something below it is read: a field of a table, an item of a list.
        let is_read_below = read.range(format!("{path}.")..).next().is_some_and(|next| next.starts_with(&format!("{path}.")))
            || read.range(format!("{path}[")..).next().is_some_and(|next| next.starts_with(&format!("{path}[")));
        match &entry.value.kind {
            ValueKind::Table(inner) if is_read_below => walk(inner, &path, read, told),
            _ if is_read_below => {}
            _ => told(&path, &entry.value),
        }
    }
}
