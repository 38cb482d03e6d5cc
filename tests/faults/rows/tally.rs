//! What the cases of a row add up to.

use std::collections::BTreeMap;
use std::fmt::Debug;

use super::lane::Case;
use crate::proxy::Fault;

/// The sum of a row's cases.
pub(super) struct Tally {
    row: &'static str,
    pub(super) runs: usize,
    /// Runs in which something went wrong.
    pub(super) hit: usize,
    pub(super) killed: usize,
    requests: usize,
    pub(super) injected: BTreeMap<Fault, usize>,
    codes: BTreeMap<String, usize>,
    events: usize,
    deletes: usize,
    failures: Vec<String>,
}

impl Tally {
    pub(super) fn new(row: &'static str) -> Self {
        Self {
            row,
            runs: 0,
            hit: 0,
            killed: 0,
            requests: 0,
            injected: BTreeMap::new(),
            codes: BTreeMap::new(),
            events: 0,
            deletes: 0,
            failures: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, job: &impl Debug, case: Case) {
        self.runs += 1;
        self.hit += usize::from(!case.injected.is_empty());
        self.killed += usize::from(case.code.is_none());
        self.requests += case.requests.len();
        for (fault, count) in case.injected {
            *self.injected.entry(fault).or_default() += count;
        }
        *self.codes.entry(case.code.map_or_else(|| "killed".to_owned(), |code| code.to_string())).or_default() += 1;
        self.events += case.events;
        self.deletes += case.deletes;
        if !case.wrong.is_empty() {
            self.failures.push(format!("{job:?}:\n  {}", case.wrong.join("\n  ")));
        }
    }

    /// Runs that ended well.
    pub(super) fn whole(&self) -> usize {
        self.codes.get("0").copied().unwrap_or_default()
    }

    /// All faults that really happened.
    pub(super) fn faults(&self) -> usize {
        self.injected.values().sum()
    }

    /// Prints the row's counts and its lines of the table of faults, then panics if a case failed.
    #[track_caller]
    pub(super) fn settle(&self, what: &str, faults: usize) {
        let Self { row, runs, requests, events, deletes, .. } = self;
        let failed = self.failures.len();
        println!("{row}: {runs} runs, {faults} faults in {requests} requests, {failed} failed");
        println!("{row}: faults {:?}", self.injected);
        println!("{row}: exit codes {:?}", self.codes);
        println!("{row}: R16, R17, R18 after each of {events} events; {deletes} deletes, each with a UID");
        println!("| {row} | {what} | {runs} | {faults} | {failed} failed; R16 to R18 held at {events} events |");
        assert!(failed == 0, "{row}: {failed} of {runs} runs failed:\n{}", self.failures.join("\n"));
    }
}
