//! Broken YAML in words that say what to do.

use granit_parser::{ErrorKind, ScanError};

use super::place::Place;
use super::{YAML_SYNTAX, YAML_TOO_DEEP};
use crate::diagnostic::Diagnostic;

/// The diagnostic of a scanner's error: what is wrong, at the place, and the usual way out.
pub(super) fn explain(error: &ScanError, text: &str, place: Place) -> Diagnostic {
    let at = error.marker().byte_offset().unwrap_or(text.len()).min(text.len());
    let line_start = text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1);
    let line = text.get(line_start..).and_then(|rest| rest.lines().next()).unwrap_or("");
    let before = text.get(..line_start).unwrap_or("");
    let (message, hint) = words(error.kind(), line, at - line_start, before.lines().last().unwrap_or(""));
    let rule = if matches!(error.kind(), ErrorKind::RecursionLimitExceeded) { &YAML_TOO_DEEP } else { &YAML_SYNTAX };
    let end =
        text.get(at..).and_then(|rest| rest.chars().next()).filter(|next| *next != '\n').map_or(at, |next| at + next.len_utf8());
    let diagnostic = Diagnostic::new(rule, message).at(place.span(at, end), "here");
    match hint {
        Some(hint) => diagnostic.hint(hint),
        None => diagnostic,
    }
}

const INDENT: &str = "every line of a multi-line value stands deeper than its key; in a template, use `| indent(width=…)`";
const TAB: &str = "indent with spaces: YAML takes no tabs";
const QUOTE: &str = "close the quote; inside double quotes write `\\\"` and `\\\\`, inside single quotes `''`";

fn words(kind: &ErrorKind, line: &str, column: usize, above: &str) -> (String, Option<String>) {
    let indentation = line.get(..line.len() - line.trim_start().len()).unwrap_or("");
    if indentation.contains('\t') {
        return ("a tab stands in the indentation".to_owned(), Some(TAB.to_owned()));
    }
    let (message, hint) = match kind {
        ErrorKind::TabNotAllowed
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInIndentation
        | ErrorKind::TabInPlainScalar
        | ErrorKind::TabAtBlockScalarStart => ("a tab stands where only spaces may".to_owned(), Some(TAB)),
        ErrorKind::SimpleKeyExpected | ErrorKind::InvalidSimpleKey | ErrorKind::ExpectedBlockMappingKey => {
            ("this line isn't a `key: value` of the map that it stands in".to_owned(), Some(INDENT))
        }
        ErrorKind::InvalidIndentation if opens(above) => (
            "a bracket that the line above opens isn't closed".to_owned(),
            Some("close it, or indent what stands between the brackets"),
        ),
        ErrorKind::InvalidIndentation | ErrorKind::InvalidBlockScalarIndent | ErrorKind::ExpectedBlockSequenceEntry => {
            ("this line's indentation fits nothing above it".to_owned(), Some(INDENT))
        }
        ErrorKind::InvalidQuotedScalarIndent => (
            "a quoted value goes on in a line that isn't indented".to_owned(),
            Some("close the quote in the line above, or indent this line deeper than the key"),
        ),
        ErrorKind::MappingValueNotAllowed if line.get(..column).is_some_and(|before| before.contains(": ")) => {
            ("a second `: ` in one line".to_owned(), Some("quote the value: a text without quotes can't hold `: `"))
        }
        ErrorKind::MappingValueNotAllowed => {
            ("this key stands deeper than the one above, which has a value already".to_owned(), Some("align the keys of one map"))
        }
        ErrorKind::UnclosedFlowCollection { open } => {
            (format!("`{open}` is never closed"), Some("close it; a text that begins with a bracket needs quotes"))
        }
        ErrorKind::MismatchedFlowCollectionEnd { open, close } => (format!("`{open}` is closed by `{close}`"), None),
        ErrorKind::MisplacedFlowCollectionEnd => ("a closing bracket that nothing opened".to_owned(), None),
        ErrorKind::ExpectedFlowMappingSeparator => {
            ("expected `,` or `}`".to_owned(), Some("a text with `{{`, `}` or `,` inside braces needs quotes"))
        }
        ErrorKind::ExpectedFlowSequenceSeparator => {
            ("expected `,` or `]`".to_owned(), Some("a text with brackets or `,` inside brackets needs quotes"))
        }
        ErrorKind::UnclosedQuotedScalar | ErrorKind::DocumentIndicatorInQuotedScalar => {
            ("a quote is never closed".to_owned(), Some(QUOTE))
        }
        ErrorKind::InvalidTrailingSingleQuotedScalar | ErrorKind::InvalidTrailingDoubleQuotedScalar => {
            ("something stands behind the closing quote".to_owned(), Some(QUOTE))
        }
        ErrorKind::UnknownQuotedScalarEscape => (
            "an escape that YAML doesn't know".to_owned(),
            Some("in double quotes a backslash is written `\\\\`; single quotes take it as it is"),
        ),
        ErrorKind::UnknownAnchor => (
            "an alias to an anchor that this document doesn't have".to_owned(),
            Some("a text that begins with `*` needs quotes; an anchor holds only within its own document"),
        ),
        ErrorKind::MissingAnchorOrAliasName => {
            ("`&` or `*` without a name".to_owned(), Some("a text that begins with `&` or `*` needs quotes"))
        }
        ErrorKind::UnexpectedCharacter { character } => (format!("no value begins with `{character}`"), Some("quote the value")),
        ErrorKind::InvalidBlockScalarHeader => {
            ("something stands behind `|` or `>`".to_owned(), Some("the text begins in the next line, deeper than its key"))
        }
        ErrorKind::RecursionLimitExceeded => ("more than 255 levels in each other".to_owned(), None),
        ErrorKind::UnsupportedYamlMajorVersion => {
            ("this YAML version isn't known".to_owned(), Some("leave out the `%YAML` line"))
        }
        other => (format!("{other}"), None),
    };
    (message, hint.map(str::to_owned))
}

fn opens(line: &str) -> bool {
    let count = |brackets: [char; 2]| line.matches(brackets).count();
    count(['[', '{']) > count([']', '}'])
}
