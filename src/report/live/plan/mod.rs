//! Plans, written out: [`text()`] for terminals, [`markdown()`] for comments and job summaries, [`json()`] for programs.
//!
//! The fields of a step are shown as an offline diff shows them; what is particular to a cluster stands around them: how each step
//! was found out, who else set a field, what is refused.

mod json;
mod markdown;
mod text;

pub use json::json;
pub use markdown::markdown;
pub use text::text;

use crate::plan::{Fate, Foreign, Mark, Operation, Plan, Step};

/// `2 to create, 1 to change, 14 unchanged`
fn summary(plan: &Plan) -> String {
    let not_compared = plan.steps.iter().filter(|step| !step.differs()).count();
    let counts = [
        (plan.count(Operation::Create), "to create"),
        (plan.count(Operation::Update) - not_compared, "to change"),
        (plan.count(Operation::Replace), "to replace"),
        (plan.count(Operation::Prune), "to prune"),
        (plan.kept.len(), "kept"),
        (not_compared, "not compared"),
        (plan.unchanged(), "unchanged"),
    ];
    let words: Vec<String> =
        counts.into_iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
    if words.is_empty() { "no objects".to_owned() } else { words.join(", ") }
}

/// The sign before a step's name.
fn sign(step: &Step) -> &'static str {
    match step.operation {
        Operation::Create => "+",
        Operation::Update if !step.differs() => "?",
        Operation::Update => "~",
        Operation::Replace => "±",
        Operation::Prune => "-",
    }
}

/// `ConfigMap/params-old → params-new (namespace ai)`
fn title(step: &Step) -> String {
    let namespace = step.id.namespace.as_deref().map_or_else(String::new, |namespace| format!(" (namespace {namespace})"));
    match &step.renamed_from {
        Some(old) => format!("{}/{} → {}{namespace}", step.id.kind, old.name, step.id.name),
        None => format!("{}{namespace}", step.id),
    }
}

/// What stands behind a step's name: what follows from it, and how it was found out.
fn notes(step: &Step) -> Vec<String> {
    let mut notes = Vec::new();
    if step.operation == Operation::Replace {
        notes.push(format!("deleted and made anew, because `{}` can't change", step.immutable.join("`, `")));
    }
    if step.operation == Operation::Update && step.fields.is_empty() && step.differs() {
        notes.push("only the ownership of fields changes".to_owned());
    }
    let own = step.id.to_string();
    match step.restarts.as_slice() {
        [] => {}
        [one] if *one == own => notes.push("its pods are replaced".to_owned()),
        others => notes.push(format!("pods are replaced in {}", others.join(", "))),
    }
    notes.extend(step.marks.iter().map(|mark| words(*mark).to_owned()));
    if !step.migrates.is_empty() {
        notes.push(format!("taken over from {}", step.migrates.join(", ")));
    }
    notes
}

/// A mark in words.
fn words(mark: Mark) -> &'static str {
    match mark {
        Mark::NotAsked => "not asked of the server",
        Mark::NamespaceNotThere => "its namespace isn't there yet: validated offline",
        Mark::KindNotThere => "its kind isn't there yet: validated offline",
        Mark::NotCompared => "secret values not compared",
        Mark::NotDryRun => "predicted here: the server can't be asked",
        Mark::Adopted => "somebody else made it: adopted",
    }
}

/// A mark as programs read it.
fn mark_name(mark: Mark) -> &'static str {
    match mark {
        Mark::NotAsked => "not-asked",
        Mark::NamespaceNotThere => "namespace-not-there",
        Mark::KindNotThere => "kind-not-there",
        Mark::NotCompared => "not-compared",
        Mark::NotDryRun => "not-dry-run",
        Mark::Adopted => "adopted",
    }
}

/// Somebody else's field, in words.
fn foreign(foreign: &Foreign) -> String {
    let Foreign { path, manager, time, fate } = foreign;
    let time = time.as_ref().map(|time| format!(" at {time}")).unwrap_or_default();
    match fate {
        Fate::SetBack => format!("{path}: {manager} changed it{time}; it is set back"),
        Fate::Taken => format!("{path}: {manager} set it{time}; it is taken"),
        Fate::Left => format!("{path}: {manager} set it{time}; it is left to it"),
        Fate::Refused => format!("{path}: {manager} set it{time}; refused"),
    }
}

/// A fate as programs read it.
fn fate_name(fate: Fate) -> &'static str {
    match fate {
        Fate::SetBack => "set-back",
        Fate::Taken => "taken",
        Fate::Left => "left",
        Fate::Refused => "refused",
    }
}

/// An operation as programs read it.
fn operation_name(operation: Operation) -> &'static str {
    match operation {
        Operation::Create => "create",
        Operation::Update => "update",
        Operation::Replace => "replace",
        Operation::Prune => "prune",
    }
}
