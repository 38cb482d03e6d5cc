//! Golden cases: every file of `tests/cases` is a test of its own (tests/cases/README.md says how one is written).
#![expect(clippy::disallowed_methods, reason = "the runner reads the cases from the disk")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::format_collect,
    unreachable_pub,
    reason = "all of it is tests"
)]

#[path = "harness/mod.rs"]
mod harness;

use std::path::{Path, PathBuf};

use harness::archive::{Case, Expectation};
use libtest_mimic::{Arguments, Failed, Trial};
use plimsoll::diagnostic::{Annotation, Diagnostics};
use plimsoll::pipeline::{self, Compiled, Options};
use plimsoll::source::{Files, MemoryTree, RootPath};

/// Floors: fewer cases than this means that the runner lost some.
const FLOOR: usize = 150;
const FLOOR_OF_ERRORS: usize = 75;

fn main() {
    let arguments = Arguments::from_args();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut paths = Vec::new();
    find(&root, &mut paths);
    paths.sort();
    let cases: Vec<(String, PathBuf, Case)> = paths
        .into_iter()
        .map(|path| {
            let name = path.strip_prefix(&root).expect("a path below").with_extension("").display().to_string();
            let case = Case::read(&std::fs::read_to_string(&path).expect("a case"));
            (name, path, case)
        })
        .collect();
    let all = cases.len();
    let errors = cases.iter().filter(|(_, _, case)| case.expected.iter().any(|expected| expected.severity == "error")).count();
    println!("golden: {all} cases, {errors} of them errors");
    let mut trials: Vec<Trial> =
        cases.into_iter().map(|(name, path, case)| Trial::test(name, move || run(&path, &case).map_err(Failed::from))).collect();
    trials.push(Trial::test("floor", move || {
        if all < FLOOR || errors < FLOOR_OF_ERRORS {
            return Err(format!("{all} cases with {errors} errors; the floors are {FLOOR} and {FLOOR_OF_ERRORS}").into());
        }
        Ok(())
    }));
    libtest_mimic::run(&arguments, trials).exit();
}

fn find(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("tests/cases") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            find(&path, paths);
        } else if path.extension().is_some_and(|extension| extension == "case") {
            paths.push(path);
        }
    }
}

fn run(path: &Path, case: &Case) -> Result<(), String> {
    let files = Files::new(tree(case)?);
    let environment = case.settings.get("env").map_or("dev", String::as_str);
    let options = Options { check: !case.settings.contains_key("no-check"), commit: case.settings.get("commit").cloned() };
    let (compiled, findings) = match pipeline::compile(&files, environment, &options) {
        Ok(compiled) => {
            let findings = compiled.findings.clone();
            (Some(compiled), findings)
        }
        Err(findings) => (None, findings),
    };
    let mut problems = compare(&files, &findings, &case.expected);
    if case.files.contains_key("expect.text") {
        hold(path, "expect.text", case, &shown(&findings, &files), &mut problems);
    }
    if case.files.contains_key("expect.yaml") {
        let shown = compiled.as_ref().map_or_else(|| "(nothing: it doesn't compile)\n".to_owned(), yaml);
        hold(path, "expect.yaml", case, &shown, &mut problems);
    }
    if problems.is_empty() {
        return Ok(());
    }
    problems.push(format!("\nwhat was found:\n{}", shown(&findings, &files)));
    Err(problems.join("\n"))
}

fn shown(findings: &Diagnostics, files: &Files) -> String {
    plimsoll::report::diagnostics::text(&[plimsoll::report::diagnostics::Findings::new(findings, files.map())], false)
}

fn yaml(compiled: &Compiled) -> String {
    compiled.to_yaml().map_or_else(|error| format!("(not written: {error:?})\n"), |text| text.to_string())
}

fn tree(case: &Case) -> Result<MemoryTree, String> {
    let mut tree = MemoryTree::default();
    for (name, bytes) in case.repository() {
        tree.insert(RootPath::new(&name).map_err(|error| error.to_string())?, bytes);
    }
    Ok(tree)
}

/// What of the findings wasn't expected, and what of the expected didn't come.
fn compare(files: &Files, findings: &Diagnostics, expected: &[Expectation]) -> Vec<String> {
    let mut open: Vec<&Expectation> = expected.iter().collect();
    let mut problems = Vec::new();
    for finding in findings {
        let place = finding.primary.as_ref().map(|primary| place(files, primary));
        let at = open.iter().position(|expected| {
            expected.rule == finding.rule.name
                && expected.severity == finding.rule.severity.name()
                && match (&expected.place, &place) {
                    (None, None) => true,
                    (Some((file, line, columns)), Some((name, first, last))) => {
                        file == name
                            && *line == first.0
                            && columns.as_ref().is_none_or(|wanted| *wanted.start() == first.1 && *wanted.end() == last.1)
                    }
                    _ => false,
                }
        });
        match at {
            Some(at) => {
                open.remove(at);
            }
            None if finding.rule.severity.name() == "note" => {}
            None => problems.push(format!("not expected: {} {} at {place:?}", finding.rule.severity.name(), finding.rule.name)),
        }
    }
    problems.extend(open.iter().map(|expected| format!("didn't come: {expected:?}")));
    problems
}

type Place = (String, (usize, usize), (usize, usize));

/// File, first line and column, last line and column of an annotation (columns inclusive).
fn place(files: &Files, annotation: &Annotation) -> Place {
    let source = files.map().get(annotation.span.file);
    let first = source.position(annotation.span.start as usize);
    let last = source.position((annotation.span.end.max(annotation.span.start + 1) - 1) as usize);
    (source.name.to_string(), (first.line, first.column), (last.line, last.column))
}

fn hold(path: &Path, section: &str, case: &Case, shown: &str, problems: &mut Vec<String>) {
    let wanted = &case.files[section].text;
    if wanted == shown {
        return;
    }
    if std::env::var_os("PLIMSOLL_UPDATE").is_some() {
        let text = std::fs::read_to_string(path).expect("the case");
        let header = format!("-- {section} --\n");
        let start = text.find(&header).expect("the section") + header.len();
        let end = text[start..].find("\n-- expect.").map_or(text.len(), |at| start + at + 1);
        std::fs::write(path, format!("{}{shown}{}", &text[..start], &text[end..])).expect("the case written");
        return;
    }
    let diff = similar::TextDiff::from_lines(wanted.as_str(), shown);
    problems.push(format!("{section} differs:\n{}", diff.unified_diff().header("expected", "now")));
}
