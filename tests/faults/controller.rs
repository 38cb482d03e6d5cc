//! The part of the workload controllers that fault tests need: revisions that name what their pods would mount, and a status.
//!
//! No controller runs beside the API server. This one goes to work when it is called, so that what is ready when doesn't depend on time.

use serde_json::{Value, json};

use crate::server::cluster;

/// For each Deployment and StatefulSet that has a new generation: a ReplicaSet or a ControllerRevision with its template, then its status.
pub fn works(namespace: &str) {
    for kind in ["deployments", "statefulsets"] {
        let path = format!("/apis/apps/v1/namespaces/{namespace}/{kind}");
        for object in items(&path) {
            let generation = &object["metadata"]["generation"];
            if object["status"]["observedGeneration"] == *generation {
                continue;
            }
            let name = object["metadata"]["name"].as_str().unwrap_or_default();
            let (child_path, child) = child(namespace, kind, &object);
            // Another call may be quicker, or the object be gone.
            let _ = cluster().send("POST", &child_path, "application/json", &child.to_string());
            // A StatefulSet without replicas is ready as it is.
            if kind == "deployments" {
                let path = format!("{path}/{name}/status?fieldManager=controller");
                let _ = cluster().send("PATCH", &path, "application/merge-patch+json", &available(generation).to_string());
            }
        }
    }
}

/// Takes all revisions away but the newest of each workload, as a history limit does.
pub fn retires(namespace: &str) {
    for kind in ["replicasets", "controllerrevisions"] {
        let path = format!("/apis/apps/v1/namespaces/{namespace}/{kind}");
        let all = items(&path);
        for object in &all {
            let is_newer = |other: &&Value| owner(other) == owner(object) && generation(other) > generation(object);
            if all.iter().any(|other| is_newer(&other)) {
                let name = object["metadata"]["name"].as_str().unwrap_or_default();
                cluster().send("DELETE", &format!("{path}/{name}"), "application/json", "").expect("an old revision");
            }
        }
    }
}

/// The status of a Deployment that is rolled out.
fn available(generation: &Value) -> Value {
    let condition =
        |kind: &str, reason: &str| json!({"type": kind, "status": "True", "reason": reason, "message": "by the tests"});
    let conditions = [condition("Progressing", "NewReplicaSetAvailable"), condition("Available", "MinimumReplicasAvailable")];
    json!({"status": {"observedGeneration": generation, "replicas": 0, "conditions": conditions}})
}

fn child(namespace: &str, kind: &str, object: &Value) -> (String, Value) {
    let metadata = &object["metadata"];
    let (name, number) = (metadata["name"].as_str().unwrap_or_default(), metadata["generation"].as_u64().unwrap_or_default());
    let owner_kind = if kind == "deployments" { "Deployment" } else { "StatefulSet" };
    let owner = json!({"apiVersion": "apps/v1", "kind": owner_kind, "name": name, "uid": metadata["uid"], "controller": true});
    let metadata =
        json!({"name": format!("{name}-{number}"), "ownerReferences": [owner], "labels": {"generation": number.to_string()}});
    let spec = &object["spec"];
    let root = format!("/apis/apps/v1/namespaces/{namespace}");
    if kind == "deployments" {
        let spec = json!({"replicas": 0, "selector": spec["selector"], "template": spec["template"]});
        (
            format!("{root}/replicasets"),
            json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": metadata, "spec": spec}),
        )
    } else {
        let data = json!({"spec": {"template": spec["template"]}});
        let revision = json!({"apiVersion": "apps/v1", "kind": "ControllerRevision", "metadata": metadata, "revision": number, "data": data});
        (format!("{root}/controllerrevisions"), revision)
    }
}

fn owner(object: &Value) -> &str {
    object["metadata"]["ownerReferences"][0]["name"].as_str().unwrap_or_default()
}

fn generation(object: &Value) -> u64 {
    object["metadata"]["labels"]["generation"].as_str().and_then(|number| number.parse().ok()).unwrap_or_default()
}

fn items(path: &str) -> Vec<Value> {
    cluster().get(path)["items"].as_array().cloned().unwrap_or_default()
}
