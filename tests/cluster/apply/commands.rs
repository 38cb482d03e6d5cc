//! `plimsoll apply` as a user runs it.

use std::time::Duration;

use serde_json::{Value, json};

use super::world::World;
use crate::harness::child::Victim;
use crate::harness::process::Sandbox;
use crate::server::cluster;

const CORE: &str = "/api/v1";
const APPS: &str = "/apis/apps/v1";

/// The reference stack, in a namespace of the test's own.
fn reference(namespace: &str) -> Sandbox {
    let mut sandbox = Sandbox::reference();
    sandbox.set("KUBECONFIG", cluster().kubeconfig());
    sandbox.edit("environments/dev.toml", "ai-inference-dev", namespace);
    sandbox
}

const DEV: &[&str] = &["apply", "dev", "--yes", "--no-wait", "--identity", "environments/dev.demo-identity"];

/// Every object of a namespace that bears our label, with its resourceVersion.
fn versions(namespace: &str) -> Vec<(String, String)> {
    let kinds = [
        (CORE, "configmaps"),
        (CORE, "secrets"),
        (CORE, "services"),
        (CORE, "serviceaccounts"),
        (APPS, "deployments"),
        ("/apis/rbac.authorization.k8s.io/v1", "roles"),
        ("/apis/rbac.authorization.k8s.io/v1", "rolebindings"),
        ("/apis/coordination.k8s.io/v1", "leases"),
    ];
    let mut found = Vec::new();
    for (prefix, kind) in kinds {
        let listed = cluster().get(&format!("{prefix}/namespaces/{namespace}/{kind}"));
        for item in listed["items"].as_array().unwrap() {
            let text = |key: &str| item["metadata"][key].as_str().unwrap().to_owned();
            found.push((format!("{kind}/{}", text("name")), text("resourceVersion")));
        }
    }
    found
}

#[test]
fn the_reference_stack_then_nothing_then_one_value() {
    let namespace = "apply-reference";
    let sandbox = reference(namespace);
    let ran = sandbox.plimsoll(DEV).exits(0);
    assert!(ran.out().contains("dev: 12 created") || ran.out().contains(" created"), "{}", ran.said());
    let first = versions(namespace);
    println!("apply: the reference stack is {} objects", first.len());
    assert!(first.len() >= 10, "{first:?}");

    // Nothing to do: not one object is touched, the Lease and the inventory among them.
    let ran = sandbox.plimsoll(DEV).exits(0);
    assert!(ran.out().contains("unchanged") && !ran.out().contains("updated"), "{}", ran.said());
    assert_eq!(versions(namespace), first);

    sandbox.edit("environments/dev.toml", "LOG_LEVEL = \"debug\"", "LOG_LEVEL = \"info\"");
    let ran = sandbox.plimsoll(DEV).exits(0);
    let second = versions(namespace);
    let changed: Vec<&str> = second.iter().filter(|object| !first.contains(object)).map(|(name, _)| name.as_str()).collect();
    let members: Vec<&&str> = changed.iter().filter(|name| !name.contains("plimsoll") && !name.starts_with("leases")).collect();
    assert_eq!(members, [&"configmaps/inference-params", &"deployments/inference-server"], "{changed:?}\n{}", ran.said());
}

#[test]
fn without_a_terminal_somebody_has_to_agree_first() {
    let world = World::new("apply-consent", "", "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}\n");
    let ran = world.sandbox.plimsoll(&["apply", "test"]).exits(3);
    assert!(ran.said().contains("--yes"), "{}", ran.said());
    assert!(cluster().send("GET", "/api/v1/namespaces/apply-consent", "application/json", "").is_err());
}

#[test]
fn someone_elses_field_is_refused_left_or_taken() {
    let yaml = |replicas: u8| {
        format!(
            "apiVersion: apps/v1
kind: Deployment
metadata: {{name: web}}
spec:
  replicas: {replicas}
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}}}
    spec: {{containers: [{{name: web, image: i}}]}}
