//! The proxy: what passes through it is what passes without it, and each fault is what it is called.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::{AsyncBufReadExt as _, StreamExt as _};
use http::Request;
use serde_json::{Value, json};

use super::namespace;
use crate::proxy::{Class, Fault, Next, Proxy, When};
use crate::server::{cluster, run};

/// A proxy, a client behind it, and a namespace.
struct Bench {
    proxy: Proxy,
    client: kube::Client,
    maps: String,
}

impl Bench {
    fn new() -> Self {
        let proxy = Proxy::start(cluster());
        proxy.patience(Duration::from_millis(200));
        let client = cluster().client_at(proxy.server(), "admin");
        let maps = format!("/api/v1/namespaces/{}/configmaps", namespace("proxy"));
        Self { proxy, client, maps }
    }

    fn ask(&self, method: &str, path: &str, body: &str) -> Result<Value, kube::Error> {
        run(self.client.request(request(method, path, body)))
    }

    fn list(&self) -> Result<Value, kube::Error> {
        self.ask("GET", &self.maps, "")
    }

    /// Applies a ConfigMap with one key.
    fn apply(&self, name: &str, value: &str) -> Result<Value, kube::Error> {
        self.ask("PATCH", &format!("{}/{name}?fieldManager=test", self.maps), &map(name, value))
    }

    /// The value of that key as the API server has it.
    fn stored(&self, name: &str) -> Option<String> {
        let map = cluster().send("GET", &format!("{}/{name}", self.maps), "application/json", "").ok()?;
        map["data"]["key"].as_str().map(str::to_owned)
    }

    /// The lines of a watch until it ends, at most so many.
    fn watch(&self, version: &str, most: usize) -> Vec<Value> {
        let path = format!("{}?watch=true&resourceVersion={version}&timeoutSeconds=5", self.maps);
        run(async {
            let lines = self.client.request_stream(request("GET", &path, "")).await.expect("a watch").lines();
            let lines: Vec<String> = lines.take(most).filter_map(|line| std::future::ready(line.ok())).collect().await;
            lines.iter().map(|line| serde_json::from_str(line).expect("an event")).collect()
        })
    }
}

fn request(method: &str, path: &str, body: &str) -> Request<Vec<u8>> {
    let content_type = if method == "PATCH" { "application/apply-patch+yaml" } else { "application/json" };
    let request = Request::builder().method(method).uri(path).header("Content-Type", content_type);
    request.header("Accept", "application/json").body(body.as_bytes().to_vec()).expect("a request")
}

fn map(name: &str, value: &str) -> String {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"key": value}}).to_string()
}

fn code(answer: Result<Value, kube::Error>) -> Option<u16> {
    match answer {
        Ok(_) => Some(200),
        Err(kube::Error::Api(status)) => Some(status.code),
        Err(_) => None,
    }
}

#[test]
fn what_passes_is_what_passes_without_it() {
    let bench = Bench::new();
    let applied = bench.apply("one", "1").expect("an apply");
    let direct = cluster().get(&format!("{}/one", bench.maps));
    assert_eq!(applied, direct);
    assert_eq!(bench.list().expect("a LIST"), cluster().get(&bench.maps));
    assert_eq!(code(bench.ask("GET", &format!("{}/none", bench.maps), "")), Some(404));

    let uid = direct["metadata"]["uid"].as_str().expect("a UID");
    bench.ask("PATCH", &format!("{}/one?fieldManager=test&dryRun=All", bench.maps), &map("one", "2")).expect("a dry-run");
    let options = json!({"preconditions": {"uid": uid}}).to_string();
    bench.ask("DELETE", &format!("{}/one", bench.maps), &options).expect("a delete");
    assert!(bench.proxy.unguarded_deletes().is_empty());
    bench.apply("two", "2").expect("an apply");
    bench.ask("DELETE", &format!("{}/two", bench.maps), "").expect("a delete");
    assert_eq!(bench.proxy.unguarded_deletes().len(), 1);

    let expected = [(Class::List, 1), (Class::Get, 1), (Class::DryRun, 1), (Class::Write, 4)];
    assert_eq!(bench.proxy.counts(), BTreeMap::from(expected));
    let log = bench.proxy.requests();
    assert_eq!(log.iter().map(|request| request.number).collect::<Vec<_>>(), (1..=7).collect::<Vec<_>>());
    assert_eq!((log[0].method.as_str(), log[0].code, log[0].upstream), ("PATCH", Some(201), Some(201)));
    assert_eq!(log[0].sent, map("one", "1").len());
    assert!(log[1].answered > direct.to_string().len(), "{log:?}");
    assert!(log[4].guards.uid && log[4].deletes());
}

