//! What an apply gives, worked out here: for Secrets, which are never sent to a dry-run, and where the server can't be asked.
//!
//! The rules are those of server-side apply: what we send wins, maps and lists of named things are merged, what we sent before and
//! send no more goes unless another manager owns it too. Values are not normalised as the server does it.

use serde_json::Value;

use crate::check::schema::{SchemaRef, Shape};
use crate::object::{Data, Map, Node};
use crate::owned::canonical_quantity;

/// What names the items of Kubernetes' mergeable lists.
const KEYS: [&str; 5] = ["name", "mountPath", "containerPort", "port", "ip"];

/// The live tree with the wanted one applied over it. `live` is the object that `tree` was made from; `manager` is who applies.
pub(super) fn predict(wanted: &Node, tree: &Node, live: &Value, manager: &str, schema: Option<SchemaRef<'_>>) -> Node {
    let mut out = tree.clone();
    let (ours, others) = owned_fields(live, manager);
    for ours in &ours {
        remove(&mut out, wanted, ours, &others.iter().copied().map(Some).collect::<Vec<_>>());
    }
    merge(&mut out, wanted, schema);
    out
}

/// The `fieldsV1` of our Apply entry, and of every other that owns fields of the object itself.
fn owned_fields<'a>(live: &'a Value, manager: &str) -> (Vec<&'a Value>, Vec<&'a Value>) {
    let entries = live.pointer("/metadata/managedFields").and_then(Value::as_array);
    let mut parts = (Vec::new(), Vec::new());
    for entry in entries.into_iter().flatten() {
        let text = |key: &str| entry.get(key).and_then(Value::as_str).unwrap_or_default();
        let Some(fields) = entry.get("fieldsV1") else { continue };
        if text("manager") == manager && text("operation") == "Apply" && text("subresource").is_empty() {
            parts.0.push(fields);
        } else {
            parts.1.push(fields);
        }
    }
    parts
}

/// Takes out what we own, don't want any more, and nobody else owns. Lists without names of their own are left to the merge.
fn remove(live: &mut Node, wanted: &Node, ours: &Value, others: &[Option<&Value>]) {
    let Some(ours) = ours.as_object() else { return };
    for (element, below) in ours {
        let theirs: Vec<Option<&Value>> = others.iter().map(|other| other.and_then(|other| other.get(element))).collect();
        let is_shared = theirs.iter().any(Option::is_some);
        if let Some(field) = element.strip_prefix("f:") {
            let Some(map) = live.as_map_mut() else { continue };
            match (wanted.get(field), map.get_mut(field)) {
                (Some(wanted), Some(live)) => remove(live, wanted, below, &theirs),
                (None, Some(live)) if is_shared => {
                    let nothing = Node::new(Data::Null, live.span);
                    remove(live, &nothing, below, &theirs);
                }
                (None, Some(_)) => {
                    map.remove(field);
                }
                (_, None) => {}
            }
        } else if let Some(keys) = element.strip_prefix("k:") {
            let Ok(Value::Object(keys)) = serde_json::from_str::<Value>(keys) else { continue };
            let is_it = |item: &Node| keys.iter().all(|(key, value)| item.get(key).is_some_and(|node| same(node, value)));
            let wanted = wanted.as_list().unwrap_or_default().iter().find(|item| is_it(item));
            let Some(items) = live.as_list_mut() else { continue };
            match wanted {
                Some(wanted) => {
                    if let Some(item) = items.iter_mut().find(|item| is_it(item)) {
                        remove(item, wanted, below, &theirs);
                    }
                }
                None if !is_shared => items.retain(|item| !is_it(item)),
                None => {}
            }
        }
    }
}

fn same(node: &Node, value: &Value) -> bool {
    match (&node.data, value) {
        (Data::Text(text), Value::String(other)) => text == other,
        (Data::Int(number), Value::Number(other)) => other.as_i64() == Some(*number),
        (Data::Bool(truth), Value::Bool(other)) => truth == other,
        _ => false,
    }
}

