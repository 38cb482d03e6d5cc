//! R5: no secret outside. Canaries are sealed into the reference stack; then commands × formats × failures run, and after each run
//! both streams, argv, the environment, every file and every git object are searched in eight encodings.

use std::sync::atomic::Ordering;

use crate::harness::canary::Canary;
use crate::harness::child::{RUNS, SEARCHED};
use crate::harness::process::Sandbox;

const FLOOR: usize = 400;
const CANARY: &str = "CANARY-7f3a\"'&<9Zq: #x";
const SECOND: &str = "second-canary-51d0e8c2";

/// The reference stack with the canaries sealed into dev's file, in a git repository with a commit.
fn planted() -> Sandbox {
    let sandbox = Sandbox::reference().plant(CANARY).plant(SECOND);
    for (key, value) in [("huggingface.token", CANARY), ("registry.password", SECOND)] {
        let arguments = ["secrets", "set", "dev", key, "--identity", "environments/dev.demo-identity"];
        sandbox.plimsoll_with(&arguments, value.as_bytes()).exits(0);
    }
    sandbox.git(&["init", "-q"]).exits(0);
    sandbox.git(&["add", "-A"]).exits(0);
    sandbox.git(&["commit", "-qm", "planted"]).exits(0);
    sandbox
}

#[test]
fn no_secret_outside() {
    let before = RUNS.load(Ordering::Relaxed);
    let sandbox = planted();
    let identity = ["--identity", "environments/dev.demo-identity"];
    let commands: Vec<Vec<&str>> = vec![
        vec!["render", "dev"],
        vec!["render", "dev", "--no-check"],
        vec!["render", "dev", "-o", "dir:out"],
        vec!["check", "dev"],
        vec!["check", "dev", "--open"],
        vec!["check", "--all"],
        vec!["explain", "dev", "Secret/huggingface-token", "data.hf_token"],
        vec!["explain", "dev", "Deployment/inference-server", "spec.replicas"],
        vec!["explain", "dev", "Deployment/inference-server", "--env"],
        vec!["explain", "dev", "--unused"],
        vec!["diff", "dev", "--against", "git:HEAD"],
        vec!["diff", "dev", "--against", "env:staging"],
        vec!["review", "--base", "HEAD"],
        vec!["affected", "--since", "HEAD"],
        vec!["secrets", "list", "dev"],
        vec!["secrets", "reindex", "dev"],
        vec!["schema"],
    ];
    let formats: &[&[&str]] =
        &[&[], &["--format", "json"], &["--format", "markdown"], &["--format", "sarif"], &["--format", "github"]];
    // What stands in a file, and what it becomes: each makes another stage fail, or the secrets go where they shouldn't.
    let failures: &[(&str, &str, &str)] = &[
        ("environments/dev.toml", "namespace = \"ai-inference-dev\"", "namespace = \"ai-inference-dev\""),
        ("environments/base.toml", "hf_token = \"huggingface.token\"", "hf_token = \"huggingface.tokens\""),
        ("environments/base.toml", "[namespace]", "[namespaces]"),
        ("templates/inference/deployment.yaml", "replicas: {{", "replicas: {{ secrets.huggingface.token }}{{"),
        ("templates/inference/deployment.yaml", "image: \"", "image: \"{{ secrets.huggingface.token }}"),
        ("templates/inference/deployment.yaml", "kind: Deployment", "kind: {{ secrets.huggingface.token | upper }}"),
    ];
    for (file, from, to) in failures {
        sandbox.edit(file, from, to);
        for command in &commands {
            for format in formats {
                for identities in [&identity[..], &[]] {
                    if is_useless(command, identities) {
                        continue;
                    }
                    let run = sandbox.plimsoll(&[&command[..], format, identities].concat());
                    assert_ne!(run.code, Some(70), "a bug: {}\n{}", run.command, run.err());
                }
            }
        }
        sandbox.edit(file, to, from);
    }
    let runs = RUNS.load(Ordering::Relaxed) - before;
    println!("R5: {runs} runs, {} bytes searched, 0 hits", SEARCHED.load(Ordering::Relaxed));
    assert!(runs >= FLOOR, "R5 is below its floor: {runs} runs");
}

/// Identities change nothing for commands that never open a file: half of those runs are enough.
fn is_useless(command: &[&str], identities: &[&str]) -> bool {
    !identities.is_empty() && matches!(command.first(), Some(&"schema" | &"affected" | &"review"))
}

#[test]
fn revealing_goes_to_stdout_only() {
    let sandbox = planted();
    let run = sandbox.plimsoll_revealing(&["render", "dev", "--reveal", "--identity", "environments/dev.demo-identity"]).exits(0);
    let canary = Canary::new(CANARY);
    assert!(canary.found_in(&run.stdout).is_some(), "--reveal doesn't reveal:\n{}", run.out());
    let run = sandbox.plimsoll_revealing(&[
        "secrets",
        "get",
        "dev",
        "huggingface.token",
        "--identity",
        "environments/dev.demo-identity",
    ]);
    assert_eq!(run.exits(0).out().trim_end(), CANARY);
    sandbox.plimsoll(&["render", "dev", "--reveal", "-o", "dir:out", "--identity", "environments/dev.demo-identity"]).exits(2);
}

/// The search itself: 12 leaks are planted, one at a time, each in another place or encoding, and each must be found.
#[test]
fn planted_leaks_are_found() {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    let bytes = CANARY.as_bytes();
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let percent: String = bytes.iter().map(|byte| format!("%{byte:02X}")).collect();
    let json: String = CANARY.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
    let encodings: Vec<(&str, String)> = vec![
        ("raw", CANARY.to_owned()),
        ("base64", STANDARD.encode(bytes)),
        ("base64 behind one byte", STANDARD.encode([b"x", bytes].concat())),
        ("base64 behind two bytes", STANDARD.encode([b"xy", bytes].concat())),
        ("url-safe base64", URL_SAFE_NO_PAD.encode(bytes)),
        ("base64 of base64", STANDARD.encode(STANDARD.encode(bytes))),
        ("hex", hex.clone()),
        ("upper-case hex", hex.to_uppercase()),
        ("percent", percent),
        ("JSON escapes", json),
        ("a list of bytes", format!("{bytes:?}")),
    ];
    let mut found = 0;
    for (name, leak) in encodings {
        let sandbox = Sandbox::new().plant(CANARY);
        sandbox.write("leak.txt", format!("before {leak} after"));
        let searched = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| sandbox.program("true", &[])));
        assert!(searched.is_err(), "a leak as {name} in a file isn't found");
        found += 1;
    }
    let sandbox = Sandbox::new();
    sandbox.write("note.canary", CANARY);
    sandbox.git(&["init", "-q"]).exits(0);
    sandbox.git(&["add", "-A"]).exits(0);
    let sandbox = sandbox.plant(CANARY);
    let searched = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| sandbox.program("true", &[])));
    assert!(searched.is_err(), "a leak in a git object isn't found");
    found += 1;
    println!("R5: {found} planted leaks, all found");
    assert_eq!(found, 12);
}
