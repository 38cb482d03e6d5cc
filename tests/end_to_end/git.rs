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

#[test]
fn a_file_that_nothing_reads_touches_nothing() {
    let sandbox = Sandbox::new();
    let environment = "[target]\nnamespace = \"demo\"\nbundles = [\"app\"]\nkubernetes = \"1.37\"\n";
    let manifest = |name: &str| format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\ndata:\n  a: b\n");
    sandbox.write("environments/dev.toml", environment);
    sandbox.write("templates/app/a.yaml", manifest("a"));
    sandbox.git(&["init", "-q"]).exits(0);
    sandbox.git(&["add", "-A"]).exits(0);
    sandbox.git(&["commit", "-qm", "first"]).exits(0);
    sandbox.write("templates/app/NOTES.md", "notes");
    sandbox.write("environments/NOTES.md", "notes");
    sandbox.write("environments/other.toml", environment.replace("app", "none"));
    let run = sandbox.plimsoll(&["affected", "--since", "HEAD", "--format", "json"]);
    assert!(!run.out().contains("\"dev\"") || run.out().contains("\"untouched\""), "{}", run.said());
    let run = sandbox.plimsoll(&["affected", "--since", "HEAD"]);
    assert!(!run.out().lines().any(|line| line.starts_with("dev")), "{}", run.said());
    sandbox.write("templates/app/b.yaml", manifest("b"));
    let run = sandbox.plimsoll(&["affected", "--since", "HEAD"]);
    assert!(run.out().lines().any(|line| line.starts_with("dev")), "{}", run.said());
    let run = sandbox.plimsoll(&["review", "--base", "HEAD"]);
    assert!(run.out().contains("because of templates/app/b.yaml"), "{}", run.said());
}
