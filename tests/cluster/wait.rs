//! Waiting, against the real server. There are no controllers: the tests write the statuses themselves.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use plimsoll::cluster::{Cluster, Connection, Resource, connect};
use plimsoll::execute::diagnose::{Sight, diagnose};
use plimsoll::execute::wait::{Patience, Waited, Waiting, until_ready};
use plimsoll::execute::{Event, Interrupt, Listen};
use plimsoll::object::ObjectId;
use plimsoll::secret::Scrubber;
use serde_json::{Value, json};

use crate::server::{self, run};

/// Longer than anything here takes; what isn't ready by then never will be.
const LONG: Duration = Duration::from_mins(2);

/// A namespace of a test's own, on the server that all share or on one of the test's own.
pub(crate) struct Place<'a> {
    pub(crate) server: &'a server::Cluster,
    pub(crate) namespace: String,
}

impl<'a> Place<'a> {
    pub(crate) fn new(server: &'a server::Cluster, topic: &str) -> Self {
        let body = json!({ "metadata": { "generateName": format!("{topic}-") } });
        let made = server.send("POST", "/api/v1/namespaces", "application/json", &body.to_string()).expect("a namespace");
        Self { server, namespace: made["metadata"]["name"].as_str().expect("a name").to_owned() }
    }

    fn path(&self, kind: &Resource) -> String {
        let base = if kind.group.is_empty() { "/api".to_owned() } else { format!("/apis/{}", kind.group) };
        let namespace = if kind.namespaced { format!("/namespaces/{}", self.namespace) } else { String::new() };
        format!("{base}/{}{namespace}/{}", kind.version, kind.plural)
    }

    /// Creates an object; gives what to wait for.
    pub(crate) fn create(&self, kind: &Arc<Resource>, object: &Value) -> Waited {
        let made = self.server.send("POST", &self.path(kind), "application/json", &object.to_string()).expect("an object");
        let text = |field: &str| made["metadata"][field].as_str().unwrap_or_default().to_owned();
        let namespace = kind.namespaced.then(|| self.namespace.clone());
        let id = ObjectId {
            group: kind.group.as_str().into(),
            version: kind.version.as_str().into(),
            kind: kind.kind.as_str().into(),
            namespace: namespace.as_deref().map(Into::into),
            name: text("name").into(),
        };
        Waited { id, resource: kind.clone(), namespace, name: text("name"), uid: Some(text("uid")), seen: None }
    }

    fn status(&self, waited: &Waited, status: &Value) {
        let path = format!("{}/{}/status", self.path(&waited.resource), waited.name);
        let body = json!({ "status": status }).to_string();
        self.server.send("PATCH", &path, "application/merge-patch+json", &body).expect("a status");
    }

    /// Gives `user` these rights in the namespace.
    fn allow(&self, user: &str, rules: &Value) {
        let (role, binding) = (kind("rbac.authorization.k8s.io/v1", "Role"), kind("rbac.authorization.k8s.io/v1", "RoleBinding"));
        self.create(&role, &json!({ "metadata": { "name": user }, "rules": rules }));
        let (group, name) = ("rbac.authorization.k8s.io", user);
        self.create(
            &binding,
            &json!({
                "metadata": { "name": name },
                "roleRef": { "apiGroup": group, "kind": "Role", "name": name },
                "subjects": [{ "apiGroup": group, "kind": "User", "name": name }],
            }),
        );
    }

    pub(crate) fn connect(&self, user: &str) -> Cluster {
        let connection = Connection {
            files: vec![self.server.kubeconfig().to_owned()],
            context: Some(user.to_owned()),
            ..Connection::default()
        };
        run(connect(&connection)).expect("a connection")
    }

