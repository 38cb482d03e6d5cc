//! What `[[inject]]` puts where.

use crate::generate::testing::{Repo, at, object};

const CONFIG: &str = r#"
[target]
namespace = "ai"
[configmap.params]
literals = { LOG_LEVEL = "info", "model.path" = "/m" }
[configmap."a.b"]
literals = { x = "1" }
[secret.token]
keys = { hf-token = "hf.token" }
[external]
secrets = ["ca#ca.crt", "any"]
[external-secret.vault]
store = "s"
keys = { t = "kv#t" }
"#;

const YAML: &str = r"
apiVersion: apps/v1
kind: Deployment
metadata: {name: server}
spec:
  template:
    spec:
      initContainers: [{name: init, image: i}]
      containers:
        - name: main
          image: i
          env: [{name: URL, value: $(TOKEN)}, {name: SAME, valueFrom: {secretKeyRef: {name: token, key: hf-token}}}]
          volumeMounts: [{name: data, mountPath: /data/}]
        - {name: side, image: i}
      volumes: [{name: data, emptyDir: {}}]
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly, namespace: other}
spec: {jobTemplate: {spec: {template: {spec: {containers: [{name: main, image: i}]}}}}}
---
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: rolling}
spec: {template: {spec: {containers: [{name: main, image: i}]}}}
---
apiVersion: v1
kind: Service
metadata: {name: server}
";

fn injected(inject: &str) -> Result<crate::object::Bundle, String> {
    Repo::new(&format!("{CONFIG}{inject}"), YAML, &["hf.token"], &[]).inject()
}

fn refused(inject: &str) -> String {
    injected(inject).map(|bundle| bundle.objects.len()).unwrap_err()
}

const POD: &str = "/spec/template/spec";

#[test]
fn variables() {
    let bundle = injected(
        r#"
[[inject]]
into = "Deployment/server"
container = "m*"
env = { TOKEN = "secret/token#hf-token", SAME = "secret/token#hf-token" }
env-each = ["configmap/params"]
env-from = ["configmap/params", "secret/any as P_"]
[[inject]]
into = "Rollout/*"
env = { T = "secret/vault#t" }
"#,
    )
    .unwrap();
    let server = object(&bundle, "Deployment/server");
    let container = |at_: usize, field: &str| at(server, &format!("{POD}/containers/{at_}/{field}"));
    insta::assert_snapshot!(container(0, "env"), @"");
    insta::assert_snapshot!(container(0, "envFrom"), @"");
    assert_eq!((container(1, "env"), container(1, "envFrom")), ("null".to_owned(), "null".to_owned()));
    assert_eq!(at(server, &format!("{POD}/initContainers/0/env")), "null");
    assert_eq!(
        at(object(&bundle, "Rollout/rolling"), &format!("{POD}/containers/0/env/0/valueFrom/secretKeyRef")),
        r#"{"name":"vault","key":"t"}"#
    );
    assert!(server.touches.iter().all(|touch| touch.by == "inject" && touch.path.to_string().starts_with("spec.template.spec")));
    assert_eq!(server.touches.len(), 5);
}

