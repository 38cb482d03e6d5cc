//! Sites: the places of a template that the rewriting watches.

use crate::source::Span;

/// How the value at a site is used; says what is asked of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Handed on as it is: `set`, a branch, an argument that may hold secrets. It must be defined.
    Pass,
    /// Put into a list or map literal.
    Item,
    /// Written to the output.
    Output,
    /// A part of a concatenation.
    Concat,
    /// Decides: `if`, `and`, `or`, `not`.
    Condition,
    /// Compared, or searched by `in`.
    Comparison,
    /// Searched through by `in`.
    Container,
    /// A number in a calculation.
    Arithmetic,
    /// Looped over.
    Loop,
    /// The index in `a[index]`.
    Index,
    /// What is cut or indexed: `a` in `a[index]` or `a[1:2]`.
    Indexed,
    /// The input of this filter.
    Filter(&'static Row),
    /// The input of this test.
    Test(&'static str),
    /// An argument of this filter, test or function.
    Argument(&'static str),
    /// Asked whether it is there: undefined is fine.
    Asked,
    /// Asked whether it is there and true, by `default(boolean=true)`: undefined is fine, a secret isn't.
    Decided,
    /// A call of `file` or `throw`: its place.
    Call,
    /// The beginning of a partial or component, charged for its text.
    Body,
    /// Text is written here as it stands, so many bytes from the site's start.
    Text,
    /// An expression is written here.
    Expression,
}

/// Whether a filter works on secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stance {
    /// It hands values on, or looks at names and structure only, which are public.
    Passes,
    /// It works on text with tokens in it (lists and tables that hold tokens are refused).
    Text,
    /// It needs the value itself.
    Refuses,
}

/// What comes out of a filter or function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gives {
    /// A number or truth value.
    Scalar,
    /// A text.
    Text,
    /// Anything.
    Any,
}

/// What is known of a filter, test or function.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) stance: Stance,
    pub(super) gives: Gives,
    /// The arguments that it takes.
    pub(super) arguments: &'static [&'static str],
    /// Those of them that may hold secrets.
    pub(super) open: &'static [&'static str],
}

/// The index of a site: which template, which of its sites.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct SiteId(pub(super) u32, pub(super) u32);

impl SiteId {
    /// As the number that stands in the rewritten text.
    pub(super) fn number(self) -> u64 {
        (u64::from(self.0) << 32) | u64::from(self.1)
    }

    /// From that number.
    pub(super) fn read(number: u64) -> Self {
        let low = u32::try_from(number & u64::from(u32::MAX)).unwrap_or(u32::MAX);
        Self(u32::try_from(number >> 32).unwrap_or(u32::MAX), low)
    }
}

/// A watched place.
#[derive(Debug, Clone)]
pub(super) struct Site {
    /// The value's expression, or the text.
    pub(super) span: Span,
    /// How the value is used.
    pub(super) role: Role,
    /// If the value is a variable: its path, as far as it is written out (`values.list` of `values.list[i].name`).
    pub(super) path: Option<String>,
    /// `?.` stands in it: undefined counts as false where something is decided.
    pub(super) optional: bool,
    /// It comes from `values` or `git`, which never hold a token.
    pub(super) clean: bool,
    /// Bytes of text that one round of the loop, or the body, writes.
    pub(super) literal: u32,
}