fn merge(live: &mut Node, wanted: &Node, schema: Option<SchemaRef<'_>>) {
    match (&mut live.data, &wanted.data) {
        (Data::Map(live), Data::Map(wanted)) => merge_map(live, wanted, schema),
        (Data::List(live), Data::List(wanted)) if names(live, wanted).is_some() => merge_list(live, wanted, schema),
        (Data::Text(live), wanted) if is_stored_so(live, wanted, schema) => {}
        _ => live.data = wanted.data.clone(),
    }
}

/// Whether a quantity that is wanted is stored in the form that is there.
fn is_stored_so(live: &str, wanted: &Data, schema: Option<SchemaRef<'_>>) -> bool {
    let written = match wanted {
        Data::Text(text) => text.to_string(),
        Data::Int(number) => number.to_string(),
        _ => return false,
    };
    let is_quantity = schema.is_some_and(|schema| schema.shape == Shape::Quantity);
    is_quantity && canonical_quantity(&written).is_some_and(|stored| stored == live)
}

fn merge_map(live: &mut Map, wanted: &Map, schema: Option<SchemaRef<'_>>) {
    for (key, entry) in wanted.iter() {
        let below = schema.and_then(|schema| schema.child(key).or_else(|| schema.others()));
        match live.get_mut(key) {
            Some(live) => merge(live, &entry.node, below),
            None => live.set(key.as_str(), entry.node.clone()),
        }
    }
}

/// The key that names every item of both lists.
fn names(live: &[Node], wanted: &[Node]) -> Option<&'static str> {
    let named = |key: &str| live.iter().chain(wanted).all(|item| item.get(key).is_some());
    KEYS.into_iter().find(|key| named(key)).filter(|_| !live.is_empty() && !wanted.is_empty())
}

fn merge_list(live: &mut Vec<Node>, wanted: &[Node], schema: Option<SchemaRef<'_>>) {
    let Some(key) = names(live, wanted) else { return };
    for item in wanted {
        let name = item.get(key).map(|node| &node.data);
        match live.iter_mut().find(|live| live.get(key).map(|node| &node.data) == name) {
            Some(live) => merge(live, item, schema.and_then(SchemaRef::items)),
            None => live.push(item.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::change::{fields, testing::node};

    fn paths(wanted: &Value, live: &Value) -> Vec<String> {
        let mut shown = live.clone();
        shown["metadata"].as_object_mut().unwrap().remove("managedFields");
        let tree = node(&shown);
        fields(&tree, &predict(&node(wanted), &tree, live, "plimsoll", None)).into_iter().map(|field| field.path).collect()
    }

    fn live(data: &Value, ours: &Value, theirs: &Value) -> Value {
        json!({ "metadata": { "name": "a", "managedFields": [
            { "manager": "plimsoll", "operation": "Apply", "fieldsV1": ours },
            { "manager": "other", "operation": "Update", "fieldsV1": theirs },
        ] }, "data": data })
    }

    #[test]
    fn what_is_no_longer_sent_goes_unless_it_is_shared() {
        let ours = json!({ "f:data": { "f:a": {}, "f:b": {}, "f:c": {} } });
        let found =
            live(&json!({ "a": "1", "b": "2", "c": "3", "d": "4" }), &ours, &json!({ "f:data": { "f:c": {}, "f:d": {} } }));
        let wanted = json!({ "metadata": { "name": "a" }, "data": { "a": "9", "e": "5" } });
        assert_eq!(paths(&wanted, &found), ["data.a", "data.e", "data.b"]);
    }

    #[test]
    fn items_of_named_lists_are_merged_by_their_names() {
        let ours = json!({ "f:data": { "k:{\"name\":\"x\"}": { "f:v": {} }, "k:{\"name\":\"y\"}": { ".": {} } } });
        let items = json!([{ "name": "x", "v": 1, "w": 1 }, { "name": "y" }, { "name": "z" }]);
        let wanted = json!({ "metadata": { "name": "a" }, "data": [{ "name": "x", "v": 2 }] });
        assert_eq!(paths(&wanted, &live(&items, &ours, &json!({}))), ["data[name=x].v", "data[name=y]"]);
    }
}
