//! Paths as texts.

use std::fmt::Write;

use serde_json::Value;

use crate::object::Step;

/// Adds a field, as [`FieldPath`](crate::object::FieldPath) writes it.
pub(super) fn push_field(path: &mut String, field: &str) {
    let _ = if field.is_empty() || field.contains(['.', '[', ']', '"', '/', ' ']) {
        write!(path, "[\"{field}\"]")
    } else if path.is_empty() {
        path.write_str(field)
    } else {
        write!(path, ".{field}")
    };
}

/// Reads a path as [`change::fields`](crate::change::fields) writes it (`spec.containers[name=server].image`,
/// `metadata.annotations["a.b/c"]`, `spec.rules[0]`) against a live object; `None` if an item that it names isn't there.
pub fn read_path(written: &str, live: &Value) -> Option<Vec<Step>> {
    let (mut steps, mut here, mut rest) = (Vec::new(), Some(live), written);
    while !rest.is_empty() {
        rest = rest.strip_prefix('.').unwrap_or(rest);
        let step = if let Some(quoted) = rest.strip_prefix("[\"") {
            let (field, tail) = quoted.split_once("\"]")?;
            rest = tail;
            Step::Field(field.into())
        } else if let Some(inside) = rest.strip_prefix('[') {
            let (inside, tail) = inside.split_once(']')?;
            rest = tail;
            Step::Index(item(inside, here)?)
        } else {
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            let (field, tail) = rest.split_at(end);
            rest = tail;
            Step::Field(field.into())
        };
        here = here.and_then(|value| down(value, &step));
        steps.push(step);
    }
    Some(steps)
}

fn item(inside: &str, here: Option<&Value>) -> Option<usize> {
    if let Ok(index) = inside.parse() {
        return Some(index);
    }
    let (key, name) = inside.split_once('=')?;
    here?.as_array()?.iter().position(|item| match item.get(key) {
        Some(Value::String(text)) => text == name,
        Some(Value::Number(number)) => number.to_string() == name,
        _ => false,
    })
}

/// One step down a JSON value.
pub(super) fn down<'a>(value: &'a Value, step: &Step) -> Option<&'a Value> {
    match step {
        Step::Field(field) => value.get(field.as_str()),
        Step::Index(index) => value.get(*index),
    }
}
