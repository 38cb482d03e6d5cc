//! For terminals.

use std::fmt::Write;

use super::{Review, list, sealed_sentence};
use crate::report::change;
use crate::report::diagnostics::{self, Findings};

/// The review, environment by environment.
pub fn text(review: &Review, colors: bool) -> String {
    let mut text = String::new();
    let short = review.commit.get(..12).unwrap_or(&review.commit);
    let _ = writeln!(text, "against {} ({short})\n", review.base);
    for one in &review.environments {
        let _ = writeln!(text, "== {}: {}", one.name, one.outcome.sentence());
        let _ = writeln!(text, "   because of {}\n", list(&one.why, ""));
        let secrets = change::text_secrets(one.outcome.secrets(), colors);
        let sealed = one.outcome.sealed();
        for change in sealed {
            let _ = writeln!(text, "! {}", sealed_sentence(change));
        }
        text.push_str(&secrets);
        if !secrets.is_empty() || !sealed.is_empty() {
            text.push('\n');
        }
        if let Some(objects) = one.outcome.objects().filter(|objects| !objects.is_empty()) {
            text.push_str(&change::text(objects, colors));
            text.push('\n');
        }
        if !one.fresh.is_empty() {
            let findings = Findings { environment: Some(&one.name), findings: &one.fresh, sources: &one.sources };
            let _ = writeln!(text, "found new:\n\n{}", diagnostics::text(&[findings], colors));
        }
    }
    if review.environments.is_empty() {
        text.push_str("no environment is touched\n");
    }
    if !review.untouched.is_empty() {
        let _ = writeln!(text, "not touched: {}", list(&review.untouched, ""));
    }
    if !review.unread.is_empty() {
        let _ = writeln!(text, "changed, but read by no environment: {}", list(&review.unread, ""));
    }
    text
}
