//! What keeps pods from running, on a node that runs them: each trouble is told from the others, and shows no secret.

use std::time::Duration;

use plimsoll::execute::diagnose::{Diagnosis, Sight, diagnose};
use plimsoll::execute::wait::Waited;
use plimsoll::secret::Scrubber;
use serde_json::{Value, json};

use crate::harness::canary::Canary;
use crate::server::{node, run};
use crate::wait::{Place, kind};

const CANARY: &str = "canary-barnacle-27182818";

/// A Deployment of one pod that does nothing, with `more` merged into the pod's spec and its container.
fn workload(pod: &Value, container: &Value) -> Value {
    let mut main = json!({ "name": "main", "image": "plimsoll.test/busybox:1", "command": ["pause"] });
    json_patch::merge(&mut main, container);
    let mut spec = json!({ "terminationGracePeriodSeconds": 0, "containers": [main] });
    json_patch::merge(&mut spec, pod);
    json!({
        "metadata": { "name": "web" },
        "spec": {
            "selector": { "matchLabels": { "app": "web" } },
            "template": { "metadata": { "labels": { "app": "web" } }, "spec": spec },
        },
    })
}

/// Looks until the trouble is found; the diagnosis that names it.
fn found(place: &Place<'_>, workload: &Value, cause: &str) -> Diagnosis {
    let waited = place.create(&kind("apps/v1", "Deployment"), workload);
    let scrubber: Scrubber = [("app.password", CANARY.as_bytes())].into_iter().collect();
    let cluster = place.connect("admin");
    let diagnosis = run(async {
        let sight = Sight { cluster: &cluster, scrubber: &scrubber, logs: true };
        let looking = async {
            loop {
                let found = look(&waited, sight).await;
                if names(&found).contains(&cause) {
                    return found;
                }
                tokio::time::sleep(Duration::from_millis(250)).await;
            }
        };
        if let Ok(found) = tokio::time::timeout(Duration::from_mins(2), looking).await {
            return found;
        }
        panic!("{cause} isn't found: {:#?}", look(&waited, sight).await.lines())
    });
    let lines = diagnosis.lines();
    println!("{cause}:\n  {}", lines.join("\n  "));
    assert_eq!(names(&diagnosis), [cause], "{lines:#?}");
    assert!(diagnosis.notes.is_empty(), "{:?}", diagnosis.notes);
    assert_eq!(Canary::new(CANARY).found_in(lines.join("\n").as_bytes()), None);
    let path = format!("/api/v1/namespaces/{}", place.namespace);
    place.server.send("DELETE", &path, "application/json", "").expect("the namespace goes");
    diagnosis
}

async fn look(waited: &Waited, sight: Sight<'_>) -> Diagnosis {
    diagnose(std::slice::from_ref(waited), sight).await.remove(0).1
}

fn names(diagnosis: &Diagnosis) -> Vec<&'static str> {
    diagnosis.findings.iter().filter_map(|finding| Some(finding.cause.as_ref()?.name())).collect()
}

#[test]
fn an_image_that_cannot_be_pulled() {
    let Some(cluster) = node() else { return };
    let found =
        found(&Place::new(cluster, "image"), &workload(&json!({}), &json!({ "image": "plimsoll.test/missing:1" })), "image-pull");
    assert!(found.lines()[0].contains("plimsoll.test/missing:1"), "{:#?}", found.lines());
}

#[test]
fn a_container_that_crashes_and_writes_a_secret() {
    let Some(cluster) = node() else { return };
    let script = "echo first; echo \"can't log in with $PASSWORD\"; exit 3";
    let container = json!({ "command": ["sh", "-c", script], "env": [{ "name": "PASSWORD", "value": CANARY }] });
    let found = found(&Place::new(cluster, "crash"), &workload(&json!({}), &container), "crash-loop");
    assert_eq!(found.findings[0].log, ["first", "can't log in with «secret: app.password»"]);
    assert!(found.lines()[0].contains("exit code 3"), "{:#?}", found.lines());
}

#[test]
fn a_pod_that_no_node_takes() {
    let Some(cluster) = node() else { return };
    found(&Place::new(cluster, "node"), &workload(&json!({ "nodeSelector": { "nowhere": "x" } }), &json!({})), "unschedulable");
}

#[test]
fn a_quota_that_is_used_up() {
    let Some(cluster) = node() else { return };
    let place = Place::new(cluster, "quota");
    place.create(&kind("v1", "ResourceQuota"), &json!({ "metadata": { "name": "small" }, "spec": { "hard": { "pods": "0" } } }));
    let found = found(&place, &workload(&json!({}), &json!({})), "quota");
    assert!(found.lines()[0].contains("`small`"), "{:#?}", found.lines());
}

#[test]
fn a_key_that_is_missing() {
    let Some(cluster) = node() else { return };
    let place = Place::new(cluster, "key");
    place.create(&kind("v1", "Secret"), &json!({ "metadata": { "name": "login" }, "stringData": { "password": CANARY } }));
    let env = json!({ "env": [{ "name": "P", "valueFrom": { "secretKeyRef": { "name": "login", "key": "passwort" } } }] });
    let found = found(&place, &workload(&json!({}), &env), "missing-config");
    assert!(found.lines()[0].contains("Secret `login` has no key `passwort`"), "{:#?}", found.lines());
}

#[test]
fn a_config_map_that_is_missing() {
    let Some(cluster) = node() else { return };
    let env = json!({ "envFrom": [{ "configMapRef": { "name": "settings" } }] });
    let found = found(&Place::new(cluster, "config"), &workload(&json!({}), &env), "missing-config");
    assert!(found.lines()[0].contains("ConfigMap `settings` doesn't exist"), "{:#?}", found.lines());
}

#[test]
fn a_container_that_needs_more_memory_than_it_may() {
    let Some(cluster) = node() else { return };
    let container = json!({
        "command": ["sh", "-c", "exec tail /dev/zero"],
        "resources": { "requests": { "memory": "8Mi" }, "limits": { "memory": "16Mi" } },
    });
    found(&Place::new(cluster, "memory"), &workload(&json!({}), &container), "out-of-memory");
}
