//! A field's difference as lines: what is gone, what is new, what stands around it.

use similar::{ChangeTag, TextDiff};

use super::masks::Masks;
use super::node::yaml;
use crate::change::Difference;
use crate::object::{Data, Node};

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::report) enum Kind {
    Old,
    New,
    Context,
    /// A gap: lines that are the same were left out.
    Gap,
}

/// Lines around a changed one.
const CONTEXT: usize = 3;
/// Longer texts are shown as replaced: the alignment may take quadratic time.
const MOST: usize = 20_000;
/// Longer lines are cut.
const LONGEST: usize = 400;

/// The lines of a field's difference.
pub(in crate::report) fn lines(difference: &Difference) -> Vec<(Kind, String)> {
    match difference {
        Difference::Added(node) => all(Kind::New, yaml(node, &mut Masks::default())),
        Difference::Removed(node) => all(Kind::Old, yaml(node, &mut Masks::default())),
        Difference::Changed(old, new) => changed(old, new),
        Difference::Reordered(old, new) => {
            let list = |names: &[String]| vec![format!("order: {}", names.join(", "))];
            [all(Kind::Old, list(old)), all(Kind::New, list(new))].concat()
        }
    }
}

fn all(kind: Kind, lines: Vec<String>) -> Vec<(Kind, String)> {
    lines.into_iter().map(|line| (kind, cut(&line, 0))).collect()
}

fn changed(old: &Node, new: &Node) -> Vec<(Kind, String)> {
    if let Some((before, after)) = texts(old, new)
        && (before.contains('\n') || after.contains('\n'))
        && before.lines().count() + after.lines().count() <= MOST
    {
        return text(&before, &after);
    }
    let mut masks = Masks::default();
    let (before, after) = match (&old.data, &new.data) {
        (Data::Sealed(old), Data::Sealed(new)) => {
            let (old, new) = Masks::of_both(old, new);
            (vec![old], vec![new])
        }
        _ => (yaml(old, &mut masks), yaml(new, &mut masks)),
    };
    match (before.as_slice(), after.as_slice()) {
        ([before], [after]) => {
            let from = before.chars().zip(after.chars()).take_while(|(a, b)| a == b).count();
            vec![(Kind::Old, cut(before, from)), (Kind::New, cut(after, from))]
        }
        _ => [all(Kind::Old, before), all(Kind::New, after)].concat(),
    }
}

/// Both sides as text, if both are; sealed parts masked.
fn texts(old: &Node, new: &Node) -> Option<(String, String)> {
    let mut masks = Masks::default();
    let mut read = |node: &Node| match &node.data {
        Data::Text(text) => Some(text.to_string()),
        Data::Sealed(sealed) => Some(masks.show(sealed)),
        _ => None,
    };
    let (before, after) = (read(old)?, read(new)?);
    if let (Data::Sealed(old), Data::Sealed(new)) = (&old.data, &new.data) {
        return Some(Masks::of_both(old, new));
    }
    Some((before, after))
}

/// Line by line, with context.
fn text(old: &str, new: &str) -> Vec<(Kind, String)> {
    let diff = TextDiff::from_lines(old, new);
    let mut lines = Vec::new();
    for (at, group) in diff.grouped_ops(CONTEXT).iter().enumerate() {
        let first = group.first().map_or(0, |op| op.new_range().start);
        if at > 0 || first > 0 {
            lines.push((Kind::Gap, format!("@@ line {} @@", first + 1)));
        }
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let kind = match change.tag() {
                ChangeTag::Equal => Kind::Context,
                ChangeTag::Delete => Kind::Old,
                ChangeTag::Insert => Kind::New,
            };
            let value = change.value();
            lines.push((kind, cut(value.trim_end_matches(['\n', '\r']), 0)));
            // Only the last line may lack its end; where only one side does, that is the difference.
            if change.missing_newline() && old.ends_with('\n') != new.ends_with('\n') {
                lines.push((Kind::Context, "(no line end)".to_owned()));
            }
        }
    }
    lines
}

/// A line of at most some 400 characters, those around `from`.
fn cut(line: &str, from: usize) -> String {
    let length = line.chars().count();
    if length <= LONGEST {
        return line.to_owned();
    }
    let start = from.saturating_sub(LONGEST / 4).min(length - LONGEST);
    let kept: String = line.chars().skip(start).take(LONGEST).collect();
    let before = if start > 0 { "…" } else { "" };
    let after = if start + LONGEST < length { "…" } else { "" };
    format!("{before}{kept}{after}")
}
