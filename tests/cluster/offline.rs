//! R4: `check` says of each object of `tests/cases/verdicts` what the API server says of it. Needs no server: what the server
//! says stands beside the objects, and `verdicts.rs` holds the server against that.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll::check::{Input, check};
use plimsoll::diagnostic::{Diagnostic, Diagnostics, Severity};
use plimsoll::environment::{Environment, Settings, Table};
use plimsoll::object::{Bundle, MadeBy, parse};
use plimsoll::secret::{Secrets, Tokens};
use plimsoll::source::{Files, MemoryTree, SourceKind};

use crate::cases::{cases, exceptions, setup};

/// Rules of error level about more than one object, or about secrets: the server's validation knows nothing of them.
const NOT_THE_SERVERS: &[&str] = &[
    "identity-in-git",
    "missing-key",
    "missing-object",
    "missing-port",
    "plaintext-secret",
    "pod-security",
    "secret-in-annotation",
    "secret-in-argument",
    "secret-in-configmap",
    "secret-in-env",
    "secret-in-field",
    "two-owners",
];

#[test]
fn check_says_of_each_object_what_the_server_says() {
    let cases = cases();
    let excepted = exceptions();
    let mut differing = BTreeSet::new();
    let mut report = Vec::new();
    for case in &cases {
        let found = offline_verdict(&case.text);
        if found.is_ok() != case.valid {
            let name = case.name();
            if !excepted.contains(&name) {
                let said = found.err().unwrap_or_default().join("; ");
                report.push(format!("{name} ({}): {}", case.place, if case.valid { said } else { "accepted".to_owned() }));
            }
            differing.insert(name);
        }
    }
    let gone: Vec<_> = excepted.difference(&differing).collect();
    println!("R4: {} objects, check against the server: {} differ, {} are listed", cases.len(), differing.len(), excepted.len());
    assert!(report.is_empty(), "check and the server differ:\n{}", report.join("\n"));
    assert!(gone.is_empty(), "listed in docs/validation.md, and no difference any more: {gone:?}");
}

/// What parsing and checking find wrong with one object alone, with the CRDs of `setup` beside it in the bundle.
fn offline_verdict(yaml: &str) -> Result<(), Vec<String>> {
    let files = Files::new(MemoryTree::default());
    let tokens = Tokens::new([0; 16]);
    let read = |name: &str, text: &str| {
        let file = files.map().add(name, text, SourceKind::Other);
        parse(files.map(), file, &tokens, MadeBy::Template(file))
    };
    let mut bundle = Bundle::default();
    bundle.objects.extend(read("case.yaml", yaml).map_err(|found| errors(&found))?);
    for crd in setup() {
        bundle.objects.extend(read("crd.yaml", &crd).expect("a sound CRD"));
    }
    let environment =
        Environment { name: "case".to_owned(), layers: Vec::new(), settings: Settings::default(), values: Table::default() };
    let secrets = Secrets::new(BTreeMap::new(), Tokens::new([0; 16]));
    let found = check(Input { files: &files, environment: &environment, secrets: &secrets, bundle: &bundle, values_read: None });
    let errors = errors(&found);
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}

/// The findings that the server would have too.
fn errors(found: &Diagnostics) -> Vec<String> {
    let counts = |one: &&Diagnostic| one.rule.severity == Severity::Error && !NOT_THE_SERVERS.contains(&one.rule.name);
    found.iter().filter(counts).map(|one| format!("{}: {}", one.rule.name, one.message)).collect()
}
