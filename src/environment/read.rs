//! One file: its text as a tree of values with places.

use indexmap::map::Entry;
use toml::Spanned as TomlSpanned;
use toml::de::{DeInteger, DeTable, DeValue};

use super::BAD_VALUE;
use super::syntax;
use super::value::{Origin, Table, TableEntry, Value, ValueKind};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::source::{FileId, Span};

/// What a file says.
#[derive(Debug)]
pub(super) struct LayerText {
    /// Its tables and values.
    pub(super) table: Table,
    /// Whether the TOML is broken, so that something may lack.
    pub(super) broken: bool,
}

/// Reads a TOML text. What could be read is given even of a broken one, so that its `extends` can be followed.
pub(super) fn read(file: FileId, text: &str, diagnostics: &mut Diagnostics) -> LayerText {
    let (root, errors) = DeTable::parse_recoverable(text);
    if errors.is_empty() {
        let table = Reader { file, diagnostics, broken: false }.table(root.into_inner());
        return LayerText { table, broken: false };
    }
    let (readable, errors) = syntax::explain(file, text);
    diagnostics.extend(errors);
    let (root, _) = DeTable::parse_recoverable(&readable);
    let table = Reader { file, diagnostics, broken: true }.table(root.into_inner());
    LayerText { table, broken: true }
}

struct Reader<'a> {
    file: FileId,
    diagnostics: &'a mut Diagnostics,
    broken: bool,
}

impl Reader<'_> {
    fn span(&self, range: std::ops::Range<usize>) -> Span {
        Span::new(self.file, range.start, range.end)
    }

    fn table(&mut self, table: DeTable<'_>) -> Table {
        let mut read = Table::default();
        for (key, value) in table {
            let key_span = self.span(key.span());
            let value = self.value(value);
            if let Entry::Vacant(entry) = read.0.entry(key.into_inner().into_owned()) {
                entry.insert(TableEntry { key_span, value });
            }
        }
        read
    }

    fn value(&mut self, value: TomlSpanned<DeValue<'_>>) -> Value {
        let span = self.span(value.span());
        let kind = match value.into_inner() {
            DeValue::String(text) => ValueKind::Text(text.into_owned()),
            DeValue::Integer(number) => ValueKind::Integer(self.integer(&number, span)),
            DeValue::Float(number) => ValueKind::Float(self.float(number.as_str(), span)),
            DeValue::Boolean(truth) => ValueKind::Boolean(truth),
            DeValue::Datetime(date) => ValueKind::Date(date.to_string()),
            DeValue::Array(items) => ValueKind::List(items.into_iter().map(|item| self.value(item)).collect()),
            DeValue::Table(table) => ValueKind::Table(self.table(table)),
        };
        Value { kind, origin: Origin::new(span) }
    }

    fn integer(&mut self, number: &DeInteger<'_>, span: Span) -> i64 {
        i64::from_str_radix(number.as_str(), number.radix()).unwrap_or_else(|_| {
            self.refuse(
                span,
                "the number is out of range",
                "whole numbers lie between -2^63 and 2^63 - 1; put a longer one in quotes",
            );
            0
        })
    }

    fn float(&mut self, written: &str, span: Span) -> f64 {
        let number: f64 = written.parse().unwrap_or(f64::NAN);
        if !number.is_finite() {
            self.refuse(
                span,
                "the number isn't finite",
                "YAML for Kubernetes, as JSON, has no infinity and no NaN; put it in quotes if a text is meant",
            );
            return 0.0;
        }
        number
    }

    fn refuse(&mut self, span: Span, message: &str, hint: &str) {
        // In a broken file the parser puts stand-ins where it can't read.
        if !self.broken {
            self.diagnostics.push(Diagnostic::new(&BAD_VALUE, message).at(span, "here").hint(hint));
        }
    }
}
