//! Annotations on a pull request, as GitHub Actions' workflow commands: `::error file=…,line=…::text`.

use std::fmt::Write;

use super::Findings;
use super::listing::{Item, list};
use crate::diagnostic::Severity;

/// GitHub cuts an annotation here.
const LONGEST: usize = 4096;

/// One command a finding, each a line. `prefix` is the root's path inside the git repository, `""` or ending in `/`.
pub fn github(groups: &[Findings<'_>], prefix: &str) -> String {
    let mut text = String::new();
    for item in list(groups) {
        let _ = writeln!(text, "{}", command(&item, prefix));
    }
    text
}

fn command(item: &Item<'_>, prefix: &str) -> String {
    let level = match item.rule.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    };
    let mut properties: Vec<(&str, String)> = Vec::new();
    if let Some(place) = item.place.as_ref().filter(|place| place.is_file) {
        properties.push(("file", format!("{prefix}{}", place.file)));
        properties.push(("line", place.line.to_string()));
        properties.push(("endLine", place.end_line.to_string()));
        // Columns count only where the place lies on one line.
        if place.line == place.end_line {
            properties.push(("col", place.column.to_string()));
            properties.push(("endColumn", place.end_column.to_string()));
        }
    }
    properties.push(("title", item.rule.name.to_owned()));
    let properties: Vec<String> = properties.iter().map(|(name, value)| format!("{name}={}", escape(value, true))).collect();
    let head = format!("::{level} {}::", properties.join(","));
    let body = cut(&escape(&body(item), false), LONGEST.saturating_sub(head.chars().count()));
    head + &body
}

fn body(item: &Item<'_>) -> String {
    let mut text = item.message.clone();
    let about: Vec<&str> = item.object.into_iter().chain(item.field).collect();
    if !about.is_empty() {
        let _ = write!(text, "\nin {}", about.join(", "));
    }
    if !item.environments.is_empty() {
        let _ = write!(text, "\nenvironment {}", item.environments.join(", "));
    }
    for place in &item.related {
        let _ = write!(text, "\n{}:{}: {}", place.file, place.line, place.label);
    }
    for hint in &item.hints {
        let _ = write!(text, "\nhelp: {hint}");
    }
    text
}

/// GitHub's own escapes; in a property also `:` and `,`.
fn escape(text: &str, property: bool) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '%' => escaped.push_str("%25"),
            '\r' => escaped.push_str("%0D"),
            '\n' => escaped.push_str("%0A"),
            ':' if property => escaped.push_str("%3A"),
            ',' if property => escaped.push_str("%2C"),
            c => escaped.push(c),
        }
    }
    escaped
}

/// At most `most` characters, never half an escape.
fn cut(escaped: &str, most: usize) -> String {
    if escaped.chars().count() <= most {
        return escaped.to_owned();
    }
    let mut kept: String = escaped.chars().take(most.saturating_sub(1)).collect();
    if let Some(at) = kept.rfind('%')
        && kept.len() - at < 3
    {
        kept.truncate(at);
    }
    kept + "…"
}
