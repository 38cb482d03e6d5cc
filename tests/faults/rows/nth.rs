//! R13: each of the faults at the Nth request of an apply, for N all over it.

use super::work_off;
use crate::harness::size;
use crate::proxy::{Class, Fault, Request, When};

/// One run: a fault, and where it strikes.
#[derive(Debug)]
struct Job {
    fault: Fault,
    when: When,
}

/// Persistent is one in so many.
const PERSISTENT: usize = 6;

#[test]
fn r13_the_nth_request() {
    let jobs = jobs(&calm(), size(150, 1560));
    let planned = jobs.len();
    let tally = work_off("R13", jobs, |lane, job, _| lane.stack.proxy.inject(job.fault, job.when.clone()));
    tally.settle("one of 13 faults at the Nth request, once or from there on", tally.faults());
    assert!(tally.hit * 10 >= planned * 9, "R13: a fault happened in only {} of {planned} runs", tally.hit);
    for fault in Fault::ALL {
        let count = tally.injected.get(&fault).copied().unwrap_or_default();
        assert!(count * 26 >= planned, "R13: {fault:?} happened only {count} times in {planned} runs");
    }
}

/// The requests of an apply in which nothing goes wrong.
fn calm() -> Vec<Request> {
    let mut lane = super::lane::Lane::new("R13");
    let case = lane.case(|_, _| {});
    assert!(case.wrong.is_empty() && case.code == Some(0), "without faults: {}", case.wrong.join("\n"));
    let count = |class: Class| case.requests.iter().filter(|request| request.class == class).count();
    let counts =
        [Class::Discovery, Class::List, Class::Get, Class::Watch, Class::DryRun, Class::Write].map(|class| (class, count(class)));
    println!("R13: an apply in which nothing goes wrong makes {} requests: {counts:?}", case.requests.len());
    assert!(count(Class::Watch) > 0 && case.deletes > 0 && case.requests.len() >= 40, "{counts:?}");
    case.requests
}

/// Faults in turn; the places of each spread over the requests that can suffer it.
fn jobs(requests: &[Request], runs: usize) -> Vec<Job> {
    let each = runs.div_ceil(Fault::ALL.len());
    let job = |run: usize| {
        let (fault, turn) = (Fault::ALL[run % Fault::ALL.len()], run / Fault::ALL.len());
        let class = class(fault, turn);
        let suitable = requests.iter().filter(|request| class.is_none_or(|class| request.class == class)).count().max(1);
        let nth = 1 + turn * suitable / each;
        let when = class.map_or_else(|| When::request(nth), |class| When::of(class, nth));
        let when = if turn % PERSISTENT == PERSISTENT - 1 { when.onwards() } else { when };
        Job { fault, when }
    };
    (0..runs).map(job).collect()
}

/// Where only some requests can suffer a fault, those are counted.
fn class(fault: Fault, turn: usize) -> Option<Class> {
    match fault {
        Fault::Conflict if turn.is_multiple_of(4) => Some(Class::DryRun),
        Fault::Conflict => Some(Class::Write),
        Fault::StaleList => Some(Class::List),
        Fault::Gone | Fault::WatchEnd => Some(Class::Watch),
        _ => None,
    }
}
