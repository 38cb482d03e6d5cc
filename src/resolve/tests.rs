//! Final names, and everything that follows them.

use crate::diagnostic::Diagnostics;
use crate::generate::testing::{Repo, at, object};
use crate::object::{Bundle, ref_token};

/// Compiles as far as names, with a prefix and the target's namespace as `transform` sets them.
fn resolved(toml: &str, yaml: &str) -> Result<Bundle, String> {
    let repo = Repo::new(&format!("[target]\nnamespace = \"ai\"\n{toml}"), yaml, &["a.token", "b.token"], &[]);
    let mut bundle = repo.inject()?;
    for object in &mut bundle.objects {
        let cluster = object.kind().starts_with("Cluster") || object.kind().ends_with("Configuration");
        object.rename(format!("eu-{}", object.name()), object.span);
        if !cluster && object.namespace().is_none() {
            let span = object.span;
            let metadata = object.map_mut().and_then(|root| root.child_map("metadata", span)).unwrap();
            metadata.set("namespace", crate::object::Node::text("ai", span));
        }
    }
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
    insta::assert_snapshot!(names.join("\n"), @"");
    let server = object(&bundle, "Deployment/eu-server");
    insta::assert_snapshot!(at(server, "/spec/template").replace("},{", "},\n{"), @"");
    assert_eq!(
        at(object(&bundle, "ConfigMap/eu-opaque"), "/data/conf"),
        "\"watch=eu-empty-6ct58987ht and eu-server\"",
    );
    assert_eq!(at(object(&bundle, "Role/eu-r"), "/rules/0/resourceNames"), r#"["eu-empty-6ct58987ht","other"]"#);
    insta::assert_snapshot!(at(object(&bundle, "Role/eu-sa-secrets"), "/rules"), @"");
    insta::assert_snapshot!(at(object(&bundle, "RoleBinding/eu-sa-secrets"), "/subjects"), @"");
    assert_eq!(at(object(&bundle, "RoleBinding/eu-sa-secrets"), "/roleRef/name"), "\"eu-sa-secrets\"");
    assert_eq!(at(object(&bundle, "ExternalSecret/eu-vault"), "/spec/target/name"), "\"eu-vault\"");
    assert_eq!(said(&bundle.findings), "");
    let touches: Vec<String> =
        server.touches.iter().filter(|touch| touch.by != "inject").map(|touch| format!("{} {}", touch.by, touch.path)).collect();
    insta::assert_snapshot!(touches.join("\n"), @"");
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
    insta::assert_snapshot!(name("a.token"), @"");
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
    insta::assert_snapshot!(digest("1", ""), @"");
    assert_ne!(digest("1", ""), digest("2", ""));
    assert_eq!(digest("1", "on-change = \"none\""), digest("2", "on-change = \"none\""));
    let job = SERVER.replace("apps/v1", "batch/v1").replace("Deployment", "Job");
    let bundle = resolved(&toml("1", ""), &job).unwrap();
    assert_eq!(at(object(&bundle, "Job/eu-server"), "/spec/template/metadata"), "null");
    insta::assert_snapshot!(said(&bundle.findings), @"");
}

#[test]
fn an_account_without_secrets_gets_no_rule() {
    let bundle = resolved("[service-account.sa]\nsecrets = \"referenced\"\n", SERVER).unwrap();
    assert_eq!(at(object(&bundle, "Role/eu-sa-secrets"), "/rules"), "[]");
    insta::assert_snapshot!(said(&bundle.findings), @"");
}

#[test]
fn broken_refs() {
    let token = ref_token("configmap", "x");
    let yaml = format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\ndata:\n  one: {}\n  two: {}\n  three: {}\n  {token}: k\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: y}}\n",
        token,
        token.to_uppercase(),
        ref_token("comfigmap", "a"),
    );
    insta::assert_snapshot!(refused("", &yaml), @"");
}

#[test]
fn namespaces_keep_names_apart() {
    let toml = "[configmap.c]\nliterals = { a = \"1\" }\nimmutable = true\n[configmap.d]\nnamespace = \"other\"\nimmutable = true\n";
    let yaml = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: other}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: other}\nspec: {containers: [{name: a, image: i, envFrom: [{configMapRef: {name: c}}, {configMapRef: {name: d}}]}]}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: q}\nspec: {containers: [{name: a, image: i, envFrom: [{configMapRef: {name: c}}, {configMapRef: {name: d}}]}]}\n";
    let bundle = resolved(toml, yaml).unwrap();
    let uses = |pod: &str| at(object(&bundle, pod), "/spec/containers/0/envFrom");
    insta::assert_snapshot!(uses("Pod/eu-p"), @"");
    insta::assert_snapshot!(uses("Pod/eu-q"), @"");
    let yaml = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: r}\nrules: [{apiGroups: [''], resources: [configmaps], resourceNames: [c], verbs: [get]}]\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: other}\n";
    insta::assert_snapshot!(refused(toml, yaml), @"");
}

#[test]
fn a_configmap_has_a_limit() {
    let data = |length: usize| {
        let yaml = format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c}}\ndata: {{a: x, b: {}}}\n", "y".repeat(length));
        resolved("", &yaml).map(|_| ())
    };
    assert_eq!(data((1 << 20) - 1), Ok(()));
    insta::assert_snapshot!(data(1 << 20).unwrap_err(), @"");
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
