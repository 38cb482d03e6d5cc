//! Merged values, each with its origin.

use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;

use crate::source::Span;

/// Where a value was written, and what it overrode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The place of the value that holds; its file is the layer.
    pub span: Span,
    /// The places of the values that it overrode, nearest layer first.
    pub overrode: Vec<Span>,
}

impl Origin {
    /// A value that overrode nothing.
    pub fn new(span: Span) -> Self {
        Self { span, overrode: Vec::new() }
    }
}

/// Anything with its origin.
#[derive(Debug, Clone, PartialEq)]
pub struct Spanned<T> {
    /// The thing.
    pub value: T,
    /// Where it comes from.
    pub origin: Origin,
}

impl<T> Spanned<T> {
    /// A thing written at `span`.
    pub fn new(value: T, span: Span) -> Self {
        Self { value, origin: Origin::new(span) }
    }

    /// The place.
    pub fn span(&self) -> Span {
        self.origin.span
    }
}

impl Spanned<String> {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.value
    }
}

/// A value of an environment.
#[derive(Debug, Clone, PartialEq)]
pub struct Value {
    /// What it is.
    pub kind: ValueKind,
    /// Where it comes from; of a table or list that several layers made: the last layer's place, the others overridden.
    pub origin: Origin,
}

/// TOML's kinds of value.
#[derive(Debug, Clone, PartialEq)]
pub enum ValueKind {
    /// A text.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// Any other number.
    Float(f64),
    /// A truth value.
    Boolean(bool),
    /// A date or time, as written.
    Date(String),
    /// A list.
    List(Vec<Value>),
    /// A table.
    Table(Table),
}

/// A key's place and its value.
#[derive(Debug, Clone, PartialEq)]
pub struct TableEntry {
    /// The place of the key, in the layer that set the value last.
    pub key_span: Span,
    /// The value.
    pub value: Value,
}

/// A table in the order of the first layer that names each key.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Table(pub IndexMap<String, TableEntry, FxBuildHasher>);

impl Table {
    /// The value under `key`.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.get(key).map(|entry| &entry.value)
    }

    /// Follows a `.`-separated path of keys.
    pub fn find(&self, path: &str) -> Option<&Value> {
        let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
        let value = self.get(first)?;
        match (rest, &value.kind) {
            (None, _) => Some(value),
            (Some(rest), ValueKind::Table(table)) => table.find(rest),
            _ => None,
        }
    }
}

impl Table {
    /// All values that aren't tables, in order, with their paths of keys. An empty table is a value too.
    pub fn leaves(&self) -> impl Iterator<Item = (Vec<&str>, &Value)> {
        fn children<'a>(table: &'a Table, path: &[&'a str], open: &mut Vec<(Vec<&'a str>, &'a Value)>) {
            for (key, entry) in table.0.iter().rev() {
                open.push((path.iter().copied().chain([key.as_str()]).collect(), &entry.value));
            }
        }
        let mut open = Vec::new();
        children(self, &[], &mut open);
        std::iter::from_fn(move || {
            while let Some((path, value)) = open.pop() {
                match &value.kind {
                    ValueKind::Table(table) if !table.0.is_empty() => children(table, &path, &mut open),
                    _ => return Some((path, value)),
                }
            }
            None
        })
    }
}