#[test]
fn volumes_and_pull_secrets() {
    let bundle = injected(
        r#"
[[inject]]
into = "Deployment/server"
container = ["main", "init"]
init-containers = true
image-pull = ["secret/any", "secret/any"]
[inject.mount]
"/etc/params" = ["configmap/params"]
"/etc/ab" = ["configmap/a.b"]
"/etc/one" = ["secret/token#hf-token"]
"/etc/all/" = ["configmap/params#model.path", "secret/ca", "configmap/params#LOG_LEVEL"]
[[inject]]
into = "Deployment/server"
container = "side"
mount = { "/etc/params" = ["configmap/params"], "/etc/all" = ["configmap/params", "secret/token"] }
"#,
    )
    .unwrap();
    let server = object(&bundle, "Deployment/server");
    insta::assert_snapshot!(at(server, &format!("{POD}/volumes")).replace("},{\"name\"", "},\n{\"name\""), @"");
    insta::assert_snapshot!(at(server, &format!("{POD}/containers/0/volumeMounts")).replace("},{", "},\n{"), @"");
    assert_eq!(
        at(server, &format!("{POD}/initContainers/0/volumeMounts/3")),
        r#"{"name":"etc-all","mountPath":"/etc/all/","readOnly":true}"#
    );
    insta::assert_snapshot!(at(server, &format!("{POD}/containers/1/volumeMounts")).replace("},{", "},\n{"), @"");
    assert_eq!(at(server, &format!("{POD}/imagePullSecrets")), r#"[{"name":"any"}]"#);
}

#[test]
fn volume_names_are_labels() {
    let long = "n".repeat(80);
    let mount = format!("\"/x\" = [\"secret/{long}\"]\n\"/{long}/y\" = [\"secret/any\", \"secret/ca\"]\n\"/\" = [\"secret/any\", \"secret/ca\"]\n\"/É\" = [\"secret/ca\", \"secret/any\"]");
    let inject = format!("[[inject]]\ninto = \"Rollout/*\"\n[inject.mount]\n{mount}\n");
    let config = CONFIG.replace("\"any\"", &format!("\"any\", \"{long}\""));
    let bundle = Repo::new(&format!("{config}{inject}"), YAML, &["hf.token"], &[]).inject().unwrap();
    let volumes: Vec<serde_json::Value> =
        serde_json::from_str(&at(object(&bundle, "Rollout/rolling"), &format!("{POD}/volumes"))).unwrap();
    let names: Vec<&str> = volumes.iter().map(|volume| volume["name"].as_str().unwrap()).collect();
    for name in &names {
        assert!(name.len() <= 63 && !name.ends_with('-'), "{name}");
        assert!(name.bytes().all(|byte| byte == b'-' || byte.is_ascii_lowercase() || byte.is_ascii_digit()), "{name}");
    }
    insta::assert_snapshot!(names.join("\n"), @"");
}

#[test]
fn conflicts() {
    insta::assert_snapshot!(refused(
        r#"
[[inject]]
into = "Deployment/server"
env = { URL = "configmap/params#LOG_LEVEL" }
mount = { "/data" = ["configmap/params"], "/two" = ["configmap/params", "secret/ca", "secret/ca#ca.crt"], "/three" = ["secret/ca#ca.crt", "configmap/a.b#x"] }
"#
    ), @"");
    insta::assert_snapshot!(refused(
        r#"
[[inject]]
into = "Deployment/server"
env = { URL = "configmap/params#LOG_LEVEL" }
mount = { "/data" = ["configmap/params"] }
[[inject]]
into = "Rollout/rolling"
env = { A = "configmap/params#LOG_LEVEL" }
mount = { "/x" = ["configmap/params"] }
[[inject]]
into = "Rollout/rolling"
env = { A = "secret/ca#ca.crt" }
mount = { "/x" = ["configmap/params", "configmap/a.b"] }
"#
    ), @"");
}

#[test]
fn sources_and_keys() {
    insta::assert_snapshot!(refused(
        r#"
[[inject]]
into = "*/*"
env = { A = "configmap/parms#x", B = "configmap/params#LOGLEVEL", C = "secret/params#x", D = "secret/ca#tls.crt", E = "secret/any#whatever" }
env-each = ["secret/any"]
mount = { "/x" = ["secret/tokn", "configmap/params#nope"] }
"#
    ), @"");
}

#[test]
fn words_that_cannot_be_read() {
    insta::assert_snapshot!(refused(
        r#"
[[inject]]
into = "Deployment/server"
env = { A = "configmap/params", "B=" = "configmap/params#x", C = "config-map/params#x", D = "external-secret/vault#t", E = "params" }
env-from = ["configmap/params#x", "configmap/params as "]
env-each = ["secret/"]
image-pull = ["configmap/params"]
mount = { "etc" = ["configmap/params"], "/a:b" = ["configmap/params"], "/c" = [] }
[[inject]]
into = "Deployment/server"
[[inject]]
into = "Deployment"
image-pull = ["secret/any"]
"#
    ), @"");
}

#[test]
fn what_touches_nothing() {
    insta::assert_snapshot!(refused(
        r#"
[[inject]]
into = "Deployment/servr"
image-pull = ["secret/any"]
[[inject]]
into = "Service/*"
image-pull = ["secret/any"]
[[inject]]
into = "Deployment/*"
container = "mian"
image-pull = ["secret/any"]
[[inject]]
into = "Deployment/*"
container = "init"
image-pull = ["secret/any"]
"#
    ), @"");
}
