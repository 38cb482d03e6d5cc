//! JSON values that borrow their texts from what they were read from.

use std::borrow::Cow;

use super::fields::Scalar;

/// A JSON value that borrows its texts where they need no unescaping.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Tree<'a> {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(Cow<'a, str>),
    List(Vec<Self>),
    Map(Pairs<'a>),
}

/// A map by its keys' order, which is nearly always the one that the server writes.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Pairs<'a>(Vec<(Cow<'a, str>, Tree<'a>)>);

impl<'a> Pairs<'a> {
    /// Of a key that is there twice, the last one holds.
    pub(super) fn of(mut pairs: Vec<(Cow<'a, str>, Tree<'a>)>) -> Self {
        if !pairs.is_sorted_by(|(a, _), (b, _)| a < b) {
            pairs.reverse();
            pairs.sort_by(|(a, _), (b, _)| a.cmp(b));
            pairs.dedup_by(|(a, _), (b, _)| a == b);
        }
        Self(pairs)
    }

    pub(super) fn get(&self, key: &str) -> Option<&Tree<'a>> {
        let at = self.0.binary_search_by(|(other, _)| other.as_ref().cmp(key)).ok()?;
        self.0.get(at).map(|(_, value)| value)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Tree<'a>)> {
        self.0.iter().map(|(key, value)| (key.as_ref(), value))
    }
}

impl<'a> Tree<'a> {
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        self.as_map()?.get(key)
    }

    pub(super) fn as_map(&self) -> Option<&Pairs<'a>> {
        match self {
            Self::Map(map) => Some(map),
            _ => None,
        }
    }

    pub(super) fn as_list(&self) -> Option<&[Self]> {
        match self {
            Self::List(items) => Some(items),
            _ => None,
        }
    }

    pub(super) fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn is_null(&self) -> bool {
        *self == Self::Null
    }

    /// The value, if it is neither list nor map.
    pub(super) fn scalar(&self) -> Option<Scalar> {
        Some(match self {
            Self::Null => Scalar::Null,
            Self::Bool(truth) => Scalar::Bool(*truth),
            Self::Int(number) => Scalar::Int(*number),
            Self::Float(number) => Scalar::of_float(*number),
            Self::Text(text) => Scalar::Text(text.as_ref().into()),
            Self::List(_) | Self::Map(_) => return None,
        })
    }
}
