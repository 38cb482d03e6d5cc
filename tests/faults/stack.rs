//! All of the equipment together: a namespace's name, the repository for it, a proxy before the API server, and an observer.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

use crate::bundle::{Bundle, ENVIRONMENT};
use crate::controller;
use crate::harness::child::Victim;
use crate::harness::process::Run;
use crate::observer::{Kind, Observer, Place, Report, kinds};
use crate::proxy::{Class, Next, Proxy, Request, When};
use crate::server::cluster;

/// Where a fault test works. The namespace isn't there yet: the repository makes it.
pub struct Stack {
    pub namespace: String,
    pub bundle: Bundle,
    pub proxy: Proxy,
}

impl Stack {
    /// Version 1 of the repository, a proxy without faults, no observer yet.
    pub fn new(topic: &str) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let namespace = format!("{topic}-{:04}", COUNT.fetch_add(1, Ordering::Relaxed));
        let proxy = Proxy::start(cluster());
        let bundle = Bundle::new(&namespace, proxy.kubeconfig());
        let stack = Self { namespace, bundle, proxy };
        stack.controlled();
        stack
    }

    /// The Deployment controller goes to work whenever plimsoll begins to watch; until the proxy is calmed.
    pub fn controlled(&self) {
        let namespace = self.namespace.clone();
        self.proxy.before(When::of(Class::Watch, 1).onwards(), move |_| {
            controller::works(&namespace);
            Next::Forward
        });
    }

    /// `plimsoll apply` of what is written, through the proxy.
    pub fn apply(&self) -> Run {
        self.bundle.plimsoll(&["apply", ENVIRONMENT, "--yes"])
    }

    /// The same, for a hook that ends it: `victim` knows the process as soon as it runs.
    pub fn apply_as(&self, victim: &Victim) -> Run {
        self.bundle.sandbox.plimsoll_as(victim, &["apply", ENVIRONMENT, "--yes"])
    }

    /// Watches from now on all kinds of the repository, in its namespace and in `others`.
    pub fn observe(&self, others: &[&str]) -> Observer {
        let mut kinds = kinds();
        kinds.push(Kind::new(&format!("{}.example.org/v1", self.namespace), "widgets", "Widget"));
        let namespaces: Vec<&str> = [self.namespace.as_str()].into_iter().chain(others.iter().copied()).collect();
        Observer::start(cluster(), &kinds, &namespaces)
    }

    /// Without faults: applies again and wants success, then an empty diff. The faults so far stay counted.
    pub fn converges(&self) {
        self.proxy.calm();
        self.controlled();
        self.apply().exits(0);
        self.bundle.plimsoll(&["diff", ENVIRONMENT]).exits(0);
    }

    /// What broke R16, R17 (bystanders untouched, and every delete has a UID) and R18 at any event, a sentence each.
    pub fn laws_broken(&self, report: &Report, is_bystander: impl Fn(&Place) -> bool) -> Vec<String> {
        let mut broken = report.broken(|place, _| is_bystander(place));
        let unguarded = self.proxy.unguarded_deletes();
        broken.extend(unguarded.iter().map(|request| format!("R17 is broken: a delete without a UID: {}", request.path)));
        broken
    }
}

/// The paths of all writes of the bundle's objects that the API server did: not those of the Lease and the inventory.
pub fn written(requests: &[Request]) -> Vec<String> {
    let inventory = plimsoll::inventory::parent_name(ENVIRONMENT);
    let done =
        |request: &&Request| request.class == Class::Write && request.upstream.is_some_and(|code| (200..300).contains(&code));
    let paths = requests.iter().filter(done).map(|request| request.path.split('?').next().unwrap_or_default());
    let is_own =
        |path: &&str| path.contains("/leases") || path.ends_with(&format!("/{inventory}")) || path.ends_with("/configmaps");
    paths.filter(|path| !is_own(path)).map(str::to_owned).collect()
}

/// Makes an object, as the administrator.
#[track_caller]
pub fn post(path: &str, object: &Value) -> Value {
    cluster().send("POST", path, "application/json", &object.to_string()).unwrap_or_else(|error| panic!("{path}: {error}"))
}
