//! JUnit XML: a suite an environment, a test a finding; one that passes where nothing was found.

use std::collections::BTreeMap;
use std::fmt::Write;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::Findings;
use super::listing::{Item, list};
use crate::diagnostic::Severity;

/// Findings as JUnit XML. Errors fail; warnings and notes pass and carry their text. Ends in a line end.
pub fn junit(groups: &[Findings<'_>]) -> String {
    let mut report = Report::new("plimsoll");
    for group in groups {
        report.add_test_suite(suite(group));
    }
    // Serialising into memory fails only on a formatting bug; an empty report then says so to whoever reads it.
    let mut text = report.to_string().unwrap_or_default();
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

fn suite(group: &Findings<'_>) -> TestSuite {
    let name = group.environment.unwrap_or("plimsoll");
    let mut suite = TestSuite::new(name);
    let items = list(&[*group]);
    if items.is_empty() {
        let mut case = TestCase::new("check", TestCaseStatus::success());
        case.set_classname(name);
        suite.add_test_case(case);
    }
    // Readers keep only the first of equal names.
    let mut names: BTreeMap<String, usize> = BTreeMap::new();
    for item in &items {
        let mut title = title(item);
        let seen = names.entry(title.clone()).or_insert(0);
        *seen += 1;
        if *seen > 1 {
            let _ = write!(title, " ({seen})");
        }
        suite.add_test_case(case(item, name, &title));
    }
    suite
}

fn title(item: &Item<'_>) -> String {
    let mut title = item.rule.name.to_owned();
    if let Some(place) = &item.place {
        let _ = write!(title, " {}:{}:{}", place.file, place.line, place.column);
    }
    for part in item.object.into_iter().chain(item.field) {
        let _ = write!(title, " {part}");
    }
    title
}

fn case(item: &Item<'_>, suite: &str, title: &str) -> TestCase {
    let mut body = item.message.clone();
    for place in &item.related {
        let _ = write!(body, "\n{}:{}:{}: {}", place.file, place.line, place.column, place.label);
    }
    for hint in &item.hints {
        let _ = write!(body, "\nhelp: {hint}");
    }
    let mut case = if item.rule.severity == Severity::Error {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
        status.set_message(item.message.as_str()).set_type(item.rule.name).set_description(body);
        TestCase::new(title, status)
    } else {
        let mut case = TestCase::new(title, TestCaseStatus::success());
        case.set_system_out(format!("{}: {body}", item.rule.severity.name()));
        case
    };
    case.set_classname(suite);
    if let Some(place) = item.place.as_ref().filter(|place| place.is_file) {
        case.extra.insert("file".into(), place.file.as_str().into());
        case.extra.insert("line".into(), place.line.to_string().into());
    }
    case
}
