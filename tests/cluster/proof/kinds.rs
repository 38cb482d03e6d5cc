//! Random objects of 25 kinds, two of them custom.

use serde_json::{Map, Value, json};

use super::values::{annotations, int_or_text, label, labels, maybe, pod_spec, quantity, template, text, texts};
use crate::random::Random;

/// One kind: where its objects live, and how one is made.
#[allow(clippy::struct_field_names, reason = "the API's own words")]
pub(crate) struct Kind {
    pub(crate) api_version: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) resource: &'static str,
    pub(crate) namespaced: bool,
    /// Fills an object that has version, kind and name.
    pub(crate) fill: fn(&mut Random, &mut Value),
}

const fn kind(
    api_version: &'static str,
    kind: &'static str,
    resource: &'static str,
    namespaced: bool,
    fill: fn(&mut Random, &mut Value),
) -> Kind {
    Kind { api_version, kind, resource, namespaced, fill }
}

pub(crate) static KINDS: &[Kind] = &[
    kind("v1", "ConfigMap", "configmaps", true, config_map),
    kind("v1", "Secret", "secrets", true, secret),
    kind("v1", "Service", "services", true, service),
    kind("v1", "ServiceAccount", "serviceaccounts", true, service_account),
    kind("v1", "Pod", "pods", true, pod),
    kind("v1", "PersistentVolumeClaim", "persistentvolumeclaims", true, claim),
    kind("v1", "ResourceQuota", "resourcequotas", true, quota),
    kind("apps/v1", "Deployment", "deployments", true, deployment),
    kind("apps/v1", "StatefulSet", "statefulsets", true, stateful_set),
    kind("apps/v1", "DaemonSet", "daemonsets", true, daemon_set),
    kind("batch/v1", "Job", "jobs", true, job),
    kind("batch/v1", "CronJob", "cronjobs", true, cron_job),
    kind("autoscaling/v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers", true, autoscaler),
    kind("policy/v1", "PodDisruptionBudget", "poddisruptionbudgets", true, budget),
    kind("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies", true, network_policy),
    kind("networking.k8s.io/v1", "Ingress", "ingresses", true, ingress),
    kind("rbac.authorization.k8s.io/v1", "Role", "roles", true, role),
    kind("rbac.authorization.k8s.io/v1", "RoleBinding", "rolebindings", true, role_binding),
    kind("rbac.authorization.k8s.io/v1", "ClusterRole", "clusterroles", false, role),
    kind("storage.k8s.io/v1", "StorageClass", "storageclasses", false, storage_class),
    kind("scheduling.k8s.io/v1", "PriorityClass", "priorityclasses", false, priority_class),
    kind("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", "validatingwebhookconfigurations", false, webhook),
    kind("discovery.k8s.io/v1", "EndpointSlice", "endpointslices", true, endpoint_slice),
    kind("proof.example/v1", "Typed", "typeds", true, typed),
    kind("proof.example/v1", "Loose", "looses", true, loose),
];

impl Kind {
    /// Where one object is found, in another version if asked.
    pub(crate) fn path(&self, namespace: &str, name: &str, api_version: Option<&str>) -> String {
        let api_version = api_version.unwrap_or(self.api_version);
        let root = if api_version.contains('/') { "apis" } else { "api" };
        let namespace = if self.namespaced { format!("/namespaces/{namespace}") } else { String::new() };
        format!("/{root}/{api_version}{namespace}/{}/{name}", self.resource)
    }

    /// A random object.
    pub(crate) fn object(&self, random: &mut Random, namespace: &str, name: &str) -> Value {
        let mut object = json!({ "apiVersion": self.api_version, "kind": self.kind, "metadata": { "name": name } });
        if self.namespaced {
            object["metadata"]["namespace"] = namespace.into();
        }
        // as every object of ours has: one that owns nothing leaves no entry
        let mut all = if random.one_in(2) { labels(random) } else { json!({}) };
        all["applyset.kubernetes.io/part-of"] = json!("applyset-x-v1");
        object["metadata"]["labels"] = all;
        maybe(&mut object["metadata"], random, 2, "annotations", annotations);
        maybe(&mut object["metadata"], random, 12, "finalizers", |random| {
            texts(random, &["example.com/a", "example.com/b", "example.com/c"])
        });
        (self.fill)(random, &mut object);
        object
    }
}

