//! Finding the live values that elements name.

use serde_json::Value;

use super::fields::{Element, Scalar};

/// Whether a list's live item is the one that the element names. A key that the item lacks is taken for a default.
pub(super) fn names(element: &Element, at: usize, item: &Value) -> bool {
    match element {
        Element::Field(_) => false,
        Element::Key(keys) => {
            item.is_object()
                && keys.iter().all(|(key, wanted)| match item.get(key.as_str()) {
                    Some(value) => Scalar::of(value).as_ref() == Some(wanted),
                    None => true,
                })
        }
        Element::Value(wanted) => Scalar::of(item).as_ref() == Some(wanted),
        Element::Index(index) => i64::try_from(at) == Ok(*index),
    }
}

/// One element down.
pub(super) fn child<'a>(value: &'a Value, element: &Element) -> Option<&'a Value> {
    match element {
        Element::Field(name) => value.get(name.as_str()),
        _ => value.as_array()?.iter().enumerate().find(|(at, item)| names(element, *at, item)).map(|(_, item)| item),
    }
}

/// The value that a path of elements names.
pub(super) fn value_at<'a>(value: &'a Value, path: &[Element]) -> Option<&'a Value> {
    path.iter().try_fold(value, child)
}
