//! For comments and job summaries.

use std::fmt::Write;

use super::{foreign, notes, sign, summary, title};
use crate::plan::{Operation, Plan};
use crate::report::change::Markdown;
use crate::report::change::markdown::{details, html};

/// Adds a plan; `heading` is a line of Markdown.
pub fn markdown(page: &mut Markdown, heading: &str, plan: &Plan) {
    let mut head = format!("### {heading}\n\n{}", summary(plan));
    if !plan.restarts.is_empty() {
        let names: Vec<String> = plan.restarts.iter().map(|name| format!("`{name}`")).collect();
        let _ = write!(head, " · pods are replaced: {}", names.join(", "));
    }
    head.push_str("\n\n");
    for refusal in &plan.refusals {
        let object = refusal.id.as_ref().map(|id| format!("<code>{}</code>: ", html(&id.to_string()))).unwrap_or_default();
        let _ = writeln!(head, "- ⛔ {object}{}", html(&refusal.message));
    }
    for warning in &plan.warnings {
        let _ = writeln!(head, "- ⚠️ {}", html(warning));
    }
    if !plan.refusals.is_empty() || !plan.warnings.is_empty() {
        head.push('\n');
    }
    page.push(&head);
    for step in &plan.steps {
        let said: Vec<String> = notes(step).into_iter().chain(step.foreign.iter().map(foreign)).collect();
        let said = if said.is_empty() { String::new() } else { format!(": {}", html(&said.join("; "))) };
        let name = format!("<code>{} {}</code>{said}", sign(step), html(&title(step)));
        let stand_in = format!("- {name}\n");
        match step.operation {
            // There is nothing to open.
            Operation::Prune => page.push_if_fits(&stand_in, &stand_in),
            _ if step.fields.is_empty() => page.push_if_fits(&stand_in, &stand_in),
            _ => page.push_if_fits(&details(&step.fields, &name), &stand_in),
        }
    }
    for kept in &plan.kept {
        let line = format!("- <code>= {}</code> stays: {}\n", html(&kept.id.to_string()), html(&kept.why));
        page.push_if_fits(&line, &line);
    }
    page.push("\n");
}
