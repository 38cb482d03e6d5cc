//! One namespace in which case after case is run.

use std::collections::BTreeMap;

use serde_json::json;

use super::truth;
use crate::bundle::ENVIRONMENT;
use crate::controller;
use crate::harness::child::Victim;
use crate::harness::process::Run;
use crate::observer::{Place, Report};
use crate::proxy::{Fault, Request};
use crate::stack::{Stack, post};

/// Objects that are nobody's business: so many in the namespace itself, and in the guest's.
const BYSTANDERS: usize = 25;
const BYSTANDER: &str = "bystander-";

/// A namespace with the repository applied, and a guest namespace.
pub(super) struct Lane {
    pub(super) stack: Stack,
    guest: String,
    is_second: bool,
}

/// What became of one case.
pub(super) struct Case {
    pub(super) code: Option<i32>,
    /// The requests of the apply with faults.
    pub(super) requests: Vec<Request>,
    pub(super) injected: BTreeMap<Fault, usize>,
    /// How many events the laws were looked at after.
    pub(super) events: usize,
    /// How many deletes were looked at.
    pub(super) deletes: usize,
    pub(super) wrong: Vec<String>,
}

impl Lane {
    pub(super) fn new(row: &str) -> Self {
        let stack = Stack::new(&row.to_lowercase());
        // A client gives up later than that in truth; what follows is the same.
        stack.proxy.patience(std::time::Duration::from_millis(300));
        let guest = format!("guest-{}", stack.namespace);
        let lane = Self { stack, guest, is_second: false };
        lane.apply(&Victim::default()).exits(0);
        controller::works(&lane.stack.namespace);
        lane.surround();
        lane
    }

    /// Puts bystanders into the namespace, and into the guest's.
    fn surround(&self) {
        let Self { stack, guest, .. } = self;
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": guest}});
        post("/api/v1/namespaces", &namespace);
        for place in [&stack.namespace, guest] {
            for number in 0..BYSTANDERS {
                let name = format!("{BYSTANDER}{number}");
                let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"key": "1"}});
                post(&format!("/api/v1/namespaces/{place}/configmaps"), &map);
            }
        }
    }

    /// Applies the other version while what `begin` arms goes wrong, looks at what was said and done, and wants that it converges.
    pub(super) fn case(&mut self, begin: impl FnOnce(&Self, &Victim)) -> Case {
        self.turn();
        controller::retires(&self.stack.namespace);
        let observer = self.stack.observe(&[&self.guest]);
        let proxy = &self.stack.proxy;
        proxy.forget();
        let before = proxy.injected();
        let victim = Victim::default();
        self.stack.controlled();
        begin(self, &victim);
        let run = self.apply(&victim);
        let requests = proxy.requests();
        let injected = since(&before, proxy.injected());
        proxy.calm();
        self.stack.controlled();
        let mut wrong = truth::of(&run, &requests);
        wrong.extend(self.converges(&run, injected.contains_key(&Fault::StaleList)));
        let report = observer.finish();
        let events = report.events.len();
        wrong.extend(self.laws(&report));
        let deletes = proxy.requests().iter().filter(|request| request.deletes()).count();
        if !wrong.is_empty() {
            wrong.push(format!("it exited with {:?}, and said: {}", run.code, run.said()));
            wrong.extend(requests.iter().map(line));
        }
        Case { code: run.code, requests, injected, events, deletes, wrong }
    }

    /// Writes the other version.
    fn turn(&mut self) {
        self.is_second = !self.is_second;
        if self.is_second { self.stack.bundle.v2() } else { self.stack.bundle.v1() }
    }

    fn apply(&self, victim: &Victim) -> Run {
        let arguments = ["apply", ENVIRONMENT, "--yes", "--format", "json", "--timeout", "20s"];
        self.stack.bundle.sandbox.plimsoll_as(victim, &arguments)
    }

    /// Without faults. An apply that said that all is well must have left nothing to do, unless it was shown an old LIST.
    fn converges(&self, first: &Run, was_deceived: bool) -> Vec<String> {
        let mut wrong = Vec::new();
        if first.code != Some(0) || was_deceived {
            let again = self.apply(&Victim::default());
            if again.code != Some(0) {
                wrong.push(format!("a re-run doesn't converge: it exits with {:?} and says: {}", again.code, again.said()));
            }
        }
        let diff = self.stack.bundle.plimsoll(&["diff", ENVIRONMENT]);
        if diff.code != Some(0) {
            wrong.push(format!("afterwards a diff exits with {:?} and says: {}", diff.code, diff.said()));
        }
        wrong
    }

    /// R16, R17 and R18 at every event.
    fn laws(&self, report: &Report) -> Vec<String> {
        let is_bystander =
            |place: &Place| place.namespace == self.guest || place.name.starts_with(BYSTANDER) || place.name == self.guest;
        self.stack.laws_broken(report, is_bystander)
    }
}

fn since(before: &BTreeMap<Fault, usize>, mut now: BTreeMap<Fault, usize>) -> BTreeMap<Fault, usize> {
    for (fault, count) in &mut now {
        *count -= before.get(fault).copied().unwrap_or_default();
    }
    now.retain(|_, count| *count > 0);
    now
}

/// A request as a failed case shows it.
fn line(request: &Request) -> String {
    let fault = request.fault.map(|fault| format!(" {fault:?}")).unwrap_or_default();
    let Request { number, method, path, upstream, code, .. } = request;
    format!("{number:4} {method} {path} → {upstream:?}, told {code:?}{fault}")
}
