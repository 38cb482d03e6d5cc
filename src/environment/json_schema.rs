//! The JSON Schema of environment files, for editors.

use serde_json::{Map, Value, json};

use super::keys::ROOT;
use super::shape::{Key, Shape};

/// The schema (draft 7, which editors' TOML plugins know) of one environment file.
///
/// Layers are checked one by one, so a key that another layer may bring isn't required; in items of lists, which stand for
/// themselves, it is.
pub fn json_schema() -> Value {
    let mut schema = table(ROOT, Where::Layer);
    if let Some(members) = schema.as_object_mut() {
        let mut head = Map::new();
        head.insert("$schema".into(), json!("http://json-schema.org/draft-07/schema#"));
        head.insert("$id".into(), json!("https://plimsoll.dev/schema/environment/v1.json"));
        head.insert("title".into(), json!("Plimsoll environment"));
        head.insert("description".into(), json!("A layer of an environment: `environments/NAME.toml`."));
        head.append(members);
        *members = head;
    }
    schema
}

/// Whether a table merges with those of other layers, or stands for itself.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Where {
    Layer,
    Item,
}

fn table(keys: &'static [Key], place: Where) -> Value {
    let properties: Map<String, Value> = keys.iter().map(|key| (key.name.to_owned(), documented(key, place))).collect();
    let mut schema = json!({ "type": "object", "additionalProperties": false, "properties": properties });
    let required: Vec<&str> = keys.iter().filter(|key| key.required).map(|key| key.name).collect();
    if place == Where::Item && !required.is_empty() {
        insert(&mut schema, "required", json!(required));
    }
    schema
}

fn documented(key: &'static Key, place: Where) -> Value {
    let mut schema = of(&key.shape, place);
    insert(&mut schema, "description", json!(key.doc));
    schema
}

fn insert(schema: &mut Value, key: &str, value: Value) {
    if let Some(members) = schema.as_object_mut() {
        members.insert(key.to_owned(), value);
    }
}

fn of(shape: &'static Shape, place: Where) -> Value {
    match shape {
        Shape::Text => json!({ "type": "string" }),
        Shape::Duration => json!({ "type": "string", "pattern": "^([0-9]{1,9}(ms|h|m|s))+$" }),
        Shape::Integer(least) => json!({ "type": "integer", "minimum": least }),
        Shape::Boolean => json!({ "type": "boolean" }),
        Shape::Choice(choices) => {
            let names: Vec<&str> = choices.iter().map(|choice| choice.name).collect();
            let docs: Vec<&str> = choices.iter().map(|choice| choice.doc).collect();
            json!({ "type": "string", "enum": names, "x-taplo": { "docs": { "enumValues": docs } } })
        }
        Shape::List(item) | Shape::Pile(item) => json!({ "type": "array", "items": of(item, Where::Item) }),
        Shape::Map(names, value) | Shape::Owned(names, value) => json!({
            "type": "object",
            "propertyNames": { "description": names },
            "additionalProperties": of(value, place),
        }),
        Shape::Table(keys) => table(keys, place),
        Shape::FreeTable => json!({ "type": "object" }),
        Shape::Free => json!({}),
        Shape::Either(alternatives) => {
            let alternatives: Vec<Value> = alternatives.iter().map(|shape| of(shape, place)).collect();
            json!({ "anyOf": alternatives })
        }
        Shape::Lists => lists(ROOT),
    }
}

/// The tree of a table down to its lists, for `[append]` and `[prepend]`.
fn lists(keys: &'static [Key]) -> Value {
    let below = |key: &'static Key| {
        let mut schema = lists_below(&key.shape)?;
        insert(&mut schema, "description", json!(key.doc));
        Some((key.name.to_owned(), schema))
    };
    let head = |key: &&Key| !super::keys::HEAD.contains(&key.name);
    let properties: Map<String, Value> = keys.iter().filter(head).filter_map(below).collect();
    json!({ "type": "object", "additionalProperties": false, "properties": properties })
}

fn lists_below(shape: &'static Shape) -> Option<Value> {
    match shape {
        Shape::List(_) | Shape::Pile(_) => Some(of(shape, Where::Item)),
        Shape::Table(keys) => {
            let schema = lists(keys);
            let has_lists = schema.get("properties").and_then(Value::as_object).is_some_and(|all| !all.is_empty());
            has_lists.then_some(schema)
        }
        Shape::Map(_, value) | Shape::Owned(_, value) => {
            Some(json!({ "type": "object", "additionalProperties": lists_below(value)? }))
        }
        Shape::FreeTable => Some(json!({ "type": "object" })),
        Shape::Either(alternatives) => alternatives.iter().find_map(lists_below),
        _ => None,
    }
}