#[test]
fn a_watch_passes_while_it_runs() {
    let bench = Bench::new();
    let version = bench.list().expect("a LIST")["metadata"]["resourceVersion"].as_str().expect("a version").to_owned();
    // Both are written when the watch is already there: nothing but a body that streams shows them in time.
    let maps = bench.maps.clone();
    bench.proxy.after(When::of(Class::Watch, 1), move |_| {
        for name in ["one", "two"] {
            cluster().send("POST", &maps, "application/json", &map(name, "1")).expect("a write");
        }
    });
    let events: Vec<String> =
        bench.watch(&version, 2).iter().map(|event| event["object"]["metadata"]["name"].to_string()).collect();
    assert_eq!(events, ["\"one\"", "\"two\""]);
    assert!(bench.proxy.requests().last().is_some_and(|watch| watch.class == Class::Watch && watch.answered > 0));
}

#[test]
fn faults_without_effect() {
    let bench = Bench::new();
    let faults = [
        (Fault::ResetBefore, None),
        (Fault::Conflict, Some(409)),
        (Fault::TooManyRequests, Some(429)),
        (Fault::InternalError, Some(500)),
        (Fault::Unavailable, Some(503)),
        (Fault::Garbage, None),
    ];
    for (fault, expected) in faults {
        bench.proxy.inject(fault, When::of(Class::Write, 1));
        let name = format!("{fault:?}").to_lowercase();
        assert_eq!(code(bench.apply(&name, "1")), expected, "{fault:?}");
        assert_eq!(bench.stored(&name), None, "{fault:?} has no effect");
        assert_eq!(bench.proxy.requests().last().map(|request| (request.fault, request.upstream)), Some((Some(fault), None)));
        // Once is once.
        bench.apply(&name, "1").expect("the next one passes");
    }
    assert_eq!(bench.proxy.injected(), faults.iter().map(|(fault, _)| (*fault, 1)).collect());
}

#[test]
fn faults_after_the_effect() {
    let bench = Bench::new();
    let faults =
        [(Fault::ResetAfter, None), (Fault::TimeoutAfter, None), (Fault::GatewayTimeout, Some(504)), (Fault::CutBody, None)];
    for (fault, expected) in faults {
        bench.proxy.inject(fault, When::of(Class::Write, 1));
        let name = format!("{fault:?}").to_lowercase();
        assert_eq!(code(bench.apply(&name, "1")), expected, "{fault:?}");
        assert_eq!(bench.stored(&name).as_deref(), Some("1"), "{fault:?} has its effect");
        let last = bench.proxy.requests().pop().expect("a request");
        assert_eq!((last.fault, last.upstream), (Some(fault), Some(201)));
    }
    assert_eq!(bench.proxy.injected(), faults.iter().map(|(fault, _)| (*fault, 1)).collect());
}

#[test]
fn a_stale_list_is_the_first_one() {
    let bench = Bench::new();
    // Nothing was listed yet: the fault can't happen, and isn't counted.
    bench.proxy.inject(Fault::StaleList, When::of(Class::List, 1).onwards());
    let first = bench.list().expect("a LIST");
    assert!(bench.proxy.injected().is_empty());
    bench.apply("one", "1").expect("an apply");
    assert_eq!(bench.list().expect("a LIST"), first);
    bench.proxy.calm();
    assert_ne!(bench.list().expect("a LIST"), first);
    assert_eq!(bench.proxy.injected(), BTreeMap::from([(Fault::StaleList, 1)]));
}

