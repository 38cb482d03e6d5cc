//! Where things come from: a field's template line or table, the values behind it, the layers that were overridden, the
//! transforms that touched it.
//!
//! Everything is read out of a compiled bundle; [`Trace`] asks the templates, which render a second time for it.

mod field;
mod origins;
mod trace;
mod unused;

pub use field::{FieldStory, ObjectStory, SecretStory, TouchStory, ValueStory, field, object};
pub use unused::{Unused, unused};

use std::collections::BTreeSet;

use crate::object::{MadeBy, Object};
use crate::source::{SourceKind, SourceMap, Span};

/// What templates can say of the texts that they rendered.
pub trait Trace {
    /// The place of a template that wrote this place of a rendered text; `None` for a place elsewhere.
    fn template_place(&self, rendered: Span) -> Option<Span>;
    /// The paths of the values that were read for this place of a rendered text, and where the template reads each.
    fn reads(&self, rendered: Span) -> Vec<(String, Span)>;
    /// The paths of all values that any template reads.
    fn values_read(&self) -> BTreeSet<String>;
}

/// A place with its line.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file, from the root.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1.
    pub column: usize,
    /// The line itself, without the blanks around it.
    pub text: String,
}

impl Place {
    /// Reads a place; one in a rendered text through the trace, or as the template's file where the trace doesn't know.
    pub fn read(span: Span, map: &SourceMap, trace: &dyn Trace) -> Self {
        let source = map.get(span.file);
        let span = match source.kind {
            SourceKind::Rendered { template } => trace.template_place(span).unwrap_or(Span::file_start(template)),
            SourceKind::File(_) | SourceKind::Other => span,
        };
        let source = map.get(span.file);
        let position = source.position(span.start as usize);
        Self {
            file: source.name.to_string(),
            line: position.line,
            column: position.column,
            text: source.line(position.line).trim().to_owned(),
        }
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// The object that a user means by `Kind/name`: by its name in the source or its final one, kinds in any case.
///
/// # Errors
/// The `Kind/name` nearest to what was written, if one is near.
pub fn find<'a>(objects: &'a [Object], written: &str) -> Result<&'a Object, Option<String>> {
    let is = |kind: &str, name: &str| {
        written.split_once('/').is_some_and(|(wanted, wanted_name)| wanted.eq_ignore_ascii_case(kind) && wanted_name == name)
    };
    let found = objects.iter().find(|object| is(object.kind(), &object.source.name) || is(object.kind(), object.name()));
    found.ok_or_else(|| {
        let names: Vec<String> = objects.iter().map(|object| object.source.to_string()).collect();
        crate::diagnostic::nearest(written, names.iter().map(String::as_str)).map(str::to_owned)
    })
}

/// Who made an object, in words.
fn maker(object: &Object, map: &SourceMap) -> String {
    match object.made_by {
        MadeBy::Template(file) => format!("template {}", map.get(file).name),
        MadeBy::Generator(table) => format!("[{table}] of the environment"),
    }
}

#[cfg(test)]
mod tests;
