//! Template text into pieces and tokens, with the bounds that Tera's own lexer gives them.

use std::ops::Range;

/// A piece of a template.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Piece {
    /// Text that is written as it stands.
    Text(Range<usize>),
    /// `{% raw %}…{% endraw %}`: all of it, and the part that is written, blanks already trimmed as its tags ask.
    Raw {
        /// Where `{%` ends, or `{%-`.
        open: usize,
        /// What is written.
        body: Range<usize>,
        /// Whether its end trims the text behind it.
        trims_after: bool,
    },
    /// `{# … #}`; whether it trims the text behind it.
    Comment(bool),
    /// `{{ … }}` or `{% … %}`
    Code(Code),
}

/// An expression or a tag.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Code {
    /// Whether it is a tag.
    pub(super) tag: bool,
    /// One past `{{`, `{{-`, `{%`, `{%-`.
    pub(super) open: usize,
    /// First byte of `}}`, `-}}`, `%}`, `-%}`.
    pub(super) close: usize,
    /// One past it.
    pub(super) end: usize,
    /// Whether it trims the text behind it.
    pub(super) trims: bool,
    /// Its tokens, as a range of [`Lexed::tokens`].
    pub(super) tokens: Range<usize>,
}

/// A token of an expression or tag.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Kind {
    /// A name or keyword; `true`, `none` and the like too.
    Name,
    /// A string literal, quotes included.
    Text,
    /// A number.
    Number,
    /// An operator or bracket.
    Symbol(&'static str),
}

/// A template in pieces.
#[derive(Debug, Default)]
pub(super) struct Lexed {
    pub(super) pieces: Vec<Piece>,
    pub(super) tokens: Vec<Token>,
}

/// The text isn't a template; Tera's own error says why.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Confused {
    /// The byte where it was noticed.
    pub(super) at: usize,
}

/// Longest first, as Tera tries them.
const SYMBOLS: &[&str] = &[
    "...", "//", "**", "==", "!=", ">=", "<=", "</", "?.", "?[", "+", "-", "*", "/", "%", "!", ".", ",", ":", "~", "|", "=", ">",
    "<", "(", ")", "[", "]", "{", "}", "@",
];

/// Splits a template.
pub(super) fn lex(text: &str) -> Result<Lexed, Confused> {
    let mut lexed = Lexed::default();
    let mut at = 0;
    while at < text.len() {
        let start = next_opening(text, at);
        if start > at {
            lexed.pieces.push(Piece::Text(at..start));
        }
        if start == text.len() {
            break;
        }
        let trims = byte(text, start + 2) == Some(b'-');
        let open = start + 2 + usize::from(trims);
        at = match byte(text, start + 1) {
            Some(b'#') => {
                let length = memchr::memmem::find(tail(text, open).as_bytes(), b"#}").ok_or(Confused { at: start })?;
                let end = open + length + 2;
                lexed.pieces.push(Piece::Comment(length > 0 && byte(text, end - 3) == Some(b'-')));
                end
            }
            Some(b'%') => match raw(text, open)? {
                Some((piece, end)) => {
                    lexed.pieces.push(piece);
                    end
                }
                None => code(text, open, true, &mut lexed)?,
            },
            _ => code(text, open, false, &mut lexed)?,
        };
    }
    Ok(lexed)
}

fn byte(text: &str, at: usize) -> Option<u8> {
    text.as_bytes().get(at).copied()
}

fn tail(text: &str, at: usize) -> &str {
    text.get(at..).unwrap_or("")
}

/// The next `{{`, `{%` or `{#` at or behind `at`, or the end.
fn next_opening(text: &str, at: usize) -> usize {
    memchr::memchr_iter(b'{', tail(text, at).as_bytes())
        .map(|found| at + found)
        .find(|found| matches!(byte(text, found + 1), Some(b'{' | b'%' | b'#')))
        .unwrap_or(text.len())
}

