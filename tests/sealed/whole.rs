//! R8: commands that write are killed, or told that the disk is full or broken, at every file call that they make. Afterwards the
//! repository is as before or as it was to become, once the next command that writes has run; and no plaintext is on disk.

use std::path::{Path, PathBuf};

use super::repository::{CANARY, Repository, copy, run, walk};
use crate::harness::child::Program;

const CALLS: [&str; 5] = ["open", "write", "fsync", "rename", "unlink"];
const FAULTS: [&str; 3] = ["kill", "28", "5"]; // SIGKILL, ENOSPC, EIO

/// More calls of a kind than any command makes.
const MOST: usize = 60;

struct Story {
    name: &'static str,
    sealed: &'static str,
    before: &'static [(&'static [&'static str], &'static str)],
    command: &'static [&'static str],
    input: &'static str,
}

const STORIES: [Story; 7] = [
    Story { name: "first set", sealed: "prod.secrets.age", before: &[], command: &["set", "prod", "a.b"], input: CANARY },
    Story {
        name: "set",
        sealed: "prod.secrets.age",
        before: &[(&["set", "prod", "a.b"], "old")],
        command: &["set", "prod", "a.b"],
        input: CANARY,
    },
    Story {
        name: "unset",
        sealed: "prod.secrets.age",
        before: &[(&["set", "prod", "a"], CANARY), (&["set", "prod", "b"], "x")],
        command: &["unset", "prod", "a"],
        input: "",
    },
    Story { name: "first set in a folder", sealed: "prod.secrets", before: &[], command: &["set", "prod", "a.b"], input: CANARY },
    Story {
        name: "set in a folder",
        sealed: "prod.secrets",
        before: &[(&["set", "prod", "a"], "old")],
        command: &["set", "prod", "a"],
        input: CANARY,
    },
    Story {
        name: "unset in a folder",
        sealed: "prod.secrets",
        before: &[(&["set", "prod", "a"], CANARY), (&["set", "prod", "b"], "x")],
        command: &["unset", "prod", "a"],
        input: "",
    },
    Story {
        name: "rekey of a folder",
        sealed: "prod.secrets",
        before: &[(&["set", "prod", "a"], CANARY), (&["set", "prod", "b"], "x")],
        command: &["rekey", "prod"],
        input: "",
    },
];

/// How often something was disturbed, and what came out.
#[derive(Default)]
struct Count {
    old: usize,
    new: usize,
}

