//! R9: what is proven unchanged is unchanged, and most of what is unchanged is proven. The truth is a dry-run apply.

mod edits;
pub(crate) mod kinds;
mod values;

use std::collections::BTreeMap;
use std::sync::Mutex;

use plimsoll::check::schema::{SchemaRef, Schemas, custom_kinds};
use plimsoll::object::{Data, Map, Node};
use plimsoll::owned::{MANAGER, Proof, Stored, Wanted, prove};
use plimsoll::secret::Sealed;
use plimsoll::source::{SourceKind, SourceMap, Span};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::random::Random;
use crate::server::cluster;
use edits::{EDITS, Subject, vary};
use kinds::{KINDS, Kind, crds};

const SEED: u64 = 0x0b5e_55ed;
const THREADS: usize = 4;
const ROUNDS: usize = 8;

/// A JSON value as a tree; its texts sealed, if asked.
pub(crate) fn node(value: &Value, sealed: bool, span: Span) -> Node {
    let data = match value {
        Value::Null => Data::Null,
        Value::Bool(truth) => Data::Bool(*truth),
        Value::Number(number) => number.as_i64().map_or_else(|| Data::Float(number.as_f64().unwrap()), Data::Int),
        Value::String(text) if sealed => Data::Sealed(Box::new(Sealed::Text(text.as_str().into()))),
        Value::String(text) => Data::Text(text.into()),
        Value::Array(items) => Data::List(items.iter().map(|item| node(item, sealed, span)).collect()),
        Value::Object(map) => {
            let mut out = Map::new();
            for (key, value) in map {
                out.set(key.as_str(), node(value, sealed, span));
            }
            Data::Map(out)
        }
    };
    Node::new(data, span)
}

pub(crate) fn span() -> Span {
    Span::file_start(SourceMap::default().add("wanted", "", SourceKind::Other))
}

/// Opens what [`node`] sealed.
pub(crate) fn open(sealed: &Sealed) -> Result<Zeroizing<String>, String> {
    match sealed {
        Sealed::Text(text) => Ok(Zeroizing::new(text.to_string())),
        _ => Err("not a text".to_owned()),
    }
}

pub(crate) fn schema<'a>(custom: &'a Schemas, kind: &Kind) -> SchemaRef<'a> {
    let (group, version) = kind.api_version.split_once('/').unwrap_or(("", kind.api_version));
    let built_in = Schemas::builtin("1.37").unwrap().kind(group, version, kind.kind);
    built_in.or_else(|| custom.kind(group, version, kind.kind)).unwrap().root()
}

/// An object without what every write moves, its entries in an order that doesn't depend on times.
fn settled(object: &Value) -> Value {
    let mut object = object.clone();
    let metadata = object["metadata"].as_object_mut().unwrap();
    metadata.shift_remove("resourceVersion");
    let mut entries = metadata.shift_remove("managedFields").and_then(|entries| entries.as_array().cloned()).unwrap_or_default();
    for entry in &mut entries {
        entry.as_object_mut().unwrap().shift_remove("time");
    }
    entries.sort_by_key(|entry| ["manager", "operation", "subresource", "apiVersion"].map(|key| entry[key].to_string()));
    metadata.insert("managedFields".to_owned(), entries.into());
    object
}

#[derive(Default)]
struct Counts {
    trials: usize,
    unchanged: usize,
    proven: usize,
    proven_without_schema: usize,
    kinds: BTreeMap<&'static str, (usize, usize, usize)>,
    edits: BTreeMap<&'static str, usize>,
    unproven: BTreeMap<String, usize>,
    classes: BTreeMap<&'static str, usize>,
    wrong: Vec<String>,
    samples: Vec<String>,
    not_made: usize,
    why_not_made: BTreeMap<String, usize>,
}

pub(crate) fn namespace(name: &str) {
    let body = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name } });
    cluster().send("POST", "/api/v1/namespaces", "application/json", &body.to_string()).unwrap();
    // no controller makes it here
    let account = json!({ "apiVersion": "v1", "kind": "ServiceAccount", "metadata": { "name": "default" } });
    cluster()
        .send("POST", &format!("/api/v1/namespaces/{name}/serviceaccounts"), "application/json", &account.to_string())
        .unwrap();
}

/// The two custom kinds, made known to the server once.
pub(crate) fn custom() -> &'static Schemas {
    static MADE: std::sync::OnceLock<Schemas> = std::sync::OnceLock::new();
    MADE.get_or_init(custom_resources)
}

