//! The scoreboard's rows with faults: R13, R14 and R15, and R16, R17 and R18 at every event of their runs.
//!
//! A lane is a namespace with the repository applied, bystanders and a guest namespace beside it. Each case turns the repository from one
//! version to the other, applies it with something that goes wrong, looks whether what was said is true, applies it again without faults,
//! and wants an empty diff. `PLIMSOLL_LONG=1` makes the runs many.

mod found;
mod kills;
mod lane;
mod nth;
mod seeds;
mod tally;
mod truth;

use std::fmt::Debug;
use std::sync::Mutex;

use crate::harness::child::Victim;
use lane::Lane;
use tally::Tally;

/// How many namespaces are worked in side by side.
const LANES: usize = 4;

/// Works all cases off; `begin` arms what goes wrong in one.
fn work_off<J: Send + Debug>(row: &'static str, jobs: Vec<J>, begin: impl Fn(&Lane, &J, &Victim) + Sync) -> Tally {
    let jobs = Mutex::new(jobs.into_iter());
    let tally = Mutex::new(Tally::new(row));
    std::thread::scope(|scope| {
        for _ in 0..LANES {
            scope.spawn(|| {
                let mut lane = Lane::new(row);
                loop {
                    let Some(job) = jobs.lock().expect("no case panicked").next() else { return };
                    let case = lane.case(|lane, victim| begin(lane, &job, victim));
                    // What one case left broken isn't the next one's fault.
                    if !case.wrong.is_empty() {
                        lane = Lane::new(row);
                    }
                    tally.lock().expect("no case panicked").add(&job, case);
                }
            });
        }
    });
    tally.into_inner().expect("no case panicked")
}