/// Admission adds to a bare pod's tolerations, which have one owner, so those of a pod are never as sent (a template's are).
fn pod(random: &mut Random, object: &mut Value) {
    object["spec"] = pod_spec(random, None);
    object["spec"].as_object_mut().unwrap().shift_remove("tolerations");
}

fn config_map(random: &mut Random, object: &mut Value) {
    let data: Map<String, Value> =
        random.some(&["a", "b.c", "D_E", "f-g", "tls.crt"]).into_iter().map(|key| (key.to_owned(), text(random))).collect();
    object["data"] = data.into();
    maybe(object, random, 4, "binaryData", |_| json!({ "bin": "AAECAw==" }));
    maybe(object, random, 6, "immutable", |_| json!(false));
}

fn secret(random: &mut Random, object: &mut Value) {
    let data: Map<String, Value> = random
        .some(&["a", "b.c", "D_E", "empty"])
        .into_iter()
        .map(|key| (key.to_owned(), (*random.pick(&["", "YQ==", "aHVudGVyMg==", "AAEC/w=="])).into()))
        .collect();
    object["data"] = data.into();
    maybe(object, random, 2, "type", |_| json!("Opaque"));
}

fn service(random: &mut Random, object: &mut Value) {
    let numbers = random.some(&[80, 443, 8080]);
    let named = numbers.len() > 1 || random.one_in(2);
    let ports: Vec<Value> = numbers
        .into_iter()
        .map(|number| {
            let mut port = json!({ "port": number });
            if named {
                port["name"] = json!(format!("p{number}"));
            }
            maybe(&mut port, random, 2, "protocol", |random| (*random.pick(&["TCP", "UDP"])).into());
            maybe(&mut port, random, 2, "targetPort", |random| if random.one_in(2) { json!("http") } else { json!(8080) });
            port
        })
        .collect();
    object["spec"] = json!({ "selector": { "app": label(random) }, "clusterIP": "None" });
    if !ports.is_empty() || random.one_in(2) {
        object["spec"]["ports"] = ports.into();
    }
    maybe(&mut object["spec"], random, 3, "sessionAffinity", |_| json!("ClientIP"));
    maybe(&mut object["spec"], random, 3, "externalIPs", |random| texts(random, &["192.0.2.1", "192.0.2.2"]));
    maybe(&mut object["spec"], random, 4, "type", |_| json!("ClusterIP"));
}

fn service_account(random: &mut Random, object: &mut Value) {
    maybe(object, random, 2, "automountServiceAccountToken", |_| json!(false));
    maybe(object, random, 2, "imagePullSecrets", |random| {
        random.some(&[json!({ "name": "p" }), json!({ "name": "q" }), json!({ "name": "r" })]).into()
    });
    maybe(object, random, 3, "secrets", |random| random.some(&[json!({ "name": "p" }), json!({ "name": "q" })]).into());
}

fn claim(random: &mut Random, object: &mut Value) {
    object["spec"] = json!({ "accessModes": ["ReadWriteOnce"], "resources": { "requests": { "storage": *random.pick(&["1Gi", "1024Mi", "2Gi", "1000M", "1.5Gi"]) } } });
    maybe(&mut object["spec"], random, 2, "storageClassName", |random| (*random.pick(&["", "fast"])).into());
    maybe(&mut object["spec"], random, 4, "selector", |_| json!({ "matchLabels": { "a": "b" } }));
}

fn quota(random: &mut Random, object: &mut Value) {
    object["spec"] =
        json!({ "hard": { "requests.example.com/x": quantity(random), "count/looses.none.example": quantity(random) } });
    maybe(
        &mut object["spec"],
        random,
        3,
        "scopeSelector",
        |_| json!({ "matchExpressions": [{ "scopeName": "PriorityClass", "operator": "In", "values": ["none"] }] }),
    );
    if object["spec"].get("scopeSelector").is_some() {
        object["spec"]["hard"] = json!({ "pods": quantity(random) });
    }
}

