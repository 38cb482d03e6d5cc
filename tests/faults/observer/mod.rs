//! A second client: it watches while plimsoll works, keeps every event, and says afterwards at which moments a law was broken.
//!
//! It watches each kind in each namespace through the real API server, never through a proxy. Events of all kinds are put in one order by
//! their resourceVersions, which are comparable numbers (Kubernetes 1.35 and later document it; all kinds here are in one etcd). The
//! laws are looked at after each event, on the world as it was then.

mod history;
mod laws;
mod uses;
mod watch;

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;
use tokio::task::JoinSet;

pub use history::{Event, Place, World};
pub use laws::{Violation, forgotten, pulled, touched};

use crate::server::{Cluster, run};
use history::History;

/// A kind to watch.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kind {
    /// Empty for the core group.
    pub group: String,
    pub version: String,
    pub plural: String,
    pub name: String,
    pub namespaced: bool,
}

impl Kind {
    /// `version` with its group, such as `apps/v1`; `namespaced` unless the name starts with `~`.
    pub fn new(api: &str, plural: &str, kind: &str) -> Self {
        let (group, version) = api.split_once('/').unwrap_or(("", api));
        let cluster = kind.strip_prefix('~');
        Self {
            group: group.to_owned(),
            version: version.to_owned(),
            plural: plural.to_owned(),
            name: cluster.unwrap_or(kind).to_owned(),
            namespaced: cluster.is_none(),
        }
    }

    fn root(&self) -> String {
        match self.group.as_str() {
            "" => format!("/api/{}", self.version),
            group => format!("/apis/{group}/{}", self.version),
        }
    }
}

/// The kinds that the laws are about, and those that the generated repository has.
pub fn kinds() -> Vec<Kind> {
    [
        ("v1", "namespaces", "~Namespace"),
        ("apiextensions.k8s.io/v1", "customresourcedefinitions", "~CustomResourceDefinition"),
        ("v1", "configmaps", "ConfigMap"),
        ("v1", "secrets", "Secret"),
        ("v1", "services", "Service"),
        ("v1", "serviceaccounts", "ServiceAccount"),
        ("v1", "pods", "Pod"),
        ("apps/v1", "deployments", "Deployment"),
        ("apps/v1", "statefulsets", "StatefulSet"),
        ("apps/v1", "daemonsets", "DaemonSet"),
        ("apps/v1", "replicasets", "ReplicaSet"),
        ("apps/v1", "controllerrevisions", "ControllerRevision"),
        ("batch/v1", "jobs", "Job"),
        ("batch/v1", "cronjobs", "CronJob"),
        ("rbac.authorization.k8s.io/v1", "roles", "Role"),
        ("rbac.authorization.k8s.io/v1", "rolebindings", "RoleBinding"),
        ("networking.k8s.io/v1", "networkpolicies", "NetworkPolicy"),
    ]
    .into_iter()
    .map(|(api, plural, kind)| Kind::new(api, plural, kind))
    .collect()
}

/// A running observer.
pub struct Observer {
    history: Arc<History>,
    client: kube::Client,
    tasks: JoinSet<()>,
}

impl Observer {
    /// Watches `kinds` in `namespaces`; of an object that is in no namespace those are kept whose name holds one of the namespaces' names
    /// (so no namespace's name may be the beginning of another's).
    /// A kind that isn't served yet is watched as soon as its CustomResourceDefinition is there. Returns when all that is served is watched.
    pub fn start(cluster: &Cluster, kinds: &[Kind], namespaces: &[&str]) -> Self {
        let client = cluster.client("admin");
        let history = Arc::new(History::new(namespaces));
        let tasks = run(async {
            let mut tasks = JoinSet::new();
            for kind in kinds {
                let places: Vec<Option<&str>> =
                    if kind.namespaced { namespaces.iter().copied().map(Some).collect() } else { vec![None] };
                for namespace in places {
                    let source = watch::Source::new(kind, namespace, &history);
                    history.watches(source.clone());
                    let first = source.begin(&client).await;
                    tasks.spawn(source.follow(client.clone(), first));
                }
            }
            tasks
        });
        history.started();
        Self { history, client, tasks }
    }

    /// Ends the watching, when it has seen all that happened until now.
    pub fn finish(mut self) -> Report {
        run(async {
            self.history.caught_up(&self.client).await;
            self.tasks.shutdown().await;
        });
        Report { events: self.history.in_order(), before: self.history.before() }
    }
}

/// All that an observer saw.
pub struct Report {
    /// The world when the observer started.
    pub before: World,
    /// In the order of their versions.
    pub events: Vec<Event>,
}

impl Report {
    /// R16: see [`forgotten`].
    pub fn forgotten(&self) -> Vec<Violation> {
        self.replay(forgotten)
    }

    /// R17: see [`touched`]. `bystander` says which objects of the world before are nobody's business.
    pub fn touched(&self, bystander: impl Fn(&Place, &Value) -> bool) -> Vec<Violation> {
        touched(&self.before, &self.events, bystander)
    }

    /// R18: see [`pulled`].
    pub fn pulled(&self) -> Vec<Violation> {
        self.replay(pulled)
    }

    /// Each thing that is wrong after an event and wasn't before it.
    fn replay(&self, law: impl Fn(&World) -> Vec<(Place, String)>) -> Vec<Violation> {
        let mut world = self.before.clone();
        let mut known: BTreeSet<(Place, String)> = law(&world).into_iter().collect();
        let mut violations = Vec::new();
        for event in &self.events {
            world.apply(event);
            let now: BTreeSet<_> = law(&world).into_iter().collect();
            for (place, what) in now.difference(&known) {
                violations.push(Violation { version: event.version, place: place.clone(), what: what.clone() });
            }
            known = now;
        }
        violations
    }

    /// All violations of R16, R17 and R18, a sentence each.
    pub fn broken(&self, bystander: impl Fn(&Place, &Value) -> bool) -> Vec<String> {
        let rows = [("R16", self.forgotten()), ("R17", self.touched(bystander)), ("R18", self.pulled())];
        let all = rows.into_iter().flat_map(|(row, violations)| violations.into_iter().map(move |one| (row, one)));
        all.map(|(row, one)| format!("{row} is broken at {}: {}: {}", one.version, one.place, one.what)).collect()
    }

    /// Panics with all violations, if there are any.
    #[track_caller]
    pub fn holds(&self, bystander: impl Fn(&Place, &Value) -> bool) {
        let broken = self.broken(bystander);
        assert!(broken.is_empty(), "in {} events:\n{}", self.events.len(), broken.join("\n"));
    }
}
