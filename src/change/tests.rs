use proptest::prelude::*;
use serde_json::{Value, json};

use super::testing::{bundle, node};
use super::*;

fn config(name: &str, data: &Value) -> Value {
    json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": name, "namespace": "ai" }, "data": data })
}

fn hashed(source: &str, name: &str, data: &Value) -> Value {
    let mut value = config(name, data);
    value["hashed"] = source.into();
    value["immutable"] = true.into();
    value
}

fn deployment(params: &str, replicas: i64) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "server", "namespace": "ai" },
        "spec": { "replicas": replicas, "template": { "spec": { "containers": [
            { "name": "server", "image": "a:1", "envFrom": [{ "configMapRef": { "name": params } }] },
        ] } } },
    })
}

fn paths(old: &Value, new: &Value) -> Vec<String> {
    fields(&node(old), &node(new)).into_iter().map(|field| field.path).collect()
}

#[test]
fn a_hashed_object_changes_as_one_and_restarts_its_users() {
    let old = bundle(&[hashed("params", "params-bbbbbbbbbb", &json!({ "A": "1" })), deployment("params-bbbbbbbbbb", 1)]);
    let new = bundle(&[hashed("params", "params-cccccccccc", &json!({ "A": "2" })), deployment("params-cccccccccc", 1)]);
    let found = compare(&old.objects, &new.objects, Matching::Identity);
    assert_eq!(found.restarts, ["Deployment/server"]);
    let [params, server] = found.changes.as_slice() else { panic!("{found:?}") };
    assert_eq!(params.renamed_from.as_ref().unwrap().name, "params-bbbbbbbbbb");
    assert_eq!(params.fields.iter().map(|field| field.path.as_str()).collect::<Vec<_>>(), ["metadata.name", "data.A"]);
    assert_eq!((&params.restarts, &server.restarts), (&found.restarts, &found.restarts));
    assert_eq!(server.fields[0].path, "spec.template.spec.containers[name=server].envFrom[0].configMapRef.name");
}

#[test]
fn read_from_files_hashed_names_are_known_by_their_shape() {
    let mut file = hashed("params", "params-bbbbbbbbbb", &json!({ "A": "1" }));
    file.as_object_mut().unwrap().shift_remove("hashed");
    let old = bundle(&[file]);
    let new = bundle(&[hashed("params", "params-cccccccccc", &json!({ "A": "2" }))]);
    let found = compare(&old.objects, &new.objects, Matching::Identity);
    assert_eq!((found.changes.len(), found.count(Operation::Update)), (1, 1));
}

#[test]
fn more_replicas_restart_nothing() {
    let (old, new) = (bundle(&[deployment("params", 1)]), bundle(&[deployment("params", 2)]));
    let found = compare(&old.objects, &new.objects, Matching::Identity);
    assert_eq!((found.changes.len(), found.restarts.len()), (1, 0));
}

#[test]
fn another_name_or_namespace_is_another_object_of_one_environment_but_not_of_two() {
    let mut moved = deployment("params", 1);
    moved["metadata"]["name"] = "eu-server".into();
    let old = bundle(&[deployment("params", 1)]);
    let mut new = bundle(&[moved]);
    new.objects[0].source.name = "server".into();
    let found = compare(&old.objects, &new.objects, Matching::Identity);
    assert_eq!((found.count(Operation::Create), found.count(Operation::Delete)), (1, 1));
    let found = compare(&old.objects, &new.objects, Matching::Source);
    assert_eq!(found.changes[0].fields[0].path, "metadata.name");
    let namespace = |name: &str| json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name } });
    let (old, new) = (bundle(&[namespace("dev")]), bundle(&[namespace("prod")]));
    assert_eq!(compare(&old.objects, &new.objects, Matching::Source).count(Operation::Update), 1);
}

#[test]
fn lists_of_named_things_align_by_name_and_tell_their_order() {
    let old = json!({ "env": [{ "name": "A", "value": "1" }, { "name": "B", "value": "2" }, { "name": "C", "value": "3" }] });
    let new = json!({ "env": [{ "name": "B", "value": "2" }, { "name": "A", "value": "9" }, { "name": "D", "value": "4" }] });
    assert_eq!(paths(&old, &new), ["env[name=A].value", "env[name=D]", "env[name=C]", "env"]);
    // Two ports of one number are told apart by nothing; the list is aligned by content.
    let old = json!([{ "containerPort": 53, "protocol": "UDP" }, { "containerPort": 53, "protocol": "TCP" }]);
    let new = json!([{ "containerPort": 53, "protocol": "UDP" }, { "containerPort": 53, "protocol": "SCTP" }]);
    assert_eq!(paths(&old, &new), ["[1].protocol"]);
}

#[test]
fn lists_of_texts_align_by_content() {
    assert_eq!(paths(&json!({ "args": ["a", "b", "c"] }), &json!({ "args": ["a", "c", "d"] })), ["args[1]", "args[2]"]);
    assert_eq!(paths(&json!({ "a.b/c": 1 }), &json!({ "a.b/c": "1" })), ["[\"a.b/c\"]"]);
}

#[test]
fn a_secret_differs_by_its_fingerprint_only() {
    let value =
        |number: u8| json!({ "data": { "url": { "$concat": ["postgres://u:", { "$secret": ["db.password", number] }, "@h"] } } });
    assert_eq!(paths(&value(1), &value(1)), Vec::<String>::new());
    assert_eq!(paths(&value(1), &value(2)), ["data.url"]);
}

fn trees() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (0i64..5).prop_map(Value::from),
        "[a-c]{0,2}".prop_map(Value::from)
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map("name|key|[a-c]", inner, 0..4).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    /// No difference is shown exactly where there is none, in either direction.
    #[test]
    fn differences_are_there_exactly_where_trees_differ(a in trees(), b in trees()) {
        prop_assert!(paths(&a, &a).is_empty());
        prop_assert_eq!(paths(&a, &b).is_empty(), a == b);
        prop_assert_eq!(paths(&b, &a).is_empty(), a == b);
    }
}
