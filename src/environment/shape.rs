//! What a value of an environment file may look like: the words in which [`keys`](super::keys) describes every table.
//!
//! One description serves four readers: [`conform`](super::conform) finds unknown keys and wrong types, [`merge`](super::merge)
//! knows what accumulates, [`typed`](super::typed) what is required, and [`json_schema`](super::json_schema) tells editors.

use super::value::{Value, ValueKind};

/// A key of a table.
#[derive(Debug)]
pub(super) struct Key {
    /// As written.
    pub(super) name: &'static str,
    /// One or two sentences for a user.
    pub(super) doc: &'static str,
    /// What may stand there.
    pub(super) shape: Shape,
    /// Whether the merged table must have it.
    pub(super) required: bool,
}

/// A text that is one of a few.
#[derive(Debug)]
pub(super) struct Choice {
    /// As written.
    pub(super) name: &'static str,
    /// What it means.
    pub(super) doc: &'static str,
}

/// What may stand at a key.
#[derive(Debug)]
pub(super) enum Shape {
    /// Any text.
    Text,
    /// A duration: `90s`, `5m`, `1h30m`.
    Duration,
    /// A whole number, at least this.
    Integer(i64),
    /// `true` or `false`.
    Boolean,
    /// One of a few texts.
    Choice(&'static [Choice]),
    /// A list; a later layer's replaces it.
    List(&'static Shape),
    /// A list; a later layer's is put behind it.
    Pile(&'static Shape),
    /// A table whose keys the user names; the text says what the names are.
    Map(&'static str, &'static Shape),
    /// A table of sealed files by path: like `Map`, but one layer alone may name a file.
    Owned(&'static str, &'static Shape),
    /// A table with these keys.
    Table(&'static [Key]),
    /// Any table.
    FreeTable,
    /// Any value.
    Free,
    /// The first alternative that takes the value's kind.
    Either(&'static [Shape]),
    /// A tree that leads to lists, and repeats their full paths: `[append]`, `[prepend]`.
    Lists,
}

impl Shape {
    /// The alternative that takes a value of this kind; of an [`Either`](Self::Either) that has none, itself.
    pub(super) fn for_value(&'static self, value: &Value) -> &'static Self {
        match self {
            Self::Either(alternatives) => alternatives.iter().find(|shape| shape.takes(value)).unwrap_or(self),
            shape => shape,
        }
    }

    /// Whether a value's kind fits, without a look inside.
    pub(super) fn takes(&self, value: &Value) -> bool {
        match (self, &value.kind) {
            (Self::Free, _)
            | (Self::Text | Self::Duration | Self::Choice(_), ValueKind::Text(_))
            | (Self::Integer(_), ValueKind::Integer(_))
            | (Self::Boolean, ValueKind::Boolean(_))
            | (Self::Map(..) | Self::Owned(..) | Self::Table(_) | Self::FreeTable | Self::Lists, ValueKind::Table(_)) => true,
            // `json = [ {…} ]` and `merge = "…"`: lists of tables are told from lists of texts by their first item.
            (Self::List(of) | Self::Pile(of), ValueKind::List(items)) => {
                !matches!(of, Self::Table(_)) || items.first().is_none_or(|item| of.takes(item))
            }
            (Self::Either(alternatives), _) => alternatives.iter().any(|shape| shape.takes(value)),
            _ => false,
        }
    }

    /// What is wanted, in a user's words.
    pub(super) fn wanted(&self) -> String {
        match self {
            Self::Text => "a text".into(),
            Self::Duration => "a duration such as \"5m\"".into(),
            Self::Integer(_) => "a whole number".into(),
            Self::Boolean => "`true` or `false`".into(),
            Self::Choice(choices) => {
                let names: Vec<String> = choices.iter().map(|choice| format!("\"{}\"", choice.name)).collect();
                if names.len() == 1 { names.concat() } else { format!("one of {}", names.join(", ")) }
            }
            Self::List(of) | Self::Pile(of) => match of {
                Self::Text | Self::Duration | Self::Choice(_) => "a list of texts".into(),
                Self::Table(_) | Self::Map(..) | Self::FreeTable => "a list of tables".into(),
                _ => "a list".into(),
            },
            Self::Map(..) | Self::Owned(..) | Self::Table(_) | Self::FreeTable | Self::Lists => "a table".into(),
            Self::Free => "a value".into(),
            Self::Either(alternatives) => alternatives.iter().map(Self::wanted).collect::<Vec<_>>().join(" or "),
        }
    }
}

/// A value's kind in a user's words.
pub(super) fn kind_name(kind: &ValueKind) -> &'static str {
    match kind {
        ValueKind::Text(_) => "a text",
        ValueKind::Integer(_) | ValueKind::Float(_) => "a number",
        ValueKind::Boolean(_) => "a truth value",
        ValueKind::Date(_) => "a date",
        ValueKind::List(_) => "a list",
        ValueKind::Table(_) => "a table",
    }
}
