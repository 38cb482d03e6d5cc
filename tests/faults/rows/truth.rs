//! Whether what an apply said is what it did: its report and its exit code against what the API server answered.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::harness::process::Run;
use crate::proxy::Request;
use crate::stack::written;

/// What isn't true of what a run said, or may not be.
pub(super) fn of(run: &Run, requests: &[Request]) -> Vec<String> {
    let written = written(requests).iter().map(|path| tail(path)).collect();
    let mut wrong = lines(run, &written);
    let nothing = matches!(run.code, Some(3 | 6 | 130));
    if !matches!(run.code, None | Some(0 | 3 | 4 | 5 | 6 | 130)) {
        wrong.push(format!("exit code {:?} is none of an apply's", run.code));
    }
    if nothing && !written.is_empty() {
        wrong.push(format!("the exit code says that nothing was written, and this was: {written:?}"));
    }
    match serde_json::from_slice::<Value>(&run.stdout) {
        Ok(report) => wrong.extend(report_of(&report, &written)),
        // A run that was killed has no report, and one that wasn't begun has a message.
        Err(_) if run.code.is_none() || nothing => {}
        Err(error) => wrong.push(format!("no report: {error}")),
    }
    if run.code != Some(0) && run.code.is_some() && run.said().trim().is_empty() {
        wrong.push("it failed without a word".to_owned());
    }
    wrong
}

/// The last two segments of a path: `configmaps/added`.
fn tail(path: &str) -> String {
    let segments: Vec<&str> = path.rsplit('/').take(2).collect();
    segments.into_iter().rev().collect::<Vec<_>>().join("/")
}

/// What is said line by line while it happens, by a killed run too.
fn lines(run: &Run, written: &BTreeSet<String>) -> Vec<String> {
    let done = ["created ", "updated ", "replaced ", "pruned "];
    let err = run.err();
    let told = err.lines().filter_map(|line| done.iter().find_map(|word| line.strip_prefix(word)));
    let is_false = |object: &&str| object.split_once('/').is_none_or(|(kind, name)| !written.contains(&place(kind, name)));
    told.filter(is_false).map(|object| format!("it said line by line that {object} was done, and it wasn't")).collect()
}

fn report_of(report: &Value, written: &BTreeSet<String>) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut told = BTreeSet::new();
    for done in report["done"].as_array().into_iter().flatten() {
        let place = place_of(&done["object"]);
        if !written.contains(&place) {
            wrong.push(format!("the report says that {place} was done, and it wasn't"));
        }
        told.insert(place);
    }
    for failed in report["failed"].as_array().into_iter().flatten() {
        let place = place_of(&failed["object"]);
        let is_left = ["skipped", "unreachable", "interrupted"].contains(&failed["reason"].as_str().unwrap_or_default());
        let waited = failed["message"].as_str().unwrap_or_default().starts_with("written");
        // A replace is two writes, and a Role's names are widened before they are narrowed.
        let is_whole = failed["operation"] != "replace" && failed["object"]["kind"] != "Role";
        if is_left && !waited && is_whole && written.contains(&place) {
            wrong.push(format!("the report says that {place} was left, and it was written: {failed}"));
        }
        told.insert(place);
    }
    // Roles may be widened and not be narrowed.
    let untold = written.difference(&told).filter(|place| !place.starts_with("roles/"));
    wrong.extend(untold.map(|place| format!("{place} was written, and the report doesn't tell of it")));
    wrong
}

fn place_of(object: &Value) -> String {
    place(object["kind"].as_str().unwrap_or_default(), object["name"].as_str().unwrap_or_default())
}

fn place(kind: &str, name: &str) -> String {
    let kind = kind.to_lowercase();
    match kind.strip_suffix('y') {
        Some(stem) => format!("{stem}ies/{name}"),
        None => format!("{kind}s/{name}"),
    }
}