fn deployment(random: &mut Random, object: &mut Value) {
    object["spec"] = json!({ "selector": { "matchLabels": { "app": "x" } }, "template": template(random, None) });
    maybe(&mut object["spec"], random, 2, "replicas", |random| json!(random.below(3)));
    maybe(&mut object["spec"], random, 2, "strategy", |random| match random.below(4) {
        0 => json!({}),
        1 => json!({ "type": "Recreate" }),
        2 => json!({ "type": "RollingUpdate", "rollingUpdate": { "maxSurge": "25%", "maxUnavailable": "25%" } }),
        _ => json!({ "rollingUpdate": { "maxSurge": int_or_text(random), "maxUnavailable": 0 } }),
    });
    maybe(&mut object["spec"], random, 3, "paused", |random| json!(random.one_in(2)));
    maybe(&mut object["spec"], random, 3, "minReadySeconds", |random| json!(random.below(2)));
}

fn stateful_set(random: &mut Random, object: &mut Value) {
    object["spec"] =
        json!({ "serviceName": "x", "selector": { "matchLabels": { "app": "x" } }, "template": template(random, None) });
    maybe(&mut object["spec"], random, 2, "volumeClaimTemplates", |random| {
        json!([{ "metadata": { "name": "data" }, "spec": { "accessModes": ["ReadWriteOnce"],
            "resources": { "requests": { "storage": *random.pick(&["1Gi", "1024Mi"]) } } } }])
    });
    maybe(&mut object["spec"], random, 2, "podManagementPolicy", |_| json!("Parallel"));
    maybe(
        &mut object["spec"],
        random,
        3,
        "updateStrategy",
        |_| json!({ "type": "RollingUpdate", "rollingUpdate": { "partition": 0 } }),
    );
}

fn daemon_set(random: &mut Random, object: &mut Value) {
    object["spec"] = json!({ "selector": { "matchLabels": { "app": "x" } }, "template": template(random, None) });
    maybe(&mut object["spec"], random, 2, "updateStrategy", |random| {
        if random.one_in(2) { json!({ "type": "OnDelete" }) } else { json!({ "rollingUpdate": { "maxUnavailable": 1 } }) }
    });
}

fn job(random: &mut Random, object: &mut Value) {
    object["spec"] = json!({ "template": { "spec": pod_spec(random, Some("Never")) }, "suspend": true });
    maybe(&mut object["spec"], random, 2, "backoffLimit", |random| json!(random.below(2)));
    maybe(&mut object["spec"], random, 3, "ttlSecondsAfterFinished", |_| json!(0));
    maybe(
        &mut object["spec"],
        random,
        4,
        "podFailurePolicy",
        |_| json!({ "rules": [{ "action": "Ignore", "onPodConditions": [{ "type": "DisruptionTarget" }] }] }),
    );
}

fn cron_job(random: &mut Random, object: &mut Value) {
    object["spec"] = json!({ "schedule": "*/5 * * * *", "jobTemplate": { "spec": { "template": { "spec": pod_spec(random, Some("OnFailure")) } } } });
    maybe(&mut object["spec"], random, 2, "concurrencyPolicy", |_| json!("Forbid"));
    maybe(&mut object["spec"], random, 2, "suspend", |random| json!(random.one_in(2)));
    maybe(&mut object["spec"], random, 3, "timeZone", |_| json!("Europe/Berlin"));
}

