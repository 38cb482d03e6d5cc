//! Random statuses of every kind that kstatus has a rule for, judged by both.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use plimsoll::status;
use serde::Deserialize;
use serde_json::Value;

use crate::harness::child::Program;
use crate::kinds::{Kind, kinds};
use crate::mutate::mutated;
use crate::random::Random;

/// How many statuses are made of each kind; all are the same at each run.
const PER_KIND: usize = 400;

/// Objects are made long before or long after this, so that both sides, each by its own clock, see the same.
const NOW: &str = "2026-11-25T12:00:00Z";

#[derive(Deserialize)]
struct Verdict {
    status: String,
    reason: String,
    message: String,
}

#[test]
fn kstatus_gives_the_same_status() {
    let mut random = Random::new(0x5747_5553);
    let mut differ = Vec::new();
    let mut unreached = Vec::new();
    let mut total = 0;
    for kind in kinds() {
        let objects: Vec<Value> = (0..PER_KIND).map(|_| mutated(&kind, &mut random)).collect();
        let verdicts = kstatus(&objects);
        assert_eq!(objects.len(), verdicts.len(), "{}: one verdict an object", kind.name());
        total += objects.len();
        for (object, verdict) in objects.iter().zip(&verdicts) {
            differ.extend(difference(object, verdict));
        }
        unreached.extend(missing(&kind, &verdicts));
    }
    println!("kstatus: {total} statuses, {} differ", differ.len());
    assert!(total >= 300, "too few statuses to say anything: {total}");
    assert!(differ.is_empty(), "{}", differ.join("\n"));
    assert!(unreached.is_empty(), "the comparison says nothing about these: {unreached:#?}");
}

/// Where the two disagree about the state or its reason; the messages are each side's own.
fn difference(object: &Value, verdict: &Verdict) -> Option<String> {
    let ours = status::of(object, NOW.parse().unwrap());
    let reason = ours.reason.as_deref().unwrap_or_default();
    let same = ours.state.name() == verdict.status && reason == verdict.reason;
    let theirs = (&verdict.status, &verdict.reason, &verdict.message);
    (!same).then(|| format!("{object}\n  ours: {} {reason:?} {:?}\n  kstatus: {theirs:?}", ours.state.name(), ours.message))
}

/// Prints how often kstatus gave each status, and names the statuses and reasons of the kind's rule that were hardly ever reached.
fn missing(kind: &Kind, verdicts: &[Verdict]) -> Vec<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for verdict in verdicts {
        *counts.entry(&verdict.status).or_default() += 1;
    }
    let shown: Vec<String> = counts.iter().map(|(status, count)| format!("{status} {count}")).collect();
    println!("kstatus: {}: {} statuses: {}", kind.name(), verdicts.len(), shown.join(", "));
    let reasons: BTreeSet<&str> = verdicts.iter().map(|verdict| verdict.reason.as_str()).collect();
    let statuses = ["Current", "InProgress", "Failed", "Terminating", "Unknown"]
        .iter()
        .filter(|status| counts.get(**status).is_none_or(|count| *count < 3));
    let reasons = kind.reasons.iter().filter(|reason| !reasons.contains(*reason));
    statuses.chain(reasons).map(|what| format!("{}: {what}", kind.name())).collect()
}

fn kstatus(objects: &[Value]) -> Vec<Verdict> {
    let peers = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cluster/peers");
    let program = Program::new(peers).args(["kstatus"]).run().exits(0).out();
    let run = Program::new(program.trim()).input(serde_json::to_vec(objects).unwrap()).run().exits(0);
    serde_json::from_slice(&run.stdout).unwrap()
}
