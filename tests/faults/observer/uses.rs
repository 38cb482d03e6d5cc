//! Which ConfigMaps and Secrets an object's pods need. Written for the observer alone: a witness doesn't ask the accused.

use serde_json::Value;

/// A need: the kind, and the name.
pub(super) type Need = (&'static str, String);

/// The pod specs that decide which pods there are or can be: Deployments and the like are left out, since what they name matters
/// only when their controller has made something of it.
pub(super) fn pod_spec<'a>(kind: &str, object: &'a Value) -> &'a Value {
    match kind {
        "Pod" => &object["spec"],
        "ReplicaSet" | "Job" => &object["spec"]["template"]["spec"],
        "CronJob" => &object["spec"]["jobTemplate"]["spec"]["template"]["spec"],
        "ControllerRevision" => &object["data"]["spec"]["template"]["spec"],
        _ => &Value::Null,
    }
}

/// The ConfigMaps and Secrets that a pod spec names and can't do without.
pub(super) fn needs(spec: &Value) -> Vec<Need> {
    let mut needs = Vec::new();
    for list in ["containers", "initContainers", "ephemeralContainers"] {
        for container in items(&spec[list]) {
            for source in items(&container["envFrom"]) {
                need(&mut needs, "ConfigMap", &source["configMapRef"], "name");
                need(&mut needs, "Secret", &source["secretRef"], "name");
            }
            for variable in items(&container["env"]) {
                need(&mut needs, "ConfigMap", &variable["valueFrom"]["configMapKeyRef"], "name");
                need(&mut needs, "Secret", &variable["valueFrom"]["secretKeyRef"], "name");
            }
        }
    }
    for volume in items(&spec["volumes"]) {
        need(&mut needs, "ConfigMap", &volume["configMap"], "name");
        need(&mut needs, "Secret", &volume["secret"], "secretName");
        for source in items(&volume["projected"]["sources"]) {
            need(&mut needs, "ConfigMap", &source["configMap"], "name");
            need(&mut needs, "Secret", &source["secret"], "name");
        }
    }
    for secret in items(&spec["imagePullSecrets"]) {
        need(&mut needs, "Secret", secret, "name");
    }
    needs.sort();
    needs.dedup();
    needs
}

fn need(needs: &mut Vec<Need>, kind: &'static str, source: &Value, field: &str) {
    if source["optional"] != true
        && let Some(name) = source[field].as_str()
    {
        needs.push((kind, name.to_owned()));
    }
}

fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}