    /// Waits as `user`, while `meanwhile` hears what is told and does what a controller would.
    fn wait(&self, user: &str, wanted: &[Waited], timeout: Duration, meanwhile: impl FnOnce(&Heard)) -> Waits {
        let cluster = self.connect(user);
        let (sender, receiver) = channel();
        let (stop, interrupt) = Interrupt::new();
        let listener = Teller(Mutex::new(sender));
        let heard = Heard { receiver, all: Mutex::default(), stop };
        let left = std::thread::scope(|scope| {
            let waiting = scope.spawn(|| {
                let patience = Patience {
                    cluster: &cluster,
                    timeout,
                    listener: &listener,
                    scrubber: &Scrubber::default(),
                    clock: &now,
                    interrupt: &interrupt,
                };
                run(until_ready(wanted, patience))
            });
            meanwhile(&heard);
            waiting.join().expect("the wait ends")
        });
        heard.rest();
        let counts = cluster.counts();
        let left = left.into_iter().map(|(id, waiting)| (id.to_string(), waiting)).collect();
        Waits { left, told: heard.all.into_inner().unwrap(), lists: counts.list, watches: counts.watch, gets: counts.get }
    }
}

pub(crate) fn now() -> Timestamp {
    Timestamp::try_from(std::time::SystemTime::now()).unwrap()
}

/// A kind, with the plural that English gives it.
pub(crate) fn kind(api_version: &str, kind: &str) -> Arc<Resource> {
    let (group, version) = ObjectId::split_api_version(api_version);
    Arc::new(Resource {
        group: group.to_owned(),
        version: version.to_owned(),
        kind: kind.to_owned(),
        plural: format!("{}s", kind.to_lowercase()),
        namespaced: kind != "CustomResourceDefinition",
        verbs: Vec::new(),
    })
}

/// What became of a wait, and what it cost.
struct Waits {
    left: Vec<(String, Waiting)>,
    told: Vec<String>,
    lists: usize,
    watches: usize,
    gets: usize,
}

struct Teller(Mutex<Sender<String>>);

impl Listen for Teller {
    fn hear(&self, event: &Event) {
        let text = match event {
            Event::Waits(id, message) => format!("{id} waits: {message}"),
            Event::Ready(id) => format!("{id} is ready"),
            other => format!("{other:?}"),
        };
        let _ = self.0.lock().unwrap().send(text);
    }
}

/// What is told, as it is told.
struct Heard {
    receiver: Receiver<String>,
    all: Mutex<Vec<String>>,
    stop: plimsoll::execute::Stop,
}

impl Heard {
    /// Returns when something that starts so has been told, which may have been before.
    fn until(&self, start: &str) {
        let mut all = self.all.lock().unwrap();
        while !all.iter().any(|told| told.starts_with(start)) {
            match self.receiver.recv_timeout(LONG) {
                Ok(told) => all.push(told),
                Err(error) => panic!("`{start}` isn't told ({error}); told so far: {all:#?}"),
            }
        }
    }

    fn rest(&self) {
        self.all.lock().unwrap().extend(self.receiver.try_iter());
    }
}

fn deployment(name: &str) -> Value {
    json!({
        "metadata": { "name": name },
        "spec": {
            "selector": { "matchLabels": { "app": name } },
            "template": {
                "metadata": { "labels": { "app": name } },
                "spec": { "containers": [{ "name": "main", "image": "plimsoll.test/busybox:1" }] },
            },
        },
    })
}

fn rolled_out() -> Value {
    let condition = |name: &str, reason: &str| json!({ "type": name, "status": "True", "reason": reason });
    json!({
        "observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "readyReplicas": 1, "availableReplicas": 1,
        "conditions": [condition("Available", "MinimumReplicasAvailable"), condition("Progressing", "NewReplicaSetAvailable")],
    })
}

fn deployments() -> Arc<Resource> {
    kind("apps/v1", "Deployment")
}

