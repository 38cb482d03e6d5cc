//! Broken TOML, in a user's words: one error a line, none that only follows from another, duplicates with both places.
//!
//! The parser goes on after an error, but not after all: a key without a value ends its reading, and an unclosed bracket
//! swallows the rest of the file. So what it can't get past is noted, blanked out, and the text is parsed again.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::de::DeTable;
use toml_parser::lexer::{Token, TokenKind};
use toml_parser::parser::RecursionGuard;
use toml_parser::{ParseError, Source};

use super::firsts::first_places;
use super::{TOML_DUPLICATE_KEY, TOML_SYNTAX};
use crate::diagnostic::Diagnostic;
use crate::source::{FileId, Span};

/// Deepest nesting, as the parser of `toml` itself has it; without a bound a file of brackets ends in a stack overflow.
pub(super) const DEEPEST: u32 = 80;

/// Most errors shown of one file.
const MOST: usize = 20;

/// What is wrong at a place.
struct Fault {
    at: Range<usize>,
    message: String,
}

/// What is wrong with a text, and the text without the parts that the parser can't get past.
pub(super) fn explain(file: FileId, text: &str) -> (String, Vec<Diagnostic>) {
    let mut text = text.to_owned();
    let mut faults = Vec::new();
    // Each round blanks at least one line, and more than MOST aren't shown.
    for _ in 0..=MOST {
        let obstacles = obstacles(&text);
        if obstacles.is_empty() {
            break;
        }
        for (fault, region) in obstacles {
            blank(&mut text, region);
            faults.push(fault);
        }
    }
    let (_, errors) = DeTable::parse_recoverable(&text);
    let message = |error: &toml::de::Error| error.message().to_owned();
    // Keys below a header that was blanked out fall to the table above it: what repeats there needn't be a repetition.
    let certain = faults.iter().filter(|fault| fault.message.ends_with("table")).map(|fault| fault.at.start).min();
    let errors = errors.into_iter().filter(|error| {
        !is_duplicate(error.message()) || certain.is_none_or(|certain| error.span().is_some_and(|span| span.start < certain))
    });
    faults.extend(errors.map(|error| Fault { at: error.span().unwrap_or(0..0), message: message(&error) }));
    let diagnostics = thin_out(file, &text, faults);
    (text, diagnostics)
}

/// What the parser can't get past, each with the part of the text to blank out.
fn obstacles(text: &str) -> Vec<(Fault, Range<usize>)> {
    let tokens = Source::new(text).lex().into_vec();
    let mut errors: Vec<ParseError> = Vec::new();
    let mut ignore = |_: toml_parser::parser::Event| {};
    toml_parser::parser::parse_document(&tokens, &mut RecursionGuard::new(&mut ignore, DEEPEST), &mut errors);
    // All behind an unclosed bracket is read as its content: only the outermost is certain.
    let unclosed = errors
        .iter()
        .filter(|error| matches!(error.description(), "unclosed array" | "unclosed inline table"))
        .filter_map(|error| Some((error.context()?, error.description())))
        .min_by_key(|(opener, _)| opener.start());
    let unclosed = unclosed.or_else(|| Some((open_text(text, &tokens)?, "unclosed text")));
    let before = unclosed.map_or(text.len(), |(opener, _)| opener.start());
    let mut found: Vec<(Fault, Range<usize>)> = errors
        .iter()
        .filter(|error| matches!(error.description(), "key with no value" | "unclosed table" | "unclosed array table"))
        .filter_map(|error| Some((error.unexpected()?, error.description())))
        .filter(|(at, _)| at.start() < before)
        .map(|(at, message)| (Fault { at: at.start()..at.end(), message: message.into() }, line(text, at.start())))
        .collect();
    if let Some((opener, description)) = unclosed {
        let fault = Fault { at: opener.start()..opener.end(), message: description.into() };
        // What stands in an open text may look like anything; an open list ends where the next key or header starts.
        let end = if description == "unclosed text" { text.len() } else { next_statement(text, opener.end()) };
        found.push((fault, line(text, opener.start()).start..end));
    }
    found
}

