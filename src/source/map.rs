//! The texts that spans point into.

use std::sync::{Arc, OnceLock, RwLock};

use super::path::RootPath;
use super::span::{FileId, Position, Span};

/// What a source text is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceKind {
    /// A file of the repository.
    File(RootPath),
    /// What a template rendered; spans in it are mapped to the template's lines by `template::trace`.
    Rendered {
        /// The template's own text.
        template: FileId,
    },
    /// A text from elsewhere: a command-line argument, a built-in.
    Other,
}

/// One text with the name that it is shown under.
#[derive(Debug)]
pub struct Source {
    /// As shown in diagnostics: the path from the root, or `rendered from …`.
    pub name: Arc<str>,
    /// The whole text.
    pub text: Arc<str>,
    /// What it is.
    pub kind: SourceKind,
    lines: OnceLock<Vec<u32>>,
}

impl Source {
    fn lines(&self) -> &[u32] {
        self.lines.get_or_init(|| {
            let starts = memchr::memchr_iter(b'\n', self.text.as_bytes()).map(|at| u32::try_from(at + 1).unwrap_or(u32::MAX));
            std::iter::once(0).chain(starts).collect()
        })
    }

    /// Line and column of a byte offset; an offset past the end is the end.
    pub fn position(&self, offset: usize) -> Position {
        let lines = self.lines();
        let line = lines.partition_point(|start| *start as usize <= offset).max(1);
        let start = lines.get(line - 1).map_or(0, |start| *start as usize);
        let before = self.text.get(start..offset.min(self.text.len())).unwrap_or("");
        Position { line, column: before.chars().count() + 1 }
    }

    /// The text of a line (from 1) without its line end; empty if there is none.
    pub fn line(&self, line: usize) -> &str {
        let lines = self.lines();
        let Some(start) = line.checked_sub(1).and_then(|at| lines.get(at)) else { return "" };
        let end = lines.get(line).map_or(self.text.len(), |next| *next as usize - 1);
        self.text.get(*start as usize..end).unwrap_or("").trim_end_matches('\r')
    }
}

/// All texts of one run. Texts are only ever added, so a [`Span`] stays valid; adding is possible from several threads.
#[derive(Debug, Default)]
pub struct SourceMap {
    files: RwLock<Vec<Arc<Source>>>,
}

impl SourceMap {
    /// Adds a text; gives the id that its spans carry.
    pub fn add(&self, name: impl Into<Arc<str>>, text: impl Into<Arc<str>>, kind: SourceKind) -> FileId {
        let source = Arc::new(Source { name: name.into(), text: text.into(), kind, lines: OnceLock::new() });
        let mut files = self.files.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        let id = FileId(u32::try_from(files.len()).unwrap_or(u32::MAX));
        files.push(source);
        id
    }

    /// The text of an id that this map gave out; of a foreign id an empty one.
    pub fn get(&self, file: FileId) -> Arc<Source> {
        let files = self.files.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        files.get(file.0 as usize).cloned().unwrap_or_else(|| {
            Arc::new(Source { name: "?".into(), text: "".into(), kind: SourceKind::Other, lines: OnceLock::new() })
        })
    }

    /// Line and column of a span's first byte.
    pub fn position(&self, span: Span) -> Position {
        self.get(span.file).position(span.start as usize)
    }

    /// `file:line:column` of a span's first byte.
    pub fn place(&self, span: Span) -> String {
        let source = self.get(span.file);
        let Position { line, column } = source.position(span.start as usize);
        format!("{}:{line}:{column}", source.name)
    }

    /// The text that a span covers.
    pub fn text(&self, span: Span) -> String {
        self.get(span.file).text.get(span.range()).unwrap_or("").to_owned()
    }
}
