//! `verify` against pods of a real node: R23 of the reliability page, and what can't be read.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::harness::process::Sandbox;
use crate::harness::seal;
use crate::server::{Cluster, node};

const CANARY: &str = "canary-verify-27182818";
/// Containers in a pod, each with another feature, and pods.
const FEATURES: usize = 12;
const PODS: usize = 9;
/// The pod that is in the middle of a rollout.
const MID: usize = PODS;

/// A repository, a namespace on the node's cluster, and what stands between them.
struct Site {
    cluster: &'static Cluster,
    sandbox: Sandbox,
    namespace: String,
    identity: String,
}

impl Site {
    fn new(cluster: &'static Cluster, topic: &str, objects: &[Value]) -> Self {
        let namespace = format!("{topic}-{}", std::process::id());
        let mut sandbox = Sandbox::new().plant(CANARY);
        sandbox.set("KUBECONFIG", cluster.kubeconfig());
        let toml = format!(
            "[target]\nnamespace = \"{namespace}\"\nbundles = [\"app\"]\nkubernetes = \"1.37\"\n\
             [sealed.\"dev.secrets.age\"]\nrecipients = [\"{}\"]\n",
            seal::RECIPIENT
        );
        sandbox.write("environments/dev.toml", toml);
        sandbox.seal("environments/dev.secrets.age", &format!("[app]\npassword = \"{CANARY}\"\n"));
        let documents: Vec<String> = objects.iter().map(|object| format!("{object:#}")).collect();
        sandbox.write("templates/app/all.yaml", documents.join("\n---\n"));
        let identity = sandbox.identity();
        cluster.kubectl_says(&["create", "namespace", &namespace]);
        Self { cluster, sandbox, namespace, identity }
    }

    /// The bundle as it would be sent, by `Kind/name`.
    fn rendered(&self) -> Vec<Value> {
        let arguments = ["render", "dev", "--no-check", "--format", "json", "--reveal", "--identity", &self.identity];
        let run = self.sandbox.plimsoll_revealing(&arguments).exits(0);
        let rendered: Value = serde_json::from_slice(&run.stdout).expect("JSON");
        rendered["items"].as_array().expect("a list").clone()
    }

    fn send(&self, object: &Value) {
        let (group, plural) = match object["kind"].as_str().unwrap() {
            "Deployment" => ("apis/apps/v1", "deployments"),
            "ConfigMap" => ("api/v1", "configmaps"),
            "Secret" => ("api/v1", "secrets"),
            "Pod" => ("api/v1", "pods"),
            kind => panic!("a {kind}"),
        };
        let name = object["metadata"]["name"].as_str().unwrap();
        let path = format!("/{group}/namespaces/{}/{plural}/{name}?fieldManager=test&force=true", self.namespace);
        let sent = self.cluster.send("PATCH", &path, "application/apply-patch+yaml", &object.to_string());
        sent.unwrap_or_else(|error| panic!("{path}: {error}"));
    }

    fn says(&self, arguments: &[&str]) -> String {
        self.cluster.kubectl_says(&[&["-n", &self.namespace], arguments].concat())
    }

    /// What `verify` says as JSON, with its exit code.
    #[track_caller]
    fn verify(&self, arguments: &[&str], code: i32) -> Value {
        let all = [&["verify", "dev", "--format", "json", "--timeout", "0s", "--identity", &self.identity], arguments].concat();
        let run = self.sandbox.plimsoll(&all).exits(code);
        serde_json::from_slice(&run.stdout).unwrap_or_else(|error| panic!("{error}: {}", run.said()))
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        let _ = self.cluster.send("DELETE", &format!("/api/v1/namespaces/{}", self.namespace), "application/json", "");
    }
}

fn config(name: &str, at: usize) -> Value {
    let mut data =
        json!({ "LEVEL": format!("{name}-{at}"), "HOST": "db", "EMPTY": "", "LINES": "one\ntwo\n", "UNI": "größe-日本-🚀" });
    if name == "b" {
        data = json!({ "LEVEL": format!("other-{at}"), "OPT": "set" });
    }
    let blob = json!({ "blob": "AP8QCg==" });
    json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": format!("{name}-{at}") }, "data": data, "binaryData": blob })
}

