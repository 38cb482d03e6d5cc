//! Final names, and everything that follows them.

use crate::diagnostic::Diagnostics;
use crate::generate::testing::{Repo, at, object};
use crate::object::{Bundle, ref_token};

/// Compiles as far as names, with a prefix.
fn resolved(toml: &str, yaml: &str) -> Result<Bundle, String> {
    let head = "[target]\nnamespace = \"ai\"\nnamespaces = [\"other\"]\n[transform]\nname-prefix = \"eu-\"\n";
    let repo = Repo::new(&format!("{head}{toml}"), yaml, &["a.token", "b.token"], &[]);
    let bundle =
        crate::transform::transform(&repo.files, &repo.environment, repo.inject()?).map_err(|found| repo.said(&found))?;
    super::resolve(&repo.environment, bundle).map_err(|found| repo.said(&found))
}

fn refused(toml: &str, yaml: &str) -> String {
    resolved(toml, yaml).map(|bundle| bundle.objects.len()).unwrap_err()
}

fn said(found: &Diagnostics) -> String {
    found.iter().map(|finding| format!("{}: {}", finding.rule.name, finding.message)).collect::<Vec<_>>().join("\n")
}

const SERVER: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: server}\nspec: {template: {spec: {serviceAccountName: sa, containers: [{name: main, image: i}]}}}\n";

