//! What somebody sees whose apply doesn't come to its end: the command itself, on a node that runs the pods.

use crate::harness::process::Sandbox;
use crate::harness::seal;
use crate::server::{Cluster, node};

const CANARY: &str = "canary-failing-31622776";
const DEPLOYMENT: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 1
  progressDeadlineSeconds: 600
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 0
      containers:
      - name: main
        image: 'plimsoll.test/busybox:1'
        command: [sh, -c, 'echo starting; echo \"login with $TOKEN is refused\"; exit 3']
        readinessProbe: {exec: {command: ['false']}}
";

fn repository(cluster: &Cluster, namespace: &str) -> Sandbox {
    let mut sandbox = Sandbox::new().plant(CANARY);
    sandbox.set("KUBECONFIG", cluster.kubeconfig());
    let toml = format!(
        "[target]\nnamespace = \"{namespace}\"\nbundles = [\"app\"]\nkubernetes = \"1.37\"\n\
         [secret.token]\nkeys = {{ TOKEN = \"app.password\" }}\n\
         [[inject]]\ninto = \"Deployment/web\"\nenv-each = [\"secret/token\"]\n\
         [sealed.\"dev.secrets.age\"]\nrecipients = [\"{}\"]\n",
        seal::RECIPIENT
    );
    sandbox.write("environments/dev.toml", toml);
    sandbox.write("templates/app/web.yaml", DEPLOYMENT);
    sandbox.seal("environments/dev.secrets.age", &format!("[app]\npassword = \"{CANARY}\"\n"));
    sandbox
}

#[test]
fn a_crash_is_told_with_its_last_lines_and_no_secret() {
    let Some(cluster) = node() else { return };
    let namespace = format!("failing-{}", std::process::id());
    cluster.kubectl_says(&["create", "namespace", &namespace]);
    let sandbox = repository(cluster, &namespace);
    let identity = sandbox.identity();
    let run = sandbox.plimsoll(&["apply", "dev", "--yes", "--timeout", "60s", "--identity", &identity]);
    let said = run.said();
    println!("{said}");
    cluster.send("DELETE", &format!("/api/v1/namespaces/{namespace}"), "application/json", "").expect("the namespace goes");
    assert_eq!(run.code, Some(5), "{said}");
    for part in ["Deployment/web", "exit code 3", "login with «secret: app.password» is refused", "starting"] {
        assert!(said.contains(part), "`{part}`: {said}");
    }
}
