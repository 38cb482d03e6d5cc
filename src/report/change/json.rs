//! For programs: schema `plimsoll.dev/diff/v1`. Members are only ever added within a version.

use serde_json::{Map, Value, json};

use super::masks::Masks;
use crate::change::{Change, Comparison, Difference, FieldChange, Operation, SecretChange, SecretDifference};
use crate::object::{Data, Node, ObjectId};

/// The differences as a JSON document of environment `environment` against `against`. Ends in a line end.
pub fn json(comparison: &Comparison, environment: &str, against: &str) -> String {
    let mut document = Map::new();
    document.insert("schema".into(), "plimsoll.dev/diff/v1".into());
    document.insert("environment".into(), environment.into());
    document.insert("against".into(), against.into());
    if let Value::Object(value) = json_value(comparison) {
        document.extend(value);
    }
    format!("{:#}\n", Value::Object(document))
}

/// The differences as a JSON value, to stand inside another document.
pub fn json_value(comparison: &Comparison) -> Value {
    json!({
        "summary": {
            "created": comparison.count(Operation::Create),
            "changed": comparison.count(Operation::Update),
            "deleted": comparison.count(Operation::Delete),
            "unchanged": comparison.unchanged,
        },
        "restarts": comparison.restarts,
        "changes": comparison.changes.iter().map(change).collect::<Vec<_>>(),
    })
}

/// The sealed values that differ.
pub fn secrets_value(changes: &[SecretChange]) -> Value {
    let one = |change: &SecretChange| {
        let operation = match change.difference {
            SecretDifference::Added => "add",
            SecretDifference::Removed => "remove",
            SecretDifference::Changed => "change",
            SecretDifference::Rekeyed => "rekey",
        };
        json!({ "path": change.path, "file": change.file, "operation": operation })
    };
    changes.iter().map(one).collect()
}

fn change(change: &Change) -> Value {
    let operation = match change.operation {
        Operation::Create => "create",
        Operation::Update => "update",
        Operation::Delete => "delete",
    };
    json!({
        "operation": operation,
        "object": id(&change.id),
        "renamedFrom": change.renamed_from.as_ref().map(id),
        "restarts": change.restarts,
        "fields": change.fields.iter().map(field).collect::<Vec<_>>(),
    })
}

/// What names an object.
pub(in crate::report) fn id(id: &ObjectId) -> Value {
    json!({
        "apiVersion": id.api_version(),
        "kind": id.kind.as_str(),
        "namespace": id.namespace.as_deref(),
        "name": id.name.as_str(),
    })
}

/// One field that differs.
pub(in crate::report) fn field(field: &FieldChange) -> Value {
    let mut masks = Masks::default();
    let mut read = |node: &Node| value(node, &mut masks);
    let (operation, old, new) = match &field.difference {
        Difference::Added(new) => ("add", Value::Null, read(new)),
        Difference::Removed(old) => ("remove", read(old), Value::Null),
        Difference::Changed(old, new) => match (&old.data, &new.data) {
            (Data::Sealed(old), Data::Sealed(new)) => {
                let (old, new) = Masks::of_both(old, new);
                ("change", json!({ "sealed": old }), json!({ "sealed": new }))
            }
            _ => ("change", read(old), read(new)),
        },
        Difference::Reordered(old, new) => ("reorder", json!(old), json!(new)),
    };
    json!({ "path": field.path, "operation": operation, "old": old, "new": new })
}

/// A value as JSON, secrets masked.
pub fn node_json(node: &Node) -> Value {
    value(node, &mut Masks::default())
}

/// A value as JSON; a sealed text is `{"sealed": mask}`.
fn value(node: &Node, masks: &mut Masks) -> Value {
    match &node.data {
        Data::Null => Value::Null,
        Data::Bool(truth) => (*truth).into(),
        Data::Int(number) => (*number).into(),
        Data::Float(number) => (*number).into(),
        Data::Text(text) => text.as_str().into(),
        Data::Sealed(sealed) => json!({ "sealed": masks.show(sealed) }),
        Data::List(items) => items.iter().map(|item| value(item, masks)).collect(),
        Data::Map(map) => map.iter().map(|(key, entry)| (key.to_string(), value(&entry.node, masks))).collect(),
    }
}