/// The container with a number: its variables and mounts, and the volumes it needs.
fn container(at: usize) -> (Value, Vec<Value>) {
    let (a, b) = (format!("a-{at}"), format!("b-{at}"));
    let key = |name: &str, key: &str| json!({ "configMapKeyRef": { "name": name, "key": key } });
    let field = |name: &str, path: &str| json!({ "name": name, "valueFrom": { "fieldRef": { "fieldPath": path } } });
    let from = |name: &str| json!({ "configMapRef": { "name": name } });
    let (volume, other) = (format!("v-{at}"), format!("w-{at}"));
    let whole = json!({ "name": volume, "configMap": { "name": a } });
    let (parts, volumes) = match at % FEATURES {
        0 => (json!({ "envFrom": [from(&a)] }), vec![]),
        1 => (json!({ "envFrom": [{ "prefix": "P_", "configMapRef": { "name": a } }] }), vec![]),
        2 => (json!({ "envFrom": [from(&a), from(&b)] }), vec![]),
        3 => {
            let url = "http://$(HOST):$(LEVEL)/$(NOPE)/$$(HOST)";
            (
                json!({ "envFrom": [from(&a)], "env": [{ "name": "URL", "value": url }, { "name": "COPY", "value": "$(URL)" }] }),
                vec![],
            )
        }
        4 => {
            let secret = json!({ "secretKeyRef": { "name": "login", "key": "password" } });
            let env = json!([{ "name": "PASSWORD", "valueFrom": secret }, { "name": "URL", "value": "u:$(PASSWORD)@h" }]);
            (json!({ "env": env }), vec![])
        }
        5 => (json!({ "volumeMounts": [{ "name": volume, "mountPath": "/etc/a" }] }), vec![whole]),
        6 => {
            let mounts = json!([{ "name": volume, "mountPath": "/etc/one/level", "subPath": "LEVEL" },
                { "name": volume, "mountPath": "/etc/one/blob", "subPath": "blob" }]);
            (json!({ "volumeMounts": mounts }), vec![whole])
        }
        7 => {
            let sources = json!([
                { "configMap": { "name": a, "items": [{ "key": "HOST", "path": "sub/host" }, { "key": "LEVEL", "path": "x" }] } },
                { "secret": { "name": "login", "items": [{ "key": "password", "path": "secret/password" }] } },
            ]);
            let volume = json!({ "name": other, "projected": { "sources": sources } });
            (json!({ "volumeMounts": [{ "name": other, "mountPath": "/etc/mix" }] }), vec![volume])
        }
        8 => {
            let optional = |name: &str, key: &str| json!({ "configMapKeyRef": { "name": name, "key": key, "optional": true } });
            let env = json!([{ "name": "OPT", "valueFrom": optional(&b, "OPT") }, { "name": "GONE", "valueFrom": optional(&b, "gone") }]);
            (json!({ "env": env }), vec![])
        }
        9 => {
            let labels = json!({ "path": "labels", "fieldRef": { "fieldPath": "metadata.labels" } });
            let annotations = json!({ "path": "annotations", "fieldRef": { "fieldPath": "metadata.annotations" } });
            let volume = json!({ "name": other, "downwardAPI": { "items": [labels, annotations] } });
            let cpu =
                json!({ "name": "CPU", "valueFrom": { "resourceFieldRef": { "resource": "limits.cpu", "divisor": "1m" } } });
            let env = json!([
                field("NAME", "metadata.name"),
                field("APP", "metadata.labels['app']"),
                field("IP", "status.podIP"),
                field("NODE", "spec.nodeName"),
                field("HOST", "status.hostIP"),
                field("UID", "metadata.uid"),
                field("ACCOUNT", "spec.serviceAccountName"),
                cpu
            ]);
            let limits = json!({ "limits": { "cpu": "1500m" }, "requests": { "cpu": "1m" } });
            let mounts = json!([{ "name": other, "mountPath": "/etc/pod" }]);
            (json!({ "env": env, "resources": limits, "volumeMounts": mounts }), vec![volume])
        }
        10 => {
            let mounts = json!([{ "name": volume, "mountPath": "/etc/expr", "subPathExpr": "$(SUB)" }]);
            (json!({ "env": [{ "name": "SUB", "value": "LEVEL" }], "volumeMounts": mounts }), vec![whole])
        }
        _ => {
            let env = json!([{ "name": "NOTHING", "value": "" }, { "name": "UNI", "valueFrom": key(&a, "UNI") },
                { "name": "LINES", "valueFrom": key(&a, "LINES") }]);
            (json!({ "env": env }), vec![])
        }
    };
    let mut made = json!({ "name": format!("c-{at}"), "image": "plimsoll.test/busybox:1" });
    made.as_object_mut().unwrap().extend(parts.as_object().unwrap().clone());
    (made, volumes)
}