fn custom_resources() -> Schemas {
    let crds = crds();
    for crd in &crds {
        cluster()
            .send("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", "application/json", &crd.to_string())
            .unwrap();
        let path = format!("/apis/proof.example/v1/{}", crd["spec"]["names"]["plural"].as_str().unwrap());
        let served = || cluster().send("GET", &path, "application/json", "").is_ok();
        assert!(
            (0..400).any(|_| served() || {
                std::thread::sleep(std::time::Duration::from_millis(25));
                false
            }),
            "it isn't served in time"
        );
    }
    custom_kinds(&crds)
}

#[test]
fn r9_what_is_proven_is_unchanged() {
    let trials = crate::harness::size(5_000, 50_000);
    let custom = custom();
    // quotas stand alone: without a controller an admission plugin would refuse what they count
    namespace("r9");
    namespace("r9-quotas");
    let total = Mutex::new(Counts::default());
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let total = &total;
            scope.spawn(move || worker(thread, trials / THREADS, custom, total));
        }
    });
    let counts = total.into_inner().unwrap();
    report(&counts);
    assert!(counts.wrong.is_empty(), "{} false proofs, the first: {}", counts.wrong.len(), counts.wrong[0]);
    assert!(counts.trials >= trials);
    assert_eq!(counts.kinds.len(), 25);
    assert!(
        counts.kinds.values().all(|(trials, ..)| *trials * 100 >= counts.trials),
        "each kind has its share: {:?}",
        counts.kinds
    );
    assert!(counts.unchanged * 100 >= counts.trials * 25 && counts.unchanged * 100 <= counts.trials * 75);
    assert!(
        counts.edits.len() == EDITS.len() && counts.edits.values().all(|done| *done * 500 >= counts.trials),
        "{:?}",
        counts.edits
    );
    assert!(
        counts.proven * 1000 >= counts.unchanged * 990,
        "of {} unchanged ones {} were proven",
        counts.unchanged,
        counts.proven
    );
}

fn worker(thread: usize, trials: usize, custom: &Schemas, total: &Mutex<Counts>) {
    let mut random = Random::new(SEED + thread as u64);
    let mut counts = Counts::default();
    for number in 0.. {
        if counts.trials >= trials {
            break;
        }
        let kind = &KINDS[number % KINDS.len()];
        let namespace = if kind.kind == "ResourceQuota" { "r9-quotas" } else { "r9" };
        let name = format!("r9-{thread}-{number}");
        let wanted = kind.object(&mut random, namespace, &name);
        let mut subject = Subject { kind, namespace, name, refused: 0 };
        match subject.apply(&wanted, MANAGER, true, false) {
            Ok(live) => rounds(&mut random, &mut subject, &wanted, live, custom, &mut counts),
            Err(why) => {
                counts.not_made += 1;
                *counts
                    .why_not_made
                    .entry(format!("{}: {}", kind.kind, why.chars().take(160).collect::<String>()))
                    .or_default() += 1;
            }
        }
    }
    let mut total = total.lock().unwrap();
    total.add(counts);
}

fn rounds(random: &mut Random, subject: &mut Subject<'_>, first: &Value, mut live: Value, custom: &Schemas, counts: &mut Counts) {
    let wanted = first.clone();
    for round in 0..ROUNDS {
        let mut done = Vec::new();
        if round > 0 {
            for _ in 0..=random.below(2) {
                let (name, edit) = random.pick(EDITS);
                if edit(random, subject, &wanted, &live) {
                    *counts.edits.entry(name).or_default() += 1;
                }
                done.push(*name);
                live = subject.get();
            }
        }
        let next = vary(random, &wanted, &live);
        trial(subject, &next, &live, custom, counts, &done);
        if random.one_in(2) && subject.apply(&wanted, MANAGER, true, false).is_ok() {
            live = subject.get();
        }
        if live["metadata"].get("deletionTimestamp").is_some() {
            break;
        }
    }
}