/// A raw block whose first tag opens before `open`: the piece and where it ends.
fn raw(text: &str, open: usize) -> Result<Option<(Piece, usize)>, Confused> {
    let Some((mut at, trim_body)) = named_tag(text, open, "raw") else { return Ok(None) };
    let body = at;
    while let Some(found) = memchr::memmem::find(tail(text, at).as_bytes(), b"{%") {
        let tag = at + found;
        at = tag + 2;
        let trim_end = byte(text, at) == Some(b'-');
        if let Some((end, trims_after)) = named_tag(text, at, "endraw") {
            let mut written = text.get(body..tag).unwrap_or("");
            let mut start = body;
            if trim_body {
                start += written.len() - written.trim_start().len();
                written = written.trim_start();
            }
            if trim_end {
                written = written.trim_end();
            }
            return Ok(Some((Piece::Raw { open, body: start..start + written.len(), trims_after }, end)));
        }
    }
    Err(Confused { at: open })
}

/// The end of the tag that consists of `name` alone and whose inside starts at `at`; whether it trims what follows.
fn named_tag(text: &str, at: usize, name: &str) -> Option<(usize, bool)> {
    let blank = |c: char| c.is_ascii_whitespace();
    let rest = tail(text, at);
    let rest = rest.strip_prefix('-').unwrap_or(rest).trim_start_matches(blank);
    let rest = rest.strip_prefix(name)?.trim_start_matches(blank);
    let trimmed = rest.strip_prefix('-');
    let rest = trimmed.unwrap_or(rest).strip_prefix("%}")?;
    Some((text.len() - rest.len(), trimmed.is_some()))
}

/// The tokens from `open` to the closing delimiter; gives where that ends.
fn code(text: &str, open: usize, tag: bool, lexed: &mut Lexed) -> Result<usize, Confused> {
    let closing = if tag { "%}" } else { "}}" };
    let first = lexed.tokens.len();
    let mut at = open;
    loop {
        let rest = tail(text, at);
        let blanks = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_whitespace()).len();
        at += blanks;
        let rest = tail(text, at);
        let trims = rest.starts_with('-') && tail(text, at + 1).starts_with(closing);
        if trims || rest.starts_with(closing) {
            let end = at + 2 + usize::from(trims);
            let tokens = first..lexed.tokens.len();
            lexed.pieces.push(Piece::Code(Code { tag, open, close: at, end, trims, tokens }));
            return Ok(end);
        }
        let token = token(text, at).ok_or(Confused { at })?;
        at = token.end;
        lexed.tokens.push(token);
    }
}

fn token(text: &str, at: usize) -> Option<Token> {
    let rest = tail(text, at);
    let (kind, length) = match rest.as_bytes().first()? {
        quote @ (b'"' | b'\'' | b'`') => (Kind::Text, string_length(rest.as_bytes(), *quote)?),
        b'0'..=b'9' => (Kind::Number, number_length(rest.as_bytes())),
        b'_' | b'a'..=b'z' | b'A'..=b'Z' => {
            let length = rest.bytes().take_while(|c| *c == b'_' || c.is_ascii_alphanumeric()).count();
            (Kind::Name, length)
        }
        _ => {
            let symbol = SYMBOLS.iter().find(|symbol| rest.starts_with(**symbol))?;
            (Kind::Symbol(symbol), symbol.len())
        }
    };
    Some(Token { kind, start: at, end: at + length })
}

fn string_length(bytes: &[u8], quote: u8) -> Option<usize> {
    let mut escaped = false;
    for (at, byte) in bytes.iter().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            byte if *byte == quote => return Some(at + 1),
            _ => {}
        }
    }
    None
}

fn number_length(bytes: &[u8]) -> usize {
    let mut float = false;
    bytes
        .iter()
        .take_while(|byte| {
            let dot = **byte == b'.' && !float;
            float |= dot;
            dot || byte.is_ascii_digit()
        })
        .count()
}