"
        )
    };
    let world = World::new("apply-conflict", "", &yaml(1));
    world.apply(&[]).exits(0);
    let scaled =
        json!({ "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "web" }, "spec": { "replicas": 7 } });
    let path = format!("{}?fieldManager=scaler&force=true", world.path(APPS, "deployments/web"));
    cluster().send("PATCH", &path, "application/apply-patch+yaml", &scaled.to_string()).unwrap();
    let replicas = || world.get(APPS, "deployments/web")["spec"]["replicas"].as_i64().unwrap();
    world.template(&yaml(2));
    let ran = world.apply(&[]).exits(3);
    assert!(ran.said().contains("spec.replicas") && ran.said().contains("scaler"), "{}", ran.said());
    assert_eq!(replicas(), 7);

    let policy =
        |policy: &str| format!("[[conflict]]\nobject = \"Deployment/*\"\nfield = \"spec.replicas\"\npolicy = \"{policy}\"\n");
    world.sandbox.edit("environments/test.toml", "[namespace]", &format!("{}\n[namespace]", policy("leave")));
    world.apply(&[]).exits(0);
    assert_eq!(replicas(), 7);

    world.sandbox.edit("environments/test.toml", "\"leave\"", "\"take\"");
    world.apply(&[]).exits(0);
    assert_eq!(replicas(), 2);
}

#[test]
fn what_kubectl_made_is_taken_over_and_what_the_bundle_lacks_goes() {
    let world = World::new("apply-adopt", "", "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {kept: x}}\n");
    cluster()
        .send(
            "POST",
            "/api/v1/namespaces",
            "application/json",
            &json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "apply-adopt" } }).to_string(),
        )
        .unwrap();
    let last = json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "a", "namespace": "apply-adopt" }, "data": { "kept": "x", "dropped": "y" } });
    let mut theirs = last.clone();
    theirs["metadata"]["annotations"] = json!({ "kubectl.kubernetes.io/last-applied-configuration": format!("{last}\n") });
    world.create(CORE, "configmaps", "kubectl-client-side-apply", &theirs);
    let ran = world.apply(&[]).exits(3);
    assert!(ran.said().contains("--adopt"), "{}", ran.said());
    world.apply(&["--adopt"]).exits(0);
    let live = world.get(CORE, "configmaps/a");
    assert_eq!(live["data"], json!({ "kept": "x" }));
    let managers: Vec<&str> =
        live["metadata"]["managedFields"].as_array().unwrap().iter().map(|entry| entry["manager"].as_str().unwrap()).collect();
    assert_eq!(managers, ["plimsoll"], "{live:#}");
    assert!(live["metadata"]["annotations"].is_null(), "{live:#}");
}

#[test]
fn custom_resources_come_with_their_definition() {
    let yaml = "
apiVersion: apply.example/v1
kind: Widget
metadata: {name: w}
spec: {size: 3}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.apply.example}
spec:
  group: apply.example
  scope: Namespaced
  names: {kind: Widget, plural: widgets, singular: widget}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {size: {type: integer}}}}}}
";
    let world = World::new("apply-widgets", "", yaml);
    let ran = world.apply(&[]).exits(0);
    assert!(ran.out().contains("3 created"), "{}", ran.said());
    assert_eq!(world.get("/apis/apply.example/v1", "widgets/w")["spec"]["size"], 3);
}

#[test]
fn pods_that_never_come_are_exit_5() {
    let yaml = "apiVersion: v1\nkind: Pod\nmetadata: {name: never}\nspec: {containers: [{name: a, image: i}]}\n";
    let world = World::new("apply-never", "", yaml);
    let ran = world.sandbox.plimsoll(&["apply", "test", "--yes", "--timeout", "1s"]).exits(5);
    assert!(ran.out().contains("Pod/never"), "{}", ran.said());
    // Nothing is written the second time, and still it isn't ready.
    world.sandbox.plimsoll(&["apply", "test", "--yes", "--timeout", "1s"]).exits(5);
}

