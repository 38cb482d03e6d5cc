//! The Lease against the real server: one holder, who is renewed, taken over only when it is gone.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use plimsoll::cluster::{Cluster, Connection, connect};
use plimsoll::execute::Clock;
use plimsoll::execute::lease::{self, Holder, Lease, LeaseError, Process, Surroundings, Timing};
use serde_json::{Value, json};

use crate::server::{cluster, run};

const NAME: &str = "plimsoll-dev";
/// Short, so that a test needn't wait; the rest is as ever.
const TIMING: Timing =
    Timing { duration: Duration::from_secs(2), renewal: Duration::from_millis(400), look: Duration::from_millis(100) };

/// A namespace of the caller's own.
fn namespace(topic: &str) -> String {
    let body =
        json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "generateName": format!("{topic}-") } }).to_string();
    let made = cluster().send("POST", "/api/v1/namespaces", "application/json", &body).expect("a namespace");
    made["metadata"]["name"].as_str().expect("a name").to_owned()
}

fn admin() -> Cluster {
    let connection = Connection { files: vec![cluster().kubeconfig().to_owned()], ..Connection::default() };
    run(connect(&connection)).expect("a connection")
}

/// A run, and what it can know of the others.
struct Runner {
    cluster: Cluster,
    namespace: String,
    name: String,
    is_running: fn(&Process) -> Option<bool>,
    /// Seconds that the machine slept.
    slept: Arc<AtomicI64>,
    told: Arc<Mutex<Vec<String>>>,
}

impl Runner {
    fn new(namespace: &str, name: &str, is_running: fn(&Process) -> Option<bool>) -> Self {
        let (namespace, name) = (namespace.to_owned(), name.to_owned());
        Self { cluster: admin(), namespace, name, is_running, slept: Arc::default(), told: Arc::default() }
    }

    async fn acquire(&self) -> Result<Lease, LeaseError> {
        let process = Process { host: "ci".into(), machine: "m".into(), pid: 7, started: 1 };
        let holder = Holder { run: self.name.clone(), who: self.name.clone(), action: "apply".into(), process: Some(process) };
        let (slept, told) = (self.slept.clone(), self.told.clone());
        let clock = Clock::new(move || {
            let seconds = slept.load(Ordering::SeqCst);
            Timestamp::try_from(std::time::SystemTime::now()).unwrap() + Duration::from_secs(seconds.unsigned_abs())
        });
        let note = Arc::new(move |text| told.lock().unwrap().push(text));
        let surroundings = Surroundings { clock, is_running: self.is_running, note, timing: TIMING };
        lease::acquire(&self.cluster, &self.namespace, NAME, holder, surroundings).await
    }
}

const ALIVE: fn(&Process) -> Option<bool> = |_| Some(true);
const GONE: fn(&Process) -> Option<bool> = |_| Some(false);
const ELSEWHERE: fn(&Process) -> Option<bool> = |_| None;

fn object(namespace: &str) -> Value {
    cluster().get(&format!("/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases/{NAME}"))
}

/// Waits for something that comes within a few renewals.
async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    for _ in 0..400 {
        if is_so() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("{what} doesn't come about");
}

#[test]
fn one_at_a_time() {
    let own = namespace("lease");
    let (alice, bob) = (Runner::new(&own, "alice", ALIVE), Runner::new(&own, "bob", ALIVE));
    run(async {
        let lease = alice.acquire().await.unwrap();
        let refused = bob.acquire().await.unwrap_err();
        let said = refused.to_string();
        assert!(said.starts_with("another apply is under way: alice on host ci (process 7), since 20"), "{said}");
        assert!(refused.hint().unwrap().contains("lapses"), "{:?}", refused.hint());
        assert!(lease.holds());
        lease.release().await;
        let lease = bob.acquire().await.unwrap();
        let seen = tokio::task::block_in_place(|| object(&own));
        assert_eq!(seen["spec"]["holderIdentity"], "bob/bob");
        assert_eq!(seen["spec"]["leaseTransitions"], 2);
        lease.remove().await;
    });
    let left = cluster().get(&format!("/apis/coordination.k8s.io/v1/namespaces/{own}/leases"));
    assert_eq!(left["items"].as_array().map(Vec::len), Some(0), "{left}");
}

#[test]
fn of_twenty_at_once_one_has_it() {
    let own = namespace("lease");
    let runners: Vec<Runner> = (0..20).map(|n| Runner::new(&own, &format!("run{n}"), ALIVE)).collect();
    let (won, refused) = run(async {
        let all = futures_util::future::join_all(runners.iter().map(Runner::acquire)).await;
        let (won, lost): (Vec<_>, Vec<_>) = all.into_iter().partition(Result::is_ok);
        assert!(lost.iter().all(|lost| matches!(lost, Err(LeaseError::Held { .. }))), "{lost:?}");
        (won.len(), lost.len())
    });
    println!("lease: {won} of 20 has it, {refused} are refused");
    assert_eq!((won, refused), (1, 19));
}

#[test]
fn a_killed_holder_of_this_machine_is_followed_at_once() {
    let own = namespace("lease");
    let (alice, bob) = (Runner::new(&own, "alice", ALIVE), Runner::new(&own, "bob", GONE));
    run(async {
        let first = alice.acquire().await.unwrap();
        let second = bob.acquire().await.unwrap();
        assert!(bob.told.lock().unwrap()[0].contains("is gone"), "{:?}", bob.told);
        // Alice wasn't gone after all; the next renewal tells it.
        until("that the first finds out", || !first.holds()).await;
        assert!(second.holds());
        first.release().await;
        assert_eq!(
            tokio::task::block_in_place(|| object(&own))["spec"]["holderIdentity"],
            "bob/bob",
            "what is lost isn't released"
        );
        second.release().await;
    });
}

#[test]
fn a_holder_elsewhere_is_looked_at() {
    let own = namespace("lease");
    let (alice, bob) = (Runner::new(&own, "alice", ALIVE), Runner::new(&own, "bob", ELSEWHERE));
    run(async {
        let lease = alice.acquire().await.unwrap();
        // It is renewed while Bob looks: it is at work.
        assert!(matches!(bob.acquire().await, Err(LeaseError::Held { .. })));
        assert!(bob.told.lock().unwrap()[0].contains("waiting up to 2 seconds"), "{:?}", bob.told);
        // Alice is killed: nothing is renewed, nothing released.
        drop(lease);
        let lease = bob.acquire().await.unwrap();
        assert!(lease.holds());
        lease.release().await;
    });
}

#[test]
fn who_slept_too_long_has_it_no_more() {
    let own = namespace("lease");
    let alice = Runner::new(&own, "alice", ALIVE);
    run(async {
        let lease = alice.acquire().await.unwrap();
        assert!(lease.holds());
        alice.slept.store(60, Ordering::SeqCst);
        assert!(!lease.holds(), "the machine slept a minute, and nothing was renewed");
        alice.slept.store(0, Ordering::SeqCst);
        assert!(!lease.holds(), "what is lost stays lost");
        lease.release().await;
    });
}

#[test]
fn who_finds_it_deleted_has_it_no_more() {
    let own = namespace("lease");
    let alice = Runner::new(&own, "alice", ALIVE);
    run(async {
        let lease = alice.acquire().await.unwrap();
        let path = format!("/apis/coordination.k8s.io/v1/namespaces/{own}/leases/{NAME}");
        tokio::task::block_in_place(|| cluster().send("DELETE", &path, "application/json", "")).unwrap();
        until("that it is found out", || !lease.holds()).await;
        lease.release().await;
    });
}
