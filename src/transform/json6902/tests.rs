//! The same operations by the json-patch crate, on random documents.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::object::testing::{span, to_json};

fn to_node(value: &Value) -> Node {
    let data = match value {
        Value::Null => Data::Null,
        Value::Bool(truth) => Data::Bool(*truth),
        Value::Number(number) => Data::Int(number.as_i64().unwrap()),
        Value::String(text) => Data::Text(text.as_str().into()),
        Value::Array(items) => Data::List(items.iter().map(to_node).collect()),
        Value::Object(entries) => {
            let mut map = Map::new();
            for (key, value) in entries {
                map.set(key.as_str(), to_node(value));
            }
            Data::Map(map)
        }
    };
    Node::new(data, span())
}

fn ours(document: &Value, operations: &Value) -> Result<Value, String> {
    let mut root = to_node(document);
    let operations =
        Operations::read(to_node(operations)).map_err(|said| said.iter().map(|one| one.message.clone()).collect::<String>())?;
    for operation in operations.iter() {
        operation.apply(&mut root).map_err(|said| said.message)?;
    }
    Ok(to_json(&root))
}

// `patch_unsafe`: the other undoes what failed half-way, and panics where a move can't be undone
fn theirs(document: &Value, operations: &Value) -> Result<Value, String> {
    let patch: json_patch::Patch = serde_json::from_value(operations.clone()).map_err(|error| error.to_string())?;
    let mut document = document.clone();
    json_patch::patch_unsafe(&mut document, &patch).map_err(|error| error.to_string())?;
    Ok(document)
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (0..4_i64).prop_map(Value::from),
        "[ab]".prop_map(Value::from)
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec(("[abc/~]", inner), 0..4).prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

fn any_pointer() -> impl Strategy<Value = String> {
    let step = prop_oneof![
        6 => "[abc]", 6 => "[0123]", 1 => Just("-".to_owned()), 1 => Just("~0".to_owned()), 1 => Just("~1".to_owned()), 1 => Just("01".to_owned())
    ];
    prop::collection::vec(step, 1..4).prop_map(|steps| format!("/{}", steps.join("/")))
}

fn any_operation() -> impl Strategy<Value = Value> {
    (prop::sample::select(WORDS.to_vec()), any_pointer(), any_pointer(), any_value()).prop_map(|(op, path, from, value)| match op
    {
        "remove" => json!({"op": op, "path": path}),
        "move" | "copy" => json!({"op": op, "path": path, "from": from}),
        _ => json!({"op": op, "path": path, "value": value}),
    })
}

fn any_document() -> impl Strategy<Value = Value> {
    prop::collection::vec(("[abc]", any_value()), 1..4).prop_map(|pairs| Value::Object(pairs.into_iter().collect()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]
    #[test]
    fn does_what_json_patch_does(document in any_document(), operations in prop::collection::vec(any_operation(), 1..4)) {
        let operations = Value::from(operations);
        let (ours, theirs) = (ours(&document, &operations), theirs(&document, &operations));
        prop_assert_eq!(ours.is_ok(), theirs.is_ok(), "{:?} {:?}", ours, theirs);
        if let (Ok(ours), Ok(theirs)) = (ours, theirs) {
            prop_assert_eq!(ours, theirs);
        }
    }
}

#[test]
fn examples_of_the_rfc() {
    for (document, operations, expected) in [
        (json!({"foo": "bar"}), json!([{"op": "add", "path": "/baz", "value": "qux"}]), json!({"baz": "qux", "foo": "bar"})),
        (json!({"foo": ["a", "c"]}), json!([{"op": "add", "path": "/foo/1", "value": "b"}]), json!({"foo": ["a", "b", "c"]})),
        (json!({"foo": [1, 2]}), json!([{"op": "add", "path": "/foo/-", "value": [3]}]), json!({"foo": [1, 2, [3]]})),
        (json!({"a": [0, 1, 2, 3]}), json!([{"op": "move", "from": "/a/1", "path": "/a/3"}]), json!({"a": [0, 2, 3, 1]})),
        (
            json!({"/": 9, "~1": 10}),
            json!([{"op": "test", "path": "/~01", "value": 10}, {"op": "remove", "path": "/~1"}]),
            json!({"~1": 10}),
        ),
        (
            json!({"a": {"b": 1}}),
            json!([{"op": "copy", "from": "/a", "path": "/c"}, {"op": "replace", "path": "/a/b", "value": 2}]),
            json!({"a": {"b": 2}, "c": {"b": 1}}),
        ),
    ] {
        assert_eq!(ours(&document, &operations), Ok(expected));
    }
}