fn deployment(number: usize) -> Value {
    let all: Vec<_> = (number * FEATURES..(number + 1) * FEATURES).map(container).collect();
    let (containers, volumes): (Vec<Value>, Vec<Vec<Value>>) = all.into_iter().unzip();
    let name = format!("d-{number}");
    let template = json!({ "metadata": { "labels": { "app": name }, "annotations": { "note": "two\nlines" } }, "spec": {
        "terminationGracePeriodSeconds": 0, "containers": containers, "volumes": volumes.concat() } });
    json!({ "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": name },
        "spec": { "replicas": 1, "progressDeadlineSeconds": 7200, "minReadySeconds": if number == MID { 3600 } else { 0 }, "selector": { "matchLabels": { "app": name } },
            "template": template } })
}

fn bundle() -> Vec<Value> {
    let login = json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "login" },
        "data": { "password": "{{ secrets.app.password | b64encode }}" } });
    let configs = (0..(PODS + 1) * FEATURES).flat_map(|at| [config("a", at), config("b", at)]);
    std::iter::once(login).chain(configs).chain((0..=PODS).map(deployment)).collect()
}

/// Which variable or file of a wrong container must be found different, and whether an old value must be the reason.
struct Fault {
    name: &'static str,
    is_old: bool,
}

/// Makes one container of what is sent another than the bundle says, in the pod's spec or in its ConfigMap.
fn spoil(at: usize, container: &mut Value, volumes: &mut Value, a: &mut Value, b: &mut Value) -> Fault {
    let is_odd = (at / FEATURES) % 2 == 1;
    let volume = |volumes: &mut Value, name: String| -> usize {
        volumes.as_array().unwrap().iter().position(|volume| volume["name"] == name.as_str()).unwrap()
    };
    let found = |name, is_old| Fault { name, is_old };
    match at % FEATURES {
        0 if is_odd => {
            a["data"].as_object_mut().unwrap().remove("EMPTY");
            found("EMPTY", true)
        }
        0 => {
            a["data"]["LEVEL"] = json!("old");
            found("LEVEL", true)
        }
        1 => {
            container["envFrom"][0]["prefix"] = json!(if is_odd { "" } else { "Q_" });
            found("P_HOST", false)
        }
        2 => {
            container["envFrom"].as_array_mut().unwrap().reverse();
            found("LEVEL", false)
        }
        3 => {
            container["env"][0]["value"] = json!(if is_odd {
                "http://$(HOST):$(LEVEL)/$(NOPE)/$(HOST)"
            } else {
                "http://$(LEVEL):$(HOST)/$(NOPE)/$$(HOST)"
            });
            found("COPY", false)
        }
        4 => {
            container["env"][0]["valueFrom"]["secretKeyRef"]["name"] = json!("other");
            found("URL", false)
        }
        5 if is_odd => {
            a["binaryData"]["blob"] = json!("AP8QCw==");
            found("/etc/a/blob", false)
        }
        5 => {
            a["data"]["UNI"] = json!("gro\u{308}ße-日本-🚀");
            found("/etc/a/UNI", false)
        }
        6 if is_odd => {
            a["binaryData"]["blob"] = json!("AP8=");
            found("/etc/one/blob", true)
        }
        6 => {
            a["data"]["LEVEL"] = json!("old\n");
            found("/etc/one/level", true)
        }
        7 => {
            let at = volume(volumes, format!("w-{at}"));
            let items = &mut volumes[at]["projected"]["sources"][0]["configMap"]["items"];
            items[0]["key"] = json!("LEVEL");
            items[1]["key"] = json!("HOST");
            found("/etc/mix/x", false)
        }
        8 => {
            b["data"].as_object_mut().unwrap().remove("OPT");
            found("OPT", true)
        }
        9 => {
            container["env"][1]["valueFrom"]["fieldRef"]["fieldPath"] = json!("metadata.namespace");
            found("APP", false)
        }
        10 => {
            container["env"][0]["value"] = json!("HOST");
            found("/etc/expr", false)
        }
        _ if is_odd => {
            container["env"].as_array_mut().unwrap().remove(0);
            found("NOTHING", false)
        }
        _ => {
            a["data"]["LINES"] = json!("one\ntwo");
            found("LINES", true)
        }
    }
}

