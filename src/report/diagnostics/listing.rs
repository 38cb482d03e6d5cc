//! What all writers need first: one list, in which a finding that several environments share stands once, with its places read.

use std::collections::BTreeMap;

use super::Findings;
use super::tokens;
use crate::diagnostic::{Annotation, Diagnostic, Rule, Severity};
use crate::source::{SourceKind, SourceMap, Span};

/// A place as a reader and as a program needs it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// The text's name: of a repository file its path from the root.
    pub file: String,
    /// Whether that is a file of the repository.
    pub is_file: bool,
    /// First line, from 1.
    pub line: usize,
    /// First column in characters, from 1.
    pub column: usize,
    /// Last line.
    pub end_line: usize,
    /// One past the last column.
    pub end_column: usize,
    /// What to say of it.
    pub label: String,
}

impl Place {
    fn read(annotation: &Annotation, sources: &SourceMap) -> Self {
        let label = tokens::hide(&annotation.label);
        let source = sources.get(annotation.span.file);
        if let SourceKind::Rendered { template } = source.kind {
            // What wasn't mapped back to the template's line still belongs to its file.
            let span = Span::file_start(template);
            return Self::read(&Annotation { span, label }, sources);
        }
        let start = source.position(annotation.span.start as usize);
        let end = source.position(annotation.span.end as usize);
        Self {
            file: source.name.to_string(),
            is_file: matches!(source.kind, SourceKind::File(_)),
            line: start.line,
            column: start.column,
            end_line: end.line,
            end_column: end.column,
            label,
        }
    }
}

/// One finding, ready to be written.
#[derive(Debug, Clone)]
pub(super) struct Item<'a> {
    pub rule: &'static Rule,
    pub message: String,
    pub place: Option<Place>,
    pub related: Vec<Place>,
    pub hints: Vec<String>,
    pub object: Option<&'a str>,
    pub field: Option<&'a str>,
    /// The environments that have it, in the order given.
    pub environments: Vec<&'a str>,
    /// The finding itself.
    pub diagnostic: &'a Diagnostic,
    /// The texts that it points into.
    pub sources: &'a SourceMap,
}

/// How many of each severity.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Count {
    pub errors: usize,
    pub warnings: usize,
    pub notes: usize,
}

impl Count {
    pub(super) fn of(items: &[Item<'_>]) -> Self {
        let count = |severity| items.iter().filter(|item| item.rule.severity == severity).count();
        Self { errors: count(Severity::Error), warnings: count(Severity::Warning), notes: count(Severity::Note) }
    }
}

type Key<'a> = (&'static str, String, Option<Place>, Option<&'a str>, Option<&'a str>);

/// All findings in the order found; a finding that several environments share stands once.
pub(super) fn list<'a>(groups: &[Findings<'a>]) -> Vec<Item<'a>> {
    let mut items: Vec<Item<'a>> = Vec::new();
    let mut known: BTreeMap<Key<'a>, usize> = BTreeMap::new();
    for group in groups {
        for diagnostic in group.findings {
            let item = read(diagnostic, group.sources);
            let key = (item.rule.name, item.message.clone(), item.place.clone(), item.object, item.field);
            let at = *known.entry(key).or_insert_with(|| {
                items.push(item);
                items.len() - 1
            });
            if let (Some(environment), Some(item)) = (group.environment, items.get_mut(at))
                && !item.environments.contains(&environment)
            {
                item.environments.push(environment);
            }
        }
    }
    items
}

fn read<'a>(diagnostic: &'a Diagnostic, sources: &'a SourceMap) -> Item<'a> {
    Item {
        rule: diagnostic.rule,
        message: tokens::hide(&diagnostic.message),
        place: diagnostic.primary.as_ref().map(|annotation| Place::read(annotation, sources)),
        related: diagnostic.secondary.iter().map(|annotation| Place::read(annotation, sources)).collect(),
        hints: tokens::hints(diagnostic.rule.name, &diagnostic.hints),
        object: diagnostic.object.as_deref(),
        field: diagnostic.field.as_deref(),
        environments: Vec::new(),
        diagnostic,
        sources,
    }
}
