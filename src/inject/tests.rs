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
secrets = ["ca#ca.crt", "any", "dup#LOG_LEVEL"]
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
    insta::assert_snapshot!(container(0, "env"), @r#"[{"name":"TOKEN","valueFrom":{"secretKeyRef":{"name":"token","key":"hf-token"}}},{"name":"LOG_LEVEL","valueFrom":{"configMapKeyRef":{"name":"params","key":"LOG_LEVEL"}}},{"name":"MODEL_PATH","valueFrom":{"configMapKeyRef":{"name":"params","key":"model.path"}}},{"name":"URL","value":"$(TOKEN)"},{"name":"SAME","valueFrom":{"secretKeyRef":{"name":"token","key":"hf-token"}}}]"#);
    insta::assert_snapshot!(container(0, "envFrom"), @r#"[{"configMapRef":{"name":"params"}},{"prefix":"P_","secretRef":{"name":"any"}}]"#);
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
    insta::assert_snapshot!(at(server, &format!("{POD}/volumes")).replace("},{\"name\"", "},\n{\"name\""), @r#"
    [{"name":"data","emptyDir":{}},
    {"name":"configmap-params","configMap":{"name":"params"}},
    {"name":"configmap-a-b-b121c06bc7","configMap":{"name":"a.b"}},
    {"name":"secret-token","secret":{"secretName":"token","items":[{"key":"hf-token","path":"hf-token"}]}},
    {"name":"etc-all","projected":{"sources":[{"configMap":{"name":"params","items":[{"key":"model.path","path":"model.path"},{"key":"LOG_LEVEL","path":"LOG_LEVEL"}]}},{"secret":{"name":"ca"}}]}},
    {"name":"etc-all-8ee2900065","projected":{"sources":[{"configMap":{"name":"params"}},{"secret":{"name":"token"}}]}}]
    "#);
    insta::assert_snapshot!(at(server, &format!("{POD}/containers/0/volumeMounts")).replace("},{", "},\n{"), @r#"
    [{"name":"data","mountPath":"/data/"},
    {"name":"configmap-params","mountPath":"/etc/params","readOnly":true},
    {"name":"configmap-a-b-b121c06bc7","mountPath":"/etc/ab","readOnly":true},
    {"name":"secret-token","mountPath":"/etc/one","readOnly":true},
    {"name":"etc-all","mountPath":"/etc/all/","readOnly":true}]
    "#);
    assert_eq!(
        at(server, &format!("{POD}/initContainers/0/volumeMounts/3")),
        r#"{"name":"etc-all","mountPath":"/etc/all/","readOnly":true}"#
    );
    insta::assert_snapshot!(at(server, &format!("{POD}/containers/1/volumeMounts")).replace("},{", "},\n{"), @r#"
    [{"name":"configmap-params","mountPath":"/etc/params","readOnly":true},
    {"name":"etc-all-8ee2900065","mountPath":"/etc/all","readOnly":true}]
    "#);
    assert_eq!(at(server, &format!("{POD}/imagePullSecrets")), r#"[{"name":"any"}]"#);
}

#[test]
fn volume_names_are_labels() {
    let long = "n".repeat(80);
    let mount = format!(
        "\"/x\" = [\"secret/{long}\"]\n\"/{long}/y\" = [\"secret/any\", \"secret/ca\"]\n\"/\" = [\"secret/any\", \"secret/ca\"]\n\"/É\" = [\"secret/ca\", \"secret/any\"]"
    );
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
    insta::assert_snapshot!(names.join("\n"), @r"
    secret-nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn-25afb23846
    nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn-fb776a3242
    volume-fb776a3242
    volume-13b0185a9a
    ");
}

#[test]
fn conflicts() {
    insta::assert_snapshot!(refused(
        r#"
[[inject]]
into = "Deployment/server"
env = { URL = "configmap/params#LOG_LEVEL" }
mount = { "/data" = ["configmap/params"], "/two" = ["configmap/params", "secret/ca", "secret/dup"], "/three" = ["secret/ca#ca.crt", "configmap/a.b#x"] }
"#
    ), @r"
    inject-conflict prod.toml:19:86 two sources bring the file `/two/LOG_LEVEL`
        prod.toml:19:53 already there
        = name the keys that you want, as `kind/name#key`
    inject-conflict prod.toml:18:9 `Deployment/server` already has a variable `URL`
        rendered.yaml:12:17 already there
        = take one of them out; `[[patch]]` replaces a variable
    inject-conflict prod.toml:19:11 `Deployment/server` already mounts something at `/data`
        rendered.yaml:13:26 already there
        = several sources in one entry of `mount` share a path
    ");
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
    ), @r"
    inject-conflict prod.toml:18:9 `Deployment/server` already has a variable `URL`
        rendered.yaml:12:17 already there
        = take one of them out; `[[patch]]` replaces a variable
    inject-conflict prod.toml:19:11 `Deployment/server` already mounts something at `/data`
        rendered.yaml:13:26 already there
        = several sources in one entry of `mount` share a path
    inject-conflict prod.toml:26:9 `Rollout/rolling` already has a variable `A`
        prod.toml:22:9 already there
        = take one of them out; `[[patch]]` replaces a variable
    inject-conflict prod.toml:27:11 `Rollout/rolling` already mounts something at `/x`
        prod.toml:23:11 already there
        = several sources in one entry of `mount` share a path
    ");
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
    ), @r"
    inject-source prod.toml:20:19 there is no `secret/tokn`
        = there is `secret/token`
        = if it exists outside of the bundle, list it in `secrets` of `[external]`
    inject-key prod.toml:20:34 `configmap/params` has no key `nope`
        prod.toml:4:1 made here
        = it has `LOG_LEVEL`, `model.path`
    inject-source prod.toml:18:13 there is no `configmap/parms`
        = there is `configmap/params`
        = if it exists outside of the bundle, list it in `configmaps` of `[external]`
    inject-key prod.toml:18:38 `configmap/params` has no key `LOGLEVEL`
        prod.toml:4:1 made here
        = it has `LOG_LEVEL`
    inject-source prod.toml:18:71 there is no `secret/params`
        = there is `configmap/params`
    inject-key prod.toml:18:94 `secret/ca` has no key `tls.crt`
        prod.toml:11:12 made here
        = it has `ca.crt`
    inject-syntax prod.toml:19:13 the keys of `secret/any` aren't known here
        = list them in `[external]` as `name#key`, or use `env-from`, which needs no list
    inject-source prod.toml:20:34 there is no `configmap/params`
        prod.toml:4:1 this one is in another namespace
        = it is in namespace `ai`, and the workload in `other`; a pod only reaches its own
    inject-source prod.toml:18:38 there is no `configmap/params`
        prod.toml:4:1 this one is in another namespace
        = it is in namespace `ai`, and the workload in `other`; a pod only reaches its own
    ");
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
mount = { "etc" = ["configmap/params"], "/a:b" = ["configmap/params"], "/c" = [], "/d" = ["secret/ca", "secret/ca#ca.crt"] }
[[inject]]
into = "Deployment/server"
[[inject]]
into = "Deployment"
image-pull = ["secret/any"]
"#
    ), @r#"
    inject-syntax prod.toml:18:13 can't read `configmap/params`: a variable takes one key
        = write `configmap/params#KEY`; `env-from` and `env-each` take all keys
    inject-syntax prod.toml:18:33 `B=` can't be a variable's name
        = a name has printable ASCII characters but `=` and no blanks; most programs take only letters, digits and `_`
    inject-syntax prod.toml:18:66 can't read `config-map/params#x`: `config-map` isn't a kind that can be put in
        = write `configmap/params`
    inject-syntax prod.toml:18:93 can't read `external-secret/vault#t`: `external-secret` isn't a kind that can be put in
        = name the Secret that it makes: `secret/vault`
    inject-syntax prod.toml:18:124 can't read `params`: it has no `/` between kind and name
        = write `configmap/NAME` or `secret/NAME`, with `#KEY` for one key
    inject-syntax prod.toml:19:13 can't read `configmap/params#x`: `env-from` takes all keys, not `x` alone
        = for one key write `env = { NAME = "kind/name#key" }`
    inject-syntax prod.toml:19:35 can't read `configmap/params as `: the prefix isn't one for variables' names
    inject-syntax prod.toml:20:13 can't read `secret/`: the name or the key is empty
    inject-syntax prod.toml:21:15 can't read `configmap/params`: images are pulled with a Secret
    inject-syntax prod.toml:22:11 `etc`: a mount path starts with `/`
    inject-syntax prod.toml:22:41 `/a:b`: a mount path can't have `:`
    inject-syntax prod.toml:22:72 `/c`: nothing is mounted there
        = name a source, such as `configmap/NAME`
    inject-syntax prod.toml:22:104 can't read `secret/ca#ca.crt`: this source is already mounted here whole
        prod.toml:22:91 first here
    inject-nothing prod.toml:23:1 this `[[inject]]` doesn't say what to put in
        = give it `env`, `env-from`, `env-each`, `image-pull` or `mount`
    bad-selector prod.toml:26:8 `Deployment` doesn't select objects: it has no `/` between kind and name
        = write `Kind/name`, such as `Deployment/api`, `Deployment/*` or `*/api`
    "#);
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
    ), @r"
    inject-nothing prod.toml:17:8 this `[[inject]]` touches nothing: no object is `Deployment/servr`
        = the bundle has `Deployment/server`
    inject-nothing prod.toml:20:8 `Service/server` has no pods to put something into
    inject-nothing prod.toml:24:13 no container of `Deployment/*` is `mian`
        = there is a container `main`
    inject-nothing prod.toml:28:13 no container of `Deployment/*` is `init`
        = there is a container `main`
    ");
}