#[test]
fn versions_too_old_and_watches_that_end() {
    let bench = Bench::new();
    let version = bench.list().expect("a LIST")["metadata"]["resourceVersion"].as_str().expect("a version").to_owned();
    for name in ["one", "two", "three"] {
        bench.apply(name, "1").expect("an apply");
    }
    bench.proxy.inject(Fault::Gone, When::of(Class::Watch, 1));
    let events = bench.watch(&version, 9);
    assert_eq!((events.len(), &events[0]["type"], &events[0]["object"]["code"]), (1, &json!("ERROR"), &json!(410)));
    let page = bench.ask("GET", &format!("{}?limit=1", bench.maps), "").expect("a page");
    let rest = format!("{}?limit=1&continue={}", bench.maps, page["metadata"]["continue"].as_str().expect("more"));
    bench.proxy.inject(Fault::Gone, When::call("GET", "continue=", 1));
    assert_eq!(code(bench.ask("GET", &rest, "")), Some(410));
    bench.ask("GET", &rest, "").expect("the next page");

    bench.proxy.inject(Fault::WatchEnd, When::of(Class::Watch, 1));
    let events = bench.watch(&version, 9);
    assert!((1..=3).contains(&events.len()), "a watch that ends shows what came first: {events:?}");
    bench.proxy.inject(Fault::CutBody, When::of(Class::Watch, 1));
    let path = format!("{}?watch=true&resourceVersion={version}&timeoutSeconds=5", bench.maps);
    let cut = run(async {
        let mut lines = bench.client.request_stream(request("GET", &path, "")).await.expect("a watch").lines();
        while let Some(Ok(line)) = lines.next().await {
            serde_json::from_str::<Value>(&line).expect("the lines before the cut are whole");
        }
        lines.next().await.is_none()
    });
    assert!(cut);
    let expected = [(Fault::CutBody, 1), (Fault::Gone, 2), (Fault::WatchEnd, 1)];
    assert_eq!(bench.proxy.injected(), BTreeMap::from(expected));
}

#[test]
fn hooks_run_before_and_after() {
    let bench = Bench::new();
    let path = format!("{}/one?fieldManager=test", bench.maps);
    bench.proxy.before(When::of(Class::Write, 1), {
        let (path, maps) = (format!("{}/one", bench.maps), bench.maps.clone());
        move |request| {
            assert!(request.path.starts_with(&path));
            // Somebody else is quicker.
            cluster().send("POST", &maps, "application/json", &map("one", "stranger")).expect("a write");
            Next::Forward
        }
    });
    bench.ask("PATCH", &format!("{path}&force=true"), &map("one", "mine")).expect("an apply");
    assert_eq!(bench.proxy.requests().last().and_then(|request| request.upstream), Some(200), "the name was taken");
    bench.proxy.before(When::call("PATCH", "/two", 1), |_| Next::Drop);
    assert_eq!(code(bench.apply("two", "1")), None);
    assert_eq!(bench.stored("two"), None);
}

#[test]
fn a_seed_says_what_happens_whatever_the_order() {
    let hit = |seed: u64, order: &mut dyn Iterator<Item = usize>| -> Vec<(String, Fault)> {
        let bench = Bench::new();
        bench.proxy.seed(seed, 0.5);
        for number in order {
            // The same path in each run; most faults have no effect on an object that isn't there.
            let _ = bench.ask("GET", &format!("/api/v1/namespaces/default/configmaps/none-{number}"), "");
        }
        let mut hit: Vec<_> =
            bench.proxy.requests().into_iter().filter_map(|request| Some((request.path.clone(), request.fault?))).collect();
        hit.sort();
        hit
    };
    let forwards = hit(7, &mut (0..30));
    assert!(!forwards.is_empty());
    assert_eq!(forwards, hit(7, &mut (0..30).rev()));
    assert_ne!(forwards, hit(8, &mut (0..30)));
}
