//! Revisions that aren't there.

use crate::harness::process::Sandbox;

#[test]
fn unborn_branch() {
    let sandbox = Sandbox::reference();
    sandbox.git(&["init", "-q"]).exits(0);
    let run = sandbox.plimsoll(&["diff", "dev", "--against", "git:HEAD"]).exits(2);
    assert!(run.said().contains("git-unborn-branch"), "{}", run.said());
}

#[test]
fn revision_that_does_not_exist() {
    let sandbox = Sandbox::reference();
    sandbox.git(&["init", "-q"]).exits(0);
    sandbox.git(&["add", "-A"]).exits(0);
    sandbox.git(&["commit", "-qm", "first"]).exits(0);
    let run = sandbox.plimsoll(&["diff", "dev", "--against", "git:no-such-tag"]).exits(2);
    assert!(run.said().contains("git-revision-not-found"), "{}", run.said());
    let run = sandbox.plimsoll(&["review", "--base", "no-such-tag"]).exits(2);
    assert!(run.said().contains("git-revision-not-found"), "{}", run.said());
    sandbox.plimsoll(&["diff", "dev", "--against", "git:HEAD"]).exits(0);
}

#[test]
fn shallow_clone() {
    let sandbox = Sandbox::reference();
    sandbox.git(&["init", "-q"]).exits(0);
    sandbox.git(&["add", "-A"]).exits(0);
    sandbox.git(&["commit", "-qm", "first"]).exits(0);
    sandbox.git(&["commit", "-qm", "second", "--allow-empty"]).exits(0);
    let from = format!("file://{}", sandbox.repo().display());
    sandbox.git(&["clone", "-q", "--depth", "1", &from, "shallow"]).exits(0);
    let run = sandbox.plimsoll_in("shallow", &["diff", "dev", "--against", "git:HEAD~1"]).exits(2);
    assert!(run.said().contains("git-shallow-clone"), "{}", run.said());
}

#[test]
fn not_a_repository() {
    let sandbox = Sandbox::reference();
    let run = sandbox.plimsoll(&["diff", "dev", "--against", "git:HEAD"]).exits(2);
    assert!(run.said().contains("not-a-git-repository"), "{}", run.said());
}