#[test]
fn an_interrupt_finishes_what_is_in_flight_and_tells_the_rest() {
    let many: Vec<String> =
        (0..600).map(|at| format!("{{apiVersion: v1, kind: ConfigMap, metadata: {{name: c{at:03}}}}}\n")).collect();
    let world = World::new("apply-interrupt", "", &many.join("---\n"));
    let listed = || {
        let path = world.path(CORE, "configmaps");
        cluster().send("GET", &path, "application/json", "").map_or(0, |list| list["items"].as_array().map_or(0, Vec::len))
    };
    let victim = Victim::default();
    let arguments = ["apply", "test", "--yes", "--no-wait", "--format", "json"];
    let ran = std::thread::scope(|scope| {
        let running = scope.spawn(|| world.sandbox.plimsoll_as(&victim, &arguments));
        // It ends by itself if this doesn't come true: 2,000 looks take longer than it does.
        let _ = (0..2000).find(|_| {
            std::thread::sleep(Duration::from_millis(2));
            listed() > 5
        });
        victim.signal("INT");
        running.join().unwrap()
    });
    let ran = ran.exits(4);
    let outcome: Value = serde_json::from_str(&ran.out()).unwrap_or_else(|error| panic!("{error}: {}", ran.said()));
    assert_eq!(outcome["interrupted"], true);
    let done = outcome["summary"]["created"].as_u64().unwrap();
    let left = outcome["failed"].as_array().unwrap().iter().filter(|failed| failed["reason"] == "interrupted").count();
    println!("apply: interrupted after {done} writes, {left} not begun");
    assert!(left > 0 && done > 0);
    // What is told as done is there, and nothing else: the Namespace and the inventory are beside the ConfigMaps.
    assert_eq!(listed() as u64, done, "of the {done} done one is the Namespace, and one ConfigMap is the inventory");
    world.apply(&[]).exits(0);
    assert_eq!(listed(), 601);
}

#[test]
fn an_approved_plan_is_done_exactly_or_not_at_all() {
    let yaml = |value: &str| format!("{{apiVersion: v1, kind: ConfigMap, metadata: {{name: a}}, data: {{k: \"{value}\"}}}}\n");
    let world = World::new("apply-plan", "", &yaml("one"));
    world.apply(&[]).exits(0);
    world.template(&yaml("two"));
    world.sandbox.plimsoll(&["plan", "test", "-o", "test.plan"]).exits(0);
    let value = || world.get(CORE, "configmaps/a")["data"]["k"].as_str().unwrap().to_owned();

    // The repository says something else by now.
    world.template(&yaml("three"));
    let ran = world.sandbox.plimsoll(&["apply", "--plan", "test.plan", "--no-wait"]).exits(3);
    assert!(ran.said().contains("compiles to something else"), "{}", ran.said());
    world.template(&yaml("two"));

    // So does the cluster.
    world.edit(CORE, "configmaps/a", &json!({ "data": { "k": "theirs" } }));
    let ran = world.sandbox.plimsoll(&["apply", "--plan", "test.plan", "--no-wait"]).exits(3);
    assert!(ran.said().contains("`hand`") && ran.said().contains("ConfigMap/a"), "{}", ran.said());
    assert_eq!(value(), "theirs");

    // Nobody has: a stranger's label is not what it looked at.
    world.apply(&[]).exits(3);
    world.sandbox.edit(
        "environments/test.toml",
        "[namespace]",
        "[[conflict]]\nobject = \"ConfigMap/a\"\nfield = \"data.k\"\npolicy = \"take\"\n\n[namespace]",
    );
    world.sandbox.plimsoll(&["plan", "test", "-o", "test.plan"]).exits(0);
    world.edit(CORE, "configmaps/a", &json!({ "metadata": { "labels": { "seen": "yes" } } }));
    world.sandbox.plimsoll(&["apply", "--plan", "test.plan", "--no-wait"]).exits(0);
    assert_eq!(value(), "two");
}

#[test]
fn an_older_sealed_file_is_refused_until_its_serial_is_accepted() {
    let sandbox = reference("apply-serial");
    sandbox.plimsoll(DEV).exits(0);
    // The inventory remembers a later serial, as it would after a revert in git.
    let path = "/api/v1/namespaces/apply-serial/configmaps/plimsoll-dev";
    let inventory = cluster().get(path);
    let key = inventory["data"].as_object().unwrap().iter().find(|(_, text)| text.as_str().unwrap().contains("dev.secrets.age"));
    let (key, text) = key.unwrap_or_else(|| panic!("no serials: {inventory:#}"));
    let later = text.as_str().unwrap().replace(":4", ":9").replace(": 4", ": 9");
    assert_ne!(text.as_str(), Some(later.as_str()), "the sealed file has serial 4");
    let patch = json!({ "data": { key: later } });
    cluster().send("PATCH", path, "application/merge-patch+json", &patch.to_string()).unwrap();
    let ran = sandbox.plimsoll(DEV).exits(3);
    assert!(ran.said().contains("--accept-serial 4"), "{}", ran.said());
    sandbox.plimsoll(&[DEV, &["--accept-serial", "4"]].concat()).exits(0);
}
