//! Objects that kubectl, kustomize or Helm made are refused, then taken over with `--adopt`; what only the old tool's file had goes, the next
//! diff is empty.

use std::path::Path;

use serde_json::Value;

use crate::equipment::namespace;
use crate::harness::child::Program;
use crate::harness::process::Sandbox;
use crate::proxy::{Fault, Next, Proxy, When};
use crate::server::{cluster, script};

const NAMES: [(&str, &str); 3] =
    [("/api/v1", "configmaps/settings"), ("/api/v1", "services/web"), ("/apis/apps/v1", "deployments/web")];

/// The same application as the environment's, but with another value and one that the environment doesn't have.
fn manifests(namespace: &str) -> String {
    let text = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\n  namespace: NS\ndata:\n  LEVEL: debug\n  OLD: \"1\"\n\
        ---\napiVersion: v1\nkind: Service\nmetadata:\n  name: web\n  namespace: NS\nspec:\n  selector: {app: web}\n  ports:\n  - {name: http, port: 80, targetPort: http}\n\
        ---\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\n  namespace: NS\nspec:\n  replicas: 0\n  selector:\n    matchLabels: {app: web}\n  template:\n    metadata:\n      labels: {app: web}\n    spec:\n      automountServiceAccountToken: false\n      containers:\n      - name: web\n        image: registry.example/web:1.0.0\n        env:\n        - {name: OLD, value: \"1\"}\n";
    text.replace("NS", namespace)
}

fn repository(namespace: &str) -> Sandbox {
    let mut sandbox = Sandbox::new();
    sandbox.set("KUBECONFIG", cluster().kubeconfig());
    let environment = "[target]\nnamespace = \"NS\"\nbundles = [\"app\"]\nkubernetes = \"1.37\"\n\n[configmap.settings]\nliterals = { LEVEL = \"info\" }\n";
    sandbox.write("environments/dev.toml", environment.replace("NS", namespace));
    let template = "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\nspec:\n  selector: {app: web}\n  ports:\n  - {name: http, port: 80, targetPort: http}\n\
        ---\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  replicas: 0\n  selector:\n    matchLabels: {app: web}\n  template:\n    metadata:\n      labels: {app: web}\n    spec:\n      automountServiceAccountToken: false\n      containers:\n      - name: web\n        image: registry.example/web:1.0.0\n        ports:\n        - {name: http, containerPort: 80}\n";
    sandbox.write("templates/app/app.yaml", template);
    sandbox.git(&["init", "-q"]).exits(0);
    sandbox.git(&["add", "-A"]).exits(0);
    sandbox.git(&["commit", "-qm", "first"]).exits(0);
    sandbox
}

fn kubectl(arguments: &[&str]) {
    let kubeconfig = cluster().kubeconfig().to_str().expect("a path").to_owned();
    Program::new(cluster().kubectl()).args(["--kubeconfig", &kubeconfig]).args(arguments).run().exits(0);
}

fn live(namespace: &str) -> Vec<Value> {
    NAMES
        .iter()
        .map(|(root, path)| {
            let (plural, name) = path.split_once('/').unwrap();
            cluster().get(&format!("{root}/namespaces/{namespace}/{plural}/{name}"))
        })
        .collect()
}

