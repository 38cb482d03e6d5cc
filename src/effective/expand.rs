//! `$(NAME)` in a variable's value, as Kubernetes' own expansion package reads it.

use super::Part;
use crate::object::Text;
use crate::secret::Sealed;

/// A piece of a text that is expanded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// As it is.
    Plain(&'a [u8]),
    /// `$(NAME)`: the name.
    Name(&'a [u8]),
}

/// Takes a text apart. `$$` is a dollar sign that begins nothing; a `$` before anything but `$` and `(`, or before a `(` that nothing
/// closes, is plain. The text may hold a secret's bytes.
pub(crate) fn pieces(text: &[u8]) -> Vec<Piece<'_>> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'$', rest) {
        let (before, from) = rest.split_at(at);
        found.push(Piece::Plain(before));
        let (dollar, after) = from.split_at(1);
        rest = match after.first() {
            Some(b'$') => {
                found.push(Piece::Plain(dollar));
                after.get(1..).unwrap_or_default()
            }
            Some(b'(') => {
                let inside = after.get(1..).unwrap_or_default();
                if let Some(end) = memchr::memchr(b')', inside) {
                    let (name, closed) = inside.split_at(end);
                    found.push(Piece::Name(name));
                    closed.get(1..).unwrap_or_default()
                } else {
                    found.push(Piece::Plain(dollar));
                    after
                }
            }
            _ => {
                found.push(Piece::Plain(dollar));
                after
            }
        };
    }
    found.push(Piece::Plain(rest));
    found.retain(|piece| *piece != Piece::Plain(&[]));
    found
}

/// Replaces each `$(NAME)` that `look_up` knows; one that it doesn't know stays as written.
pub(super) fn expand<'a>(text: &str, look_up: impl Fn(&str) -> Option<&'a [Part]>) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut plain = String::new();
    for piece in pieces(text.as_bytes()) {
        match piece {
            Piece::Plain(bytes) => plain.push_str(&String::from_utf8_lossy(bytes)),
            Piece::Name(name) => {
                let name = String::from_utf8_lossy(name);
                if let Some(value) = look_up(&name) {
                    push(&mut parts, &mut plain);
                    parts.extend_from_slice(value);
                } else {
                    plain.extend(["$(", &name, ")"]);
                }
            }
        }
    }
    push(&mut parts, &mut plain);
    parts
}

fn push(parts: &mut Vec<Part>, plain: &mut String) {
    if !plain.is_empty() {
        parts.push(Part::Known(Sealed::Text(Text::from(std::mem::take(plain)))));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The cases of Kubernetes' own tests (third_party/forked/golang/expansion), as this reads them: names in brackets.
    #[test]
    fn as_kubernetes_reads_it() {
        let cases = [
            ("$(A)", "[A]"),
            ("___$(A)___$(B)", "___[A]___[B]"),
            ("\\$(A)", "\\[A]"),
            ("$$(A)", "$(A)"),
            ("$$$(A)", "$[A]"),
            ("$$$$(A)", "$$(A)"),
            ("$(A", "$(A"),
            ("$(A$$", "$(A$"),
            ("$", "$"),
            ("a$", "a$"),
            ("$x $(A)$", "$x [A]$"),
            ("$(A$(B)", "[A$(B]"),
            ("$()", "[]"),
            ("foo)bar($(A)", "foo)bar([A]"),
            ("$(é)ü$ü", "[é]ü$ü"),
        ];
        for (text, expected) in cases {
            let read: String = pieces(text.as_bytes())
                .into_iter()
                .map(|piece| match piece {
                    Piece::Plain(bytes) => String::from_utf8_lossy(bytes).into_owned(),
                    Piece::Name(name) => format!("[{}]", String::from_utf8_lossy(name)),
                })
                .collect();
            assert_eq!(read, expected, "{text}");
        }
    }
}