fn autoscaler(random: &mut Random, object: &mut Value) {
    object["spec"] = json!({ "scaleTargetRef": { "apiVersion": "apps/v1", "kind": "Deployment", "name": "x" }, "maxReplicas": random.below(5) + 3 });
    maybe(&mut object["spec"], random, 2, "minReplicas", |random| json!(random.below(2) + 1));
    maybe(&mut object["spec"], random, 2, "metrics", |random| {
        let target = if random.one_in(2) {
            json!({ "type": "Utilization", "averageUtilization": 80 })
        } else {
            json!({ "type": "AverageValue", "averageValue": quantity_above_zero(random) })
        };
        json!([{ "type": "Resource", "resource": { "name": "cpu", "target": target } }])
    });
    maybe(&mut object["spec"], random, 2, "behavior", |random| {
        let mut down = json!({ "stabilizationWindowSeconds": 0 });
        maybe(&mut down, random, 2, "policies", |_| json!([{ "type": "Percent", "value": 100, "periodSeconds": 15 }]));
        json!({ "scaleDown": down })
    });
}

fn quantity_above_zero(random: &mut Random) -> Value {
    (*random.pick(&["1", "500m", "1000m", "100Mi", "1024Mi", "0.5"])).into()
}

fn budget(random: &mut Random, object: &mut Value) {
    object["spec"] = match random.below(3) {
        0 => json!({ "minAvailable": int_or_text(random), "selector": { "matchLabels": { "app": label(random) } } }),
        1 => json!({ "maxUnavailable": int_or_text(random), "selector": {} }),
        _ => json!({ "selector": { "matchExpressions": [{ "key": "a", "operator": "In", "values": ["x", "y"] }] } }),
    };
    maybe(&mut object["spec"], random, 3, "unhealthyPodEvictionPolicy", |_| json!("AlwaysAllow"));
}

fn network_policy(random: &mut Random, object: &mut Value) {
    let selector = if random.one_in(2) { json!({}) } else { json!({ "matchLabels": { "app": label(random) } }) };
    object["spec"] = json!({ "podSelector": selector });
    maybe(&mut object["spec"], random, 2, "policyTypes", |random| {
        random.pick(&[json!(["Ingress"]), json!(["Egress", "Ingress"]), json!(["Ingress", "Egress"])]).clone()
    });
    maybe(&mut object["spec"], random, 2, "ingress", |random| {
        let mut port = json!({ "port": if random.one_in(2) { json!(80) } else { json!("http") } });
        maybe(&mut port, random, 2, "protocol", |_| json!("TCP"));
        match random.below(3) {
            0 => json!([]),
            1 => json!([{}]),
            _ => {
                json!([{ "from": [{ "podSelector": {} }, { "namespaceSelector": { "matchLabels": { "a": "b" } } }], "ports": [port] }])
            }
        }
    });
}

fn ingress(random: &mut Random, object: &mut Value) {
    let backend = || json!({ "service": { "name": "x", "port": { "number": 80 } } });
    object["spec"] = json!({ "defaultBackend": backend() });
    maybe(&mut object["spec"], random, 2, "rules", |random| {
        json!([{ "host": *random.pick(&["a.example", "*.b.example"]), "http": { "paths": [
            { "path": "/", "pathType": "Prefix", "backend": backend() }, { "path": "/x", "pathType": "Exact", "backend": backend() }] } }])
    });
    maybe(&mut object["spec"], random, 3, "tls", |_| json!([{ "hosts": ["a.example"], "secretName": "t" }]));
    maybe(&mut object["spec"], random, 3, "ingressClassName", |_| json!("x"));
}

fn role(random: &mut Random, object: &mut Value) {
    let all = [
        json!({ "apiGroups": [""], "resources": ["pods", "secrets"], "verbs": ["get", "list"] }),
        json!({ "apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get"], "resourceNames": ["a"] }),
        json!({ "apiGroups": ["", "batch"], "resources": ["jobs"], "verbs": ["*"] }),
    ];
    object["rules"] = random.some(&all).into();
}

fn role_binding(random: &mut Random, object: &mut Value) {
    let mut user = json!({ "kind": "User", "name": "someone" });
    maybe(&mut user, random, 2, "apiGroup", |_| json!("rbac.authorization.k8s.io"));
    let all =
        [user, json!({ "kind": "ServiceAccount", "name": "x", "namespace": "default" }), json!({ "kind": "Group", "name": "g" })];
    let mut reference = json!({ "kind": "ClusterRole", "name": "view" });
    maybe(&mut reference, random, 2, "apiGroup", |_| json!("rbac.authorization.k8s.io"));
    object["roleRef"] = reference;
    maybe(object, random, 2, "subjects", |random| random.some(&all).into());
}

