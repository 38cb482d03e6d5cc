//! Environments: TOML layers, inherited and merged, every value with its origin.
//!
//! [`load`] reads `environments/NAME.toml` and all that it extends, merges the layers and reads the typed [`Settings`] out of
//! the result. The way of a file: `read` (text to tree) → `conform` (unknown keys, types) → `inherit` (which layers, in which
//! order) → `merge` and `edit` (one tree) → `typed`. What may stand in a file is data, in `keys`.

mod conform;
mod edit;
mod firsts;
mod inherit;
mod json_schema;
mod keys;
mod merge;
mod names;
mod path;
mod read;
mod settings;
mod shape;
mod syntax;
mod typed;
mod value;
mod values;

pub use json_schema::json_schema;
pub use names::{FOLDER, Listed, list};
pub use settings::*;
pub use value::{Origin, Spanned, Table, TableEntry, Value, ValueKind};

use std::collections::BTreeSet;

use crate::diagnostic::{Diagnostics, Rule, rule};
use crate::source::{FileId, Files};

rule!(TOML_SYNTAX, "toml-syntax", Error, "a TOML file can't be read");
rule!(TOML_DUPLICATE_KEY, "toml-duplicate-key", Error, "a TOML key stands in one file twice");
rule!(UNKNOWN_KEY, "unknown-key", Error, "an environment has a key that plimsoll doesn't know");
rule!(MISPLACED_KEY, "misplaced-key", Error, "`extends`, `abstract` or `unset` stands inside a table");
rule!(WRONG_TYPE, "wrong-type", Error, "a key of an environment has a value of another type than it takes");
rule!(BAD_VALUE, "bad-value", Error, "a key of an environment has a value that it doesn't take");
rule!(INCOMPLETE_TABLE, "incomplete-table", Error, "a table of an environment lacks a key that it needs");
rule!(TYPE_CHANGE, "type-change", Error, "a layer changes the type of a value that an earlier layer set");
rule!(NOTHING_TO_UNSET, "nothing-to-unset", Error, "`unset` names something that no earlier layer sets");
rule!(NOTHING_TO_APPEND, "nothing-to-append", Error, "`append` or `prepend` names a list that no layer has");
rule!(DUPLICATE_NAME, "duplicate-name", Error, "two `[[inject]]` or `[[patch]]` have the same name");
rule!(SEALED_TWICE, "sealed-twice", Error, "a sealed file is named by two layers, or twice");
rule!(UNKNOWN_ENVIRONMENT, "unknown-environment", Error, "an environment that is named doesn't exist");
rule!(ABSTRACT_ENVIRONMENT, "abstract-environment", Error, "an abstract environment is compiled by itself");
rule!(EXTENDS_CYCLE, "extends-cycle", Error, "an environment extends itself, directly or through others");
rule!(EXTENDS_ORDER, "extends-order", Error, "the `extends` lists of an environment contradict each other");

/// The rules of this module.
pub static RULES: &[&Rule] = &[
    &TOML_SYNTAX,
    &TOML_DUPLICATE_KEY,
    &UNKNOWN_KEY,
    &MISPLACED_KEY,
    &WRONG_TYPE,
    &BAD_VALUE,
    &INCOMPLETE_TABLE,
    &TYPE_CHANGE,
    &NOTHING_TO_UNSET,
    &NOTHING_TO_APPEND,
    &DUPLICATE_NAME,
    &SEALED_TWICE,
    &UNKNOWN_ENVIRONMENT,
    &ABSTRACT_ENVIRONMENT,
    &EXTENDS_CYCLE,
    &EXTENDS_ORDER,
];

/// An environment, merged.
#[derive(Debug, Clone)]
pub struct Environment {
    /// Its name: the file's, without `.toml`.
    pub name: String,
    /// The layers that it is made of, base first, itself last.
    pub layers: Vec<FileId>,
    /// What the tables say, typed.
    pub settings: Settings,
    /// `values.*` for the templates.
    pub values: Table,
}

/// Reads environment `name` with all its layers.
///
/// # Errors
/// Everything that is wrong in any layer, at once.
pub fn load(files: &Files, name: &str) -> Result<Environment, Diagnostics> {
    let mut diagnostics = Diagnostics::new();
    let (mut layers, order) = inherit::layers(files, name, &mut diagnostics);
    let mut refused = BTreeSet::new();
    for layer in layers.values().filter(|layer| !layer.broken) {
        refused.append(&mut conform::conform(&layer.table, &mut diagnostics));
    }
    // Merging without a layer, or with a part of one, would report what isn't wrong.
    let whole = layers.values().all(|layer| !layer.broken);
    let Some(order) = order.filter(|_| whole) else { return Err(diagnostics) };
    let mut merged = Table::default();
    let mut ids = Vec::new();
    for name in &order {
        let Some(mut layer) = layers.remove(name) else { continue };
        ids.push(layer.file);
        edit::unset(&mut merged, &layer, &mut diagnostics);
        let table = layer.take_tables();
        merge::merge(&mut merged, table, &refused, &mut diagnostics);
        edit::extend(&mut merged, &layer, &refused, &mut diagnostics);
    }
    let Some(file) = ids.last().copied() else { return Err(diagnostics) };
    let settings = typed::settings(files, file, &merged, &mut diagnostics);
    let values = match merged.0.shift_remove("values").map(|entry| entry.value.kind) {
        Some(ValueKind::Table(values)) => values,
        _ => Table::default(),
    };
    diagnostics.into_result(Environment { name: name.to_owned(), layers: ids, settings, values })
}

#[cfg(test)]
mod laws;
#[cfg(test)]
mod tests;
