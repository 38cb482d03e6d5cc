//! What becomes of an object whose fields kubectl set client-side, once they are ours.

use serde_json::{Value, json};

use crate::cluster::{Cluster, ClusterError, Edit, Live};
use crate::object::Node;
use crate::object::emit::{Form, View};
use crate::owned::{self, Element, MANAGER, Migration, Scalar};

/// What the server makes of an object after a migration that removes fields and the apply: `after` is what the apply alone gives, in the
/// open. Kubectl's entries hold the server's defaults too, and a default that is taken away is there again at once, so the server is asked
/// (a dry-run).
///
/// # Errors
/// It doesn't say, or wouldn't take it. [`ErrorKind::Moved`](crate::cluster::ErrorKind::Moved) if the object has changed since `live` was
/// read.
pub(super) async fn settled(
    cluster: &Cluster,
    live: &Live,
    mut after: Node,
    migration: &Migration,
) -> Result<Value, ClusterError> {
    migrate(&mut after, migration);
    let after = serde_json::to_value(View { node: &after, form: Form::Masked });
    let after = after.map_err(|error| cluster.unsendable(&error.to_string()))?;
    let body = &becomes(&live.value(), &after);
    let (resource, namespace, name) = (&live.resource, live.namespace.as_deref(), live.name.as_str());
    let asked = cluster.try_json_patch(Edit { resource, namespace, name, body, manager: MANAGER }).await?;
    Ok(asked.value())
}

/// The JSON patch that makes one object of another, whole field by whole field. It replaces UID and resourceVersion by those that were seen:
/// if the object has moved, the server says so.
fn becomes(live: &Value, after: &Value) -> Value {
    let seen = |name: &str| {
        let value = live.get("metadata").and_then(|metadata| metadata.get(name));
        json!({ "op": "replace", "path": format!("/metadata/{name}"), "value": value })
    };
    let mut operations: Vec<Value> = ["uid", "resourceVersion"].map(seen).into();
    for (root, parent) in [("", None), ("/metadata", Some("metadata"))] {
        let fields = |object: &Value| parent.map_or(object, |parent| &object[parent]).as_object().cloned().unwrap_or_default();
        let (old, new) = (fields(live), fields(after));
        let is_ours = |name: &str| match parent {
            None => !["apiVersion", "kind", "metadata", "status"].contains(&name),
            Some(_) => ["labels", "annotations"].contains(&name),
        };
        for name in old.keys().filter(|name| is_ours(name) && !new.contains_key(*name)) {
            operations.push(json!({ "op": "remove", "path": format!("{root}/{name}") }));
        }
        for (name, value) in new.iter().filter(|(name, value)| is_ours(name) && old.get(*name) != Some(*value)) {
            operations.push(json!({ "op": "add", "path": format!("{root}/{name}"), "value": value }));
        }
    }
    Value::Array(operations)
}

/// Takes out of what an apply gives what a migration makes the apply remove.
pub(super) fn migrate(after: &mut Node, migration: &Migration) {
    for path in &migration.removes {
        remove_at(after, path);
    }
    if migration.annotation
        && let Some(metadata) = after.as_map_mut().and_then(|root| root.get_mut("metadata")).and_then(Node::as_map_mut)
        && let Some(annotations) = metadata.get_mut("annotations").and_then(Node::as_map_mut)
    {
        annotations.remove(owned::LAST_APPLIED);
        if annotations.is_empty() {
            metadata.remove("annotations");
        }
    }
}

fn remove_at(node: &mut Node, path: &[Element]) {
    let Some((first, rest)) = path.split_first() else { return };
    if let (Element::Field(name), Some(map)) = (first, node.as_map_mut()) {
        if rest.is_empty() {
            map.remove(name);
        } else if let Some(below) = map.get_mut(name) {
            remove_at(below, rest);
        }
        return;
    }
    let Some(items) = node.as_list_mut() else { return };
    let is_it = |item: &Node| match first {
        Element::Key(keys) => keys.iter().all(|(key, value)| item.get(key).and_then(Scalar::of_node).as_ref() == Some(value)),
        Element::Value(value) => Scalar::of_node(item).as_ref() == Some(value),
        Element::Field(_) | Element::Index(_) => false,
    };
    if rest.is_empty() {
        items.retain(|item| !is_it(item));
    } else if let Some(item) = items.iter_mut().find(|item| is_it(item)) {
        remove_at(item, rest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_makes_one_object_of_another_but_for_what_is_the_servers() {
        let live = json!({ "kind": "A", "metadata": { "uid": "u", "resourceVersion": "7", "labels": { "a": "1" }, "annotations": { "b": "2" } },
            "spec": { "old": 1 }, "data": { "k": "v" }, "same": [1], "status": { "ready": true } });
        let after = json!({ "kind": "A", "metadata": { "name": "n", "labels": { "a": "1", "c": "3" } },
            "spec": { "new": 1 }, "same": [1], "type": "x" });
        let wanted = json!([
            { "op": "replace", "path": "/metadata/uid", "value": "u" },
            { "op": "replace", "path": "/metadata/resourceVersion", "value": "7" },
            { "op": "remove", "path": "/data" },
            { "op": "add", "path": "/spec", "value": { "new": 1 } },
            { "op": "add", "path": "/type", "value": "x" },
            { "op": "remove", "path": "/metadata/annotations" },
            { "op": "add", "path": "/metadata/labels", "value": { "a": "1", "c": "3" } },
        ]);
        assert_eq!(becomes(&live, &after), wanted);
    }
}
