use serde_json::{Value, json};

use super::*;
use crate::change::testing::bundle;
use crate::report::change::Masks;

fn show(parts: &[Part]) -> String {
    let mut masks = Masks::default();
    let show = |part: &Part| match part {
        Part::Known(sealed) => masks.show(sealed),
        Part::Encoded(sealed) => format!("decoded({})", masks.show(sealed)),
        Part::Binary(bytes) => format!("<{} bytes>", bytes.len()),
        part => format!("<{}>", part.words().unwrap()),
    };
    parts.iter().map(show).collect()
}

fn see(container: &Value, volumes: &Value) -> Container {
    let bundle = bundle(&[
        json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "params" },
            "data": { "LEVEL": "info", "HOST": "db" }, "binaryData": { "blob": "/w==" } }),
        json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "login" },
            "data": { "user": { "$base64": { "$secret": ["db.user", 1] } }, "open": "YWJj" } }),
        json!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "p" }, "spec": { "containers": [container], "volumes": volumes } }),
    ]);
    containers(&bundle, bundle.objects.last().unwrap()).pop().unwrap()
}

fn env(container: &Value) -> Vec<String> {
    let show = |variable: &Variable| {
        let over = if variable.overrides.is_empty() { String::new() } else { format!(" over {}", variable.overrides.join(", ")) };
        format!("{}={} ({}{over})", variable.name, show(&variable.value), variable.from)
    };
    see(container, &json!([])).variables.iter().map(show).collect()
}

#[test]
fn env_from_then_env_each_over_what_was_before() {
    let container = json!({
        "name": "c",
        "envFrom": [{ "prefix": "P_", "configMapRef": { "name": "params" } }, { "secretRef": { "name": "login" } }, { "configMapRef": { "name": "gone" } }],
        "env": [
            { "name": "URL", "value": "http://$(user):$(LATER)@$(P_HOST)/$$(P_HOST)/$(x" },
            { "name": "P_LEVEL", "value": "debug" },
            { "name": "LATER", "valueFrom": { "secretKeyRef": { "name": "login", "key": "user" } } },
            { "name": "NODE", "valueFrom": { "fieldRef": { "fieldPath": "spec.nodeName" } } },
            { "name": "NONE", "valueFrom": { "configMapKeyRef": { "name": "params", "key": "nothing" } } },
        ],
    });
    assert_eq!(
        env(&container),
        [
            "P_HOST=db (ConfigMap/params, key HOST)",
            "open=abc (Secret/login, key open)",
            "user=«secret 1: db.user» (Secret/login, key user)",
            "*=<every key of it> (ConfigMap/gone (outside the bundle))",
            "URL=http://«secret 1: db.user»:$(LATER)@db/$(P_HOST)/$(x (env)",
            "P_LEVEL=debug (env over ConfigMap/params, key LEVEL)",
            "LATER=«secret 1: db.user» (Secret/login, key user)",
            "NODE=<the pod's spec.nodeName> (fieldRef)",
            "NONE=<ConfigMap/params has no key nothing> (ConfigMap/params, key nothing)",
        ]
    );
}

#[test]
fn mounts_show_their_files() {
    let container = json!({ "name": "c", "volumeMounts": [
        { "name": "all", "mountPath": "/etc/all/" },
        { "name": "some", "mountPath": "/etc/some", "readOnly": true },
        { "name": "all", "mountPath": "/one", "subPath": "LEVEL" },
        { "name": "mix", "mountPath": "/mix" },
        { "name": "disk", "mountPath": "/disk" },
        { "name": "some", "mountPath": "/part", "subPath": "a" },
        { "name": "all", "mountPath": "/expr", "subPathExpr": "$(X)" },
        { "name": "down", "mountPath": "/down" },
    ] });
    let volumes = json!([
        { "name": "all", "configMap": { "name": "params" } },
        { "name": "some", "secret": { "secretName": "login", "items": [{ "key": "user", "path": "a/user.txt" }] } },
        { "name": "mix", "projected": { "sources": [
            { "configMap": { "name": "params", "items": [{ "key": "HOST", "path": "x" }] } },
            { "secret": { "name": "login", "items": [{ "key": "open", "path": "x" }] } },
            { "serviceAccountToken": { "path": "token" } },
        ] } },
        { "name": "disk", "persistentVolumeClaim": { "claimName": "models" } },
        { "name": "down", "downwardAPI": { "items": [{ "path": "labels", "fieldRef": { "fieldPath": "metadata.labels" } }] } },
    ]);
    let shown: Vec<String> = see(&container, &volumes)
        .mounts
        .iter()
        .flat_map(|mount| match &mount.mounted {
            Mounted::Files(files) => {
                files.iter().map(|file| format!("{}={}", file.path, show(std::slice::from_ref(&file.value)))).collect()
            }
            Mounted::Other(words) => vec![format!("{} is {words}", mount.path)],
            Mounted::Expression(expression, files) => vec![format!("{} is {expression} of {}", mount.path, files.len())],
        })
        .collect();
    assert_eq!(
        shown,
        [
            "/etc/all/HOST=db",
            "/etc/all/LEVEL=info",
            "/etc/all/blob=<1 bytes>",
            "/etc/some/a/user.txt=«secret 1: db.user»",
            "/one=info",
            "/mix/x=abc",
            "/mix/token=<a token of the service account>",
            "/disk is persistentVolumeClaim models",
            "/part/user.txt=«secret 1: db.user»",
            "/expr is $(X) of 3",
            "/down/labels=<the pod's metadata.labels>",
        ]
    );
}