#[test]
fn names_and_references() {
    let toml = r#"
[configmap.empty]
immutable = true
[configmap.plain]
literals = { a = "1" }
[secret.token]
keys = { t = "a.token" }
immutable = true
[service-account.sa]
secrets = "referenced"
[external-secret.vault]
store = "s"
keys = { k = "kv#k" }
[external]
secrets = ["outside"]
[[inject]]
into = "Deployment/server"
env = { T = "secret/token#t", V = "secret/vault#k", O = "secret/outside#x" }
env-from = ["configmap/empty", "configmap/plain"]
image-pull = ["secret/token"]
"#;
    let yaml = format!(
        "{SERVER}---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: opaque}}\ndata:\n  conf: watch={} and {}\n---\napiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {{name: r}}\nrules: [{{apiGroups: [''], resources: [configmaps], resourceNames: [empty, other], verbs: [get]}}]\n",
        ref_token("configmap", "empty"),
        ref_token("Deployment", "server")
    );
    let bundle = resolved(toml, &yaml).unwrap();
    let names: Vec<String> = bundle.objects.iter().map(|object| format!("{}/{}", object.kind(), object.name())).collect();
    insta::assert_snapshot!(names.join("\n"), @r"
    Deployment/eu-server
    ConfigMap/eu-opaque
    Role/eu-r
    ConfigMap/eu-empty-6ct58987ht
    ConfigMap/eu-plain
    Secret/eu-token-b9t2h8k8gb
    ExternalSecret/eu-vault
    ServiceAccount/eu-sa
    Role/eu-sa-secrets
    RoleBinding/eu-sa-secrets
    ");
    let server = object(&bundle, "Deployment/eu-server");
    insta::assert_snapshot!(at(server, "/spec/template").replace("},{", "},\n{"), @r#"
    {"spec":{"serviceAccountName":"eu-sa","containers":[{"name":"main","image":"i","env":[{"name":"T","valueFrom":{"secretKeyRef":{"name":"eu-token-b9t2h8k8gb","key":"t"}}},
    {"name":"V","valueFrom":{"secretKeyRef":{"name":"eu-vault","key":"k"}}},
    {"name":"O","valueFrom":{"secretKeyRef":{"name":"outside","key":"x"}}}],"envFrom":[{"configMapRef":{"name":"eu-empty-6ct58987ht"}},
    {"configMapRef":{"name":"eu-plain"}}]}],"imagePullSecrets":[{"name":"eu-token-b9t2h8k8gb"}]},"metadata":{"annotations":{"plimsoll.dev/config-digest":"configmap/eu-plain=h29d89cmmt"}}}
    "#);
    assert_eq!(at(object(&bundle, "ConfigMap/eu-opaque"), "/data/conf"), "\"watch=eu-empty-6ct58987ht and eu-server\"",);
    assert_eq!(at(object(&bundle, "Role/eu-r"), "/rules/0/resourceNames"), r#"["eu-empty-6ct58987ht","other"]"#);
    insta::assert_snapshot!(at(object(&bundle, "Role/eu-sa-secrets"), "/rules"), @r#"[{"apiGroups":[""],"resources":["secrets"],"resourceNames":["eu-token-b9t2h8k8gb","eu-vault","outside"],"verbs":["get"]}]"#);
    insta::assert_snapshot!(at(object(&bundle, "RoleBinding/eu-sa-secrets"), "/subjects"), @r#"[{"kind":"ServiceAccount","name":"eu-sa","namespace":"ai"}]"#);
    assert_eq!(at(object(&bundle, "RoleBinding/eu-sa-secrets"), "/roleRef/name"), "\"eu-sa-secrets\"");
    assert_eq!(at(object(&bundle, "ExternalSecret/eu-vault"), "/spec/target/name"), "\"eu-vault\"");
    assert_eq!(said(&bundle.findings), "");
    let touches: Vec<String> =
        server.touches.iter().filter(|touch| touch.by != "inject").map(|touch| format!("{} {}", touch.by, touch.path)).collect();
    insta::assert_snapshot!(touches.join("\n"), @r#"
    target.namespace metadata.namespace
    transform.name-prefix metadata.name
    resolve.reference spec.template.spec.containers[0].env[0].valueFrom.secretKeyRef.name
    resolve.reference spec.template.spec.containers[0].env[1].valueFrom.secretKeyRef.name
    resolve.reference spec.template.spec.containers[0].envFrom[0].configMapRef.name
    resolve.reference spec.template.spec.containers[0].envFrom[1].configMapRef.name
    resolve.reference spec.template.spec.imagePullSecrets[0].name
    resolve.reference spec.template.spec.serviceAccountName
    resolve.digest spec.template.metadata.annotations["plimsoll.dev/config-digest"]
    "#);
}

/// A Secret's name comes from fingerprints: it changes with them, and is nothing that the value could be tried against.
#[test]
fn secret_names_follow_fingerprints() {
    let name = |key: &str| {
        let bundle = resolved(&format!("[secret.s]\nkeys = {{ t = \"{key}\" }}\nimmutable = true\n"), "").unwrap();
        bundle.objects[0].name().to_owned()
    };
    assert_eq!(name("a.token"), name("a.token"));
    assert_ne!(name("a.token"), name("b.token"));
    insta::assert_snapshot!(name("a.token"), @r"eu-s-b9t2h8k8gb");
}

#[test]
fn digests() {
    let toml = |value: &str, more: &str| {
        format!(
            "[configmap.c]\nliterals = {{ a = \"{value}\" }}\n{more}\n[secret.s]\nkeys = {{ t = \"a.token\" }}\n[[inject]]\ninto = \"*/server\"\nenv-from = [\"configmap/c\", \"secret/s\"]\n"
        )
    };
    let digest = |value: &str, more: &str| {
        let bundle = resolved(&toml(value, more), SERVER).unwrap();
        at(object(&bundle, "Deployment/eu-server"), "/spec/template/metadata/annotations")
    };
    insta::assert_snapshot!(digest("1", ""), @r#"{"plimsoll.dev/config-digest":"configmap/eu-c=h29d89cmmt,secret/eu-s=b9t2h8k8gb"}"#);
    assert_ne!(digest("1", ""), digest("2", ""));
    assert_eq!(digest("1", "on-change = \"none\""), digest("2", "on-change = \"none\""));
    let job = SERVER.replace("apps/v1", "batch/v1").replace("Deployment", "Job");
    let bundle = resolved(&toml("1", ""), &job).unwrap();
    assert_eq!(at(object(&bundle, "Job/eu-server"), "/spec/template/metadata"), "null");
    insta::assert_snapshot!(said(&bundle.findings), @r"job-keeps-config: a change of `configmap/c`, `secret/s` doesn't reach `Job/server`: a Job's pods can't change");
}

#[test]
fn an_account_without_secrets_gets_no_rule() {
    let bundle = resolved("[service-account.sa]\nsecrets = \"referenced\"\n", SERVER).unwrap();
    assert_eq!(at(object(&bundle, "Role/eu-sa-secrets"), "/rules"), "[]");
    insta::assert_snapshot!(said(&bundle.findings), @r"access-unused: no workload of `ServiceAccount/sa` uses a Secret");
}

#[test]
fn broken_refs() {
    let token = ref_token("configmap", "x");
    let yaml = format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\ndata:\n  one: {}\n  two: {}\n  three: {}\n  {token}: k\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: y1}}\n",
        token,
        token.to_uppercase(),
        ref_token("comfigmap", "a"),
    );
    insta::assert_snapshot!(refused("", &yaml), @r#"
    ref-nothing rendered.yaml:5:8 `ref("configmap/x")`: the bundle has no such object
        = `ref()` is for objects of the bundle; the name of another is written as it is
    ref-broken rendered.yaml:6:8 the text holds a piece of what `ref()` rendered: it was cut, changed, or typed by hand
    ref-nothing rendered.yaml:7:10 `ref("comfigmap/a")`: the bundle has no object of this kind
        = there is the kind `configmap`
    ref-broken rendered.yaml:8:3 `ref()` in a key: only texts can hold a final name
    "#);
}

#[test]
fn namespaces_keep_names_apart() {
    let toml =
        "[configmap.c]\nliterals = { a = \"1\" }\nimmutable = true\n[configmap.d]\nnamespace = \"other\"\nimmutable = true\n";
    let yaml = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: other}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: other}\nspec: {containers: [{name: a, image: i, envFrom: [{configMapRef: {name: c}}, {configMapRef: {name: d}}]}]}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: q}\nspec: {containers: [{name: a, image: i, envFrom: [{configMapRef: {name: c}}, {configMapRef: {name: d}}]}]}\n";
    let bundle = resolved(toml, yaml).unwrap();
    let uses = |pod: &str| at(object(&bundle, pod), "/spec/containers/0/envFrom");
    insta::assert_snapshot!(uses("Pod/eu-p"), @r#"[{"configMapRef":{"name":"eu-c"}},{"configMapRef":{"name":"eu-d-6ct58987ht"}}]"#);
    insta::assert_snapshot!(uses("Pod/eu-q"), @r#"[{"configMapRef":{"name":"eu-c-h29d89cmmt"}},{"configMapRef":{"name":"d"}}]"#);
    let yaml = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: r}\nrules: [{apiGroups: [''], resources: [configmaps], resourceNames: [c], verbs: [get]}]\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: other}\n";
    insta::assert_snapshot!(refused(toml, yaml), @r"
    ambiguous-reference rendered.yaml:4:68 `ConfigMap/c` can be two objects, `eu-c` and `eu-c-h29d89cmmt`
        rendered.yaml:6:1 `eu-c`
        prod.toml:6:1 `eu-c-h29d89cmmt`
        = give the reference a namespace, or one of the objects another name
    ");
}

#[test]
fn a_configmap_has_a_limit() {
    let data = |length: usize| {
        let yaml = format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c}}\ndata: {{a: x, b: {}}}\n", "y".repeat(length));
        resolved("", &yaml).map(|_| ())
    };
    assert_eq!(data((1 << 20) - 1), Ok(()));
    insta::assert_snapshot!(data(1 << 20).unwrap_err(), @r"
    configmap-too-large rendered.yaml:4:17 `ConfigMap/c` holds 1048577 bytes, 1048576 are allowed
        = split it into several ConfigMaps, or put large files into the image, a volume or object storage
    ");
}

#[test]
fn plurals() {
    for (kind, expected) in [
        ("Secret", "secrets"),
        ("NetworkPolicy", "networkpolicies"),
        ("Gateway", "gateways"),
        ("Ingress", "ingresses"),
        ("IngressClass", "ingressclasses"),
        ("Endpoints", "endpoints"),
        ("PodMetrics", "podmetrics"),
        ("StorageClass", "storageclasses"),
        ("ValidatingAdmissionPolicy", "validatingadmissionpolicies"),
    ] {
        assert_eq!(super::plural(kind), expected);
    }
}