/// The opening quotes of a text of several lines that isn't closed.
fn open_text(text: &str, tokens: &[Token]) -> Option<toml_parser::Span> {
    let last = tokens.iter().rev().find(|token| token.kind() != TokenKind::Eof)?;
    let quotes = match last.kind() {
        TokenKind::MlBasicString => "\"\"\"",
        TokenKind::MlLiteralString => "'''",
        _ => return None,
    };
    let span = last.span();
    let closed = text.get(span.start() + 3..span.end()).is_some_and(|inside| inside.ends_with(quotes));
    (!closed).then(|| toml_parser::Span::new_unchecked(span.start(), span.start() + 3))
}

/// The line around an offset, without its end.
fn line(text: &str, at: usize) -> Range<usize> {
    let start = text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |end| end + 1);
    let end = text.get(at..).and_then(|after| after.find('\n')).map_or(text.len(), |end| at + end);
    start..end
}

/// Where, behind the line of `at`, a line starts that looks like a header or a key with a value.
fn next_statement(text: &str, at: usize) -> usize {
    let mut start = line(text, at).end;
    while let Some(rest) = text.get(start + 1..).filter(|rest| !rest.is_empty()) {
        let this = rest.lines().next().unwrap_or("");
        let key = this.split('=').next().unwrap_or("").trim();
        let is_key = this.contains('=')
            && !key.is_empty()
            && key.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '"' | '\''));
        let header = this.trim_end();
        // A nested list may open a line too, but not in the first column, and not around a bare word.
        let is_header = header.strip_prefix('[').is_some_and(|header| {
            header.strip_suffix(']').is_some_and(|name| name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '['))
        });
        if is_key || is_header {
            return start + 1;
        }
        start = line(text, start + 1).end;
    }
    text.len()
}

/// Puts spaces over a part, so that all offsets stay.
fn blank(text: &mut String, region: Range<usize>) {
    let Some(part) = text.get(region.clone()) else { return };
    let spaces: String = part.bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }).collect();
    text.replace_range(region, &spaces);
}

/// One error a line, the first that isn't a repetition, and not too many.
fn thin_out(file: FileId, text: &str, mut faults: Vec<Fault>) -> Vec<Diagnostic> {
    faults.sort_by_key(|fault| (fault.at.start, fault.at.end));
    let mut lines: BTreeMap<usize, Fault> = BTreeMap::new();
    let (mut passed, mut number) = (0, 1_usize);
    for fault in faults {
        let skipped = text.as_bytes().get(passed..fault.at.start).unwrap_or_default();
        number += memchr::memchr_iter(b'\n', skipped).count();
        passed = passed.max(fault.at.start);
        match lines.get_mut(&number) {
            Some(first) if is_duplicate(&first.message) && !is_duplicate(&fault.message) => *first = fault,
            Some(_) => {}
            None => _ = lines.insert(number, fault),
        }
    }
    let firsts = if lines.values().any(|fault| is_duplicate(&fault.message)) { first_places(text) } else { BTreeMap::new() };
    let more = lines.len().saturating_sub(MOST);
    let mut diagnostics: Vec<Diagnostic> =
        lines.values().take(MOST).map(|fault| diagnostic(file, text, fault, &firsts)).collect();
    if more > 0 {
        let message = format!("{more} more lines of this file can't be read");
        diagnostics.push(Diagnostic::new(&TOML_SYNTAX, message).at(Span::file_start(file), "").hint("mend those above first"));
    }
    diagnostics
}

fn is_duplicate(message: &str) -> bool {
    message == "duplicate key" || message.starts_with("cannot extend value")
}

fn diagnostic(file: FileId, text: &str, fault: &Fault, firsts: &BTreeMap<usize, Range<usize>>) -> Diagnostic {
    let span = Span::new(file, fault.at.start, fault.at.end);
    let written = text.get(fault.at.clone()).unwrap_or("");
    if is_duplicate(&fault.message) {
        let diagnostic =
            Diagnostic::new(&TOML_DUPLICATE_KEY, format!("`{written}` stands in this table twice")).at(span, "again");
        let diagnostic = match firsts.get(&fault.at.start) {
            Some(first) => diagnostic.also(Span::new(file, first.start, first.end), "first"),
            None => diagnostic,
        };
        return diagnostic.hint("keep one of them; all keys of a table stand below one header");
    }
    let (message, label, hint) = words(&fault.message, word(text, &fault.at));
    let diagnostic = Diagnostic::new(&TOML_SYNTAX, message).at(span, label);
    match hint {
        Some(hint) => diagnostic.hint(hint),
        None => diagnostic,
    }
}

