//! Whole environments: what loads, and what is said of what doesn't.

use super::*;
use crate::source::{MemoryTree, RootPath};

pub(super) fn files(texts: &[(&str, &str)]) -> Files {
    let mut tree = MemoryTree::default();
    for (name, text) in texts {
        tree.insert(RootPath::new(&format!("environments/{name}.toml")).unwrap(), *text);
    }
    Files::new(tree)
}

/// `rule place message | also place | hint` a line.
pub(super) fn said(files: &Files, diagnostics: &Diagnostics) -> String {
    let mut lines = String::new();
    for diagnostic in diagnostics {
        let place = diagnostic.primary.as_ref().map_or("-".into(), |at| files.map().place(at.span));
        lines += &format!("{} {} {}\n", diagnostic.rule.name, place.trim_start_matches("environments/"), diagnostic.message);
        for also in &diagnostic.secondary {
            lines += &format!("    {} {}\n", files.map().place(also.span).trim_start_matches("environments/"), also.label);
        }
        for hint in &diagnostic.hints {
            lines += &format!("    = {hint}\n");
        }
    }
    lines
}

#[allow(dead_code)]
pub(super) fn errors(texts: &[(&str, &str)], name: &str) -> String {
    let files = files(texts);
    match load(&files, name) {
        Ok(_) => "fine".into(),
        Err(diagnostics) => said(&files, &diagnostics),
    }
}

pub(super) fn loaded(texts: &[(&str, &str)], name: &str) -> Environment {
    let files = files(texts);
    load(&files, name).unwrap_or_else(|diagnostics| panic!("{}", said(&files, &diagnostics)))
}

/// The example of the design, whole.
pub(super) const EXAMPLE: &str = r##"
extends = ["base"]

[target]
namespace = "ai-inference"
namespaces = []
cluster-id = "5d6f"
context = "prod-eu"
bundles = ["inference"]
kubernetes = "1.37"
engine = "plimsoll"
require-clean = true
[apply]
timeout = "5m"
keep = 3
prune-budget = 10
prune-kinds = []
replace = ["Job"]
[[conflict]]
object = "Deployment/*"
field = "spec.replicas"
policy = "leave"

[values.inference]
replicas = 4
[append.values.inference]
args = ["--flash-attention"]

[sealed."prod.secrets.age"]
recipients = ["age1x", "ssh-ed25519 AAAA"]

[configmap.inference-params]
literals = { MAX_BATCH_SIZE = "32", LOG_LEVEL = "info", MODEL_CONFIG_PATH = "/etc/inference/server.toml" }
files = ["files/model.json"]
immutable = true
[configmap.inference-config]
files = ["files/server.toml"]

[secret.model-registry-credentials]
registry = { server = "registry.example", username = "registry.username", password = "registry.password" }
[secret.huggingface-token]
keys = { hf_token = "huggingface.token" }
[secret.inference-tls]
type = "kubernetes.io/tls"
files = ["files/tls.crt", "prod.secrets/inference-tls/tls.key.age"]

[[inject]]
into = "Deployment/inference-server"
env-from = ["configmap/inference-params"]
env-each = []
env = { HF_TOKEN = "secret/huggingface-token#hf_token", CONFIG_PATH = "configmap/inference-params#MODEL_CONFIG_PATH" }
image-pull = ["secret/model-registry-credentials"]
mount = { "/etc/inference" = ["configmap/inference-config", "secret/inference-tls"] }

[service-account.inference-server]
secrets = "referenced"

[namespace]
create = true
pod-security = "restricted"
[external]
secrets = ["corporate-ca"]
[[allow]]
rule = "mutable-tag"
objects = ["Deployment/inference-server"]
reason = "the demo tag"

[external-secret.vault-token]
store = "vault"
keys = { token = "kv/inference#token" }

[transform]
name-prefix = "eu-"
labels = { "app.kubernetes.io/part-of" = "inference-stack" }
[[transform.image]]
name = "registry.example/inference"
tag = "2.0"
[[patch]]
target = "Deployment/*"
merge = """
spec: {}
"""
"##;

pub(super) const BASE: &str = r#"
abstract = true
[target]
bundles = ["base"]
[values.inference]
replicas = 1
args = ["--port=80"]
[[inject]]
name = "base"
into = "Deployment/*"
"#;

#[test]
fn the_example_loads() {
    let environment = loaded(&[("prod", EXAMPLE), ("base", BASE)], "prod");
    let settings = &environment.settings;
    let bundles: Vec<&str> = settings.target.bundles.iter().map(Spanned::as_str).collect();
    assert_eq!(bundles, ["base", "inference"]);
    assert_eq!(settings.injects.len(), 2);
    assert_eq!(settings.injects[1].mount[0].1.len(), 2);
    assert_eq!(settings.secrets.len(), 3);
    assert_eq!(settings.sealed[0].path.value.as_str(), "environments/prod.secrets.age");
    assert_eq!(environment.layers.len(), 2);
    let leaves: Vec<String> = environment.values.leaves().map(|(path, _)| path.join(".")).collect();
    assert_eq!(leaves, ["inference.replicas", "inference.args"]);
    let replicas = environment.values.find("inference.replicas").unwrap();
    assert_eq!(replicas.kind, ValueKind::Integer(4));
    assert_eq!(replicas.origin.overrode.len(), 1);
    let Some(ValueKind::List(args)) = environment.values.find("inference.args").map(|value| &value.kind) else { panic!() };
    assert_eq!(args.len(), 2);
}
