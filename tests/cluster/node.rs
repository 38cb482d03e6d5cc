//! The node runs pods as a real one does: other tests rely on that.

use std::fmt::Write as _;
use std::time::Duration;

use crate::server::{Cluster, node};

/// A namespace of the test's own, gone with it.
struct Namespace<'a> {
    cluster: &'a Cluster,
    name: &'static str,
}

impl<'a> Namespace<'a> {
    fn new(cluster: &'a Cluster, name: &'static str) -> Self {
        cluster.kubectl_says(&["create", "namespace", name]);
        Self { cluster, name }
    }

    fn says(&self, arguments: &[&str]) -> String {
        self.cluster.kubectl_says(&[&["-n", self.name], arguments].concat())
    }

    fn create(&self, objects: &str) {
        let body = |object: &str| serde_yaml::from_str::<serde_json::Value>(object).expect("YAML");
        for object in objects.split("---\n").map(body) {
            let (group, plural) = match object["kind"].as_str() {
                Some("Deployment") => ("apis/apps/v1", "deployments"),
                Some("ConfigMap") => ("api/v1", "configmaps"),
                Some("Secret") => ("api/v1", "secrets"),
                _ => ("api/v1", "pods"),
            };
            let path = format!("/{group}/namespaces/{}/{plural}", self.name);
            self.cluster.send("POST", &path, "application/json", &object.to_string()).expect("an object");
        }
    }
}

impl Drop for Namespace<'_> {
    fn drop(&mut self) {
        let path = format!("/api/v1/namespaces/{}", self.name);
        let _ = self.cluster.send("DELETE", &path, "application/json", "");
    }
}

const ROLLED_OUT: &str = "
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {GREETING: 'hello $(nobody)', file.txt: 'a file'}
---
apiVersion: v1
kind: Secret
metadata: {name: token}
stringData: {token: projected}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: server}
spec:
  replicas: 2
  selector: {matchLabels: {app: server}}
  template:
    metadata: {labels: {app: server}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - name: server
        image: plimsoll.test/busybox:1
        command: [sh, -c, 'echo \"started with $GREETING\"; exec pause']
        envFrom: [{configMapRef: {name: settings}}]
        volumeMounts: [{name: all, mountPath: /etc/all}]
        readinessProbe: {exec: {command: [cat, /etc/all/token]}, periodSeconds: 1}
      volumes:
      - name: all
        projected:
          sources: [{configMap: {name: settings, items: [{key: file.txt, path: file.txt}]}}, {secret: {name: token}}]
";

#[test]
fn a_deployment_rolls_out_and_can_be_looked_into() {
    let Some(cluster) = node() else { return };
    if let Some(name) = cluster.node() {
        println!("the cluster and {name} were ready after {} s", cluster.seconds());
    }
    let namespace = Namespace::new(cluster, "node-rolls-out");
    namespace.create(ROLLED_OUT);
    namespace.says(&["rollout", "status", "deployment/server", "--timeout=120s"]);
    let inside = |command: &[&str]| namespace.says(&[&["exec", "deployment/server", "--"], command].concat());
    assert_eq!(inside(&["printenv", "GREETING"]), "hello $(nobody)");
    assert!(inside(&["printenv"]).lines().any(|line| line == "GREETING=hello $(nobody)"));
    assert_eq!(inside(&["cat", "/etc/all/file.txt"]), "a file");
    assert_eq!(inside(&["cat", "/etc/all/token"]), "projected");
    let account = "/var/run/secrets/kubernetes.io/serviceaccount";
    assert_eq!(inside(&["cat", &format!("{account}/namespace")]), "node-rolls-out");
    assert!(inside(&["cat", &format!("{account}/ca.crt")]).starts_with("-----BEGIN CERTIFICATE"));
    assert_eq!(namespace.says(&["logs", "deployment/server"]), "started with hello $(nobody)");
}

/// The status of a pod's first container, as soon as it is as wanted at `path`.
fn becomes(namespace: &Namespace, pod: &str, path: &str, wanted: &str) -> String {
    let condition = format!("--for=jsonpath={{.status.containerStatuses[0].{path}}}={wanted}");
    namespace.says(&["wait", &format!("pod/{pod}"), &condition, "--timeout=120s"]);
    namespace.says(&["get", "pod", pod, "-o", "jsonpath={.status.containerStatuses[0]}"])
}

fn pods(images: &[(&str, &str)]) -> String {
    images.iter().fold(String::new(), |mut all, (name, image)| {
        let separator = if all.is_empty() { "" } else { "---\n" };
        write!(
            all,
            "{separator}apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\nspec:\n  terminationGracePeriodSeconds: 1\n  \
             containers: [{{name: main, image: {image}}}]\n"
        )
        .unwrap();
        all
    })
}

#[test]
fn what_goes_wrong_with_pods_can_be_told_apart() {
    let Some(cluster) = node() else { return };
    let namespace = Namespace::new(cluster, "node-goes-wrong");
    namespace.create(&pods(&[
        ("missing", "plimsoll.test/missing:1"),
        ("crash", "plimsoll.test/crash:1"),
        ("noshell", "plimsoll.test/noshell:1"),
        ("busybox", "plimsoll.test/busybox:1"),
    ]));
    namespace.says(&["wait", "pod/busybox", "pod/noshell", "--for=condition=Ready", "--timeout=120s"]);

    let missing = becomes(&namespace, "missing", "state.waiting.reason", "ImagePullBackOff");
    assert!(missing.contains("not found"), "{missing}");
    becomes(&namespace, "crash", "state.waiting.reason", "CrashLoopBackOff");
    // The kubelet removes the container that ended before, and knows of the one after it a moment later; on a busy machine a long one.
    let logs = || namespace.says(&["logs", "crash", "--previous"]);
    let said = (0..120).find_map(|attempt| {
        std::thread::sleep(Duration::from_millis(if attempt == 0 { 0 } else { 500 }));
        Some(logs()).filter(|said| said == "this container ends by itself, with 1")
    });
    assert!(said.is_some(), "{}", logs());

    let no_shell = ["-n", namespace.name, "exec", "noshell", "--", "cat", "/proc/1/environ"];
    let run = crate::harness::child::Program::new(cluster.kubectl()).args(["--kubeconfig"]).args([cluster.kubeconfig()]);
    let run = run.args(no_shell).run();
    assert!(run.code != Some(0) && run.err().contains("\"cat\""), "{}", run.said());
}

#[test]
fn the_images_of_the_reference_stack_are_on_the_node() {
    let Some(cluster) = node() else { return };
    let Some(name) = cluster.node() else { return };
    let images = cluster.kubectl_says(&["get", "node", name, "-o", "jsonpath={.status.images[*].names}"]);
    for environment in ["base", "staging"] {
        let path = format!("{}/environments/{environment}.toml", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(path).unwrap();
        let tag = text.lines().find_map(|line| line.strip_prefix("tag = \"")?.strip_suffix('"')).expect("a tag");
        let image = format!("registry.example/inference-server:{tag}");
        assert!(images.contains(&image), "launch/images.go has no {image}: {images}");
    }
}
