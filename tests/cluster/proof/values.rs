//! Values that hurt, and pieces of workloads made of them.

use serde_json::{Map, Value, json};

use crate::random::Random;

/// Texts that a reader, a template or an expansion could take for something else.
pub(crate) const TEXTS: &[&str] = &[
    "",
    "a",
    "b",
    "$(A)",
    "$(B)$(A)",
    "$$(A)",
    "1",
    "1.0",
    "true",
    "null",
    "~",
    "yes",
    "0x1F",
    "0777",
    " lead",
    "trail ",
    "line\nbreak",
    "line\n",
    "tab\there",
    "ünïcødé ☃",
    "e\u{301}",
    "é",
    "\u{1F600}",
    "{\"a\": 1}",
    "quote\"'`",
    "back\\slash",
    "#no",
    "- x",
    "a: b",
];

const QUANTITIES: &[&str] = &["1", "2", "250m", "500m", "64Mi", "1Gi", "0", "1500m", "3k", "1M"];
const OTHER_SPELLINGS: &[&str] =
    &["1000m", "0.5", "1024Mi", "1.5", "0.1", "2000", "1048576Ki", "0.25Gi", "1e3", "+1", "1E", "100u", "1.50"];

pub(crate) fn text(random: &mut Random) -> Value {
    (*random.pick(TEXTS)).into()
}

/// A label's value.
pub(crate) fn label(random: &mut Random) -> Value {
    (*random.pick(&["", "a", "b-c", "1", "true", "x.y_z"])).into()
}

pub(crate) fn quantity(random: &mut Random) -> Value {
    match random.below(10) {
        0..=6 => (*random.pick(QUANTITIES)).into(),
        7 => json!(random.below(3) + 1),
        8 => json!(0.5),
        _ => (*random.pick(OTHER_SPELLINGS)).into(),
    }
}

pub(crate) fn labels(random: &mut Random) -> Value {
    let keys = ["app", "example.com/part", "tier", "zone"];
    random.some(&keys).into_iter().map(|key| (key.to_owned(), label(random))).collect::<Map<_, _>>().into()
}

pub(crate) fn annotations(random: &mut Random) -> Value {
    let keys = ["note", "example.com/a.b", "x", "example.com/json"];
    random.some(&keys).into_iter().map(|key| (key.to_owned(), text(random))).collect::<Map<_, _>>().into()
}

pub(crate) fn texts(random: &mut Random, from: &[&str]) -> Value {
    random.some(from).into()
}

/// Adds a field by a chance of one in `odds`.
pub(crate) fn maybe(value: &mut Value, random: &mut Random, odds: usize, key: &str, make: impl FnOnce(&mut Random) -> Value) {
    if random.one_in(odds) {
        value[key] = make(random);
    }
}

pub(crate) fn int_or_text(random: &mut Random) -> Value {
    match random.below(3) {
        0 => json!(random.below(5) + 1),
        1 => json!(format!("{}%", (random.below(9) + 1) * 10)),
        _ => json!("50%"),
    }
}

fn resources(random: &mut Random) -> Value {
    let mut out = json!({});
    maybe(&mut out, random, 2, "requests", |random| {
        let mut map = json!({});
        maybe(&mut map, random, 2, "cpu", |_| json!("100m"));
        maybe(&mut map, random, 2, "memory", |random| (*random.pick(&["1Mi", "1048576", "2Mi", "1024Ki", "0.5Mi"])).into());
        map
    });
    maybe(&mut out, random, 2, "limits", |random| {
        let mut map = json!({});
        maybe(&mut map, random, 2, "cpu", |random| {
            json!(match random.below(5) {
                0 => json!(1),
                1 => json!("1000m"),
                2 => json!("0.5"),
                _ => json!("2"),
            })
        });
        maybe(&mut map, random, 2, "memory", |random| (*random.pick(&["1Gi", "1024Mi", "1.5Gi", "128Mi"])).into());
        map
    });
    out
}

fn env(random: &mut Random) -> Value {
    let names = random.some(&["A", "B", "C", "D", "lower", "E_1"]);
    names
        .into_iter()
        .map(|name| {
            let mut item = json!({ "name": name });
            match random.below(8) {
                0..=3 => item["value"] = text(random),
                4 => item["valueFrom"] = json!({ "fieldRef": { "fieldPath": "metadata.name" } }),
                5 => item["valueFrom"] = json!({ "secretKeyRef": { "name": "s", "key": "k", "optional": true } }),
                6 => item["valueFrom"] = json!({ "configMapKeyRef": { "name": "c", "key": "k" } }),
                _ => item["valueFrom"] = json!({ "resourceFieldRef": { "resource": "limits.cpu" } }),
            }
            item
        })
        .collect()
}

fn ports(random: &mut Random) -> Value {
    let numbers = random.some(&[80, 443, 8080, 9090]);
    let ports = numbers.into_iter().map(|number| {
        let mut port = json!({ "containerPort": number });
        maybe(&mut port, random, 2, "name", |_| json!(format!("p{number}")));
        maybe(&mut port, random, 2, "protocol", |random| (*random.pick(&["TCP", "UDP"])).into());
        port
    });
    ports.collect()
}

fn probe(random: &mut Random) -> Value {
    let mut probe = match random.below(3) {
        0 => json!({ "httpGet": { "path": "/", "port": 8080 } }),
        1 => json!({ "httpGet": { "port": "http" } }),
        _ => json!({ "exec": { "command": ["true"] } }),
    };
    maybe(&mut probe, random, 2, "periodSeconds", |random| json!(random.below(20) + 1));
    probe
}