#[test]
fn kinds_become_ready_each_by_its_own_rule_from_one_watch_a_group() {
    let place = Place::new(server::cluster(), "wait");
    let definition = json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": { "name": "boats.wait.example" },
        "spec": {
            "group": "wait.example", "scope": "Namespaced", "names": { "kind": "Boat", "plural": "boats", "singular": "boat" },
            "versions": [{
                "name": "v1", "served": true, "storage": true, "subresources": { "status": {} },
                "schema": { "openAPIV3Schema": { "type": "object", "x-kubernetes-preserve-unknown-fields": true } },
            }],
        },
    });
    let definition = place.create(&kind("apiextensions.k8s.io/v1", "CustomResourceDefinition"), &definition);
    let established = place.wait("admin", &[definition], LONG, |_| {});
    assert_eq!(established.left, [("CustomResourceDefinition/boats.wait.example".to_owned(), Waiting::Ready)]);

    let (a, b) = (place.create(&deployments(), &deployment("a")), place.create(&deployments(), &deployment("b")));
    let pods = json!({ "containers": [{ "name": "main", "image": "i" }], "restartPolicy": "Never" });
    let job = json!({ "metadata": { "name": "once" }, "spec": { "template": { "spec": pods } } });
    let job = place.create(&kind("batch/v1", "Job"), &job);
    let condition =
        |name: &str, status: &str, reason: &str| json!({ "type": name, "status": status, "reason": reason, "message": "leaks" });
    let boat = json!({ "apiVersion": "wait.example/v1", "kind": "Boat", "metadata": { "name": "boat" } });
    let boat = place.create(&kind("wait.example/v1", "Boat"), &boat);
    place.status(&boat, &json!({ "conditions": [condition("Ready", "False", "Leaks")] }));
    let config = place.create(&kind("v1", "ConfigMap"), &json!({ "metadata": { "name": "config" } }));
    let wanted = [a.clone(), config, job.clone(), boat.clone(), b.clone()];
    let waits = place.wait("admin", &wanted, LONG, |heard| {
        for name in ["Deployment/a", "Deployment/b", "Job/once", "Boat/boat"] {
            heard.until(&format!("{name} waits: "));
        }
        place.status(&b, &rolled_out());
        heard.until("Deployment/b is ready");
        place.status(&boat, &json!({ "conditions": [condition("Ready", "True", "Dry")] }));
        heard.until("Boat/boat is ready");
        let time = "2026-01-01T00:00:00Z";
        let with_time = |name: &str| {
            json!({ "type": name, "status": "True", "reason": "CompletionsReached", "lastProbeTime": time, "lastTransitionTime": time })
        };
        place.status(
            &job,
            &json!({
                "startTime": time, "completionTime": time, "succeeded": 1, "uncountedTerminatedPods": {}, "ready": 0, "terminating": 0,
                "conditions": [with_time("SuccessCriteriaMet"), with_time("Complete")],
            }),
        );
        heard.until("Job/once is ready");
        place.status(&a, &rolled_out());
    });
    assert!(waits.left.iter().all(|(_, waiting)| *waiting == Waiting::Ready), "{:?}", waits.left);
    assert_eq!(
        waits.left.iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>(),
        ["Deployment/a", "ConfigMap/config", "Job/once", "Boat/boat", "Deployment/b"]
    );
    println!("5 objects of 4 kinds: {} LISTs, {} watches, {} GETs", waits.lists, waits.watches, waits.gets);
    assert_eq!((waits.lists, waits.watches, waits.gets), (3, 3, 0));
    assert!(!waits.told.iter().any(|told| told.contains("ConfigMap")), "{:?}", waits.told);
}

#[test]
fn what_does_not_get_ready_says_what_it_lacks_and_an_interrupt_ends_the_wait() {
    let place = Place::new(server::cluster(), "wait");
    let waited = place.create(&deployments(), &deployment("late"));
    let lacks =
        place.wait("admin", std::slice::from_ref(&waited), Duration::from_secs(2), |heard| heard.until("Deployment/late waits"));
    assert!(matches!(&lacks.left[0].1, Waiting::NotReady { message } if !message.is_empty()), "{:?}", lacks.left);
    let stopped = place.wait("admin", &[waited], LONG, |heard| {
        heard.until("Deployment/late waits");
        heard.stop.now();
    });
    assert_eq!(stopped.left[0].1, Waiting::Interrupted);
    let nothing = place.wait("admin", &[], LONG, |_| {});
    assert_eq!((nothing.lists, nothing.watches, nothing.gets), (0, 0, 0));
}