fn storage_class(random: &mut Random, object: &mut Value) {
    object["provisioner"] = json!("none.example");
    maybe(object, random, 2, "parameters", |random| json!({ "type": text(random), "fast": "true" }));
    maybe(object, random, 2, "reclaimPolicy", |_| json!("Retain"));
    maybe(object, random, 2, "allowVolumeExpansion", |random| json!(random.one_in(2)));
    maybe(object, random, 3, "mountOptions", |_| json!(["ro", "noatime"]));
}

fn priority_class(random: &mut Random, object: &mut Value) {
    object["value"] = json!(random.below(3));
    maybe(object, random, 2, "description", text);
    maybe(object, random, 3, "globalDefault", |_| json!(false));
    maybe(object, random, 3, "preemptionPolicy", |_| json!("Never"));
}

fn webhook(random: &mut Random, object: &mut Value) {
    let all: Vec<Value> = ["a.none.example", "b.none.example"]
        .iter()
        .map(|name| {
            let mut rule =
                json!({ "apiGroups": ["none.example"], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["nones"] });
            maybe(&mut rule, random, 2, "scope", |_| json!("*"));
            let mut hook = json!({ "name": name, "admissionReviewVersions": ["v1"], "sideEffects": "None", "rules": [rule],
                "clientConfig": { "service": { "name": "x", "namespace": "default" } } });
            maybe(&mut hook, random, 2, "timeoutSeconds", |random| json!(random.below(3) + 1));
            maybe(&mut hook, random, 3, "failurePolicy", |_| json!("Ignore"));
            maybe(&mut hook, random, 3, "namespaceSelector", |random| {
                if random.one_in(2) { json!({}) } else { json!({ "matchLabels": { "a": "b" } }) }
            });
            hook
        })
        .collect();
    object["webhooks"] = random.some(&all).into();
}

fn endpoint_slice(random: &mut Random, object: &mut Value) {
    object["addressType"] = json!("IPv4");
    object["endpoints"] = json!([{ "addresses": ["10.1.2.3"], "conditions": { "ready": random.one_in(2) } }]);
    maybe(object, random, 2, "ports", |random| {
        let mut port = json!({ "port": 80 });
        maybe(&mut port, random, 2, "name", |random| (*random.pick(&["", "http"])).into());
        maybe(&mut port, random, 2, "protocol", |_| json!("TCP"));
        json!([port])
    });
}

/// Any JSON, for what no schema describes.
fn anything(random: &mut Random, depth: usize) -> Value {
    match random.below(if depth == 0 { 6 } else { 9 }) {
        0 => text(random),
        1 => json!(random.below(3)),
        2 => json!(0.5),
        3 => json!(2.0),
        4 => json!(random.one_in(2)),
        5 => json!(-7),
        6 => (0..random.below(3)).map(|_| anything(random, depth - 1)).collect(),
        _ => random
            .some(&["a", "b", "c.d"])
            .into_iter()
            .map(|key| (key.to_owned(), anything(random, depth - 1)))
            .collect::<Map<_, _>>()
            .into(),
    }
}

