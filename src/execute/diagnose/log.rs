//! The last lines of a container.

use std::time::Duration;

use super::Sight;
use super::finding::{one_line, shorten};
use crate::cluster::{ClusterError, Place};
use crate::status::Log;

/// How many lines are shown, and how many are read: a secret of several lines is known by its lines, so those before matter.
const SHOWN: usize = 10;
const READ: usize = 50;
/// From here on the door may have cut the end off, in the middle of whatever stands there.
const CUT: usize = 1 << 16;

/// How often a log is asked for that its node has just removed, and how long apart: the node soon knows of the instance after it.
const TRIES: usize = 4;
const APART: Duration = Duration::from_millis(500);

/// The last lines that a container wrote, scrubbed; or a line that says why they can't be read.
pub(super) async fn last_lines(sight: Sight<'_>, namespace: &str, pod: &str, container: &str, which: Log) -> Vec<String> {
    let place = Place { namespace, pod, container };
    let previous = which == Log::Previous;
    let mut attempt = 1;
    loop {
        let asked_for = match read(sight, place, previous).await {
            Ok(lines) if !lines.is_empty() => return lines,
            other => other,
        };
        // A container that ended a moment ago may have been started anew meanwhile, and the one before it been removed.
        match (asked_for, read(sight, place, !previous).await) {
            (_, Ok(lines)) if !lines.is_empty() => return lines,
            (Err(error), _) if error.is_not_found() && attempt < TRIES => tokio::time::sleep(APART).await,
            (Err(error), _) => {
                return vec![format!("(its log can't be read: {})", one_line(&error.to_string(), sight.scrubber))];
            }
            _ => return vec!["(it wrote nothing)".to_owned()],
        }
        attempt += 1;
    }
}

async fn read(sight: Sight<'_>, place: Place<'_>, previous: bool) -> Result<Vec<String>, ClusterError> {
    let text = sight.cluster.pod_log(place, READ, previous).await?;
    // Scrubbed as a whole, before anything is cut.
    Ok(last(&sight.scrubber.scrub(uncut(&text))))
}

/// The text without a last line that may have been cut.
fn uncut(text: &str) -> &str {
    if text.len() < CUT || text.ends_with('\n') { text } else { text.rsplit_once('\n').map_or("", |(whole, _)| whole) }
}

/// The last lines that aren't empty.
fn last(text: &str) -> Vec<String> {
    let mut lines: Vec<String> =
        text.lines().rev().map(|line| shorten(line.trim_end())).filter(|line| !line.is_empty()).take(SHOWN).collect();
    lines.reverse();
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_that_say_something() {
        let text: Vec<String> = (0..20).map(|line| format!("line {line}\r\n\n")).collect();
        let lines = last(&text.concat());
        assert_eq!((lines.len(), lines[0].as_str(), lines[9].as_str()), (10, "line 10", "line 19"));
    }

    #[test]
    fn a_line_that_may_be_cut_is_left_out() {
        assert_eq!(uncut("a\nb"), "a\nb");
        let long = "x".repeat(CUT);
        assert_eq!(uncut(&format!("{long}\nhalf a sec")), long);
        assert_eq!(uncut(&long), "");
        assert_eq!(uncut(&format!("{long}\n")), format!("{long}\n"));
    }
}
