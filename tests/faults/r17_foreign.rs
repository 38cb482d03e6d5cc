//! R17: nothing foreign is touched. Beside an environment live 50 bystanders (some of them look very much like members), 20 objects of the
//! bundle that somebody else owns in part, and a guest namespace; two versions are applied and the environment deleted.

use serde_json::{Value, json};

use crate::bundle::ENVIRONMENT;
use crate::equipment::namespace;
use crate::observer::{Observer, kinds};
use crate::server::cluster;
use crate::stack::Stack;

const BYSTANDERS: usize = 50;
const SHARED: usize = 20;

fn create(namespace: &str, group: &str, plural: &str, object: &Value) {
    let path = format!("{group}/namespaces/{namespace}/{plural}?fieldManager=somebody");
    cluster().send("POST", &path, "application/json", &object.to_string()).unwrap_or_else(|error| panic!("{path}: {error}"));
}

/// One bystander, of five sorts; some bear the label of the environment's own.
fn bystander(at: usize, namespace: &str, label: &str) {
    let name = format!("bystander-{at}");
    let metadata = |labels: Value| json!({ "name": name, "labels": labels });
    let copied = json!({ "app": "api", "applyset.kubernetes.io/part-of": label });
    match at % 5 {
        0 => create(
            namespace,
            "/api/v1",
            "configmaps",
            &json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata(json!({})), "data": { "a": "b" } }),
        ),
        // Whoever copies an object copies its labels.
        1 => create(
            namespace,
            "/api/v1",
            "configmaps",
            &json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata(copied), "immutable": true }),
        ),
        2 => create(
            namespace,
            "/api/v1",
            "secrets",
            &json!({ "apiVersion": "v1", "kind": "Secret", "metadata": metadata(copied), "stringData": { "a": "b" } }),
        ),
        3 => create(
            namespace,
            "/api/v1",
            "services",
            &json!({ "apiVersion": "v1", "kind": "Service", "metadata": metadata(copied), "spec": { "ports": [{ "port": 80 }] } }),
        ),
        _ => create(
            namespace,
            "/apis/apps/v1",
            "deployments",
            &json!({ "apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata(json!({ "app": "web" })),
                "spec": { "replicas": 0, "selector": { "matchLabels": { "by": name } },
                    "template": { "metadata": { "labels": { "by": name } }, "spec": { "containers": [{ "name": "c", "image": "i" }] } } } }),
        ),
    }
}

#[test]
fn nothing_foreign_is_touched() {
    let Stack { namespace: own, bundle, proxy } = Stack::new("r17");
    let guest = namespace("r17-guest");
    let shared = (0..SHARED)
        .map(|at| format!("---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: shared-{at}\ndata:\n  ours: \"1\"\n"));
    bundle.sandbox.write("templates/stack/shared.yaml", shared.collect::<String>());
    bundle.plimsoll(&["apply", ENVIRONMENT, "--yes", "--no-wait"]).exits(0);

    let parent = cluster().get(&format!("/api/v1/namespaces/{own}/configmaps/plimsoll-{ENVIRONMENT}"));
    let label = parent["metadata"]["labels"]["applyset.kubernetes.io/id"].as_str().expect("an inventory").to_owned();
    (0..BYSTANDERS).for_each(|at| bystander(at, if at % 2 == 0 { &own } else { &guest }, &label));
    for at in 0..SHARED {
        let path = format!("/api/v1/namespaces/{own}/configmaps/shared-{at}?fieldManager=somebody");
        let theirs = json!({ "apiVersion": "v1", "kind": "ConfigMap", "data": { "theirs": "2" } });
        cluster().send("PATCH", &path, "application/apply-patch+yaml", &theirs.to_string()).expect("somebody's own field");
    }

    let is_bystander = |name: &str| name.starts_with("bystander-");
    let observer = Observer::start(cluster(), &kinds(), &[&own, &guest]);
    bundle.v2();
    bundle.plimsoll(&["apply", ENVIRONMENT, "--yes", "--no-wait"]).exits(0);
    let report = observer.finish();
    let shared = report.before.objects().filter(|(place, _)| place.name.starts_with("shared-")).count();
    let bystanders = report.before.objects().filter(|(place, _)| is_bystander(&place.name)).count();
    assert_eq!((bystanders, shared), (BYSTANDERS, SHARED));
    report.holds(|place, _| is_bystander(&place.name) || place.name.starts_with("shared-") || place.namespace == guest);
    let touched = report.events.len();

    let observer = Observer::start(cluster(), &kinds(), &[&own, &guest]);
    bundle.plimsoll(&["delete", ENVIRONMENT, "--yes"]).exits(0);
    let report = observer.finish();
    let violations = report.touched(|place, _| is_bystander(&place.name) || place.namespace == guest);
    assert!(violations.is_empty(), "{violations:?}");
    let deletes = proxy.requests().into_iter().filter(crate::proxy::Request::deletes).count();
    let unguarded = proxy.unguarded_deletes();
    println!(
        "R17: {bystanders} bystanders, {shared} shared objects, a guest namespace; {} events, {deletes} deletes, 0 without a UID, 0 touched",
        touched + report.events.len()
    );
    assert!(unguarded.is_empty(), "{unguarded:?}");
    assert!(deletes >= 25 && touched >= 10, "R17 is below its floor: {deletes} deletes, {touched} events");
}
