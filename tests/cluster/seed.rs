//! What kubectl's own commands made by hand, on a real node, and `apply --adopt` then takes over: the same variables in the container, with
//! no restart or with the one that was announced.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::harness::process::Sandbox;
use crate::harness::seal;
use crate::server::{Cluster, node};

const CANARY: &str = "canary-seed-14142135";
const DEPLOYMENT: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: busybox, image: 'plimsoll.test/busybox:1'}
";

/// A namespace in which `kubectl create` and `kubectl set env` were at work, and the repository that says the same.
pub(crate) struct Seed {
    cluster: &'static Cluster,
    pub(crate) sandbox: Sandbox,
    namespace: String,
    pub(crate) identity: String,
}

impl Seed {
    pub(crate) fn new(cluster: &'static Cluster, topic: &str, on_change: &str) -> Self {
        let namespace = format!("{topic}-{}", std::process::id());
        let mut sandbox = Sandbox::new().plant(CANARY);
        sandbox.set("KUBECONFIG", cluster.kubeconfig());
        let toml = format!(
            "[target]\nnamespace = \"{namespace}\"\nbundles = [\"app\"]\nkubernetes = \"1.37\"\n\
             [configmap.params]\nliterals = {{ LOG_LEVEL = \"debug\" }}\n{on_change}\n\
             [secret.token]\nkeys = {{ TOKEN = \"app.password\" }}\n{on_change}\n\
             [[inject]]\ninto = \"Deployment/web\"\nenv-each = [\"configmap/params\", \"secret/token\"]\n\
             [sealed.\"dev.secrets.age\"]\nrecipients = [\"{}\"]\n",
            seal::RECIPIENT
        );
        sandbox.write("environments/dev.toml", toml);
        sandbox.write("templates/app/web.yaml", DEPLOYMENT);
        sandbox.seal("environments/dev.secrets.age", &format!("[app]\npassword = \"{CANARY}\"\n"));
        let identity = sandbox.identity();
        let seed = Self { cluster, sandbox, namespace, identity };
        seed.by_hand();
        seed
    }

    fn by_hand(&self) {
        self.cluster.kubectl_says(&["create", "namespace", &self.namespace]);
        let token = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(token.path(), CANARY).expect("a token");
        let from = format!("--from-file=TOKEN={}", token.path().display());
        self.says(&["create", "configmap", "params", "--from-literal=LOG_LEVEL=debug"]);
        self.says(&["create", "secret", "generic", "token", &from]);
        self.says(&["create", "deployment", "web", "--image=plimsoll.test/busybox:1"]);
        self.says(&["set", "env", "deployment/web", "--from=configmap/params"]);
        self.says(&["set", "env", "deployment/web", "--from=secret/token"]);
        self.says(&["rollout", "status", "deployment/web", "--timeout=90s"]);
        // The pods of the two earlier revisions are still on their way out.
        self.says(&["wait", "--for=delete", "pod", "-l", "app=web", "--field-selector=status.phase!=Running", "--timeout=60s"]);
    }

    pub(crate) fn says(&self, arguments: &[&str]) -> String {
        self.cluster.kubectl_says(&[&["-n", &self.namespace], arguments].concat())
    }

    /// The ReplicaSets' names.
    fn revisions(&self) -> Vec<String> {
        let said = self.says(&["get", "replicasets", "-o", "jsonpath={.items[*].metadata.name}"]);
        said.split_whitespace().map(str::to_owned).collect()
    }

    /// The UID of the newest revision's pod, which runs.
    fn pod(&self) -> String {
        let path = format!("/api/v1/namespaces/{}/pods", self.namespace);
        let pods = self.cluster.get(&path);
        let stays = |pod: &&Value| pod["metadata"].get("deletionTimestamp").is_none();
        let left: Vec<&Value> = pods["items"].as_array().expect("pods").iter().filter(stays).collect();
        assert_eq!(left.len(), 1, "{left:#?}");
        left[0]["metadata"]["uid"].as_str().expect("a uid").to_owned()
    }

    /// All that a process in the container has, but for its pod's name; the secret is compared, not shown.
    fn environment(&self) -> BTreeMap<String, String> {
        let said = self.says(&["exec", "deployment/web", "--", "printenv"]);
        let all = said.lines().filter_map(|line| line.split_once('=')).filter(|(name, _)| *name != "HOSTNAME");
        let shown = |value: &str| if value == CANARY { "«the secret»".to_owned() } else { value.to_owned() };
        all.map(|(name, value)| (name.to_owned(), shown(value))).collect()
    }

    /// The same, with what kubectl was told looked at.
    fn environment_by_hand(&self) -> BTreeMap<String, String> {
        let all = self.environment();
        let value = |name: &str| all.get(name).map(String::as_str);
        assert_eq!((value("LOG_LEVEL"), value("TOKEN")), (Some("debug"), Some("«the secret»")), "{all:?}");
        all
    }

    fn plimsoll(&self, arguments: &[&str], code: i32) -> Vec<u8> {
        self.sandbox.plimsoll(&[arguments, &["--identity", &self.identity]].concat()).exits(code).stdout
    }

    /// The workloads that `diff --adopt` names as ones whose pods are replaced.
    fn announced(&self) -> Value {
        let said = self.plimsoll(&["diff", "dev", "--adopt", "--format", "json"], 1);
        serde_json::from_slice::<Value>(&said).expect("JSON")["restarts"].clone()
    }
}

impl Drop for Seed {
    fn drop(&mut self) {
        let _ = self.cluster.send("DELETE", &format!("/api/v1/namespaces/{}", self.namespace), "application/json", "");
    }
}

#[test]
fn with_on_change_none_no_pod_restarts() {
    let Some(cluster) = node() else { return };
    let seed = Seed::new(cluster, "seed-none", "on-change = \"none\"");
    let (pod, revisions) = (seed.pod(), seed.revisions());
    let environment = seed.environment_by_hand();
    assert_eq!(seed.announced(), json!([]));
    seed.plimsoll(&["apply", "dev", "--adopt", "--yes"], 0);
    assert_eq!((seed.pod(), seed.revisions()), (pod, revisions), "the same pod, no new revision");
    assert_eq!(seed.environment(), environment);
    seed.plimsoll(&["diff", "dev"], 0);
    seed.plimsoll(&["verify", "dev"], 0);
}

#[test]
fn without_it_there_is_the_one_rollout_that_was_announced() {
    let Some(cluster) = node() else { return };
    let seed = Seed::new(cluster, "seed-restart", "");
    let (pod, revisions, environment) = (seed.pod(), seed.revisions(), seed.environment_by_hand());
    assert_eq!(seed.announced(), json!(["Deployment/web"]));
    seed.plimsoll(&["apply", "dev", "--adopt", "--yes"], 0);
    assert_eq!(seed.revisions().len(), revisions.len() + 1, "one rollout");
    assert_ne!(seed.pod(), pod);
    assert_eq!(seed.environment(), environment);
    seed.plimsoll(&["diff", "dev"], 0);
    seed.plimsoll(&["verify", "dev"], 0);
}
