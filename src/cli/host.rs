//! What a CI host is told beside the result: outputs of the step and its summary.
//!
//! GitHub Actions names two files in variables: `GITHUB_OUTPUT` takes `NAME=VALUE` lines, `GITHUB_STEP_SUMMARY` Markdown, of which
//! a step may write 1 MiB: more is dropped as a whole, so ours is cut before. A variable that isn't set is passed over, so the
//! same command works by hand.

use super::{Context, Failure};
use crate::source::write::append;

/// What GitHub takes of one step's summary, less some space for what other commands of the step write.
const LONGEST_SUMMARY: usize = 1000 * 1024;
const CUT: &str = "\n\n… cut here: the whole is in the step's log, or comes with `--format markdown`.\n";

/// Writes the step's outputs and adds to its summary.
pub(super) fn tell(context: &Context, outputs: &[(&str, &str)], summary: &str) -> Result<(), Failure> {
    let line = |(name, value): &(&str, &str)| format!("{name}={}\n", value.replace(['\n', '\r'], " "));
    let lines = outputs.iter().map(line).collect::<Vec<_>>().concat();
    for (variable, text) in [("GITHUB_OUTPUT", lines.as_str()), ("GITHUB_STEP_SUMMARY", &cut(summary))] {
        let Some(file) = context.system.variable(variable) else { continue };
        let file = context.system.absolute(file.as_ref());
        append(&file, text.as_bytes()).map_err(|error| {
            Failure::usage(format!("can't write to `{}`, named by `{variable}`: {error}", file.display()))
                .hint("unset it where no GitHub runner set it")
        })?;
    }
    Ok(())
}

fn cut(summary: &str) -> String {
    if summary.len() <= LONGEST_SUMMARY {
        return summary.to_owned();
    }
    let end = (0..=LONGEST_SUMMARY - CUT.len()).rev().find(|at| summary.is_char_boundary(*at)).unwrap_or(0);
    let kept = summary.get(..end).unwrap_or("");
    // A cut inside a fence would make the rest of the page code.
    let fence = if kept.matches("\n```").count() % 2 == 1 { "\n```" } else { "" };
    format!("{kept}{fence}{CUT}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_summary_is_cut_on_a_character_and_its_fence_closed() {
        let long = format!("a\n```diff\n{}", "é".repeat(LONGEST_SUMMARY));
        let short = cut(&long);
        assert!(short.len() <= LONGEST_SUMMARY + 8 && short.ends_with(&format!("\n```{CUT}")), "{}", short.len());
        assert_eq!(cut("short"), "short");
    }
}
