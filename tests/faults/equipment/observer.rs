//! The observer: it sees what happens, in order, and a law that is broken by hand is found broken, each in its own row.

use serde_json::{Value, json};

use super::namespace;
use crate::observer::{Kind, Observer, Report, Violation, kinds};
use crate::server::cluster;

const APPLY: &str = "application/apply-patch+yaml";

fn map(name: &str, metadata: &Value) -> String {
    let mut map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"key": "1"}});
    map["metadata"]["name"] = json!(name);
    map.to_string()
}

fn maps(namespace: &str) -> String {
    format!("/api/v1/namespaces/{namespace}/configmaps")
}

fn apply(namespace: &str, name: &str, metadata: &Value) {
    let path = format!("{}/{name}?fieldManager=plimsoll&force=true", maps(namespace));
    cluster().send("PATCH", &path, APPLY, &map(name, metadata)).expect("an apply");
}

fn delete(path: &str) {
    cluster().send("DELETE", path, "application/json", "").unwrap_or_else(|error| panic!("{path}: {error}"));
}

/// An inventory by hand: the parent, with what it says it contains.
fn parent(namespace: &str, kinds: &str, namespaces: &str) {
    let metadata = json!({
        "labels": {"applyset.kubernetes.io/id": "applyset-by-hand"},
        "annotations": {
            "applyset.kubernetes.io/contains-group-kinds": kinds,
            "applyset.kubernetes.io/additional-namespaces": namespaces,
        },
    });
    apply(namespace, "inventory", &metadata);
}

fn member() -> Value {
    json!({"labels": {"applyset.kubernetes.io/part-of": "applyset-by-hand"}})
}

fn observed(namespaces: &[&str], deeds: impl FnOnce()) -> Report {
    let observer = Observer::start(cluster(), &kinds(), namespaces);
    deeds();
    observer.finish()
}

fn told(violations: &[Violation]) -> Vec<(String, String)> {
    violations.iter().map(|violation| (violation.place.name.clone(), violation.what.clone())).collect()
}

#[test]
fn events_come_in_one_order_over_all_kinds() {
    let own = namespace("observer");
    let report = observed(&[&own], || {
        apply(&own, "one", &member());
        let secrets = format!("/api/v1/namespaces/{own}/secrets");
        let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "two"}}).to_string();
        cluster().send("POST", &secrets, "application/json", &secret).expect("a Secret");
        apply(&own, "one", &json!({}));
        delete(&format!("{secrets}/two"));
        delete(&format!("{}/one", maps(&own)));
    });
    let events: Vec<(&str, bool)> = report
        .events
        .iter()
        .filter(|event| matches!(event.place.name.as_str(), "one" | "two"))
        .map(|event| (event.place.name.as_str(), event.object.is_some()))
        .collect();
    assert_eq!(events, [("one", true), ("two", true), ("one", true), ("two", false), ("one", false)]);
    assert!(report.events.windows(2).all(|pair| pair[0].version < pair[1].version));
}

#[test]
fn what_the_inventory_forgets_is_found() {
    let (own, other) = (namespace("observer"), namespace("observer"));
    let report = observed(&[&own, &other], || {
        parent(&own, "ConfigMap", "");
        apply(&own, "sound", &member());
        apply(&own, "unlabelled", &json!({}));
        apply(&other, "elsewhere", &member());
        parent(&own, "ConfigMap", &other);
        apply(&other, "sound-elsewhere", &member());
        // Narrowed too early: `sound` is still there. Widened again, and narrowed too early in another way.
        parent(&own, "Secret", &other);
        parent(&own, "ConfigMap,Secret", &other);
        parent(&own, "ConfigMap", "");
    });
    let found = told(&report.forgotten());
    let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
    let expected = ["unlabelled", "elsewhere", "sound", "elsewhere", "sound-elsewhere", "elsewhere", "sound-elsewhere"];
    assert_eq!(names, expected, "{found:#?}");
    assert!(found[1].1.contains(&format!("namespace `{other}`")), "{found:#?}");
    assert!(found[2].1.contains("kind `ConfigMap`"), "{found:#?}");
}

