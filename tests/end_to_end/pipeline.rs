//! The GitHub stage's own script, with the host's variables set. The stages that need a cluster are in `tests/cluster`.

use crate::harness::github::{host, stage, told};
use crate::harness::process::Sandbox;

/// A repository with a branch that changes one value, as a runner checks it out.
fn checkout() -> Sandbox {
    let mut sandbox = Sandbox::reference();
    sandbox.git(&["init", "-q", "-b", "main"]).exits(0);
    sandbox.git(&["add", "-A"]).exits(0);
    sandbox.git(&["commit", "-qm", "first"]).exits(0);
    sandbox.git(&["update-ref", "refs/remotes/origin/main", "HEAD"]).exits(0);
    host(&mut sandbox);
    sandbox.set("GITHUB_BASE_REF", "main");
    sandbox
}

#[test]
fn check_annotates_the_file() {
    let mut sandbox = checkout();
    stage(&mut sandbox, "check").exits(0);
    sandbox.write("environments/dev.toml", "extends = [\"base\"]\n[target]\nnamespce = \"x\"\n");
    let out = stage(&mut sandbox, "check").exits(2).out();
    assert!(out.contains("::error file=environments/dev.toml,line=3,"), "{out}");
}

#[test]
fn review_says_what_changed_in_the_hosts_way() {
    let mut sandbox = checkout();
    stage(&mut sandbox, "review").exits(0);
    assert_eq!(told(&sandbox).0, "changed=false\nenvironments=\n");
    sandbox.edit("environments/dev.toml", "LOG_LEVEL = \"debug\"", "LOG_LEVEL = \"warn\"");
    stage(&mut sandbox, "review").exits(0);
    let (outputs, summary) = told(&sandbox);
    assert!(outputs.ends_with("changed=true\nenvironments=dev\n"), "{outputs}");
    assert!(summary.contains("LOG_LEVEL") && summary.contains("warn"), "{summary}");
}

#[test]
fn what_is_missing_is_said() {
    let mut sandbox = checkout();
    for (name, what) in
        [("plan", "needs the input 'environment'"), ("", "the input 'stage' is"), ("deploy", "the input 'stage' is")]
    {
        let out = stage(&mut sandbox, name).exits(2).out();
        assert!(out.starts_with("::error title=plimsoll::") && out.contains(what), "{name}: {out}");
    }
}