#[test]
fn without_the_right_to_watch_objects_are_read_and_without_any_it_is_named() {
    let place = Place::new(server::cluster(), "wait");
    let waited = place.create(&deployments(), &deployment("web"));
    place.allow("reviewer", &json!([{ "apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get", "list"] }]));
    let read = place.wait("reviewer", std::slice::from_ref(&waited), LONG, |heard| {
        heard.until("Note(");
        place.status(&waited, &rolled_out());
    });
    assert_eq!(read.left[0].1, Waiting::Ready);
    assert!(read.gets > 0 && read.watches == 1, "{} GETs, {} watches", read.gets, read.watches);
    let blind = place.wait("stranger", &[waited], LONG, |_| {});
    let Waiting::NotReady { message } = &blind.left[0].1 else { panic!("{:?}", blind.left) };
    assert!(message.contains("cannot get resource \"deployments\""), "{message}");
}

#[test]
fn a_watch_that_breaks_goes_on_from_where_it_was() {
    let own = server::Cluster::start();
    let place = Place::new(&own, "wait");
    let waited = place.create(&deployments(), &deployment("web"));
    let waits = place.wait("admin", std::slice::from_ref(&waited), LONG, |heard| {
        heard.until("Deployment/web waits");
        own.kill_api_server();
        own.start_api_server();
        place.status(&waited, &rolled_out());
    });
    assert_eq!(waits.left[0].1, Waiting::Ready);
    println!("over a restart of the server: {} LISTs, {} watches", waits.lists, waits.watches);
    assert!(waits.watches > 1, "{} watches", waits.watches);
}

#[test]
fn a_right_that_is_missing_is_noted_and_the_pods_status_still_speaks() {
    let place = Place::new(server::cluster(), "diagnose");
    let deployment = place.create(&deployments(), &deployment("web"));
    let owned = |name: &str, owner: &Waited| json!([{ "apiVersion": "apps/v1", "kind": name, "name": owner.name, "uid": owner.uid, "controller": true }]);
    let mut set = self::deployment("web");
    set["metadata"]["ownerReferences"] = owned("Deployment", &deployment);
    let set = place.create(&kind("apps/v1", "ReplicaSet"), &set);
    // Without controllers nobody makes the account that pods are given.
    place.create(&kind("v1", "ServiceAccount"), &json!({ "metadata": { "name": "default" } }));
    let mut pod = json!({ "metadata": { "name": "web-1" }, "spec": { "containers": [{ "name": "main", "image": "gone:1" }] } });
    pod["metadata"]["ownerReferences"] = owned("ReplicaSet", &set);
    let pod = place.create(&kind("v1", "Pod"), &pod);
    let state = json!({ "waiting": { "reason": "ImagePullBackOff", "message": "no\nsuch \u{1b}[31mimage" } });
    let container =
        json!({ "name": "main", "image": "gone:1", "imageID": "", "ready": false, "restartCount": 0, "state": state });
    place.status(&pod, &json!({ "phase": "Pending", "containerStatuses": [container] }));
    let reads =
        |groups: &str, resources: &[&str]| json!({ "apiGroups": [groups], "resources": resources, "verbs": ["get", "list"] });
    place.allow("deployer", &json!([reads("apps", &["deployments", "replicasets"]), reads("", &["pods"])]));
    let cluster = place.connect("deployer");
    let sight = Sight { cluster: &cluster, scrubber: &Scrubber::default(), logs: true };
    let found = run(diagnose(&[deployment], sight)).remove(0).1;
    let causes: Vec<&str> = found.findings.iter().filter_map(|finding| Some(finding.cause.as_ref()?.name())).collect();
    assert_eq!(causes, ["image-pull"], "{:#?}", found.lines());
    assert_eq!(found.findings[0].about, "Pod/web-1, container `main`");
    assert!(found.findings[0].message.contains("no such [31mimage"), "{:?}", found.findings[0].message);
    assert!(found.notes.iter().any(|note| note.contains("list events")), "{:?}", found.notes);
}