fn container(random: &mut Random, name: &str) -> Value {
    let mut out = json!({ "name": name, "image": *random.pick(&["busybox", "busybox:1.36", "registry.example/a/b@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"]) });
    maybe(&mut out, random, 2, "env", env);
    maybe(&mut out, random, 3, "envFrom", |random| {
        let all = [
            json!({ "configMapRef": { "name": "c" } }),
            json!({ "secretRef": { "name": "s" }, "prefix": "P_" }),
            json!({ "configMapRef": { "name": "d", "optional": true } }),
        ];
        random.some(&all).into()
    });
    maybe(&mut out, random, 2, "ports", ports);
    maybe(&mut out, random, 2, "resources", resources);
    maybe(&mut out, random, 3, "command", |random| (0..=random.below(3)).map(|_| text(random)).collect());
    maybe(&mut out, random, 3, "args", |random| (0..random.below(3)).map(|_| text(random)).collect());
    maybe(&mut out, random, 3, "readinessProbe", probe);
    maybe(&mut out, random, 3, "securityContext", |random| match random.below(3) {
        0 => json!({}),
        1 => json!({ "allowPrivilegeEscalation": false, "capabilities": { "drop": ["ALL"] } }),
        _ => json!({ "runAsUser": 0 }),
    });
    maybe(&mut out, random, 3, "volumeMounts", |random| {
        let all = [
            json!({ "name": "v0", "mountPath": "/a" }),
            json!({ "name": "v0", "mountPath": "/b", "readOnly": true }),
            json!({ "name": "v1", "mountPath": "/c", "subPath": "x" }),
        ];
        random.some(&all).into()
    });
    maybe(&mut out, random, 4, "imagePullPolicy", |_| json!("IfNotPresent"));
    out
}

fn volume(random: &mut Random, name: &str) -> Value {
    match random.below(6) {
        0 => json!({ "name": name, "emptyDir": {} }),
        1 => json!({ "name": name, "emptyDir": { "medium": "Memory", "sizeLimit": *random.pick(&["64Mi", "1024Mi"]) } }),
        2 => {
            json!({ "name": name, "configMap": { "name": "c", "items": [{ "key": "k", "path": "p" }, { "key": "l", "path": "q" }] } })
        }
        3 => json!({ "name": name, "secret": { "secretName": "s", "defaultMode": 256 } }),
        4 => json!({ "name": name, "downwardAPI": { "items": [{ "path": "n", "fieldRef": { "fieldPath": "metadata.name" } }] } }),
        _ => {
            let mut token = json!({ "path": "token" });
            maybe(&mut token, random, 2, "expirationSeconds", |_| json!(3600));
            json!({ "name": name, "projected": { "sources": [{ "configMap": { "name": "c" } }, { "serviceAccountToken": token }] } })
        }
    }
}

/// A pod's spec; its volumes are `v0` and `v1`.
pub(crate) fn pod_spec(random: &mut Random, restart: Option<&str>) -> Value {
    let mut spec = json!({ "containers": [container(random, "main")], "volumes": [volume(random, "v0"), volume(random, "v1")] });
    if random.one_in(3) {
        let side = container(random, "side");
        spec["containers"].as_array_mut().unwrap().push(side);
    }
    if let Some(restart) = restart {
        spec["restartPolicy"] = json!(restart);
    }
    maybe(&mut spec, random, 4, "initContainers", |random| json!([container(random, "init")]));
    maybe(&mut spec, random, 3, "tolerations", |random| {
        let all = [
            json!({ "key": "a", "operator": "Exists" }),
            json!({ "key": "b", "value": "x", "effect": "NoSchedule" }),
            json!({ "operator": "Exists" }),
        ];
        random.some(&all).into()
    });
    maybe(&mut spec, random, 3, "nodeSelector", |_| json!({ "kubernetes.io/os": "linux" }));
    maybe(&mut spec, random, 3, "imagePullSecrets", |random| {
        random.some(&[json!({ "name": "p" }), json!({ "name": "q" })]).into()
    });
    maybe(&mut spec, random, 3, "securityContext", |random| match random.below(3) {
        0 => json!({}),
        1 => json!({ "runAsNonRoot": true, "supplementalGroups": [3, 1, 2] }),
        _ => json!({ "sysctls": [], "fsGroup": 0 }),
    });
    maybe(
        &mut spec,
        random,
        3,
        "hostAliases",
        |_| json!([{ "ip": "10.0.0.1", "hostnames": ["a", "b"] }, { "ip": "10.0.0.2", "hostnames": ["c"] }]),
    );
    maybe(
        &mut spec,
        random,
        3,
        "topologySpreadConstraints",
        |_| json!([{ "maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway", "labelSelector": { "matchLabels": { "app": "x" } } }]),
    );
    maybe(&mut spec, random, 3, "affinity", |_| {
        json!({ "podAntiAffinity": { "preferredDuringSchedulingIgnoredDuringExecution": [
            { "weight": 1, "podAffinityTerm": { "topologyKey": "kubernetes.io/hostname", "labelSelector": { "matchLabels": { "app": "x" } } } }] } })
    });
    maybe(&mut spec, random, 3, "terminationGracePeriodSeconds", |random| json!(random.below(2) * 30));
    maybe(&mut spec, random, 4, "serviceAccountName", |_| json!("default"));
    spec
}

/// A pod template whose labels have `app: x`.
pub(crate) fn template(random: &mut Random, restart: Option<&str>) -> Value {
    let mut labels = labels(random);
    labels["app"] = json!("x");
    let mut out = json!({ "metadata": { "labels": labels }, "spec": pod_spec(random, restart) });
    if random.one_in(3) {
        out["metadata"]["annotations"] = annotations(random);
    }
    out
}
