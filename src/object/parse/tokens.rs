//! Tokens in parsed texts become sealed expressions.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use memchr::memmem::Finder;

use super::{FOREIGN_TOKEN, SECRET_IN_IDENTITY};
use crate::diagnostic::Diagnostic;
use crate::object::node::Data;
use crate::secret::{BadToken, Escape, Sealed, TOKEN_PREFIX, Tokens};
use crate::source::Span;

/// What the prefix looks like inside base64, at each of the three ways in which its bytes can fall into groups.
static ENCODED: LazyLock<Vec<Finder<'static>>> = LazyLock::new(|| {
    let encoded = |before: usize| {
        let padded = format!("{}{TOKEN_PREFIX}", "x".repeat(before));
        let whole_groups = padded.len() / 3 * 4;
        let text = STANDARD.encode(padded);
        let first = [0, 2, 3].get(before).copied().unwrap_or(0);
        Finder::new(text.get(first..whole_groups).unwrap_or(&text)).into_owned()
    };
    (0..3).map(encoded).collect()
});

/// Reads the tokens of one text.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    tokens: &'a Tokens,
    /// Whether base64 in this text may hold the prefix; looked up once for the whole text.
    encoded: bool,
    /// Whether any token can come out of this text: it has the prefix, or escapes that may spell it.
    possible: bool,
}

impl<'a> Reader<'a> {
    /// A reader for a text that will be parsed.
    pub(super) fn new(tokens: &'a Tokens, text: &str) -> Self {
        let encoded = ENCODED.iter().any(|finder| finder.find(text.as_bytes()).is_some());
        Self { tokens, encoded, possible: text.contains('\\') || Tokens::mentioned(text) }
    }

    /// Whether a scalar holds, or seems to hold, a token.
    pub(super) fn suspects(&self, scalar: &str) -> bool {
        self.possible && Tokens::mentioned(scalar) || self.encoded && holds_encoded(scalar)
    }

    /// What a suspected scalar is. A double-quoted one took one level of JSON escapes off the text around the tokens, so it
    /// takes one off theirs.
    pub(super) fn read(&self, scalar: &str, double_quoted: bool, at: Span) -> Result<Data, Diagnostic> {
        match self.tokens.read(scalar) {
            Ok(Some(sealed)) if double_quoted => Ok(Data::Sealed(Box::new(unescape(sealed)))),
            Ok(Some(sealed)) => Ok(Data::Sealed(Box::new(sealed))),
            Ok(None) if holds_encoded(scalar) => Err(foreign("this base64 holds a sealed token", at)
                .hint("a token that was encoded by hand can't be filled in: use `| b64encode` on the secret itself")),
            Ok(None) => Ok(Data::Text(scalar.into())),
            Err(BadToken::Foreign { .. }) => Err(foreign("this text holds something like a sealed token that isn't one", at)
                .hint(format!("a token is never written by hand, cut or changed in case; use `{{{{ secrets.… }}}}` in the template, and no text with `{TOKEN_PREFIX}`"))),
        }
    }

    /// The finding on a key that holds a token.
    pub(super) fn refuse_key(&self, key: &str, at: Span) -> Diagnostic {
        match self.read(key, false, at) {
            Err(finding) => finding,
            Ok(_) => Diagnostic::new(&SECRET_IN_IDENTITY, "a secret stands in a map's key").at(at, "this key").hint(
                "keys are public: they show in every diff and in the object's managed fields; put the secret into the value",
            ),
        }
    }
}

fn holds_encoded(scalar: &str) -> bool {
    ENCODED.iter().any(|finder| finder.find(scalar.as_bytes()).is_some())
}

fn foreign(message: &str, at: Span) -> Diagnostic {
    Diagnostic::new(&FOREIGN_TOKEN, message).at(at, "here")
}

fn unescape(sealed: Sealed) -> Sealed {
    match sealed {
        Sealed::Escaped(Escape::Json, inner) => *inner,
        Sealed::Concat(parts) => Sealed::concat(parts.into_iter().map(unescape)),
        other => other,
    }
}
