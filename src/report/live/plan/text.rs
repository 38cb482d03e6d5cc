//! For terminals.

use std::fmt::Write;

use anstyle::AnsiColor;

use super::{foreign, notes, sign, summary, title};
use crate::plan::{Operation, Plan, Step};
use crate::report::change::text::{Paint, write_fields};

/// The plan, object by object, and a summary. Ends in a line end.
pub fn text(plan: &Plan, colors: bool) -> String {
    let paint = Paint { colors };
    let mut text = String::new();
    for step in &plan.steps {
        write_step(&mut text, step, paint);
    }
    for kept in &plan.kept {
        let _ = writeln!(text, "= {} stays: {}", kept.id, kept.why);
    }
    if !plan.kept.is_empty() {
        text.push('\n');
    }
    for refusal in &plan.refusals {
        let object = refusal.id.as_ref().map(|id| format!("{id}: ")).unwrap_or_default();
        let _ = writeln!(text, "{} {object}{}", paint.in_color("refused:", AnsiColor::Red), refusal.message);
        if let Some(hint) = &refusal.hint {
            let _ = writeln!(text, "  {hint}");
        }
    }
    if !plan.refusals.is_empty() {
        text.push('\n');
    }
    let _ = writeln!(text, "{}", paint.bold(&summary(plan)));
    if !plan.restarts.is_empty() {
        let _ = writeln!(text, "pods are replaced: {}", plan.restarts.join(", "));
    }
    text
}

fn write_step(text: &mut String, step: &Step, paint: Paint) {
    let color = match step.operation {
        Operation::Create => AnsiColor::Green,
        Operation::Update => AnsiColor::Yellow,
        Operation::Replace => AnsiColor::Magenta,
        Operation::Prune => AnsiColor::Red,
    };
    let title = paint.paint(&format!("{} {}", sign(step), title(step)), color.on_default().bold());
    let notes = notes(step);
    let notes = if notes.is_empty() { String::new() } else { format!(": {}", notes.join("; ")) };
    let _ = writeln!(text, "{title}{notes}");
    for one in &step.foreign {
        let _ = writeln!(text, "  {} {}", paint.in_color("!", AnsiColor::Magenta), foreign(one));
    }
    let indent = if step.operation == Operation::Create && step.renamed_from.is_none() { "  " } else { "    " };
    write_fields(text, &step.fields, indent, paint);
    text.push('\n');
}
