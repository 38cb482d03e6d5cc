//! R15: whatever a seed says goes wrong, in one of twenty requests.

use super::work_off;
use crate::harness::size;
use crate::proxy::{Class, Fault, When};

const FAULTY: f64 = 0.05;

#[test]
fn r15_seeds() {
    let runs = size(50, 1000);
    let seeds: Vec<u64> = (1..=runs as u64).collect();
    let tally = work_off("R15", seeds, |lane, seed, _| {
        let proxy = &lane.stack.proxy;
        proxy.seed(*seed, FAULTY);
        // What only a few requests can suffer would be left to chance: some runs have one of it besides.
        match seed % 9 {
            0 => proxy.inject(Fault::Gone, When::of(Class::Watch, 1)),
            3 => proxy.inject(Fault::WatchEnd, When::of(Class::Watch, 1)),
            6 => proxy.inject(Fault::StaleList, When::of(Class::List, 1 + usize::try_from(*seed).expect("small") % 10)),
            _ => {}
        }
    });
    tally.settle("from a seed, 5 % of requests", tally.faults());
    assert!(tally.faults() >= runs * 3, "R15: only {} faults in {runs} runs", tally.faults());
    let missing: Vec<Fault> = Fault::ALL.into_iter().filter(|fault| !tally.injected.contains_key(fault)).collect();
    assert!(missing.is_empty(), "R15: these faults never happened: {missing:?}");
}
