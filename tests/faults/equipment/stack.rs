//! All of it together, as a fault test begins.

use crate::bundle::ENVIRONMENT;
use crate::harness::child::{Program, Victim};
use crate::stack::Stack;

#[test]
fn a_stack_is_ready_to_be_applied() {
    let stack = Stack::new("stack");
    stack.bundle.plimsoll(&["check", ENVIRONMENT]).exits(0);
    let report = stack.observe(&["default"]).finish();
    let own = |name: &str| name.contains(&stack.namespace);
    assert!(report.before.objects().all(|(place, _)| !own(&place.name) && !own(&place.namespace)), "nothing is applied yet");
    assert_eq!(stack.laws_broken(&report, |place| place.namespace == "default"), Vec::<String>::new());
}

#[test]
fn a_victim_is_ended_by_its_process_id() {
    let victim = Victim::default();
    let killer = victim.clone();
    let hook = std::thread::spawn(move || killer.signal("KILL"));
    let run = Program::new("sh").args(["-c", "while :; do sleep 1; done"]).victim(&victim).run();
    hook.join().expect("it was there to be ended");
    assert_eq!(run.code, None, "a killed process has no exit code");
}