/// From here on it is the same for all tools.
fn is_taken_over(tool: &str, sandbox: &Sandbox, namespace: &str) {
    let before: Vec<Value> = live(namespace).iter().map(|object| object["metadata"]["resourceVersion"].clone()).collect();
    let refused = sandbox.plimsoll(&["apply", "dev", "--yes", "--no-wait"]).exits(3);
    assert!(refused.said().contains("--adopt"), "{tool}: {}", refused.said());
    let after: Vec<Value> = live(namespace).iter().map(|object| object["metadata"]["resourceVersion"].clone()).collect();
    assert_eq!(before, after, "{tool}: refused, and nothing written");

    let shown = sandbox.plimsoll(&["diff", "dev", "--adopt"]).exits(1).out();
    assert!(shown.contains("OLD"), "{tool}: what goes is shown beforehand: {shown}");
    sandbox.plimsoll(&["apply", "dev", "--adopt", "--yes", "--no-wait"]).exits(0);
    let objects = live(namespace);
    assert_eq!(objects[0]["data"], serde_json::json!({ "LEVEL": "info" }), "{tool}");
    assert!(objects[2]["spec"]["template"]["spec"]["containers"][0].get("env").is_none(), "{tool}: {:#}", objects[2]["spec"]);
    for object in &objects {
        assert!(object["metadata"]["labels"]["applyset.kubernetes.io/part-of"].is_string(), "{tool}: {object:#}");
        let managers: Vec<String> = object["metadata"]["managedFields"]
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| format!("{} {}", entry["manager"].as_str().unwrap(), entry["operation"].as_str().unwrap()))
            .collect();
        assert!(managers.contains(&"plimsoll Apply".to_owned()), "{tool}: {managers:?}");
        assert!(!managers.contains(&"kubectl-client-side-apply Update".to_owned()), "{tool}: {managers:?}");
    }
    let again = sandbox.plimsoll(&["diff", "dev"]);
    assert_eq!(again.code, Some(0), "{tool}: the next diff is empty: {}", again.said());
    println!("adopted from {tool}: {} objects", objects.len());
}

