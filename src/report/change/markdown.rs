//! For comments on pull requests: collapsible, and kept below the size that hosts take.

use std::fmt::Write;

use super::lines::{Kind, lines};
use super::summary;
use super::text::{note, title};
use crate::change::{Comparison, FieldChange, Operation, SecretChange, SecretDifference};

/// GitHub takes 65,536 characters; the rest is for what a wrapper adds.
const MOST: usize = 60_000;

/// A comment under construction. What no longer fits is named in a line, and what no longer fits even so is counted.
#[derive(Debug)]
pub struct Markdown {
    text: String,
    most: usize,
    short: usize,
    left_out: usize,
}

impl Default for Markdown {
    fn default() -> Self {
        Self { text: String::new(), most: MOST, short: 0, left_out: 0 }
    }
}

impl Markdown {
    /// Adds a part as it is; for headings and short lists.
    pub fn push(&mut self, part: &str) {
        self.text.push_str(part);
    }

    /// Adds a part if it fits; else its stand-in, if that fits. A fifth is kept for stand-ins and headings.
    pub fn push_if_fits(&mut self, part: &str, stand_in: &str) {
        if self.text.len() + part.len() <= self.most / 5 * 4 {
            self.text.push_str(part);
        } else if self.text.len() + stand_in.len() <= self.most - 1000 {
            self.text.push_str(stand_in);
            self.short += 1;
        } else {
            self.left_out += 1;
        }
    }

    /// The comment, with a note on what it lacks.
    pub fn finish(mut self) -> String {
        if self.short + self.left_out > 0 {
            let left_out = if self.left_out > 0 { format!(", {} more are not named", self.left_out) } else { String::new() };
            let _ = writeln!(
                self.text,
                "\n> This comment would be too long: {} objects are named without their content{left_out}. `--format json` has all.",
                self.short
            );
        }
        self.text
    }
}

impl Write for Markdown {
    fn write_str(&mut self, part: &str) -> std::fmt::Result {
        self.push(part);
        Ok(())
    }
}

/// Adds the differences of one environment; `heading` is a line of Markdown.
pub fn markdown(page: &mut Markdown, heading: &str, comparison: &Comparison) {
    let mut head = format!("### {heading}\n\n{}", summary(comparison));
    if !comparison.restarts.is_empty() {
        let names: Vec<String> = comparison.restarts.iter().map(|name| format!("`{name}`")).collect();
        let _ = write!(head, " · pods are replaced: {}", names.join(", "));
    }
    head.push_str("\n\n");
    page.push(&head);
    for change in &comparison.changes {
        let name = format!("{} {}", sign(change.operation), html(&title(change)));
        let note = html(&note(change));
        let stand_in = format!("- <code>{name}</code>{note}\n");
        match change.operation {
            // There is nothing to open.
            Operation::Delete => page.push_if_fits(&stand_in, &stand_in),
            _ => page.push_if_fits(&details(&change.fields, &format!("<code>{name}</code>{note}")), &stand_in),
        }
    }
    page.push("\n");
}

/// The sealed values that differ, as a list.
pub fn secrets(changes: &[SecretChange]) -> String {
    let mut text = String::new();
    for change in changes {
        let word = match change.difference {
            SecretDifference::Added => "is new",
            SecretDifference::Removed => "is gone",
            SecretDifference::Changed => "has another value",
            SecretDifference::Rekeyed => "has the same value under a new key, says the index",
        };
        let _ = writeln!(text, "- 🔒 <code>{}</code> in <code>{}</code> {word}", html(&change.path), html(&change.file));
    }
    text
}

fn sign(operation: Operation) -> &'static str {
    match operation {
        Operation::Create => "+",
        Operation::Update => "~",
        Operation::Delete => "-",
    }
}

/// A part that opens: the fields that differ.
pub(in crate::report) fn details(fields: &[FieldChange], summary: &str) -> String {
    let mut body = String::new();
    for field in fields {
        if !field.path.is_empty() {
            let _ = writeln!(body, "@@ {} @@", field.path);
        }
        for (kind, line) in lines(&field.difference) {
            let sign = match kind {
                Kind::Old => "- ",
                Kind::New => "+ ",
                Kind::Context => "  ",
                Kind::Gap => "",
            };
            let _ = writeln!(body, "{}", format!("{sign}{line}").trim_end());
        }
    }
    let fence = fence(&body);
    format!("<details><summary>{summary}</summary>\n\n{fence}diff\n{body}{fence}\n\n</details>\n\n")
}

/// A fence that the text can't close.
fn fence(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    "`".repeat(longest.max(2) + 1)
}

/// A text as it may stand in HTML.
pub(in crate::report) fn html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
