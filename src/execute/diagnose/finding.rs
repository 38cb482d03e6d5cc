//! One finding, and how it reads.

use super::scene::Subject;
use crate::secret::Scrubber;
use crate::status::{Cause, Trouble};

/// How much of a text of the server's is shown.
const LONGEST: usize = 500;

/// Something that keeps an object from being ready. Scrubbed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What it is about: the object itself, a pod, a container of one.
    pub about: String,
    /// What it is; none where only an event tells.
    pub cause: Option<Cause>,
    /// What the server, the kubelet or the scheduler says.
    pub message: String,
    /// How many more pods it befell.
    pub more: usize,
    /// What the container wrote at last, or why that can't be read.
    pub log: Vec<String>,
}

impl Finding {
    pub(super) fn of(subject: &Subject, trouble: Trouble, log: Vec<String>, scrubber: &Scrubber) -> Self {
        let Subject { kind, name, more } = subject;
        let about = match &trouble.container {
            Some(container) => format!("{kind}/{name}, container `{container}`"),
            None => format!("{kind}/{name}"),
        };
        Self { about, message: one_line(&trouble.message, scrubber), cause: Some(trouble.cause), more: *more, log }
    }

    pub(super) fn event(reason: &str, message: &str, scrubber: &Scrubber) -> Self {
        let about = format!("event {}", one_line(reason, scrubber));
        Self { about, cause: None, message: one_line(message, scrubber), more: 0, log: Vec::new() }
    }

    /// What happened, what to do, what the container wrote: a line each.
    pub fn lines(&self) -> Vec<String> {
        let more = match self.more {
            0 => String::new(),
            1 => " (and of another pod)".to_owned(),
            more => format!(" (and of {more} other pods)"),
        };
        let Some(cause) = &self.cause else { return vec![format!("{}: {}", self.about, self.message)] };
        let summary = cause.summary();
        let said = if self.message == summary { String::new() } else { format!(": {}", self.message) };
        let mut lines = vec![format!("{}{more}: {summary}{said}", self.about), format!("  {}", cause.advice())];
        lines.extend(self.log.iter().map(|line| format!("  | {line}")));
        lines
    }
}

/// A text of somebody else's on one line, without secrets or control characters, and not too long.
pub(super) fn one_line(text: &str, scrubber: &Scrubber) -> String {
    let words = scrubber.scrub(text).split_whitespace().collect::<Vec<_>>().join(" ");
    shorten(&words)
}

/// At most [`LONGEST`] characters, none of which steers a terminal.
pub(super) fn shorten(text: &str) -> String {
    let mut characters = text.chars().filter(|character| !character.is_control());
    let mut short: String = characters.by_ref().take(LONGEST).collect();
    if characters.next().is_some() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trouble(cause: Cause, container: Option<&str>, message: &str) -> Trouble {
        Trouble { cause, container: container.map(str::to_owned), log: None, message: message.to_owned() }
    }

    #[test]
    fn a_finding_says_what_happened_what_to_do_and_what_the_container_wrote() {
        let subject = Subject { kind: "Pod".to_owned(), name: "web-1".to_owned(), more: 2 };
        let cause = Cause::CrashLoop { exit_code: Some(1), restarts: 3 };
        let message = cause.summary();
        let log = vec!["no route to db".to_owned()];
        let found = Finding::of(&subject, trouble(cause, Some("web"), &message), log, &Scrubber::default());
        assert_eq!(
            found.lines(),
            [
                "Pod/web-1, container `web` (and of 2 other pods): crashes again and again: exit code 1 (3 restarts)",
                "  its last lines say why",
                "  | no route to db",
            ]
        );
    }

    #[test]
    fn texts_of_others_steer_no_terminal() {
        let long = format!("a\x1b[31mred\x07\n  {}", "x".repeat(1000));
        let short = one_line(&long, &Scrubber::default());
        assert!(short.starts_with("a[31mred xxx") && short.ends_with("x…"), "{short}");
        assert_eq!(short.chars().count(), LONGEST + 1);
    }
}
