//! Every bad input that Plimsoll promises a clear error for: `tests/bad-input.toml` lists them, each with what shows it.
#![expect(clippy::disallowed_methods, reason = "the test reads its list and the sources of the tests that it names")]

use std::path::Path;

use serde::Deserialize;

use crate::harness::archive::Case;
use crate::harness::process::Sandbox;

#[derive(Deserialize)]
struct List {
    /// The promise, phrase by phrase.
    phrases: Vec<String>,
    input: Vec<Input>,
}

#[derive(Deserialize)]
struct Input {
    phrase: String,
    /// A golden case, which is laid out on the disk and run through the binary …
    case: Option<String>,
    /// … or a test function, as `file::function`, which runs the binary itself and asserts rule and exit code.
    test: Option<String>,
    rule: String,
    exit: i32,
    #[serde(default)]
    command: Option<Vec<String>>,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn list() -> List {
    let text = std::fs::read_to_string(root().join("tests/bad-input.toml")).expect("tests/bad-input.toml");
    toml::from_str(&text).expect("a list of bad inputs")
}

#[test]
fn every_phrase_has_a_test() {
    let list = list();
    for phrase in &list.phrases {
        assert!(list.input.iter().any(|input| input.phrase == *phrase), "no test for: {phrase}");
    }
    for input in &list.input {
        assert!(list.phrases.contains(&input.phrase), "not a phrase of the promise: {}", input.phrase);
        match (&input.case, &input.test) {
            (Some(_), None) => {}
            (None, Some(test)) => {
                let (file, function) = test.split_once("::").expect("file::function");
                let text =
                    std::fs::read_to_string(root().join("tests").join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
                assert!(text.contains(&format!("fn {function}(")), "{file} has no test `{function}`");
                assert!(text.contains(&input.rule), "{file} never names `{}`", input.rule);
            }
            _ => panic!("{}: name either a case or a test", input.phrase),
        }
    }
    println!("bad input: {} phrases, {} tests", list.phrases.len(), list.input.len());
}

/// Each case through the binary: the exit code, the rule, and what, where and the line itself on stderr.
#[test]
fn every_case_exits_as_promised() {
    let mut runs = 0;
    for input in list().input {
        let Some(name) = &input.case else { continue };
        let path = root().join("tests/cases").join(format!("{name}.case"));
        let case = Case::read(&std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}")));
        let sandbox = Sandbox::new();
        for (path, bytes) in case.repository() {
            sandbox.write(&path, bytes);
        }
        let command = input.command.clone().unwrap_or_else(|| vec!["check".to_owned(), "dev".to_owned()]);
        let arguments: Vec<&str> = command.iter().map(String::as_str).collect();
        let run = sandbox.plimsoll(&arguments).exits(input.exit);
        let shown = run.said();
        assert!(shown.contains(&input.rule), "{name}: `{}` isn't named\n{shown}", input.rule);
        let expected = case.expected.iter().find(|expected| expected.rule == input.rule);
        if let Some((file, line, _)) = expected.and_then(|expected| expected.place.as_ref()) {
            assert!(shown.contains(&format!("{file}:{line}:")), "{name}: {file}:{line} isn't shown\n{shown}");
        }
        runs += 1;
    }
    println!("bad input: {runs} cases through the binary");
    assert!(runs >= 25, "the list has lost its cases: {runs}");
}