/// What the parser takes an unquoted text for.
const NUMBERS: &[&str] = &["number", "float", "mantissa", "fraction", "exponent", "date-time", "boolean", "value"];

/// The whole word at a place: the parser may point to a part of it, or to its end.
fn word<'a>(text: &'a str, at: &Range<usize>) -> &'a str {
    let ends = |c: char| c.is_whitespace() || matches!(c, ',' | '=' | '[' | ']' | '{' | '}' | '#');
    let start = text.get(..at.start).and_then(|before| before.rfind(ends)).map_or(0, |end| end + 1);
    let rest = text.get(start..).unwrap_or("");
    let length = rest.find(ends).unwrap_or(rest.len());
    rest.get(..length).unwrap_or("")
}

/// Message, label and hint for what the parser calls `message`; what isn't known here stays in its words.
fn words(message: &str, word: &str) -> (String, &'static str, Option<String>) {
    let cause = message.split_once(", expected").map_or(message, |(cause, _)| cause);
    let fixed = |message: &str, label: &'static str, hint: &str| (message.to_owned(), label, Some(hint.to_owned()));
    match cause {
        "unclosed array" => fixed("the list isn't closed", "opens here", "add `]` behind its last item"),
        "unclosed inline table" => fixed("the table isn't closed", "opens here", "add `}` behind its last value"),
        "unclosed table" | "unclosed array table" => fixed(
            "the header isn't closed",
            "ends without bracket",
            "a table's header is `[name]`, that of an item of a list `[[name]]`",
        ),
        "missing comma between array elements" | "missing comma between key-value pairs" => {
            fixed("a comma is missing", "before this", "items have commas between them, as in `[1, 2]` and `{ a = 1, b = 2 }`")
        }
        "key with no value" => fixed(
            "the line has a key without a value",
            "`=` belongs here",
            "TOML is `key = value`; a key with blanks or special characters stands in quotes",
        ),
        "unexpected key or value" => {
            fixed("the line goes on where it should end", "unexpected", "each key, and each `[header]`, has a line of its own")
        }
        "string values must be quoted" => not_a_value(word),
        _ if cause.starts_with("invalid ") && NUMBERS.iter().any(|number| cause.ends_with(number)) => not_a_value(word),
        "invalid unquoted key" => fixed(
            "a key has a character that needs quotes",
            "this",
            "keys without quotes have letters, digits, `-` and `_`; others stand in quotes; `key = value` has an equals sign",
        ),
        "unexpected leading zero" => fixed(
            "a number can't start with a zero",
            "zero",
            "if it is a text, such as a file mode, put it in quotes; octal numbers are `0o755`",
        ),
        "missing escaped value" | "invalid escape sequence" => fixed(
            "the backslash escapes nothing that TOML knows",
            "here",
            "write `\\\\` for a backslash, or use single quotes, in which nothing is escaped",
        ),
        "invalid basic string" | "invalid literal string" => fixed(
            "the text isn't closed where its line ends",
            "quote missing",
            "add the closing quote; texts of several lines stand between `\"\"\"` and `\"\"\"`",
        ),
        "unclosed text" => fixed("the text isn't closed", "opens here", "add the same three quotes behind its last line"),
        _ => (message.to_owned(), "", None),
    }
}

fn not_a_value(written: &str) -> (String, &'static str, Option<String>) {
    if written.is_empty() {
        return (
            "the key has no value".into(),
            "a value belongs here",
            Some("an empty text is `\"\"`, an empty list `[]`".into()),
        );
    }
    let truth = match written.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" => Some("true"),
        "false" | "no" | "off" => Some("false"),
        _ => None,
    };
    let hint = match truth {
        Some(truth) => format!("a truth value is `{truth}`; a text stands in quotes"),
        None => "a text stands in quotes".into(),
    };
    (format!("`{written}` isn't a value of TOML"), "not a value", Some(hint))
}
