//! Short ways to say what the API server's own validation would: each looks at one field and reports at its place.

use super::structure::Walk;
use super::text::Wrong;
use super::{CONFLICTING_FIELDS, INVALID_VALUE, MISSING_FIELD};
use crate::check::finding;
use crate::check::pod::text;
use crate::check::schema::Schema;
use crate::diagnostic::{Rule, nearest};
use crate::object::{Data, Map, Node};

/// A form of text: why a text isn't of it.
pub(super) type Form = fn(&str) -> Result<(), Wrong>;

impl<'a> Walk<'a, '_> {
    /// Reports at a node.
    pub(super) fn report(&mut self, rule: &'static Rule, node: &Node, message: impl Into<String>) {
        self.found.push(finding::at(rule, self.object, node, message));
    }

    /// Reports at a node, with what to do.
    pub(super) fn report_with(&mut self, rule: &'static Rule, node: &Node, message: impl Into<String>, hint: impl Into<String>) {
        self.found.push(finding::at(rule, self.object, node, message).hint(hint));
    }

    /// A field that must be given and not be empty. One that the schema requires was reported already if it is absent.
    pub(super) fn need(&mut self, node: &'a Node, schema: &Schema, field: &str) {
        let given = node.get(field);
        let reported = given.is_none() && schema.field(field).is_some_and(|field| field.required);
        if is_empty(given) && !reported && !slipped(node, &[field], |key| schema.field(key).is_some()) {
            self.report(&MISSING_FIELD, given.unwrap_or(node), format!("`{field}` must be given here, and not be empty"));
        }
    }

    /// A text field that has a form, if it is given.
    pub(super) fn form(&mut self, node: &'a Node, field: &str, rule: &'static Rule, form: Form) {
        if let Some(value) = node.get(field) {
            self.text_form(value, field, rule, form);
        }
    }

    /// A text that has a form, unless it is empty.
    pub(super) fn text_form(&mut self, value: &'a Node, what: &str, rule: &'static Rule, form: Form) {
        if value.as_str() != Some("") {
            self.item_form(value, what, rule, form);
        }
    }

    /// A text that has a form; empty texts count too, as they do in lists.
    pub(super) fn item_form(&mut self, value: &'a Node, what: &str, rule: &'static Rule, form: Form) {
        let wrong = value.as_str().and_then(|text| Some((text, form(text).err()?)));
        if let Some((text, wrong)) = wrong {
            let hint = super::text::as_dns_name(text).filter(|name| form(name).is_ok());
            let message = format!("`{text}` is no {what}: it {wrong}");
            match hint {
                Some(name) => self.report_with(rule, value, message, format!("did you mean `{name}`?")),
                None => self.report(rule, value, message),
            }
        }
    }

    /// A number field with bounds, if it is given.
    pub(super) fn between(&mut self, node: &'a Node, field: &str, least: i64, most: i64) {
        let Some(value) = node.get(field) else { return };
        let Some(number) = value.as_int().filter(|number| !(least..=most).contains(number)) else { return };
        let bounds = if most == i64::MAX { format!("at least {least}") } else { format!("from {least} to {most}") };
        self.report(&INVALID_VALUE, value, format!("`{field}` is {number}, and must be {bounds}"));
    }

    /// Number fields that may not be negative.
    pub(super) fn not_negative(&mut self, node: &'a Node, fields: &[&str]) {
        for field in fields {
            self.between(node, field, 0, i64::MAX);
        }
    }

    /// A port: a number from 1 to 65535, or a name.
    pub(super) fn port(&mut self, node: &'a Node, field: &str) {
        self.between(node, field, 1, 65535);
        if let Some(port) = node.get(field) {
            self.item_form(port, field, &INVALID_VALUE, super::text::port_name);
        }
    }

    /// Fields of which at most one may be given; and at least one, if `some` is so. An empty text counts as nothing.
    pub(super) fn one_of(&mut self, node: &'a Node, fields: &[&str], some: bool) {
        let given: Vec<&str> = fields.iter().copied().filter(|field| node.get(field).is_some_and(is_given)).collect();
        if let [first, second, ..] = given.as_slice() {
            let place = node.get(second).unwrap_or(node);
            self.report(&CONFLICTING_FIELDS, place, format!("`{first}` and `{second}` exclude each other"));
        } else if given.is_empty() && some && !slipped(node, fields, |key| fields.contains(&key)) {
            let list = fields.iter().map(|field| format!("`{field}`")).collect::<Vec<_>>().join(", ");
            self.report(&MISSING_FIELD, node, format!("one of {list} must be given here"));
        }
    }

    /// A field that may not be given here, and why.
    pub(super) fn forbid(&mut self, node: &'a Node, field: &str, why: &str) {
        if let Some(value) = node.get(field).filter(|value| !is_empty(Some(value))) {
            self.report(&CONFLICTING_FIELDS, value, format!("`{field}` {why}"));
        }
    }

    /// A whole number or a percentage, at least 0; at most 100 % if `capped`.
    pub(super) fn amount(&mut self, node: &'a Node, field: &str, capped: bool) {
        let Some(value) = node.get(field) else { return };
        self.between(node, field, 0, i64::MAX);
        let Some(written) = value.as_str() else { return };
        let percent = written.strip_suffix('%').filter(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()));
        match percent.and_then(|digits| digits.parse::<u32>().ok()) {
            None => self.report(
                &INVALID_VALUE,
                value,
                format!("`{field}` is `{written}`: it must be a number or a percentage such as `25%`"),
            ),
            Some(percent) if capped && percent > 100 => {
                self.report(&INVALID_VALUE, value, format!("`{field}` is `{written}`, more than 100%"));
            }
            Some(_) => {}
        }
    }

    /// A text of one of a few values, if it is given and the schema has no enum for it.
    pub(super) fn choice(&mut self, node: &'a Node, field: &str, known: &[&str]) {
        if let Some(value) = node.get(field) {
            self.chosen(value, field, known);
        }
    }

    /// A text of one of a few values.
    pub(super) fn chosen(&mut self, value: &'a Node, field: &str, known: &[&str]) {
        let Some(written) = value.as_str().filter(|written| !known.contains(written)) else { return };
        let message = format!("`{field}` can't be `{written}`");
        let hint = match crate::diagnostic::nearest(written, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("it is one of `{}`", known.join("`, `")),
        };
        self.report_with(&super::UNKNOWN_VALUE, value, message, hint);
    }

    /// Two items of a list with one text in a field.
    pub(super) fn unique(&mut self, items: &'a [Node], field: &str, what: &str) {
        let mut seen: std::collections::BTreeMap<&str, &Node> = std::collections::BTreeMap::new();
        for item in items {
            let Some(value) = text(item, field).filter(|value| !value.is_empty()) else { continue };
            let place = item.get(field).unwrap_or(item);
            if let Some(first) = seen.insert(value, place) {
                let finding =
                    finding::at(&super::DUPLICATE_ITEM, self.object, place, format!("two {what} have the name `{value}`"));
                self.found.push(finding.also(first.span, "the first one"));
            }
        }
    }
}

/// Whether a map has a key that reads like a slip of one of the fields it lacks: then the unknown field is reported, and that is
/// enough.
fn slipped(node: &Node, fields: &[&str], known: impl Fn(&str) -> bool) -> bool {
    let keys = node.as_map().into_iter().flat_map(Map::keys);
    keys.filter(|key| !known(key)).any(|key| {
        let near = nearest(key, fields.iter().copied());
        near.is_some_and(|near| near.len().abs_diff(key.len()) <= 3)
    })
}

/// Whether Go would see nothing there: absent, null, or an empty text, list or map.
pub(super) fn is_empty(node: Option<&Node>) -> bool {
    match node.map(|node| &node.data) {
        None | Some(Data::Null) => true,
        Some(Data::Text(text)) => text.is_empty(),
        Some(Data::List(items)) => items.is_empty(),
        Some(Data::Map(map)) => map.is_empty(),
        Some(_) => false,
    }
}

/// Whether Go would see a pointer there: anything but null and an empty text.
pub(super) fn is_given(node: &Node) -> bool {
    !matches!(&node.data, Data::Null) && node.as_str() != Some("")
}
