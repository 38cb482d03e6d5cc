//! For terminals.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};

use super::lines::{Kind, lines};
use super::summary;
use crate::change::{Change, Comparison, FieldChange, Operation, SecretChange, SecretDifference};

/// The differences, object by object, and a summary. Ends in a line end.
pub fn text(comparison: &Comparison, colors: bool) -> String {
    let paint = Paint { colors };
    let mut text = String::new();
    for change in &comparison.changes {
        write_change(&mut text, change, paint);
    }
    let _ = writeln!(text, "{}", paint.bold(&summary(comparison)));
    if !comparison.restarts.is_empty() {
        let _ = writeln!(text, "pods are replaced: {}", comparison.restarts.join(", "));
    }
    text
}

/// The sealed values that differ, a line each.
pub fn secrets(changes: &[SecretChange], colors: bool) -> String {
    let paint = Paint { colors };
    let mut text = String::new();
    for change in changes {
        let (sign, word, color) = match change.difference {
            SecretDifference::Added => ("+", "is new", AnsiColor::Green),
            SecretDifference::Removed => ("-", "is gone", AnsiColor::Red),
            SecretDifference::Changed => ("~", "has another value", AnsiColor::Yellow),
            SecretDifference::Rekeyed => ("=", "has the same value under a new key, says the index", AnsiColor::Yellow),
        };
        let line = format!("{sign} secret {} in {} {word}", change.path, change.file);
        let _ = writeln!(text, "{}", paint.in_color(&line, color));
    }
    text
}

/// Colours, or none.
#[derive(Debug, Clone, Copy)]
pub(in crate::report) struct Paint {
    pub(in crate::report) colors: bool,
}

impl Paint {
    pub(in crate::report) fn paint(self, text: &str, style: Style) -> String {
        if self.colors { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }

    pub(in crate::report) fn in_color(self, text: &str, color: AnsiColor) -> String {
        self.paint(text, color.on_default())
    }

    pub(in crate::report) fn bold(self, text: &str) -> String {
        self.paint(text, Style::new().bold())
    }
}

fn write_change(text: &mut String, change: &Change, paint: Paint) {
    let (sign, color) = match change.operation {
        Operation::Create => ("+", AnsiColor::Green),
        Operation::Update => ("~", AnsiColor::Yellow),
        Operation::Delete => ("-", AnsiColor::Red),
    };
    let title = format!("{sign} {}", title(change));
    let _ = writeln!(text, "{}{}", paint.paint(&title, color.on_default().bold()), note(change));
    match change.operation {
        Operation::Delete => {}
        Operation::Create => write_fields(text, &change.fields, "  ", paint),
        Operation::Update => write_fields(text, &change.fields, "    ", paint),
    }
    text.push('\n');
}

/// The fields that differ, each with its lines.
pub(in crate::report) fn write_fields(text: &mut String, fields: &[FieldChange], indent: &str, paint: Paint) {
    for field in fields {
        if !field.path.is_empty() {
            let _ = writeln!(text, "  {}", paint.in_color(&field.path, AnsiColor::Cyan));
        }
        for (kind, line) in lines(&field.difference) {
            let line = match kind {
                Kind::Old => paint.in_color(&format!("- {line}"), AnsiColor::Red),
                Kind::New => paint.in_color(&format!("+ {line}"), AnsiColor::Green),
                Kind::Gap => paint.paint(&line, Style::new().dimmed()),
                Kind::Context => format!("  {line}"),
            };
            let _ = writeln!(text, "{indent}{}", line.trim_end());
        }
    }
}

/// `ConfigMap/params-old → params-new (namespace ai)`
pub(super) fn title(change: &Change) -> String {
    let namespace = change.id.namespace.as_deref().map_or_else(String::new, |namespace| format!(" (namespace {namespace})"));
    match &change.renamed_from {
        Some(old) if old.name != change.id.name => {
            format!("{}/{} → {}{namespace}", change.id.kind, old.name, change.id.name)
        }
        _ => format!("{}{namespace}", change.id),
    }
}

/// `: replaces the pods of Deployment/x`
pub(super) fn note(change: &Change) -> String {
    let own = change.id.to_string();
    match change.restarts.as_slice() {
        [] => String::new(),
        [one] if *one == own => ": its pods are replaced".to_owned(),
        others => format!(": pods are replaced in {}", others.join(", ")),
    }
}