fn typed(random: &mut Random, object: &mut Value) {
    let mut spec = json!({});
    maybe(&mut spec, random, 2, "keyed", |random| {
        let names = random.some(&["a", "b", "c"]);
        names
            .into_iter()
            .map(|name| {
                let mut item = json!({ "name": name });
                maybe(&mut item, random, 3, "protocol", |random| (*random.pick(&["TCP", "UDP"])).into());
                maybe(&mut item, random, 2, "value", text);
                maybe(&mut item, random, 3, "inner", |random| json!({ "x": random.below(3) }));
                item
            })
            .collect()
    });
    maybe(&mut spec, random, 2, "set", |random| texts(random, &["a", "", "$(A)", "é"]));
    maybe(&mut spec, random, 2, "numbers", |random| random.some(&[1, 2, 30]).into());
    maybe(&mut spec, random, 2, "whole", |random| texts(random, &["a", "b", "c"]));
    maybe(&mut spec, random, 2, "selector", |random| json!({ "matchLabels": labels(random) }));
    maybe(&mut spec, random, 2, "granular", |random| {
        let mut map = json!({});
        maybe(&mut map, random, 2, "a", |random| json!(random.below(2)));
        maybe(&mut map, random, 2, "b", text);
        map
    });
    maybe(&mut spec, random, 2, "structs", |random| {
        let keys = random.some(&["one", "two"]);
        keys.into_iter()
            .map(|key| {
                let mut one = json!({});
                maybe(&mut one, random, 2, "a", |random| json!(random.below(2)));
                maybe(&mut one, random, 2, "b", text);
                (key.to_owned(), one)
            })
            .collect::<Map<_, _>>()
            .into()
    });
    maybe(&mut spec, random, 2, "lists", |random| json!({ "x": texts(random, &["a", "b"]) }));
    maybe(&mut spec, random, 2, "port", |random| if random.one_in(2) { json!(80) } else { json!("http") });
    maybe(&mut spec, random, 2, "number", |random| random.pick(&[json!(1), json!(1.0), json!(0.25), json!(-3)]).clone());
    maybe(&mut spec, random, 2, "free", |random| anything(random, 2));
    object["spec"] = spec;
}

fn loose(random: &mut Random, object: &mut Value) {
    object["spec"] = random
        .some(&["a", "b", "c", "d"])
        .into_iter()
        .map(|key| (key.to_owned(), anything(random, 3)))
        .collect::<Map<_, _>>()
        .into();
    maybe(object, random, 2, "top", |random| anything(random, 2));
}

/// The CRDs of the two custom kinds.
pub(crate) fn crds() -> Vec<Value> {
    let crd = |kind: &str, plural: &str, schema: Value| {
        json!({ "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": { "name": format!("{plural}.proof.example") },
            "spec": { "group": "proof.example", "scope": "Namespaced", "names": { "kind": kind, "plural": plural }, "versions": [
                { "name": "v1", "served": true, "storage": true, "subresources": { "status": {} }, "schema": { "openAPIV3Schema": schema } }] } })
    };
    let one = json!({ "type": "object", "properties": { "a": { "type": "integer", "default": 1 }, "b": { "type": "string" } } });
    let typed = json!({ "type": "object", "properties": {
        "status": { "type": "object", "x-kubernetes-preserve-unknown-fields": true },
        "spec": { "type": "object", "properties": {
            "keyed": { "type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name", "protocol"], "items": {
                "type": "object", "required": ["name"], "properties": {
                    "name": { "type": "string" }, "protocol": { "type": "string", "default": "TCP" }, "value": { "type": "string" },
                    "inner": { "type": "object", "properties": { "x": { "type": "integer" }, "y": { "type": "string", "default": "why" } } } } } },
            "set": { "type": "array", "x-kubernetes-list-type": "set", "items": { "type": "string" } },
            "numbers": { "type": "array", "x-kubernetes-list-type": "set", "items": { "type": "integer" } },
            "whole": { "type": "array", "x-kubernetes-list-type": "atomic", "items": { "type": "string" } },
            "selector": { "type": "object", "x-kubernetes-map-type": "atomic", "properties": {
                "matchLabels": { "type": "object", "additionalProperties": { "type": "string" } } } },
            "granular": one, "structs": { "type": "object", "additionalProperties": one },
            "lists": { "type": "object", "additionalProperties": { "type": "array", "x-kubernetes-list-type": "set", "items": { "type": "string" } } },
            "port": { "x-kubernetes-int-or-string": true }, "number": { "type": "number" },
            "free": { "x-kubernetes-preserve-unknown-fields": true } } } } });
    let loose = json!({ "type": "object", "x-kubernetes-preserve-unknown-fields": true });
    vec![crd("Typed", "typeds", typed), crd("Loose", "looses", loose)]
}
