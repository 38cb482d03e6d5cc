//! Sealed tokens out of what is shown: their random bits differ at each run, and mean nothing to a reader.

use std::ops::Range;

use crate::secret::TOKEN_PREFIX;

/// What stands in a token's place.
const SHOWN: &str = "«secret»";

/// The text with each token replaced.
pub(super) fn hide(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = 0;
    for token in find(text) {
        shown.push_str(text.get(rest..token.start).unwrap_or(""));
        shown.push_str(SHOWN);
        rest = token.end;
    }
    shown.push_str(text.get(rest..).unwrap_or(""));
    shown
}

/// Where a byte offset into `text` lies in `hide(text)`; one inside a token lies at its replacement's nearest end.
pub(super) fn moved(text: &str, offset: usize) -> usize {
    let mut moved = offset;
    for token in find(text).take_while(|token| token.start < offset) {
        let inside = offset.saturating_sub(token.start).min(token.len());
        moved = moved - inside + SHOWN.len();
    }
    moved
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
        assert_eq!(moved(&text, zebra), hide(&text).find("zebra").unwrap());
        assert_eq!(moved(&text, text.len()), hide(&text).len());
        assert_eq!(moved(&text, 3), 3);
        assert_eq!(hide("nothing here"), "nothing here");
    }
}