fn file(sandbox: &Sandbox, name: &str, text: &str) -> String {
    let path = sandbox.path().join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn from_kubectl_create() {
    let own = namespace("adopt-create");
    let sandbox = repository(&own);
    kubectl(&["create", "-f", &file(&sandbox, "old.yaml", &manifests(&own))]);
    is_taken_over("kubectl create", &sandbox, &own);
}

#[test]
fn what_is_the_same_restarts_nothing() {
    let own = namespace("adopt-same");
    let sandbox = repository(&own);
    let same = manifests(&own).replace("LEVEL: debug\n  OLD: \"1\"\n", "LEVEL: info\n").replace(
        "        env:\n        - {name: OLD, value: \"1\"}\n",
        "        ports:\n        - {name: http, containerPort: 80}\n",
    );
    // What `kubectl create` made, its entries hold the server's defaults too.
    kubectl(&["create", "-f", &file(&sandbox, "old.yaml", &same)]);
    let before = live(&own);
    let diff: Value =
        serde_json::from_slice(&sandbox.plimsoll(&["diff", "dev", "--adopt", "--format", "json"]).exits(1).stdout).unwrap();
    assert_eq!(diff["restarts"], serde_json::json!([]), "{diff:#}");
    let steps = diff["steps"].as_array().unwrap();
    assert_eq!(steps.len(), 3, "{diff:#}");
    for step in steps {
        let paths: Vec<&str> = step["fields"].as_array().unwrap().iter().map(|field| field["path"].as_str().unwrap()).collect();
        assert!(paths.iter().all(|path| path.starts_with("metadata.")), "only the label comes: {paths:?}");
    }
    sandbox.plimsoll(&["apply", "dev", "--adopt", "--yes", "--no-wait"]).exits(0);
    for (then, now) in before.iter().zip(live(&own)) {
        assert_eq!((&then["spec"], &then["data"]), (&now["spec"], &now["data"]));
        assert_eq!(then["metadata"]["generation"], now["metadata"]["generation"]);
    }
    sandbox.plimsoll(&["diff", "dev"]).exits(0);
}

/// The request that asks what becomes of the Deployment.
const ASKED: &str = "deployments/web?fieldManager=plimsoll&dryRun";

#[test]
fn what_moves_while_it_is_asked_about_is_looked_at_again() {
    let own = namespace("adopt-moves");
    let mut sandbox = repository(&own);
    kubectl(&["create", "-f", &file(&sandbox, "old.yaml", &manifests(&own))]);
    let proxy = Proxy::start(cluster());
    sandbox.set("KUBECONFIG", proxy.kubeconfig());
    let path = format!("/apis/apps/v1/namespaces/{own}/deployments/web?fieldManager=operator");
    proxy.before(When::call("PATCH", ASKED, 1), move |_| {
        let edit = r#"{"metadata":{"annotations":{"stranger":"was-here"}}}"#;
        cluster().send("PATCH", &path, "application/merge-patch+json", edit).expect("an edit");
        Next::Forward
    });
    let shown = sandbox.plimsoll(&["diff", "dev", "--adopt"]).exits(1).out();
    let asked = proxy.requests().into_iter().filter(|request| request.path.contains(ASKED)).map(|request| request.code);
    assert_eq!(asked.collect::<Vec<_>>(), [Some(409), Some(200)]);
    assert!(!shown.contains("stranger"), "somebody else's edit isn't ours: {shown}");
}

#[test]
fn what_cannot_be_asked_about_is_said() {
    let own = namespace("adopt-unasked");
    let mut sandbox = repository(&own);
    kubectl(&["create", "-f", &file(&sandbox, "old.yaml", &manifests(&own))]);
    let proxy = Proxy::start(cluster());
    sandbox.set("KUBECONFIG", proxy.kubeconfig());
    proxy.inject(Fault::InternalError, When::call("PATCH", ASKED, 1).onwards());
    let said = sandbox.plimsoll(&["diff", "dev", "--adopt"]).exits(6).said();
    assert!(said.contains("deployments.apps `web`"), "{said}");
}

#[test]
fn from_kubectl_apply() {
    let own = namespace("adopt-apply");
    let sandbox = repository(&own);
    kubectl(&["apply", "-f", &file(&sandbox, "old.yaml", &manifests(&own))]);
    is_taken_over("kubectl apply", &sandbox, &own);
}

#[test]
fn from_kustomize() {
    let own = namespace("adopt-kustomize");
    let sandbox = repository(&own);
    file(&sandbox, "old/all.yaml", &manifests(&own));
    let kustomization = file(&sandbox, "old/kustomization.yaml", "resources: [all.yaml]\nlabels:\n- pairs: {from: kustomize}\n");
    kubectl(&["apply", "-k", Path::new(&kustomization).parent().unwrap().to_str().unwrap()]);
    is_taken_over("kubectl apply -k", &sandbox, &own);
}

#[test]
fn from_helm() {
    let own = namespace("adopt-helm");
    let sandbox = repository(&own);
    file(&sandbox, "chart/Chart.yaml", "apiVersion: v2\nname: old\nversion: 0.1.0\n");
    let chart = file(&sandbox, "chart/templates/all.yaml", &manifests(&own));
    let chart = Path::new(&chart).parent().unwrap().parent().unwrap().to_str().unwrap().to_owned();
    let kubeconfig = cluster().kubeconfig().to_str().expect("a path").to_owned();
    let helm = script("peers", &["helm"]);
    Program::new(helm).args(["--kubeconfig", &kubeconfig, "-n", &own, "install", "old", &chart]).run().exits(0);
    let releases = || cluster().get(&format!("/api/v1/namespaces/{own}/secrets?labelSelector=owner%3Dhelm"))["items"].clone();
    let before = releases();
    assert_eq!(before.as_array().map(Vec::len), Some(1));
    // Helm applies as we do, and comes back: what it set to another value is refused until the environment says who has it.
    let refused = sandbox.plimsoll(&["apply", "dev", "--adopt", "--yes", "--no-wait"]).exits(3).said();
    assert!(refused.contains("`data.LEVEL` belongs to `helm`"), "{refused}");
    sandbox.edit(
        "environments/dev.toml",
        "[configmap.settings]",
        "[[conflict]]\nobject = \"ConfigMap/settings\"\nfield = \"data.LEVEL\"\npolicy = \"take\"\n\n[configmap.settings]",
    );
    sandbox.plimsoll(&["apply", "dev", "--adopt", "--yes", "--no-wait"]).exits(0);
    sandbox.plimsoll(&["diff", "dev"]).exits(0);
    let settings = &live(&own)[0];
    assert_eq!(settings["data"], serde_json::json!({ "LEVEL": "info", "OLD": "1" }), "what only Helm's chart has stays Helm's");
    assert_eq!(settings["metadata"]["annotations"]["meta.helm.sh/release-name"], "old");
    assert_eq!(releases(), before, "the release's Secret is nobody's but Helm's");
}
