//! Makes statuses of a kind: from a complete object by a few steps, most of which matter to its rule, some of which break its shape.

use serde_json::{Map, Value, json};

use crate::kinds::Kind;
use crate::random::Random;

/// One change that a rule may notice.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// Puts a value at a path, with what holds it.
    Set(&'static str, Value),
    /// Puts a condition of this type, status and reason in place of the one of that type, or at any place of the list.
    Condition(&'static str, &'static str, &'static str),
}

/// A complete object of this kind, after none to four steps.
pub(crate) fn mutated(kind: &Kind, random: &mut Random) -> Value {
    let mut object = kind.complete.clone();
    let common = common();
    for _ in 0..random.below(5) {
        match random.below(10) {
            0 | 1 => apply(&mut object, random.pick(&common).clone(), random),
            2 | 3 => break_one(&mut object, random),
            _ if kind.steps.is_empty() => {}
            _ => apply(&mut object, random.pick(&kind.steps).clone(), random),
        }
    }
    object
}

/// Steps that mean something to every kind.
fn common() -> Vec<Step> {
    use Step::{Condition, Set};
    vec![
        Set("metadata.deletionTimestamp", json!("2026-01-01T00:00:00Z")),
        Set("metadata.deletionTimestamp", json!("2026-01-01T00:00:00Z")),
        Set("metadata.deletionTimestamp", json!("")),
        Set("metadata.generation", json!(4)),
        Set("metadata.generation", json!(9_007_199_254_740_993_i64)),
        Set("status.observedGeneration", json!(4)),
        Set("status.observedGeneration", json!(9_007_199_254_740_992_i64)),
        Set("status.observedGeneration", json!(3.0)),
        Condition("Reconciling", "True", "Busy"),
        Condition("Reconciling", "False", "Idle"),
        Condition("Stalled", "True", "Denied"),
        Condition("Stalled", "Unknown", "Asleep"),
        Condition("Ready", "True", ""),
        Condition("Ready", "False", "NoKey"),
        Condition("Ready", "Unknown", "NoAnswer"),
        Condition("Ready", "", "Odd"),
        Set("status.conditions", json!([])),
        Set("status.conditions", json!([null])),
        Set("status.conditions", json!("none")),
        Set("status", json!({})),
        Set("status", json!("none")),
    ]
}

fn apply(object: &mut Value, step: Step, random: &mut Random) {
    match step {
        Step::Set(path, value) => set(object, path, value),
        Step::Condition(name, status, reason) => {
            let condition = json!({"type": name, "status": status, "reason": reason, "message": format!("{name} is {status}")});
            put_condition(object, name, condition, random);
        }
    }
}

fn set(object: &mut Value, path: &str, value: Value) {
    let mut place = object;
    for name in path.split('.') {
        if !place.is_object() {
            *place = Value::Object(Map::new());
        }
        place = &mut place[name];
    }
    *place = value;
}

fn put_condition(object: &mut Value, name: &str, condition: Value, random: &mut Random) {
    if object.pointer("/status/conditions").and_then(Value::as_array).is_none() {
        set(object, "status.conditions", json!([]));
    }
    let list = object.pointer_mut("/status/conditions").and_then(Value::as_array_mut).unwrap();
    // Now and then twice: the first one, or the first that fits, then has the say.
    let existing = list.iter().position(|entry| entry["type"] == name).filter(|_| !random.one_in(4));
    if let Some(index) = existing {
        list[index] = condition;
    } else {
        let index = random.below(list.len() + 1);
        list.insert(index, condition);
    }
}

/// Takes one value away, moves a number by one, or puts a value of another type in its place.
fn break_one(object: &mut Value, random: &mut Random) {
    let mut pointers = Vec::new();
    for part in ["metadata", "spec", "status"] {
        if let Some(inside) = object.get(part) {
            collect(inside, &format!("/{part}"), &mut pointers);
        }
    }
    let pointer = random.pick(&pointers).clone();
    // Whoever checks these in kstatus panics at another type, which no API server would let pass.
    let whole = pointer.contains("/containerStatuses/");
    let number = object.pointer(&pointer).and_then(Value::as_i64);
    match (random.below(3), number) {
        (0, Some(number)) => *object.pointer_mut(&pointer).unwrap() = json!(number + 1),
        (1, Some(number)) => *object.pointer_mut(&pointer).unwrap() = json!(number - 1),
        (0, None) if !whole => {
            let others = [json!(null), json!(1), json!(1.0), json!("1"), json!(true), json!([]), json!({}), json!([1])];
            *object.pointer_mut(&pointer).unwrap() = random.pick(&others).clone();
        }
        _ => remove(object, &pointer),
    }
}

fn collect(value: &Value, pointer: &str, into: &mut Vec<String>) {
    into.push(pointer.to_owned());
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                collect(field, &format!("{pointer}/{name}"), into);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                collect(item, &format!("{pointer}/{index}"), into);
            }
        }
        _ => {}
    }
}

fn remove(object: &mut Value, pointer: &str) {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    match object.pointer_mut(parent) {
        Some(Value::Object(fields)) => {
            fields.remove(name);
        }
        Some(Value::Array(items)) => {
            items.remove(name.parse().unwrap());
        }
        _ => unreachable!("a pointer into the object"),
    }
}
