//! R19: two applies at once. One gets through; the other writes nothing after the first one's first write. One that is stopped longer than
//! its Lease lasts, and woken when another has been there, writes nothing any more.

use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use crate::bundle::{Bundle, ENVIRONMENT};
use crate::harness::child::Program;
use crate::proxy::{Class, Next, Proxy, Request, When};
use crate::server::cluster;
use crate::stack::Stack;

/// Whether a request writes an object of the environment: not the Lease, nor the inventory.
fn writes(request: &Request) -> bool {
    request.class == Class::Write && !request.path.contains("/leases") && !request.path.contains("/configmaps/plimsoll-")
}

/// Tells who came first, and makes that one wait until the other has ended.
#[derive(Default)]
struct Gate {
    state: Mutex<(Option<usize>, usize)>,
    moved: Condvar,
}

impl Gate {
    /// A first write: the first to come waits for the end of the other.
    fn pass(&self, who: usize) {
        let mut state = self.state.lock().unwrap();
        if state.0.is_some() {
            return;
        }
        state.0 = Some(who);
        let (_state, timeout) = self.moved.wait_timeout_while(state, Duration::from_mins(1), |state| state.1 == 0).unwrap();
        assert!(!timeout.timed_out(), "the other one doesn't end");
    }

    fn ended(&self) {
        self.state.lock().unwrap().1 += 1;
        self.moved.notify_all();
    }
}

/// Two repositories for one environment, each with a proxy of its own; with the namespace.
fn two() -> (String, [Proxy; 2], [Bundle; 2]) {
    let Stack { namespace, bundle, proxy } = Stack::new("r19");
    let other = Proxy::start(cluster());
    let second = Bundle::new(&namespace, other.kubeconfig());
    (namespace, [proxy, other], [bundle, second])
}

#[test]
fn of_two_at_once_one_writes() {
    let pairs = crate::harness::size(20, 200);
    let (_, proxies, bundles) = two();
    bundles[0].plimsoll(&["apply", ENVIRONMENT, "--yes", "--no-wait"]).exits(0);
    let (mut winners, mut refused) = (0, 0);
    for pair in 0..pairs {
        // Both want something of their own, that neither has had before.
        for (who, bundle) in bundles.iter().enumerate() {
            let text = String::from_utf8(bundle.sandbox.read("environments/dev.toml")).unwrap();
            let mode = text.split("MODE = \"").nth(1).unwrap().split('"').next().unwrap().to_owned();
            bundle.edit(&format!("MODE = \"{mode}\""), &format!("MODE = \"pair {pair} of {who}\""));
        }
        let gate = Arc::new(Gate::default());
        for (who, proxy) in proxies.iter().enumerate() {
            proxy.calm();
            proxy.forget();
            let gate = gate.clone();
            proxy.before(When::of(Class::Write, 1).onwards(), move |request| {
                if writes(request) {
                    gate.pass(who);
                }
                Next::Forward
            });
        }
        let runs: Vec<_> = std::thread::scope(|scope| {
            let both: Vec<_> = bundles
                .iter()
                .map(|bundle| {
                    let gate = &gate;
                    scope.spawn(move || {
                        let run = bundle.plimsoll(&["apply", ENVIRONMENT, "--yes", "--no-wait"]);
                        gate.ended();
                        run
                    })
                })
                .collect();
            both.into_iter().map(|thread| thread.join().expect("a run")).collect()
        });
        let first = gate.state.lock().unwrap().0.expect("somebody writes");
        let (winner, loser) = (&runs[first], &runs[1 - first]);
        assert_eq!(winner.code, Some(0), "pair {pair}: {}", winner.said());
        assert_eq!(loser.code, Some(3), "pair {pair}: {}", loser.said());
        assert!(loser.said().contains("another apply is under way"), "{}", loser.said());
        let late: Vec<Request> = proxies[1 - first].requests().into_iter().filter(writes).collect();
        assert!(late.is_empty(), "pair {pair}: the loser writes: {late:?}");
        winners += 1;
        refused += 1;
    }
    println!("R19: {pairs} pairs: {winners} winners, {refused} refused, 0 writes of a loser");
    assert_eq!((winners, refused), (pairs, pairs));
}

/// The process that has the Lease.
fn holder(namespace: &str) -> u64 {
    let lease = cluster().get(&format!("/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases/plimsoll-{ENVIRONMENT}"));
    let holder = lease["metadata"]["annotations"]["plimsoll.dev/holder"].as_str().expect("a holder");
    let holder: serde_json::Value = serde_json::from_str(holder).expect("JSON");
    holder["process"]["pid"].as_u64().expect("a process")
}

fn signal(name: &str, pid: u64) {
    Program::new("kill").args([name, &pid.to_string()]).run().exits(0);
}

#[test]
fn who_is_stopped_too_long_writes_no_more() {
    let (own, proxies, bundles) = two();
    bundles[0].plimsoll(&["apply", ENVIRONMENT, "--yes", "--no-wait"]).exits(0);
    bundles[0].edit("MODE = \"one\"", "MODE = \"sleeper\"");
    bundles[0].edit("tag = \"1.0.0\"", "tag = \"sleeper\"");
    bundles[1].edit("MODE = \"one\"", "MODE = \"other\"");
    bundles[1].edit("tag = \"1.0.0\"", "tag = \"other\"");
    // Stopped in the middle of a write, which arrives when the other has been there.
    let own_namespace = own.clone();
    let [sleeper, other] = bundles;
    let other_run = Arc::new(Mutex::new(None));
    proxies[0].forget();
    let mut first = true;
    let (slot, namespace_of_lease) = (other_run.clone(), own_namespace.clone());
    let other = Mutex::new(other);
    proxies[0].patience(Duration::from_mins(2));
    proxies[0].before(When::of(Class::Write, 1).onwards(), move |request| {
        if writes(request) && std::mem::take(&mut first) {
            let pid = holder(&namespace_of_lease);
            signal("-STOP", pid);
            std::thread::sleep(Duration::from_secs(21));
            let run = other.lock().unwrap().plimsoll(&["apply", ENVIRONMENT, "--yes", "--no-wait"]);
            *slot.lock().unwrap() = Some(run);
            signal("-CONT", pid);
        }
        Next::Forward
    });
    let run = sleeper.plimsoll(&["apply", ENVIRONMENT, "--yes", "--no-wait"]);
    let other_run = other_run.lock().unwrap().take().expect("the other ran");
    assert_eq!(other_run.code, Some(0), "{}", other_run.said());
    let written: Vec<Request> = proxies[0].requests().into_iter().filter(writes).collect();
    let taken: Vec<&Request> = written.iter().filter(|request| request.upstream.is_some_and(|code| code < 300)).collect();
    println!(
        "R19: stopped for 21 seconds: {} writes were on their way, {} had an effect; exit {:?}",
        written.len(),
        taken.len(),
        run.code
    );
    assert!(taken.is_empty(), "the sleeper's write is fenced: {taken:?}");
    assert!(matches!(run.code, Some(3 | 4)), "{}", run.said());
    let map = cluster().get(&format!("/api/v1/namespaces/{own}/configmaps/params"));
    assert_eq!(map["data"]["MODE"], "other");
}
