//! What no finding shows: sealed tokens, whose random bits differ at each run and mean nothing to a reader; private keys; values
//! that a finding says are secrets in the open.

use std::ops::Range;

use crate::secret::TOKEN_PREFIX;

/// What stands in a token's place.
const SHOWN: &str = "«secret»";

/// What stands in a private key's place.
const KEY: &str = "«private key»";
/// What stands in the place of a value that a finding says is a secret in the open.
const VALUE: &str = "«not shown»";

/// Rules whose findings point at lines that hold a secret.
const OPEN: [&str; 3] = ["plaintext-secret", "identity-in-git", "secret-in-git"];

/// A part of a text, and what stands for it.
type Cut = (Range<usize>, &'static str);

/// The text with each token and each private key replaced.
pub(super) fn hide(text: &str) -> String {
    replace(text, &cuts(text))
}

/// The hints that can be shown: none that quotes a line which holds a secret.
pub(super) fn hints(rule: &str, hints: &[String]) -> Vec<String> {
    let quotes = |hint: &&String| OPEN.contains(&rule) && hint.starts_with("rendered, the line is");
    hints.iter().filter(|hint| !quotes(hint)).map(|hint| hide(hint)).collect()
}

/// Lines of a source as they can be shown.
pub(super) struct Lines {
    pub text: String,
    cuts: Vec<Cut>,
}

impl Lines {
    /// The lines in `range` of `text`, for a finding of `rule` with places that start at `starts`.
    pub(super) fn of(text: &str, range: Range<usize>, rule: &str, starts: &[usize]) -> Self {
        let lines = text.get(range.clone()).unwrap_or("");
        let cuts = if OPEN.contains(&rule) {
            values(lines, &starts.iter().map(|start| start.saturating_sub(range.start)).collect::<Vec<_>>())
        } else {
            // A block that starts before these lines covers them too.
            let inside = cuts(text).into_iter().filter(|(cut, _)| cut.start >= range.start && cut.end <= range.end);
            inside.map(|(cut, shown)| (cut.start - range.start..cut.end - range.start, shown)).collect()
        };
        Self { text: replace(lines, &cuts), cuts }
    }

    /// Where a byte offset into the lines lies in what is shown; one inside a cut lies at its replacement's nearest end.
    pub(super) fn moved(&self, offset: usize) -> usize {
        let mut moved = offset;
        for (cut, shown) in self.cuts.iter().take_while(|(cut, _)| cut.start < offset) {
            let inside = offset.saturating_sub(cut.start).min(cut.len());
            moved = moved - inside + shown.len();
        }
        moved
    }
}

fn replace(text: &str, cuts: &[Cut]) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = 0;
    for (cut, instead) in cuts {
        shown.push_str(text.get(rest..cut.start).unwrap_or(""));
        shown.push_str(instead);
        rest = cut.end;
    }
    shown.push_str(text.get(rest..).unwrap_or(""));
    shown
}

/// What must not be shown of a text, in order, none over another.
fn cuts(text: &str) -> Vec<Cut> {
    let mut all: Vec<Cut> = find(text).map(|token| (token, SHOWN)).collect();
    all.extend(identities(text).chain(pem(text)).map(|key| (key, KEY)));
    all.sort_by_key(|(cut, _)| (cut.start, std::cmp::Reverse(cut.end)));
    let mut end = 0;
    all.retain(|(cut, _)| {
        let is_apart = cut.start >= end;
        end = end.max(cut.end);
        is_apart
    });
    all
}

/// age identities.
fn identities(text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    const MARK: &str = "AGE-SECRET-KEY-1";
    text.match_indices(MARK).filter_map(|(start, _)| {
        let tail = text.get(start + MARK.len()..)?;
        let rest = tail.trim_start_matches(|c: char| c.is_ascii_uppercase() || c.is_ascii_digit());
        (rest.len() < tail.len()).then_some(start..text.len() - rest.len())
    })
}

