//! For a comment on a pull request.

use std::fmt::Write;

use super::{Review, Reviewed, list, sealed_sentence};
use crate::report::change::{self, Markdown};
use crate::report::diagnostics::{Findings, json_value};

/// New findings shown of an environment.
const SHOWN: usize = 20;

/// The review as one comment, kept below the size that hosts take.
pub fn markdown(review: &Review) -> String {
    let mut page = Markdown::default();
    let short = review.commit.get(..12).unwrap_or(&review.commit);
    page.push(&format!("## Plimsoll review against `{}` (`{short}`)\n\n", review.base));
    if review.environments.is_empty() {
        page.push("No environment is touched.\n\n");
    } else {
        page.push("| environment | | because of |\n|---|---|---|\n");
    }
    for one in &review.environments {
        let _ = writeln!(page, "| `{}` | {} | {} |", one.name, one.outcome.sentence(), why(one));
    }
    page.push("\n");
    if !review.untouched.is_empty() {
        page.push(&format!("Not touched: {}\n\n", list(&review.untouched, "`")));
    }
    for one in &review.environments {
        environment(&mut page, one);
    }
    if !review.unread.is_empty() {
        let many = review.unread.len();
        let stand_in = format!("{many} changed files are read by no environment.\n");
        page.push_if_fits(&format!("Changed, but read by no environment: {}\n", list(&review.unread, "`")), &stand_in);
    }
    page.finish()
}

fn why(one: &Reviewed) -> String {
    let shown: Vec<String> = one.why.iter().take(5).cloned().collect();
    let more = one.why.len() - shown.len();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more}", list(&shown, "`"))
}

fn environment(page: &mut Markdown, one: &Reviewed) {
    let findings = findings(one);
    let (secrets, sealed) = (change::markdown_secrets(one.outcome.secrets()), one.outcome.sealed());
    let objects = one.outcome.objects().filter(|objects| !objects.is_empty());
    match objects {
        Some(objects) => change::markdown(page, &format!("`{}`", one.name), objects),
        None if findings.is_empty() && secrets.is_empty() && sealed.is_empty() => return,
        None => page.push(&format!("### `{}`\n\n", one.name)),
    }
    for change in sealed {
        page.push(&format!("- 🔑 {}\n", sealed_sentence(change)));
    }
    page.push_if_fits(&secrets, "- 🔒 secrets change\n");
    page.push_if_fits(&findings, "- findings: see `plimsoll check`\n");
    page.push("\n");
}

/// What the checks found new, a line each.
fn findings(one: &Reviewed) -> String {
    let groups = [Findings { environment: Some(&one.name), findings: &one.fresh, sources: &one.sources }];
    let value = json_value(&groups);
    let found = value.get("findings").and_then(serde_json::Value::as_array).map_or(&[][..], Vec::as_slice);
    let mut text = String::new();
    for finding in found.iter().take(SHOWN) {
        let part = |pointer: &str| finding.pointer(pointer).and_then(serde_json::Value::as_str).unwrap_or("");
        let line = finding.pointer("/location/line").and_then(serde_json::Value::as_u64);
        let place = line.map_or_else(String::new, |line| format!(" (`{}:{line}`)", part("/location/file")));
        let sign = if part("/severity") == "error" { "❌" } else { "⚠️" };
        let _ = writeln!(text, "- {sign} `{}`: {}{place}", part("/rule"), part("/message").replace('\n', " "));
    }
    if found.len() > SHOWN {
        let _ = writeln!(text, "- and {} more: `plimsoll check {}`", found.len() - SHOWN, one.name);
    }
    text
}