#[test]
fn an_inventory_that_is_deleted_before_its_members_is_found() {
    let own = namespace("observer");
    let report = observed(&[&own], || {
        parent(&own, "ConfigMap", "");
        apply(&own, "member", &member());
        delete(&format!("{}/inventory", maps(&own)));
    });
    let found = told(&report.forgotten());
    assert_eq!(found.len(), 1);
    assert!(found[0].0 == "member" && found[0].1.contains("no parent"), "{found:?}");
}

#[test]
fn a_bystander_that_is_touched_is_found() {
    let own = namespace("observer");
    for name in ["changed", "deleted", "left"] {
        cluster().send("POST", &maps(&own), "application/json", &map(name, &json!({}))).expect("a bystander");
    }
    let report = observed(&[&own], || {
        apply(&own, "changed", &member());
        delete(&format!("{}/deleted", maps(&own)));
        apply(&own, "mine", &member());
        delete(&format!("{}/mine", maps(&own)));
    });
    let found = told(&report.touched(|place, _| place.kind == "ConfigMap"));
    let expected = [("changed", "a bystander was changed"), ("deleted", "a bystander was deleted")];
    assert_eq!(found, expected.map(|(name, what)| (name.to_owned(), what.to_owned())));
}

#[test]
fn a_mount_that_is_pulled_is_found() {
    let own = namespace("observer");
    let replica_sets = format!("/apis/apps/v1/namespaces/{own}/replicasets");
    let set = |name: &str, spec: Value| {
        let body = json!({
            "apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"name": name},
            "spec": {"replicas": 0, "selector": {"matchLabels": {"app": name}},
                "template": {"metadata": {"labels": {"app": name}}, "spec": spec}},
        });
        cluster().send("POST", &replica_sets, "application/json", &body.to_string()).expect("a ReplicaSet");
    };
    let container = |more: Value| {
        let mut container = json!({"name": "main", "image": "example"});
        container.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        json!([container])
    };
    let report = observed(&[&own], || {
        apply(&own, "config", &json!({}));
        set(
            "mounts",
            json!({
                "containers": container(json!({})),
                "volumes": [{"name": "v", "projected": {"sources": [{"configMap": {"name": "config"}}]}}],
            }),
        );
        set("early", json!({"containers": container(json!({"envFrom": [{"secretRef": {"name": "later"}}]}))}));
        set("content", json!({"containers": container(json!({"envFrom": [{"secretRef": {"name": "none", "optional": true}}]}))}));
        delete(&format!("{}/config", maps(&own)));
    });
    let found = told(&report.pulled());
    let expected = [
        ("early", "it names the Secret `later`, which isn't there"),
        ("mounts", "it names the ConfigMap `config`, which isn't there"),
    ];
    assert_eq!(found, expected.map(|(name, what)| (name.to_owned(), what.to_owned())));
}

#[test]
fn a_kind_is_watched_as_soon_as_it_is_there() {
    let own = namespace("observer");
    let group = format!("{own}.example.org");
    let mut kinds = kinds();
    kinds.push(Kind::new(&format!("{group}/v1"), "widgets", "Widget"));
    let observer = Observer::start(cluster(), &kinds, &[&own]);
    let definition = json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("widgets.{group}")},
        "spec": {"group": group, "scope": "Namespaced", "names": {"plural": "widgets", "kind": "Widget"}, "versions": [{
            "name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {"type": "object"}},
        }]},
    });
    let definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    cluster().send("POST", definitions, "application/json", &definition.to_string()).expect("a definition");
    let widget = json!({"apiVersion": format!("{group}/v1"), "kind": "Widget", "metadata": {"name": "one"}}).to_string();
    let widgets = format!("/apis/{group}/v1/namespaces/{own}/widgets");
    // A definition is served a little after it is stored.
    let made = (0..2000).any(|_| cluster().send("POST", &widgets, "application/json", &widget).is_ok());
    assert!(made, "the kind is served");
    let report = observer.finish();
    let widgets: Vec<_> = report.events.iter().filter(|event| event.place.kind == "Widget").collect();
    assert_eq!(widgets.len(), 1, "{widgets:?}");
    assert!(report.events.iter().any(|event| event.place.kind == "CustomResourceDefinition"));
}
