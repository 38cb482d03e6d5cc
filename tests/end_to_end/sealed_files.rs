//! Sealed files that don't open, and identities that aren't there.

use crate::harness::process::Sandbox;

const DEMO: [&str; 2] = ["--identity", "environments/dev.demo-identity"];
const GET: [&str; 4] = ["secrets", "get", "dev", "huggingface.token"];

fn get(sandbox: &Sandbox) -> crate::harness::process::Run {
    sandbox.plimsoll_revealing(&[&GET[..], &DEMO].concat())
}

#[test]
fn for_other_recipients() {
    let sandbox = Sandbox::reference();
    let run = sandbox.plimsoll(&["secrets", "get", "prod", "huggingface.token", DEMO[0], DEMO[1]]).exits(3);
    assert!(run.err().contains("no-identity"), "{}", run.err());
}

#[test]
fn truncated() {
    let sandbox = Sandbox::reference();
    let whole = sandbox.read("environments/dev.secrets.age");
    sandbox.write("environments/dev.secrets.age", &whole[..whole.len() / 2]);
    let run = get(&sandbox).exits(2);
    assert!(run.err().contains("sealed-corrupt") || run.err().contains("index-stale"), "{}", run.err());
    // Nothing is opened without need: the check that needs no key says that the index is stale.
    let run = sandbox.plimsoll(&["check", "dev"]).exits(2);
    assert!(run.err().contains("index-stale"), "{}", run.err());
}

#[test]
fn with_a_flipped_byte() {
    let sandbox = Sandbox::reference();
    let mut bytes = sandbox.read("environments/dev.secrets.age");
    let at = bytes.len() / 2;
    bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
    sandbox.write("environments/dev.secrets.age", bytes);
    let run = get(&sandbox).exits(2);
    assert!(run.err().contains("sealed-corrupt") || run.err().contains("index-stale"), "{}", run.err());
}

#[test]
fn with_an_index_that_does_not_fit() {
    let sandbox = Sandbox::reference();
    let index = sandbox.read("environments/staging.secrets.index.toml");
    sandbox.write("environments/dev.secrets.index.toml", index);
    let run = sandbox.plimsoll(&["check", "dev"]).exits(2);
    assert!(run.err().contains("index-stale"), "{}", run.err());
}

#[test]
fn without_an_identity() {
    let sandbox = Sandbox::reference();
    for command in [&GET[..], &["render", "dev", "--reveal"], &["check", "dev", "--open"]] {
        let run = sandbox.plimsoll(command).exits(3);
        assert!(run.err().contains("no-identity"), "{}", run.err());
    }
    // What needs no key works without one.
    for command in [&["render", "dev"][..], &["check", "dev"], &["render", "prod"], &["secrets", "list", "prod"]] {
        sandbox.plimsoll(command).exits(0);
    }
}