/// The containers of a report: by name and whether their pod is old.
fn containers(report: &Value) -> BTreeMap<(String, bool), Value> {
    let mut all = BTreeMap::new();
    for pod in report["workloads"].as_array().unwrap().iter().flat_map(|workload| workload["pods"].as_array().unwrap()) {
        for container in pod["containers"].as_array().unwrap() {
            let name = container["name"].as_str().unwrap().to_owned();
            all.insert((name, pod["old"].as_bool().unwrap()), container.clone());
        }
    }
    all
}

fn is_sound(container: &Value) -> bool {
    container["verdict"] == "equal" && container["equal"].as_u64() > Some(0) && container["unknown"] == json!([])
}

fn wait_for_all(site: &Site) {
    site.says(&["wait", "deployment", "--all", "--for=jsonpath={.status.readyReplicas}=1", "--timeout=900s"]);
}

#[test]
fn r23_wrong_pods_are_found_and_sound_ones_pass() {
    let Some(cluster) = node() else { return };
    let (sound, wrong) = (Site::new(cluster, "verify-sound", &bundle()), Site::new(cluster, "verify-wrong", &bundle()));
    sound.rendered().iter().for_each(|object| sound.send(object));

    // What is sent is spoilt, container by container; the repository stays as it is.
    let rendered = wrong.rendered();
    let place = |kind: &str, name: &str| {
        rendered.iter().position(|object| object["kind"] == kind && object["metadata"]["name"] == name).expect("an object")
    };
    let mut sent = rendered.clone();
    let mut other = rendered[place("Secret", "login")].clone();
    other["metadata"]["name"] = json!("other");
    other["data"]["password"] = json!("bm90IGl0");
    sent.push(other);
    let mut faults = BTreeMap::new();
    for at in 0..(PODS + 1) * FEATURES {
        let (a, b) = (place("ConfigMap", &format!("a-{at}")), place("ConfigMap", &format!("b-{at}")));
        let pod = place("Deployment", &format!("d-{}", at / FEATURES));
        let (mut config_a, mut config_b) = (sent[a].clone(), sent[b].clone());
        let spec = &mut sent[pod]["spec"]["template"]["spec"];
        let (mut container, mut volumes) = (spec["containers"][at % FEATURES].clone(), spec["volumes"].clone());
        let fault = spoil(at, &mut container, &mut volumes, &mut config_a, &mut config_b);
        spec["containers"][at % FEATURES] = container;
        spec["volumes"] = volumes;
        sent[a] = config_a;
        sent[b] = config_b;
        faults.insert(at, fault);
    }
    sent[place("Deployment", &format!("d-{MID}"))]["spec"]["minReadySeconds"] = json!(0);
    for object in &sent {
        wrong.send(object);
    }
    wait_for_all(&sound);
    wait_for_all(&wrong);
    // What is to be an old value is set right now, under the running containers; and one rollout begins, which never ends.
    for at in faults.iter().filter(|(at, fault)| fault.is_old || **at >= MID * FEATURES).map(|(at, _)| at) {
        for name in [format!("a-{at}"), format!("b-{at}")] {
            wrong.send(&rendered[place("ConfigMap", &name)]);
        }
    }
    wrong.send(&rendered[place("Deployment", &format!("d-{MID}"))]);
    let mid = format!("deployment/d-{MID}");
    wrong.says(&["wait", &mid, "--for=jsonpath={.status.readyReplicas}=2", "--timeout=900s"]);

    let passed = containers(&sound.verify(&[], 0));
    let accused: Vec<_> = passed.iter().filter(|(_, container)| !is_sound(container)).collect();
    assert!(accused.is_empty(), "{accused:#?}");

    let report = wrong.verify(&[], 1);
    let found = containers(&report);
    let mut missed = Vec::new();
    let mut mended = 0;
    for (at, fault) in &faults {
        let is_old_pod = *at >= MID * FEATURES;
        let container = &found[&(format!("c-{at}"), is_old_pod)];
        let differences = container["differences"].as_array().into_iter().flatten();
        let named = differences.clone().find(|difference| difference["name"] == fault.name);
        // A whole volume's files follow the ConfigMap, which is right by now: the kubelet may have mended this one already.
        if is_old_pod && fault.name.starts_with("/etc/a/") && named.is_none() {
            mended += 1;
            continue;
        }
        let cause = named.map(|difference| difference["cause"].as_str().unwrap_or("").to_owned());
        let is_right = match &cause {
            Some(cause) => !fault.is_old || cause.starts_with("an old value"),
            None => false,
        };
        if !is_right {
            missed.push(format!("c-{at}: {} ({cause:?}): {container:#}", fault.name));
        }
    }
    assert!(missed.is_empty(), "{missed:#?}");
    let renewed: Vec<_> = (MID * FEATURES..(MID + 1) * FEATURES).map(|at| &found[&(format!("c-{at}"), false)]).collect();
    assert!(renewed.iter().all(|container| is_sound(container)), "the new pod of the rollout: {renewed:#?}");
    let passed = passed.len() + renewed.len();
    let caught = faults.len() - mended;
    println!("R23: {caught} wrong found, {mended} mended by the kubelet before, {passed} sound passed");
    assert!(caught >= 100 && passed >= 100, "the floor of R23");
}