fn trial(subject: &mut Subject<'_>, wanted: &Value, live: &Value, custom: &Schemas, counts: &mut Counts, done: &[&str]) {
    let answer = subject.apply(wanted, MANAGER, false, true);
    let unchanged = answer.as_ref().is_ok_and(|after| settled(after) == settled(live));
    let kind = subject.kind;
    let tree = node(wanted, false, span());
    let sealed = node(wanted, true, span());
    let root = if kind.kind == "Secret" && counts.trials.is_multiple_of(2) { secret_tree(&tree, &sealed) } else { tree };
    let json = live.to_string();
    let stored = Stored::read(json.as_bytes()).unwrap();
    let with = prove(Wanted { root: &root, reveal: &open, schema: Some(schema(custom, kind)) }, &stored, MANAGER);
    let without = prove(Wanted { root: &root, reveal: &open, schema: None }, &stored, MANAGER);
    counts.trials += 1;
    let row = counts.kinds.entry(kind.kind).or_default();
    row.0 += 1;
    row.1 += usize::from(unchanged);
    row.2 += usize::from(unchanged && with == Proof::Unchanged);
    counts.unchanged += usize::from(unchanged);
    for (proof, how) in [(&with, "with"), (&without, "without")] {
        if *proof == Proof::Unchanged && !unchanged {
            let after = answer.as_ref().map_or_else(Clone::clone, |after| settled(after).to_string());
            counts.wrong.push(format!(
                "{} {how} a schema, after {done:?}\nwanted {wanted}\nlive {}\nafter {after}",
                kind.kind,
                settled(live)
            ));
        }
    }
    counts.proven_without_schema += usize::from(unchanged && without == Proof::Unchanged);
    match with {
        Proof::Unchanged => counts.proven += usize::from(unchanged),
        Proof::Unproven(why) => {
            *counts.classes.entry(why.class()).or_default() += 1;
            if unchanged {
                *counts.unproven.entry(format!("{}: {why}", kind.kind)).or_default() += 1;
                if counts.samples.len() < 3 {
                    counts.samples.push(format!("{why} after {done:?}\nwanted {wanted}\nlive {}", settled(live)));
                }
            }
        }
    }
}

/// A Secret whose values are sealed.
fn secret_tree(tree: &Node, sealed: &Node) -> Node {
    let mut out = tree.clone();
    if let (Some(map), Some(data)) = (out.as_map_mut(), sealed.get("data")) {
        map.set("data", data.clone());
    }
    out
}

impl Counts {
    fn add(&mut self, other: Self) {
        self.trials += other.trials;
        self.unchanged += other.unchanged;
        self.proven += other.proven;
        self.proven_without_schema += other.proven_without_schema;
        self.not_made += other.not_made;
        for (kind, (trials, unchanged, proven)) in other.kinds {
            let row = self.kinds.entry(kind).or_default();
            *row = (row.0 + trials, row.1 + unchanged, row.2 + proven);
        }
        let sum = |to: &mut BTreeMap<String, usize>, from: BTreeMap<String, usize>| {
            for (key, count) in from {
                *to.entry(key).or_default() += count;
            }
        };
        sum(&mut self.unproven, other.unproven);
        sum(&mut self.why_not_made, other.why_not_made);
        for (to, from) in [(&mut self.edits, other.edits), (&mut self.classes, other.classes)] {
            for (key, count) in from {
                *to.entry(key).or_default() += count;
            }
        }
        self.wrong.extend(other.wrong);
        self.samples.extend(other.samples);
    }
}

fn report(counts: &Counts) {
    // in hundredths, cut
    let percent = |part: usize, whole: usize| {
        let hundredths = part * 10_000 / whole.max(1);
        format!("{}.{:02}", hundredths / 100, hundredths % 100)
    };
    println!(
        "R9: seed {SEED:#x}: {} trials of {} kinds, {} unchanged, {} of them proven ({} %; {} % without a schema), {} false",
        counts.trials,
        counts.kinds.len(),
        counts.unchanged,
        counts.proven,
        percent(counts.proven, counts.unchanged),
        percent(counts.proven_without_schema, counts.unchanged),
        counts.wrong.len(),
    );
    println!("R9: edits that the server took: {:?}", counts.edits);
    println!("R9: why unproven, changed or not: {:?}", counts.classes);
    println!("R9: a kind's trials, unchanged, proven: {:?}", counts.kinds);
    println!("R9: objects that the server refused: {}", counts.not_made);
    let mut unproven: Vec<_> = counts.unproven.iter().collect();
    unproven.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    for (why, count) in unproven.iter().take(25) {
        println!("R9: unchanged, but not proven: {count} × {why}");
    }
    if std::env::var_os("R9_SAMPLES").is_some() {
        counts.why_not_made.iter().for_each(|(why, count)| println!("R9: refused: {count} × {why}"));
        counts.samples.iter().for_each(|sample| println!("R9: sample: {sample}"));
        counts.wrong.iter().take(12).for_each(|wrong| println!("R9: FALSE: {wrong}"));
    }
}
