use std::io;
use std::path::Path;

use super::testing::{plimsoll, plimsoll_with};
use super::{Exit, Streams, System, run};

#[test]
fn help_and_version_are_results() {
    let ran = plimsoll(Path::new("/"), &["--help"]);
    assert_eq!((ran.exit, ran.stderr.as_str()), (Exit::Fine, ""));
    assert!(ran.stdout.contains("completions"), "{}", ran.stdout);
    assert_eq!(plimsoll(Path::new("/"), &["--version"]).stdout, format!("plimsoll {}\n", env!("CARGO_PKG_VERSION")));
    assert!(plimsoll(Path::new("/"), &["help", "completions"]).stdout.contains("fish"));
}

#[test]
fn usage_errors_are_exit_2_on_stderr_with_a_near_miss() {
    let ran = plimsoll(Path::new("/"), &["complotions", "bash"]);
    assert_eq!((ran.exit, ran.stdout.as_str()), (Exit::Invalid, ""));
    assert!(ran.stderr.contains("completions"), "{}", ran.stderr);
    assert_eq!(plimsoll(Path::new("/"), &[]).exit, Exit::Invalid);
}

#[test]
fn every_rule_has_a_page_and_a_wrong_name_a_near_miss() {
    for rule in crate::diagnostic::rules() {
        let ran = plimsoll(Path::new("/"), &["help", "rule", rule.name]);
        assert_eq!(ran.exit, Exit::Fine);
        assert!(ran.stdout.contains(rule.name), "the page of {} doesn't name it", rule.name);
    }
    let ran = plimsoll(Path::new("/"), &["help", "rule", "file-not-fuond"]);
    assert_eq!(ran.exit, Exit::Invalid);
    assert!(ran.stderr.contains("file-not-found"), "{}", ran.stderr);
    assert!(plimsoll(Path::new("/"), &["help", "rule", "--format", "json"]).stdout.contains("plimsoll.dev/rules/v1"));
}

#[test]
fn completions_name_every_command() {
    for shell in ["bash", "zsh", "fish"] {
        let ran = plimsoll(Path::new("/"), &["completions", shell]);
        assert_eq!(ran.exit, Exit::Fine);
        assert!(ran.stdout.contains("completions") && ran.stdout.contains("plimsoll"));
    }
}

#[test]
fn a_format_that_a_command_lacks_is_refused_with_those_it_has() {
    let ran = plimsoll(Path::new("/"), &["help", "rule", "--format", "junit"]);
    assert_eq!(ran.exit, Exit::Invalid);
    assert!(ran.stderr.contains("`text`, `json`"), "{}", ran.stderr);
}

#[test]
fn colors_are_for_terminals_or_on_request() {
    let help = |arguments: &[&str], variables: &[(&str, &str)]| {
        plimsoll_with(Path::new("/"), arguments, variables, "").stdout.contains('\u{1b}')
    };
    assert!(!help(&["help"], &[]));
    assert!(help(&["help", "--color", "always"], &[("NO_COLOR", "1")]));
    assert!(help(&["help"], &[("CLICOLOR_FORCE", "1")]));
    assert!(!help(&["help"], &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]));
}

#[test]
fn a_secret_given_as_an_argument_is_not_repeated() {
    let ran = plimsoll(Path::new("/"), &["secrets", "set", "prod", "db.password", "hunter2"]);
    assert_eq!(ran.exit, Exit::Invalid);
    assert!(!ran.stderr.contains("hunter2") && ran.stderr.contains("stdin"), "{}", ran.stderr);
}

#[test]
fn a_closed_pipe_is_nobodys_error() {
    struct Closed;
    impl io::Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let streams = Streams {
        stdin: Box::new(io::empty()),
        stdout: Box::new(Closed),
        stderr: Box::new(io::sink()),
        stdin_is_terminal: false,
        stdout_is_terminal: false,
        stderr_is_terminal: false,
    };
    let system = System::new(std::collections::BTreeMap::new(), "/".into(), streams);
    assert_eq!(run(vec!["plimsoll".into(), "help".into()], system), Exit::Fine);
}

#[test]
fn a_bug_is_exit_70() {
    assert_eq!(super::panic::guard(|| panic!("a payload that may hold a secret")), Exit::Bug);
}
