//! The further conditions of a CRD's schema: bounds, patterns, and combinations.

use serde_json::Number;

use super::structure::{Walk, show};
use super::trail::Trail;
use super::{INVALID_FORMAT, INVALID_VALUE};
use crate::check::schema::{Limits, NodeId, SchemaRef, Shape};
use crate::diagnostic::Diagnostics;
use crate::object::{Data, Node};

/// Holds a value against its limits.
pub(super) fn check<'a>(walk: &mut Walk<'a, '_>, node: &'a Node, schema: SchemaRef<'_>, limits: &Limits, at: &Trail<'_>) {
    for wrong in broken(node, limits) {
        let finding = walk.say(&INVALID_VALUE, node, at, format!("`{}` {wrong}", at.path()));
        walk.found.push(finding);
    }
    if let Data::Text(text) = &node.data
        && !limits.pattern.is_empty()
        && regex(&limits.pattern).is_some_and(|pattern| !pattern.is_match(text))
    {
        let message = format!("`{text}` doesn't have the form of `{}`: `{}`", at.path(), limits.pattern);
        let finding = walk.say(&INVALID_FORMAT, node, at, message);
        walk.found.push(finding);
    }
    combinations(walk, node, schema, limits, at);
}

/// The bounds that a value breaks, in words that follow its path.
fn broken(node: &Node, limits: &Limits) -> Vec<String> {
    let mut broken = Vec::new();
    let mut bound = |is_broken: bool, words: String| {
        if is_broken {
            broken.push(words);
        }
    };
    let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
    match &node.data {
        Data::Int(_) | Data::Float(_) => numbers(node, limits, &mut bound),
        Data::Text(text) => {
            let length = count(text.chars().count());
            bound(limits.min_length.is_some_and(|least| length < least), format!("is shorter than {}", of(limits.min_length)));
            bound(limits.max_length.is_some_and(|most| length > most), format!("is longer than {}", of(limits.max_length)));
        }
        Data::List(items) => {
            let length = count(items.len());
            bound(limits.min_items.is_some_and(|least| length < least), format!("has fewer than {} items", of(limits.min_items)));
            bound(limits.max_items.is_some_and(|most| length > most), format!("has more than {} items", of(limits.max_items)));
            let twice = limits.unique_items
                && items.iter().enumerate().any(|(at, item)| items.iter().take(at).any(|other| other.same(item)));
            bound(twice, "has an item twice".to_owned());
        }
        Data::Map(map) => {
            let length = count(map.len());
            bound(
                limits.min_properties.is_some_and(|least| length < least),
                format!("has fewer than {} fields", of(limits.min_properties)),
            );
            bound(
                limits.max_properties.is_some_and(|most| length > most),
                format!("has more than {} fields", of(limits.max_properties)),
            );
        }
        _ => {}
    }
    broken
}

fn of(limit: Option<u64>) -> u64 {
    limit.unwrap_or_default()
}

fn numbers(node: &Node, limits: &Limits, bound: &mut impl FnMut(bool, String)) {
    #[expect(clippy::cast_precision_loss, reason = "bounds of that size are not told apart by JSON Schema either")]
    let value = match node.data {
        Data::Int(number) => number as f64,
        Data::Float(number) => number,
        _ => return,
    };
    let number = |limit: &Option<Number>| limit.as_ref().and_then(Number::as_f64);
    if let Some(least) = number(&limits.minimum) {
        bound(value < least || (limits.above_minimum && value <= least), format!("is {}, less than {least} allows", show(node)));
    }
    if let Some(most) = number(&limits.maximum) {
        bound(value > most || (limits.below_maximum && value >= most), format!("is {}, more than {most} allows", show(node)));
    }
    if let Some(step) = number(&limits.multiple_of).filter(|step| *step != 0.0) {
        bound((value / step).fract() != 0.0, format!("is {}, not a multiple of {step}", show(node)));
    }
}

/// A pattern of the API (Go's RE2); one that Rust's engine can't read holds nothing back.
fn regex(pattern: &str) -> Option<regex::Regex> {
    regex::RegexBuilder::new(pattern).size_limit(1 << 20).build().ok()
}

fn combinations<'a>(walk: &mut Walk<'a, '_>, node: &'a Node, schema: SchemaRef<'_>, limits: &Limits, at: &Trail<'_>) {
    for id in &limits.all_of {
        condition(walk, node, schema.node(*id), at);
    }
    let holding = |ids: &[NodeId]| ids.iter().filter(|id| holds(walk, node, schema.node(**id), at)).count();
    let any = limits.any_of.is_empty() || holding(&limits.any_of) > 0;
    let one = limits.one_of.is_empty() || holding(&limits.one_of) == 1;
    let not = limits.not.is_none_or(|id| holding(&[id]) == 0);
    let wrong = match (any, one, not) {
        (false, _, _) => format!("`{}` fits none of the forms that its CRD allows", at.path()),
        (_, false, _) => format!("`{}` must fit exactly one of the forms that its CRD allows", at.path()),
        (_, _, false) => format!("`{}` has a form that its CRD forbids", at.path()),
        _ => return,
    };
    let required = required_of(schema, limits);
    let finding = walk.say(&INVALID_VALUE, node, at, wrong);
    walk.found.push(if required.is_empty() {
        finding
    } else {
        finding.hint(format!("its forms are told apart by `{}`", required.join("`, `")))
    });
}

/// The fields that the alternatives ask for, for a hint.
fn required_of(schema: SchemaRef<'_>, limits: &Limits) -> Vec<String> {
    let alternatives = limits.any_of.iter().chain(&limits.one_of);
    let mut names: Vec<String> = alternatives
        .flat_map(|id| {
            schema.node(*id).schema().fields().iter().filter(|field| field.required).map(|field| field.name.to_string())
        })
        .collect();
    names.sort();
    names.dedup();
    names
}

/// A node that is a condition only: it names no new fields and refuses none.
fn condition<'a>(walk: &mut Walk<'a, '_>, node: &'a Node, schema: SchemaRef<'_>, at: &Trail<'_>) {
    match (&schema.shape, &node.data) {
        (Shape::Object { .. }, Data::Map(_)) => walk.fields(node, schema, at),
        (Shape::Object { .. }, _) => {
            if let Some(limits) = &schema.limits {
                check(walk, node, schema, limits, at);
            }
        }
        _ => walk.value(node, schema, at),
    }
}

fn holds<'a>(walk: &Walk<'a, '_>, node: &'a Node, schema: SchemaRef<'_>, at: &Trail<'_>) -> bool {
    let mut found = Diagnostics::new();
    condition(&mut Walk { object: walk.object, custom: walk.custom, meta: walk.meta, found: &mut found }, node, schema, at);
    found.is_empty()
}