#[test]
fn a_write_that_is_disturbed_leaves_old_or_new() {
    let faults = build();
    let counts: Vec<Count> = std::thread::scope(|scope| {
        let running: Vec<_> = STORIES.iter().map(|story| scope.spawn(|| disturb(story, &faults))).collect();
        running.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let (old, new) = counts.iter().fold((0, 0), |(old, new), count| (old + count.old, new + count.new));
    println!("R8: {} faults: {old} times the old state, {new} times the new", old + new);
    assert!(old + new >= 100, "{} faults are below the floor of 100", old + new);
    assert!(old > 0 && new > 0);
}

/// Disturbs every call that the story's command makes, one at a time, in every way.
fn disturb(story: &Story, faults: &Path) -> Count {
    let repository = prepare(story);
    let before = state(&repository);
    let mut count = Count::default();
    for (call, fault) in CALLS.iter().flat_map(|call| FAULTS.map(|fault| (*call, fault))) {
        for number in 1..=MOST {
            let trial = fork(&repository);
            let wrapper = [
                faults,
                Path::new(call),
                Path::new(&number.to_string()),
                Path::new(fault),
                Path::new(env!("CARGO_BIN_EXE_plimsoll")),
            ]
            .map(Path::to_owned);
            let wrapper: Vec<&Path> = wrapper.iter().map(PathBuf::as_path).collect();
            let output = run(trial.folder.path(), &wrapper, story.command, story.input);
            if output.code == Some(99) {
                break;
            }
            let what = format!("{}: {call} {number} {fault}", story.name);
            assert!(number < MOST, "{what}: no end");
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(output.code != Some(98), "{what}: the injector failed: {said}");
            assert!(!said.contains("panicked") && output.code != Some(70), "{what}: {said}");
            let new = judge(&trial, before.as_ref(), story, output.code == Some(0), &what);
            *(if new { &mut count.new } else { &mut count.old }) += 1;
        }
    }
    println!("R8: {}: {} faults", story.name, count.old + count.new);
    count
}

fn prepare(story: &Story) -> Repository {
    let repository = Repository::new(story.sealed);
    for (arguments, input) in story.before {
        repository.ok(arguments, input);
    }
    if story.command[0] == "rekey" {
        let other = Repository::new("other");
        repository.recipients(story.sealed, &[&repository.recipient, &other.recipient]);
        repository.ok(&["rekey", "prod", "--accept", other.recipient.as_str()], "");
        repository.recipients(story.sealed, &[&repository.recipient]);
    }
    repository
}

fn fork(repository: &Repository) -> Repository {
    let fork = Repository::new("unused");
    copy(repository.folder.path(), fork.folder.path());
    fork
}

/// Whether the new state came out; anything but old or new fails.
fn judge(trial: &Repository, before: Option<&String>, story: &Story, success: bool, what: &str) -> bool {
    let mut files = Vec::new();
    walk(trial.folder.path(), trial.folder.path(), &mut files);
    for (path, bytes) in &files {
        assert!(memchr::memmem::find(bytes, CANARY.as_bytes()).is_none(), "{what}: plaintext in {path}");
    }
    // The next command that writes finishes or forgets; here one that changes nothing if all is well.
    let exists = files.iter().any(|(path, _)| path.contains(".age"));
    let repaired = trial.run(&["reindex", "prod"], "");
    let said = String::from_utf8_lossy(&repaired.stderr).into_owned();
    assert!(repaired.code == Some(0) || !exists || said.contains("sealed-missing"), "{what}: {said}");
    assert!(!said.contains("made anew"), "{what}: the index had to be made anew: {said}");
    let leftovers: Vec<String> =
        trial.files().into_iter().map(|(path, _)| path).filter(|path| path.contains("plimsoll-")).collect();
    assert!(leftovers.is_empty(), "{what}: {leftovers:?}");
    let now = state(trial);
    if now.as_ref() == before {
        assert!(!success, "{what}: it said that all is well, and nothing was done");
        return false;
    }
    assert_eq!(now, Some(after(story)), "{what}");
    true
}

/// The values as plimsoll lists and reads them; `None`: there is no sealed file.
fn state(repository: &Repository) -> Option<String> {
    let listed = repository.run(&["list", "prod", "--format", "json"], "");
    if listed.code != Some(0) {
        let said = String::from_utf8_lossy(&listed.stdout);
        assert!(said.contains("sealed-missing"), "{said}");
        return None;
    }
    let list: serde_json::Value = serde_json::from_slice(&listed.stdout).unwrap();
    let sealed = &list["sealed"][0];
    let mut text = format!("{} recipients", sealed["recipients"].as_array().unwrap().len());
    for key in sealed["keys"].as_array().unwrap() {
        let path = key["path"].as_str().unwrap();
        text.push_str(&format!("; {path} = {}", repository.ok(&["get", "prod", path], "")));
    }
    Some(text)
}

/// What the command was to bring about, in the words of [`state`].
fn after(story: &Story) -> String {
    match story.command[0] {
        "set" => format!("1 recipients; {} = {CANARY}", story.command[2]),
        "unset" => "1 recipients; b = x".to_owned(),
        _ => format!("1 recipients; a = {CANARY}; b = x"),
    }
}

/// The fault injector, built once into the target folder.
fn build() -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sealed/faults");
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("faults");
    let build = Program::new("go").args(["build", "-o"]).args([&program]).args(["."]);
    build.folder(source).variable("CGO_ENABLED", "0").run().exits(0);
    program
}