/// Private keys in PEM, line by line so that lines keep their numbers; one without an end goes on to the text's.
fn pem(text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut from = 0;
    let blocks = std::iter::from_fn(move || {
        loop {
            let start = from + text.get(from..)?.find("-----BEGIN ")?;
            let head = start + "-----BEGIN ".len();
            let name = text.get(head..)?;
            let dashes = name.find("-----").unwrap_or(name.len());
            from = head + dashes;
            if !name.get(..dashes)?.ends_with("PRIVATE KEY") {
                continue;
            }
            let tail = text.get(from..)?;
            let end = tail.find("-----END ").map_or(text.len(), |at| {
                let at = from + at + "-----END ".len();
                text.get(at..).and_then(|rest| rest.find("-----")).map_or(text.len(), |dashes| at + dashes + 5)
            });
            from = end;
            return Some(start..end);
        }
    });
    blocks.flat_map(move |block| {
        let mut at = block.start;
        let lines = text.get(block).unwrap_or("").split_inclusive('\n').map(move |line| {
            let start = at + (line.len() - line.trim_start().len());
            at += line.len();
            start..start + line.trim().len()
        });
        lines.filter(|line| !line.is_empty()).collect::<Vec<_>>()
    })
}

/// The values of lines: what stands behind the key where a place starts, all of any other line.
fn values(lines: &str, starts: &[usize]) -> Vec<Cut> {
    let mut at = 0;
    let mut cuts = Vec::new();
    for line in lines.split_inclusive('\n') {
        let is_named = starts.iter().any(|start| (at..at + line.len().max(1)).contains(start));
        let indent = line.len() - line.trim_start().len();
        let key =
            if is_named { line.find(": ").map(|end| end + 2).or_else(|| line.find(" = ").map(|end| end + 3)) } else { None };
        let (from, to) = (at + key.unwrap_or(indent), at + line.trim_end().len());
        if from < to {
            cuts.push((from..to, VALUE));
        }
        at += line.len();
    }
    cuts
}

/// The tokens of a text: the prefix, hexadecimal digits, `n`, a number, `z`; as much of it as is there.
fn find(text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut from = 0;
    std::iter::from_fn(move || {
        let start = from + text.get(from..)?.find(TOKEN_PREFIX)?;
        let tail = text.get(start + TOKEN_PREFIX.len()..).unwrap_or("");
        let rest = tail.trim_start_matches(|c: char| c.is_ascii_hexdigit());
        let rest = rest.strip_prefix('n').unwrap_or(rest).trim_start_matches(|c: char| c.is_ascii_digit());
        let rest = rest.strip_prefix('z').unwrap_or(rest);
        from = text.len() - rest.len();
        Some(start..from)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::{Sealed, Tokens};

    #[test]
    fn tokens_are_hidden_and_offsets_follow() {
        let tokens = Tokens::new([7; 16]);
        let token = tokens.issue(Sealed::Text("a".into()));
        let text = format!("x: {token}zebra {token}!");
        assert_eq!(hide(&text), "x: «secret»zebra «secret»!");
        let zebra = text.find("zebra").unwrap();
        let lines = Lines::of(&text, 0..text.len(), "unknown-field", &[]);
        assert_eq!(lines.moved(zebra), hide(&text).find("zebra").unwrap());
        assert_eq!(lines.moved(text.len()), hide(&text).len());
        assert_eq!(lines.moved(3), 3);
        assert_eq!(hide("nothing here"), "nothing here");
    }
    #[test]
    fn private_keys_are_hidden() {
        let pem = "a: |\n  -----BEGIN RSA PRIVATE KEY-----\n  TUlJ\n  -----END RSA PRIVATE KEY-----\nb: 1\n";
        assert_eq!(hide(pem), "a: |\n  «private key»\n  «private key»\n  «private key»\nb: 1\n");
        let at = pem.find("  TUlJ").unwrap();
        assert_eq!(Lines::of(pem, at..at + 6, "unknown-field", &[at]).text, "  «private key»");
        assert_eq!(hide("x -----BEGIN PRIVATE KEY-----\\nTUlJ"), "x «private key»");
        assert_eq!(hide("-----BEGIN CERTIFICATE-----\nTUlJ"), "-----BEGIN CERTIFICATE-----\nTUlJ");
        assert_eq!(hide("key `AGE-SECRET-KEY-1QQPQ`."), "key `«private key»`.");
    }

    #[test]
    fn values_in_the_open_are_hidden() {
        let text = "data:\n  one: aHVudGVy\n  two: |\n    hunter: 2\n";
        let lines = Lines::of(text, 0..text.len(), "plaintext-secret", &[text.find("aHV").unwrap()]);
        assert_eq!(lines.text, "«not shown»\n  one: «not shown»\n  «not shown»\n    «not shown»\n");
        assert_eq!(lines.moved(text.find("aHV").unwrap()), lines.text.find("one: ").unwrap() + 5);
        let hint = ["rendered, the line is `one: aHVudGVy`".to_owned(), "seal it".to_owned()];
        assert_eq!(hints("plaintext-secret", &hint), ["seal it"]);
    }
}
