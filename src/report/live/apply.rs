//! What became of an apply, for people.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};

use crate::execute::{Failed, Outcome, Reason};
use crate::plan::Operation;

/// What a run did, and what it didn't. `unchanged` objects were as wanted before. Ends in a line end.
pub fn apply_text(outcome: &Outcome, environment: &str, unchanged: usize, colors: bool) -> String {
    let mut text = String::new();
    let paint = |text: &str, color: AnsiColor| {
        let style = Style::new().fg_color(Some(color.into())).bold();
        if colors { format!("{style}{text}{style:#}") } else { text.to_owned() }
    };
    for failed in &outcome.failed {
        let _ = writeln!(text, "{} {}: {}", paint(word(failed), AnsiColor::Red), failed.id, failed.message);
        for line in failed.details.iter().flat_map(|detail| detail.lines()) {
            let _ = writeln!(text, "    {line}");
        }
    }
    for kept in &outcome.kept {
        let _ = writeln!(text, "{} {}: {}", paint("kept", AnsiColor::Yellow), kept.id, kept.why);
    }
    for note in &outcome.notes {
        let _ = writeln!(text, "note: {note}");
    }
    let _ = writeln!(text, "{}: {}", paint(environment, AnsiColor::White), summary(outcome, unchanged));
    if outcome.interrupted {
        let done = if outcome.touched { "what is listed as done is done, the rest isn't" } else { "nothing was written" };
        let _ = writeln!(text, "interrupted: {done}; run the command again to go on");
    }
    text
}

/// `3 created, 1 updated, 8 unchanged, 1 failed`
fn summary(outcome: &Outcome, unchanged: usize) -> String {
    let done = |operation| outcome.done.iter().filter(|(done, _)| *done == operation).count();
    let failed = |is: fn(&Reason) -> bool| outcome.failed.iter().filter(|failed| is(&failed.reason)).count();
    let is_left = |reason: &Reason| matches!(reason, Reason::Skipped(_) | Reason::Interrupted);
    let left = failed(|reason| matches!(reason, Reason::Skipped(_) | Reason::Interrupted));
    let not_ready = failed(|reason| *reason == Reason::NotReady);
    let others = outcome.failed.iter().filter(|failed| !is_left(&failed.reason) && failed.reason != Reason::NotReady).count();
    let counts = [
        (done(Operation::Create), "created"),
        (done(Operation::Update), "updated"),
        (done(Operation::Replace), "replaced"),
        (done(Operation::Prune), "pruned"),
        (unchanged, "unchanged"),
        (not_ready, "not ready"),
        (others, "failed"),
        (left, "left out"),
    ];
    let words: Vec<String> =
        counts.into_iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
    if words.is_empty() { "no objects".to_owned() } else { words.join(", ") }
}

/// What happened to an object, in one word.
pub fn did(operation: Operation) -> &'static str {
    match operation {
        Operation::Create => "created",
        Operation::Update => "updated",
        Operation::Replace => "replaced",
        Operation::Prune => "pruned",
    }
}

/// What kind of failure it is, in a word or two.
pub fn word(failed: &Failed) -> &'static str {
    match failed.reason {
        Reason::Moved(_) => "moved",
        Reason::Forbidden(_) => "forbidden",
        Reason::Refused => "refused",
        Reason::Unknown => "unknown",
        Reason::Unreachable => "unreachable",
        Reason::Skipped(_) => "left out",
        Reason::NotReady => "not ready",
        Reason::Interrupted => "not done",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::ObjectId;

    pub(crate) fn outcome() -> Outcome {
        let id = |kind: &str, name: &str| ObjectId {
            group: "".into(),
            version: "v1".into(),
            kind: kind.into(),
            namespace: Some("shop".into()),
            name: name.into(),
        };
        let failed = |name: &str, message: &str, reason| Failed {
            id: id("Pod", name),
            operation: Operation::Create,
            message: message.to_owned(),
            reason,
            details: vec!["one\ntwo".to_owned()],
        };
        Outcome {
            done: vec![(Operation::Create, id("ConfigMap", "a")), (Operation::Prune, id("Secret", "old"))],
            failed: vec![
                failed("p", "exceeded quota", Reason::Refused),
                failed("q", "not begun: it needs Secret/s, which failed", Reason::Skipped(id("Secret", "s"))),
            ],
            kept: vec![crate::plan::Kept { id: id("ConfigMap", "b"), why: "ReplicaSet/web uses it".to_owned() }],
            unrecorded: false,
            interrupted: false,
            touched: true,
            notes: vec!["nothing is pruned".to_owned()],
        }
    }

    #[test]
    fn for_people() {
        let text = apply_text(&outcome(), "dev", 3, false);
        assert_eq!(
            text,
            "refused Pod/p: exceeded quota\n    one\n    two\nleft out Pod/q: not begun: it needs Secret/s, which failed\n    one\n    two\n\
             kept ConfigMap/b: ReplicaSet/web uses it\nnote: nothing is pruned\n\
             dev: 1 created, 1 pruned, 3 unchanged, 1 failed, 1 left out\n"
        );
        let interrupted = Outcome { interrupted: true, ..Outcome::default() };
        let text = apply_text(&interrupted, "dev", 0, false);
        assert_eq!(text, "dev: no objects\ninterrupted: nothing was written; run the command again to go on\n");
    }
}