const UNREADABLE: &str = r#"
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {A: "1"}
---
apiVersion: v1
kind: Pod
metadata: {name: bare}
spec:
  containers:
  - {name: none, image: "plimsoll.test/noshell:1", envFrom: [{configMapRef: {name: settings}}]}
---
apiVersion: v1
kind: Pod
metadata: {name: shared}
spec:
  shareProcessNamespace: true
  initContainers:
  - {name: first, image: "plimsoll.test/busybox:1", command: ["true"], envFrom: [{configMapRef: {name: settings}}]}
  containers:
  - {name: main, image: "plimsoll.test/busybox:1", envFrom: [{configMapRef: {name: settings}}, {secretRef: {name: theirs, optional: true}}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: idle}
spec:
  replicas: 0
  selector: {matchLabels: {app: idle}}
  template:
    metadata: {labels: {app: idle}}
    spec: {containers: [{name: main, image: "plimsoll.test/busybox:1"}]}
"#;

#[test]
fn what_cant_be_read_is_said_and_not_passed() {
    let Some(cluster) = node() else { return };
    let site = Site::new(cluster, "verify-unreadable", &[]);
    site.sandbox.write("templates/app/all.yaml", UNREADABLE);
    site.rendered().iter().for_each(|object| site.send(object));
    site.says(&["wait", "pod/bare", "pod/shared", "--for=condition=Ready", "--timeout=600s"]);
    let report = site.verify(&[], 1);
    let found = containers(&report);
    let of = |name: &str| &found[&(name.to_owned(), false)];
    assert_eq!(of("none")["verdict"], "unverifiable");
    assert_eq!(of("none")["reason"], "the image has neither `sh` nor `cat`");
    assert_eq!(of("first")["reason"], "it has ended (Completed)");
    assert_eq!(of("main")["verdict"], "equal");
    assert_eq!(of("main")["equal"], 1);
    assert!(of("main")["notes"][0].as_str().unwrap().contains("process 1"), "{}", of("main"));
    assert!(of("main")["unknown"][0]["reason"].as_str().unwrap().contains("Secret/theirs"), "{}", of("main"));
    assert!(report["workloads"].as_array().unwrap().iter().any(|workload| workload["standing"] == "idle"), "{report:#}");

    let allowed = site.verify(&["--allow-unverifiable", "Pod/bare/*", "--allow-unverifiable", "Pod/shared/first"], 0);
    assert_eq!(allowed["counts"]["allowed"], 2);

    // Someone who may read pods, but not run anything in them.
    let role = "view-pods";
    site.says(&["create", "role", role, "--verb=get,list", "--resource=pods,replicasets.apps,deployments.apps,configmaps"]);
    site.says(&["create", "rolebinding", role, "--role", role, "--user", "stranger"]);
    let report = site.verify(&["--context", "stranger"], 1);
    let main = &containers(&report)[&("main".to_owned(), false)];
    let reason = main["reason"].as_str().unwrap();
    assert!(reason.contains("get pods/exec"), "{reason}");

    // No cluster at all.
    let absent = site.sandbox.path().join("absent.yaml");
    let config = std::fs::read_to_string(cluster.kubeconfig()).unwrap();
    let port = config.split("https://").nth(1).and_then(|rest| rest.split(['"', '\n', ' ']).next()).unwrap().to_owned();
    std::fs::write(&absent, config.replace(&port, "127.0.0.1:1")).unwrap();
    site.sandbox.plimsoll(&["verify", "dev", "--kubeconfig", absent.to_str().unwrap(), "--identity", &site.identity]).exits(6);
}
