//! R14: an apply is killed before and after each of its requests, or told to stop; a plain re-run converges.

use super::work_off;
use crate::harness::size;
use crate::proxy::{Next, When};

/// Where a run ends.
#[derive(Debug)]
struct Job {
    nth: usize,
    end: End,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// The API server never hears of the request.
    Before,
    /// The API server has done it, and plimsoll doesn't hear of it.
    After,
    /// SIGINT; the request goes on.
    Interrupt,
}

/// How many requests of an apply are ends; it has some more.
const REQUESTS: usize = 68;

#[test]
fn r14_kills() {
    let runs = size(120, 780);
    let jobs: Vec<Job> = (0..runs)
        .map(|run| {
            let end = match run % 10 {
                9 => End::Interrupt,
                odd if odd % 2 == 1 => End::After,
                _ => End::Before,
            };
            Job { nth: 1 + run * REQUESTS / runs, end }
        })
        .collect();
    let interrupts = jobs.iter().filter(|job| job.end == End::Interrupt).count();
    let tally = work_off("R14", jobs, |lane, job, victim| {
        let victim = victim.clone();
        let (when, end) = (When::request(job.nth), job.end);
        if end == End::After {
            lane.stack.proxy.after(when, move |_| victim.signal("KILL"));
        } else {
            lane.stack.proxy.before(when, move |_| {
                victim.signal(if end == End::Before { "KILL" } else { "INT" });
                if end == End::Before { Next::Drop } else { Next::Forward }
            });
        }
    });
    // A SIGINT before anything could be written ends plimsoll as it ends any program.
    println!("R14: {} ended by a signal; {interrupts} of {runs} were told to stop, the others killed", tally.killed);
    let struck = runs - tally.whole();
    tally.settle("SIGKILL before and after each request, SIGINT at some", struck);
    assert!(struck * 10 >= runs * 9, "R14: only {struck} of {runs} runs were cut short");
}
