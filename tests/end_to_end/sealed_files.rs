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
    assert!(run.said().contains("sealed-for-others"), "{}", run.said());
}

#[test]
fn truncated() {
    let sandbox = Sandbox::reference();
    let whole = sandbox.read("environments/dev.secrets.age");
    sandbox.write("environments/dev.secrets.age", &whole[..whole.len() / 2]);
    let run = get(&sandbox).exits(2);
    assert!(run.said().contains("sealed-corrupt") || run.said().contains("index-stale"), "{}", run.said());
    // Nothing is opened without need: the check that needs no key says that the index is stale.
    let run = sandbox.plimsoll(&["check", "dev"]).exits(2);
    assert!(run.said().contains("index-stale"), "{}", run.said());
}

#[test]
fn with_a_flipped_byte() {
    let sandbox = Sandbox::reference();
    let mut bytes = sandbox.read("environments/dev.secrets.age");
    let at = bytes.len() / 2;
    bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
    sandbox.write("environments/dev.secrets.age", bytes);
    let run = get(&sandbox).exits(2);
    assert!(run.said().contains("sealed-corrupt") || run.said().contains("index-stale"), "{}", run.said());
}

#[test]
fn with_an_index_that_does_not_fit() {
    let sandbox = Sandbox::reference();
    let old = sandbox.read("environments/dev.secrets.index.toml");
    let set = ["secrets", "set", "dev", "registry.username", DEMO[0], DEMO[1]];
    sandbox.plimsoll_with(&set, b"someone else").exits(0);
    sandbox.write("environments/dev.secrets.index.toml", old);
    let run = sandbox.plimsoll(&["check", "dev"]).exits(2);
    assert!(run.said().contains("index-stale"), "{}", run.said());
    sandbox.plimsoll(&["secrets", "reindex", "dev", DEMO[0], DEMO[1]]).exits(0);
    sandbox.plimsoll(&["check", "dev"]).exits(0);
    let index = sandbox.read("environments/staging.secrets.index.toml");
    sandbox.write("environments/dev.secrets.index.toml", index);
    let run = sandbox.plimsoll(&["check", "dev"]).exits(2);
    assert!(run.said().contains("index-invalid"), "{}", run.said());
}

#[test]
fn without_an_identity() {
    let sandbox = Sandbox::reference();
    for command in [&GET[..], &["render", "dev", "--reveal"], &["check", "dev", "--open"]] {
        let run = sandbox.plimsoll(command).exits(3);
        assert!(run.said().contains("no-identity"), "{}", run.said());
    }
    // What needs no key works without one.
    for command in [&["render", "dev"][..], &["check", "dev"], &["render", "prod"], &["secrets", "list", "prod"]] {
        sandbox.plimsoll(command).exits(0);
    }
}

#[test]
fn rendered_open_and_compared() {
    let sandbox = Sandbox::reference();
    let token = get(&sandbox).exits(0).out();
    let opened = sandbox.plimsoll_revealing(&["render", "dev", "--reveal", DEMO[0], DEMO[1]]).exits(0).stdout;
    let sandbox = Sandbox::reference().plant(token.trim());
    // The sandbox searches what the runs write, not what the test does: the folder stands outside.
    let folder = tempfile::tempdir().unwrap();
    write_outside(&folder.path().join("a.yaml"), &opened);
    let against = format!("dir:{}", folder.path().display());
    for format in ["text", "json", "markdown"] {
        let run = sandbox.plimsoll(&["diff", "dev", "--against", &against, "--format", format]).exits(1);
        assert!(run.out().contains("unknown value"), "{}", run.said());
    }
}

#[expect(clippy::disallowed_methods, reason = "a file outside the sandbox")]
fn write_outside(path: &std::path::Path, bytes: &[u8]) {
    std::fs::write(path, bytes).unwrap();
}

#[test]
fn secrets_in_the_open_are_named_not_shown() {
    const KEY: &str = "AGE-SECRET-KEY-1QYQSZQGPQYQSZQGPQYQSZQGPQYQSZQGPQYQSZQGPQYQSZQGPQYQS3290GQ";
    let sandbox = Sandbox::new();
    let environment = format!(
        "[target]\nnamespace = \"demo\"\nbundles = [\"app\"]\nkubernetes = \"1.37\"\n[values]\nkey = \"{KEY}\"\npassword = \"br0wn-horse\"\n"
    );
    sandbox.write("environments/dev.toml", environment);
    let secret = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: s\nstringData:\n  one: {{ values.password }}\n  two: pl41n-literal\n  three: {{ values.key }}\n";
    sandbox.write("templates/app/s.yaml", secret);
    for format in ["text", "json", "sarif", "github", "junit"] {
        let run = sandbox.plimsoll(&["check", "dev", "--format", format]);
        let said = run.said();
        assert!(said.contains("identity-in-git") && said.contains("plaintext-secret"), "{said}");
        for value in ["SECRET-KEY-1QYQ", "br0wn", "pl41n"] {
            assert!(!said.contains(value), "{format}: {said}");
        }
    }
}

#[test]
fn edited_when_told_to_end() {
    for (signal, code) in [("TERM", 130), ("HUP", 130), ("INT", 0)] {
        let mut sandbox = Sandbox::reference();
        let before = sandbox.read("environments/dev.secrets.age");
        let seen = sandbox.path().join("seen");
        sandbox.set("EDITOR", format!("dirname \"$1\" > {}; kill -{signal} $PPID; true", seen.display()));
        sandbox.plimsoll_revealing(&["secrets", "edit", "dev", "--trust-editor", DEMO[0], DEMO[1]]).exits(code);
        let folder = String::from_utf8(sandbox.read("../seen")).expect("a path");
        assert!(folder.contains("plimsoll-") && !sandbox.exists(folder.trim()), "{folder}");
        assert_eq!(sandbox.read("environments/dev.secrets.age"), before);
    }
}
