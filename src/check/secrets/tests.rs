use base64::Engine;
use serde_json::json;

use crate::check::testing::Case;
use crate::source::{MemoryTree, RootPath};

#[test]
fn each_wrong_place_has_its_rule() {
    let container = json!({"name": "c", "image": "x:1", "args": ["--token=SEALED"], "env": [{"name": "A", "value": "SEALED"}],
        "livenessProbe": {"exec": {"command": ["curl", "SEALED"]}}});
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "annotations": {"a/b": "SEALED"}},
        "spec": {"containers": [container], "hostname": "SEALED"}});
    let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m"}, "data": {"k": "SEALED"}});
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"k": "SEALED"}});
    let rules = ["secret-in-configmap", "secret-in-annotation", "secret-in-argument", "secret-in-env", "secret-in-field"];
    insta::assert_snapshot!(Case::new(json!([pod, map, secret])).of(&rules), @r#"
    secret-in-annotation Pod/p metadata.annotations["a/b"]: an annotation holds a sealed value: whoever may see the object reads it (put the value in a Secret and refer to it from here)
    secret-in-argument Pod/p spec.containers[0].args[0]: an argument holds a sealed value: it shows in the process list and in the workload (put the value in a Secret, take it as an environment variable with `secretKeyRef`, and write `$(NAME)` in the argument)
    secret-in-env Pod/p spec.containers[0].env[0].value: an environment variable holds a sealed value as a literal: it shows in the workload (put the value in a Secret and take it with `valueFrom.secretKeyRef`, or with `[[inject]] env`)
    secret-in-argument Pod/p spec.containers[0].livenessProbe.exec.command[1]: an argument holds a sealed value: it shows in the process list and in the workload (put the value in a Secret, take it as an environment variable with `secretKeyRef`, and write `$(NAME)` in the argument)
    secret-in-field Pod/p spec.hostname: a sealed value stands outside of a Secret: whoever may see the object reads it (put the value in a Secret and refer to it from here)
    secret-in-configmap ConfigMap/m data.k: a ConfigMap holds a sealed value: whoever may read ConfigMaps reads it (move the key to a Secret: `[secret.NAME] keys = { KEY = "sealed.path" }`, or a template's Secret)
    "#);
}

#[test]
fn literal_values_are_plaintext_but_certificates_are_public() {
    let encode = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
    let objects = json!([{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {
        "open": encode("hunter2"), "sealed": "SEALED", "empty": "",
        "tls.crt": encode("-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n"),
        "tls.key": encode("-----BEGIN PRIVATE KEY-----\nMII\n-----END PRIVATE KEY-----\n")}}]);
    insta::assert_snapshot!(Case::new(objects).of(&["plaintext-secret"]), @r#"
    plaintext-secret Secret/s data.open: `open` of Secret `s` is a literal value (seal it: `plimsoll secrets set ENV PATH`, then write `{{ secrets.PATH | b64encode }}` in its place; a value that was ever committed is known: replace it where it is used)
    plaintext-secret Secret/s data["tls.key"]: `tls.key` of Secret `s` is a literal value (seal it: `plimsoll secrets set ENV PATH`, then write `{{ secrets.PATH | b64encode }}` in its place; a value that was ever committed is known: replace it where it is used)
    "#);
}

#[test]
fn raw_amid_structured_text() {
    let raw = |text: &str| {
        let objects = json!([{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m"}, "data": {"k": text}}]);
        let findings = Case::new(objects).findings();
        let found = findings.iter().find(|finding| finding.rule.name == "unquoted-secret");
        found.map_or("", |finding| finding.message.split(" raw in ").nth(1).unwrap().split(':').next().unwrap()).to_owned()
    };
    for (text, expected) in [
        ("SEALED", ""),
        ("Bearer SEALED", ""),
        ("user:SEALED", ""),
        ("{\"a\": \"SEALED\"}", "JSON"),
        ("{\n  \"a\": [\"SEALED\"]\n}", "JSON"),
        ("[\"SEALED\"]", "JSON"),
        ("postgres://app:SEALED@db/app", "a URL"),
        ("[db]\npassword = SEALED\n", "a file of settings"),
        ("user: x\npassword: SEALED\n", "a file of settings"),
        ("url=redis://:SEALED@h\nx=y\n", "a URL"),
        ("first line\nSEALED\n", ""),
    ] {
        assert_eq!(raw(text), expected, "{text}");
    }
}

#[test]
fn private_keys_in_files_that_were_read() {
    let mut tree = MemoryTree::default();
    let identity = "AGE-SECRET-KEY-1QQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQ\n";
    let files = [
        ("environments/dev.demo-identity", identity),
        ("environments/key.txt", identity),
        ("environments/tls.key", "a\n-----BEGIN EC PRIVATE KEY-----\nMHc\n"),
        ("environments/locked.key", "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMHc\n"),
        ("environments/prose.md", "an identity starts with AGE-SECRET-KEY-1 and goes on\n"),
    ];
    for (path, text) in files {
        tree.insert(RootPath::new(path).unwrap(), text);
    }
    let case = Case::over(json!([]), tree);
    for (path, _) in files {
        case.files.bytes(&RootPath::new(path).unwrap(), None).unwrap();
    }
    insta::assert_snapshot!(case.of(&["identity-in-git"]), @r"
    identity-in-git - -: `environments/key.txt` holds an age identity (take it out of the repository and out of git's history, and replace the key: it counts as known; a key that workloads need belongs into a sealed folder as a file of its own)
    identity-in-git - -: `environments/tls.key` holds a private key in PEM (take it out of the repository and out of git's history, and replace the key: it counts as known; a key that workloads need belongs into a sealed folder as a file of its own)
    ");
}
