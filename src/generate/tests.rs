//! Tables to objects.

use super::testing::{Repo, at, object, show};

const TARGET: &str = "[target]\nnamespace = \"ai\"\nkubernetes = \"1.37\"\n";

fn generated(toml: &str, sealed: &[&str], files: &[(&str, &[u8])]) -> Result<crate::object::Bundle, String> {
    Repo::new(&format!("{TARGET}{toml}"), "", sealed, files).generate()
}

fn refused(toml: &str, sealed: &[&str], files: &[(&str, &[u8])]) -> String {
    generated(toml, sealed, files).map(|bundle| bundle.objects.len()).unwrap_err()
}

#[test]
fn a_configmap_from_everything() {
    let toml = r#"
[configmap.params]
literals = { B = "{{ x }}", A = "" }
env-files = ["p.env"]
files = ["model.json", "m2=model.json", "raw.bin", "d/*.txt"]
immutable = true
labels = { tier = "x" }
annotations = { a = "b" }
"#;
    let files: &[(&str, &[u8])] = &[
        ("p.env", b"# c\nLEVEL=info\n"),
        ("model.json", "{\"é\": 1}\n".as_bytes()),
        ("raw.bin", &[0xff, 0]),
        ("d/b.txt", b"b"),
        ("d/a.txt", b"a"),
    ];
    let bundle = generated(toml, &[], files).unwrap();
    let made = object(&bundle, "ConfigMap/params");
    assert!(made.hashed && made.rolls_out);
    insta::assert_snapshot!(show(&made.root), @r#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"params","labels":{"tier":"x"},"annotations":{"a":"b"}},"data":{"B":"{{ x }}","A":"","LEVEL":"info","model.json":"{\"é\": 1}\n","m2":"{\"é\": 1}\n","a.txt":"a","b.txt":"b"},"binaryData":{"raw.bin":"/wA="},"immutable":true}"#);
}

#[test]
fn nodes_know_their_places() {
    let repo = Repo::new(
        &format!("{TARGET}[configmap.x]\nliterals = {{ KEY = \"v\" }}\nenv-files = [\"p.env\"]\n"),
        "",
        &[],
        &[("p.env", b"#\n  LEVEL=info\n")],
    );
    let bundle = repo.generate().unwrap();
    let data = object(&bundle, "ConfigMap/x").root.get("data").unwrap().as_map().unwrap();
    let place = |key: &str| {
        let entry = data.entry(key).unwrap();
        let map = repo.files.map();
        format!("{} {} = {}", map.place(entry.key_span), map.text(entry.key_span), map.text(entry.node.span))
    };
    assert_eq!(place("KEY"), "environments/prod.toml:5:14 KEY = \"v\"");
    assert_eq!(place("LEVEL"), "environments/p.env:2:3 LEVEL = info");
}

#[test]
fn what_a_configmap_refuses() {
    let toml = r#"
[configmap.x]
literals = { "a b" = "1", "m.json" = "2", ".." = "3" }
files = ["m.json", "none/*.x", "m.jso"]
env-files = ["missing.env"]
"#;
    insta::assert_snapshot!(refused(toml, &[], &[("m.json", b"{}"), ("none/a.y", b"")]), @r#"
    config-key-invalid prod.toml:6:14 `a b` can't be a key: it has ' '
        = a key has letters, digits, `-`, `_` and `.`, and at most 253 of them
    config-key-invalid prod.toml:6:43 `..` can't be a key: it names a folder
        = a key has letters, digits, `-`, `_` and `.`, and at most 253 of them
    file-not-found prod.toml:8:14 can't read `environments/missing.env`: it doesn't exist
    config-key-twice prod.toml:7:10 the key `m.json` is given twice
        prod.toml:6:27 first here
        = a file gets another key by `key=path`
    empty-glob prod.toml:7:20 `none/*.x` matches no file
        = `environments/none` has `a.y`
    file-not-found prod.toml:7:32 can't read `environments/m.jso`: it doesn't exist
        = `environments` has `m.json`
    "#);
}

#[test]
fn secrets_are_expressions() {
    let toml = r#"
[secret.token]
keys = { hf_token = "hf.token" }
immutable = true
on-change = "none"
[secret.tls]
type = "kubernetes.io/tls"
files = ["tls.crt", "prod.secrets/tls.key.age"]
[secret.tls2]
tls = { cert = "tls.crt", key = "hf.token" }
[secret.basic]
basic-auth = { username = "r.u", password = "r.p" }
[secret.ssh]
ssh-auth = { key = "hf.token" }
"#;
    let bundle = generated(toml, &["hf.token", "r.u", "r.p", "prod.secrets/tls.key.age"], &[("tls.crt", b"CERT")]).unwrap();
    let shown: Vec<String> = bundle
        .objects
        .iter()
        .map(|object| format!("{} {} {}", object.name(), at(object, "/type"), at(object, "/data")))
        .collect();
    insta::assert_snapshot!(shown.join("\n"), @r#"
    token "Opaque" {"hf_token":"b64(<hf.token>\"&)"}
    tls "kubernetes.io/tls" {"tls.crt":"Q0VSVA==","tls.key":"b64(<prod.secrets/tls.key.age>\"&)"}
    tls2 "kubernetes.io/tls" {"tls.crt":"Q0VSVA==","tls.key":"b64(<hf.token>\"&)"}
    basic "kubernetes.io/basic-auth" {"username":"b64(<r.u>\"&)","password":"b64(<r.p>\"&)"}
    ssh "kubernetes.io/ssh-auth" {"ssh-privatekey":"b64(<hf.token>\"&)"}
    "#);
    let token = object(&bundle, "Secret/token");
    assert!(token.hashed && !token.rolls_out);
}

#[test]
fn registry_logins() {
    let toml = r#"
[secret.one]
registry = [
    { server = "registry.example", username = "r.u", password = "r.p", email = "r.e" },
    { server = "https://b.example/v1/", username = "r.u", password = "r.p" },
]
"#;
    let bundle = generated(toml, &["r.u", "r.p", "r.e"], &[]).unwrap();
    let shown = at(object(&bundle, "Secret/one"), "/data/.dockerconfigjson");
    let text: String = serde_json::from_str(&shown).unwrap();
    let config: serde_json::Value = serde_json::from_str(text.strip_prefix("b64(").unwrap().strip_suffix(')').unwrap()).unwrap();
    let auth = |server: &str, field: &str| config["auths"][server][field].as_str().unwrap().to_owned();
    assert_eq!(auth("registry.example", "password"), "<r.p>\"&");
    assert_eq!(auth("registry.example", "email"), "<r.e>\"&");
    assert_eq!(auth("https://b.example/v1/", "username"), "<r.u>\"&");
    assert_eq!(auth("registry.example", "auth"), "PHIudT4iJjo8ci5wPiIm");
    assert_eq!(at(object(&bundle, "Secret/one"), "/type"), "\"kubernetes.io/dockerconfigjson\"");
}

#[test]
fn what_a_secret_refuses() {
    let toml = r#"
[secret.a]
keys = { x = "hf.tokn", y = "hf" }
[secret.b]
tls = { cert = "tls.crt", key = "tls.key" }
[secret.c]
type = "kubernetes.io/tls"
keys = { "tls.key" = "hf.token" }
[secret.d]
type = "Opaque"
basic-auth = { username = "hf.token", password = "hf.token" }
[secret.e]
ssh-auth = { key = "hf.token" }
basic-auth = { username = "hf.token", password = "hf.token" }
[secret.f]
type = "kubernetes.io/tsl"
[secret.g]
env-files = ["x.env"]
files = ["x.age"]
"#;
    let files: &[(&str, &[u8])] = &[("tls.crt", b"C"), ("tls.key", b"K"), ("x.age", b"")];
    insta::assert_snapshot!(refused(toml, &["hf.token"], files), @r"
    unknown-secret prod.toml:6:14 no sealed file of this environment holds `hf.tokn`
        = there is `hf.token`
    unknown-secret prod.toml:6:29 no sealed file of this environment holds `hf`
        = `hf` is a table; name one of its values: `hf.token`
    secret-in-git prod.toml:8:33 `tls.key` stands in the repository in the open
        = seal the file: `plimsoll secrets set ENV PATH < FILE`, name that path here, and replace the value: git keeps it
        = a certificate may be public, a key or a password never
    secret-type prod.toml:10:8 a Secret of type `kubernetes.io/tls` needs `tls.crt`
        = it has `tls.key`; a file gets another key by `key=path`
    secret-type prod.toml:13:8 `basic-auth` makes a Secret of type `kubernetes.io/basic-auth`, and `type` says `Opaque`
        prod.toml:14:27 the form
        = leave out `type`
    secret-type prod.toml:16:20 `basic-auth` and `ssh-auth` make Secrets of different types
        prod.toml:17:27 first form
        = make two Secrets
    secret-type prod.toml:19:8 Kubernetes has no Secret type `kubernetes.io/tsl`
        = there is `kubernetes.io/tls`
    unknown-secret prod.toml:22:10 no sealed folder of this environment holds `environments/x.age`
        = there is `environments/prod.secrets.age`
    secret-in-git prod.toml:21:14 `x.env` would stand in git in the open
        = seal each value, and name them in `keys`
    ");
}

#[test]
fn the_rest() {
    let toml = r#"
[namespace]
create = true
pod-security = "restricted"
labels = { "pod-security.kubernetes.io/warn" = "baseline" }
[service-account.plain]
[service-account.reader]
secrets = "referenced"
annotations = { "iam" = "arn" }
[external-secret.vault-token]
store = "vault"
store-kind = "ClusterSecretStore"
keys = { token = "kv/inference#token", whole = "azure-name" }
type = "kubernetes.io/ssh-auth"
"#;
    let bundle = generated(toml, &[], &[]).unwrap();
    let shown: Vec<String> = bundle.objects.iter().map(|object| show(&object.root)).collect();
    insta::assert_snapshot!(shown.join("\n"), @r#"
    {"apiVersion":"v1","kind":"Namespace","metadata":{"name":"ai","labels":{"pod-security.kubernetes.io/warn":"baseline","pod-security.kubernetes.io/enforce":"restricted","pod-security.kubernetes.io/enforce-version":"v1.37","pod-security.kubernetes.io/audit":"restricted","pod-security.kubernetes.io/audit-version":"v1.37","pod-security.kubernetes.io/warn-version":"v1.37"}}}
    {"apiVersion":"external-secrets.io/v1","kind":"ExternalSecret","metadata":{"name":"vault-token"},"spec":{"refreshInterval":"1h","secretStoreRef":{"name":"vault","kind":"ClusterSecretStore"},"target":{"name":"vault-token","template":{"type":"kubernetes.io/ssh-auth"}},"data":[{"secretKey":"token","remoteRef":{"key":"kv/inference","property":"token"}},{"secretKey":"whole","remoteRef":{"key":"azure-name"}}]}}
    {"apiVersion":"v1","kind":"ServiceAccount","metadata":{"name":"plain"},"automountServiceAccountToken":false}
    {"apiVersion":"v1","kind":"ServiceAccount","metadata":{"name":"reader","annotations":{"iam":"arn"}},"automountServiceAccountToken":true}
    {"apiVersion":"rbac.authorization.k8s.io/v1","kind":"Role","metadata":{"name":"reader-secrets"},"rules":[]}
    {"apiVersion":"rbac.authorization.k8s.io/v1","kind":"RoleBinding","metadata":{"name":"reader-secrets"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"Role","name":"reader-secrets"},"subjects":[{"kind":"ServiceAccount","name":"reader"}]}
    "#);
}

#[test]
fn an_object_is_made_once() {
    let yaml = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: ai}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: x}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: x}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: x, namespace: other}\n";
    let repo = Repo::new(&format!("{TARGET}[configmap.x]\n"), yaml, &[], &[]);
    insta::assert_snapshot!(repo.generate().unwrap_err(), @r"
    duplicate-object rendered.yaml:11:18 `Service/x` is made twice
        rendered.yaml:7:18 first by this template
        = keep one of them, or give one another name or namespace
    duplicate-object prod.toml:4:12 `ConfigMap/x` is made twice
        rendered.yaml:3:18 first by this template
        = take it out of the template, or drop the table `[configmap.x]`
    ");
}

#[test]
fn a_namespace_needs_a_name() {
    let repo = Repo::new("[namespace]\ncreate = true\n", "", &[], &[]);
    insta::assert_snapshot!(repo.generate().unwrap_err(), @r#"
    namespace-unnamed prod.toml:2:10 there is no `target.namespace` to create
        = write `namespace = "…"` in the table `[target]`
    "#);
}
