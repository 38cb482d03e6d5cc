//! Where a text that is parsed stands.

use crate::source::{FileId, SourceMap, Span};

/// How an offset into the parsed text becomes a span.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place {
    /// The text stands in a file, from this byte on.
    At {
        /// The file.
        file: FileId,
        /// The offset of the text's first byte.
        offset: usize,
    },
    /// The text was unescaped from a literal: only the whole literal's place is known.
    Within(Span),
}

impl Place {
    /// The text of a literal at `literal`: offsets are exact where the literal holds it without escapes.
    pub(super) fn of_literal(map: &SourceMap, literal: Span, text: &str) -> Self {
        let source = map.get(literal.file);
        let raw = source.text.get(literal.range()).unwrap_or("");
        match raw.find(text) {
            Some(at) if !text.is_empty() => Self::At { file: literal.file, offset: literal.start as usize + at },
            _ => Self::Within(literal),
        }
    }

    /// The span of a range of bytes.
    pub(super) fn span(self, start: usize, end: usize) -> Span {
        match self {
            Self::At { file, offset } => Span::new(file, offset + start, offset + end),
            Self::Within(span) => span,
        }
    }
}
