//! The structural half: fields, types, required fields, enums, formats, list keys, and the limits of CRDs.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::limits;
use super::quantity;
use super::text::is_date_time;
use super::trail::Trail;
use super::{
    DUPLICATE_ITEM, INVALID_BASE64, INVALID_FORMAT, INVALID_QUANTITY, MISSING_FIELD, UNKNOWN_FIELD, UNKNOWN_VALUE, WRONG_TYPE,
    exceptions, semantic,
};
use crate::check::finding;
use crate::check::schema::{ListKind, Others, SchemaRef, Shape};
use crate::diagnostic::{Diagnostic, Diagnostics, Rule, nearest};
use crate::object::{Data, Map, Node, Object};
use crate::source::Span;

/// One walk through an object beside its schema.
pub(super) struct Walk<'a, 'f> {
    /// The object.
    pub object: &'a Object,
    /// Whether the schema is a CRD's: then `null`, defaults and `required` mean what JSON Schema says. The API server's own
    /// types are read by Go, where `null` is nothing.
    pub custom: bool,
    /// What `metadata` of a custom object may hold.
    pub meta: Option<SchemaRef<'f>>,
    /// What is wrong.
    pub found: &'f mut Diagnostics,
}

impl<'a> Walk<'a, '_> {
    /// Holds a value against the schema of its place.
    pub(super) fn value(&mut self, node: &'a Node, schema: SchemaRef<'_>, at: &Trail<'_>) {
        if matches!(node.data, Data::Null) {
            if self.custom && !schema.nullable && schema.default.is_none() && !matches!(schema.shape, Shape::Any) {
                self.wrong_type(node, schema, at);
            }
            return;
        }
        match (&schema.shape, &node.data) {
            (Shape::Object { .. }, Data::Map(map)) => self.map(node, map, schema, at),
            (Shape::List(_), Data::List(items)) => self.list(items, schema, at),
            (Shape::Text, Data::Text(_) | Data::Sealed(_)) => self.text(node, schema, at),
            (Shape::Any, _)
            | (Shape::Boolean, Data::Bool(_))
            | (Shape::Number | Shape::Quantity, Data::Int(_) | Data::Float(_))
            | (Shape::IntOrText, Data::Int(_) | Data::Text(_)) => {}
            (Shape::Integer, Data::Int(number)) => self.integer(node, *number, schema, at),
            (Shape::Integer, Data::Float(number)) if number.fract() == 0.0 => {}
            (Shape::Quantity, Data::Text(text)) => self.quantity(node, text, at),
            _ => {
                self.wrong_type(node, schema, at);
                return;
            }
        }
        self.allowed(node, schema, at);
        if let Some(limits) = &schema.limits {
            limits::check(self, node, schema, limits, at);
        }
    }

    fn map(&mut self, node: &'a Node, map: &'a Map, schema: SchemaRef<'_>, at: &Trail<'_>) {
        for (key, entry) in map.iter() {
            let below = at.field(key);
            if self.custom && schema.embedded && self.own_field(key, &entry.node, &below) {
                continue;
            }
            if let Some(child) = schema.child(key) {
                self.value(&entry.node, child, &below);
            } else if refuses(schema) {
                self.unknown_field(map, key, entry.key_span, schema, at);
            }
        }
        self.required(node, map, schema, at);
        if self.custom && schema.embedded && !at.is_root() {
            self.embedded(node, map, at);
        }
        if !self.custom {
            semantic::look(self, schema.schema(), node, at);
        }
    }

    /// The fields that a condition of a CRD names, and no others.
    pub(super) fn fields(&mut self, node: &'a Node, schema: SchemaRef<'_>, at: &Trail<'_>) {
        let Data::Map(map) = &node.data else { return };
        for (key, entry) in map.iter() {
            if let Some(child) = schema.child(key) {
                self.value(&entry.node, child, &at.field(key));
            }
        }
        self.required(node, map, schema, at);
        if let Some(limits) = &schema.limits {
            limits::check(self, node, schema, limits, at);
        }
    }

    /// A whole object within a custom one says what it is.
    fn embedded(&mut self, node: &Node, map: &Map, at: &Trail<'_>) {
        for field in ["apiVersion", "kind"] {
            if map.get(field).and_then(Node::as_str).is_none_or(str::is_empty) {
                let message = format!("`{}` is a whole object, and lacks `{field}`", at.path());
                self.found.push(self.say(&MISSING_FIELD, node, at, message));
            }
        }
    }

    fn required(&mut self, node: &Node, map: &Map, schema: SchemaRef<'_>, at: &Trail<'_>) {
        for field in schema.fields().iter().filter(|field| field.required) {
            let given = map.get(&field.name).is_some_and(|node| !matches!(node.data, Data::Null) || self.custom);
            let slip = || map.keys().any(|key| schema.child(key).is_none() && nearest(key, [field.name.as_str()]).is_some());
            if !given && !slip() && self.requires(schema, &field.name, at) && schema.node(field.node).default.is_none() {
                let path = at.path().child(field.name.as_str());
                let place = if at.is_root() { "the object".to_owned() } else { format!("`{}`", at.path()) };
                let message = format!("{place} lacks `{}`", field.name);
                self.found.push(finding::about(&MISSING_FIELD, self.object, &path, node.span, message));
            }
        }
    }

    /// The fields that every object has, of a custom one.
    fn own_field(&mut self, key: &str, node: &'a Node, at: &Trail<'_>) -> bool {
        match (key, self.meta) {
            ("apiVersion" | "kind", _) => true,
            ("metadata", Some(meta)) => {
                self.custom = false;
                self.value(node, meta, at);
                self.custom = true;
                true
            }
            _ => false,
        }
    }

    fn requires(&self, schema: SchemaRef<'_>, field: &str, at: &Trail<'_>) -> bool {
        self.custom || !(at.first() == Some("status") || exceptions::forgives(&schema.definition, field))
    }

    fn unknown_field(&mut self, map: &Map, key: &str, span: Span, schema: SchemaRef<'_>, at: &Trail<'_>) {
        let path = at.path().child(key);
        let place = if at.is_root() { self.object.kind().to_owned() } else { format!("`{}`", at.path()) };
        let mut finding = finding::about(&UNKNOWN_FIELD, self.object, &path, span, format!("{place} has no field `{key}`"));
        if let Some(hint) = exceptions::hint(schema.schema(), key) {
            finding = finding.hint(hint);
        } else if let Some(near) =
            nearest(key, schema.fields().iter().map(|field| field.name.as_str()).filter(|name| !map.has(name)))
        {
            finding = finding.hint(format!("did you mean `{near}`?"));
        } else if let Some(inside) = schema.fields().iter().find(|field| schema.node(field.node).field(key).is_some()) {
            finding = finding.hint(format!("`{key}` belongs into `{}`", inside.name));
        } else if map.is_empty() {
            finding = finding.hint("see `kubectl explain` for its fields");
        }
        self.found.push(finding);
    }

    fn list(&mut self, items: &'a [Node], schema: SchemaRef<'_>, at: &Trail<'_>) {
        if let Some(child) = schema.items() {
            for (index, item) in items.iter().enumerate() {
                if matches!(item.data, Data::Null) && matches!(child.shape, Shape::Object { .. }) && !child.nullable {
                    self.wrong_type(item, child, &at.index(index));
                } else {
                    self.value(item, child, &at.index(index));
                }
            }
        }
        match &schema.list {
            ListKind::Atomic => {}
            ListKind::Set => self.duplicates(items, |item| Some(show(item)), at),
            ListKind::Keyed(keys) => {
                let item_schema = schema.items();
                let key_of = |item: &Node| {
                    let part = |key: &str| match item.get(key) {
                        Some(node) => Some(show(node)),
                        None => Some(item_schema?.child(key)?.default.as_ref()?.to_string().trim_matches('"').to_owned()),
                    };
                    let parts: Vec<String> = keys.iter().filter_map(|key| part(key)).collect();
                    (!parts.is_empty()).then(|| parts.join(", "))
                };
                for (index, item) in
                    items.iter().enumerate().filter(|(_, item)| item.as_map().is_some() && key_of(item).is_none())
                {
                    let required =
                        |key: &str| item_schema.and_then(|schema| schema.field(key).map(|field| field.required)).unwrap_or(false);
                    // A reference within the namespace has an empty name by default.
                    let named = item_schema.is_some_and(|schema| schema.is("v1.LocalObjectReference"));
                    if let Some(key) = keys.first().filter(|key| !required(key) && !named) {
                        let message = format!("an item of `{}` needs `{key}`, by which its items are told apart", at.path());
                        self.found.push(self.say(&MISSING_FIELD, item, &at.index(index), message));
                    }
                }
                self.duplicates(items, key_of, at);
            }
        }
    }

    /// Items that server-side apply can't tell apart.
    fn duplicates(&mut self, items: &[Node], key: impl Fn(&Node) -> Option<String>, at: &Trail<'_>) {
        let mut seen: BTreeMap<String, &Node> = BTreeMap::new();
        for (index, item) in items.iter().enumerate() {
            let Some(key) = key(item) else { continue };
            if let Some(first) = seen.get(&key) {
                let path = at.path().index(index);
                let message = format!("`{}` has `{key}` twice", at.path());
                let finding = finding::about(&DUPLICATE_ITEM, self.object, &path, item.span, message);
                self.found.push(finding.also(first.span, "the first one"));
            } else {
                seen.insert(key, item);
            }
        }
    }

    fn text(&mut self, node: &Node, schema: SchemaRef<'_>, at: &Trail<'_>) {
        let Data::Text(text) = &node.data else { return };
        match schema.format.as_str() {
            "byte" if !is_base64(text) => {
                let finding = self.say(&INVALID_BASE64, node, at, format!("`{}` isn't base64", at.path()));
                let hint = "encode it (`| b64encode` in a template), or use `stringData`, which takes text as it is";
                self.found.push(finding.hint(hint));
            }
            "date-time" if !is_date_time(text) => {
                let finding = self.say(&INVALID_FORMAT, node, at, format!("`{text}` isn't a date and time"));
                self.found.push(finding.hint("write it as RFC 3339 says, such as `2026-01-31T12:00:00Z`"));
            }
            _ => {}
        }
    }

    fn integer(&mut self, node: &Node, number: i64, schema: SchemaRef<'_>, at: &Trail<'_>) {
        if schema.format == "int32" && i32::try_from(number).is_err() {
            let message = format!("{number} doesn't fit into `{}`, an integer of 32 bits", at.path());
            self.found.push(self.say(&INVALID_FORMAT, node, at, message));
        }
    }

    fn quantity(&mut self, node: &Node, text: &str, at: &Trail<'_>) {
        if quantity::Quantity::read(text).is_none() {
            let finding = self.say(&INVALID_QUANTITY, node, at, format!("`{text}` isn't a quantity"));
            self.found.push(finding.hint(quantity::hint(text)));
        }
    }

    /// The enum.
    fn allowed(&mut self, node: &Node, schema: SchemaRef<'_>, at: &Trail<'_>) {
        if schema.allowed.is_empty() || schema.allowed.iter().any(|value| same(node, value)) {
            return;
        }
        if !self.custom && node.as_str() == Some("") && exceptions::fills_in(at.name()) {
            return;
        }
        if matches!(node.data, Data::Sealed(_)) {
            self.found.push(self.say(
                &WRONG_TYPE,
                node,
                at,
                format!("`{}` takes one of a few fixed values, not a secret", at.path()),
            ));
            return;
        }
        let known: Vec<String> =
            schema.allowed.iter().map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned)).collect();
        let shown = show(node);
        let finding = self.say(&UNKNOWN_VALUE, node, at, format!("`{}` can't be `{shown}`", at.path()));
        let finding = match nearest(&shown, known.iter().map(String::as_str)) {
            Some(near) => finding.hint(format!("did you mean `{near}`?")),
            None => finding.hint(format!("it is one of `{}`", known.join("`, `"))),
        };
        self.found.push(finding);
    }

    fn wrong_type(&mut self, node: &Node, schema: SchemaRef<'_>, at: &Trail<'_>) {
        let (wanted, is) = (type_name(&schema.shape), node.type_name());
        let place = if at.is_root() { self.object.kind().to_owned() } else { format!("`{}`", at.path()) };
        let finding = self.say(&WRONG_TYPE, node, at, format!("{place} is {wanted}, but here it is {is}"));
        self.found.push(match type_hint(node, &schema.shape) {
            Some(hint) => finding.hint(hint),
            None => finding,
        });
    }

    /// A finding at a place of the walk.
    pub(super) fn say(&self, rule: &'static Rule, node: &Node, at: &Trail<'_>, message: String) -> Diagnostic {
        finding::about(rule, self.object, &at.path(), node.span, message)
    }
}

/// Whether a key that no field has is an error.
fn refuses(schema: SchemaRef<'_>) -> bool {
    matches!(schema.shape, Shape::Object { others: Others::Refused, .. }) && !schema.keeps_unknown
}

/// What a user calls a shape.
fn type_name(shape: &Shape) -> &'static str {
    match shape {
        Shape::Any => "anything",
        Shape::Object { .. } => "a map",
        Shape::List(_) => "a list",
        Shape::Text => "a string",
        Shape::Integer => "an integer",
        Shape::Number => "a number",
        Shape::Boolean => "a boolean",
        Shape::IntOrText => "an integer or a string",
        Shape::Quantity => "a quantity",
    }
}

fn type_hint(node: &Node, shape: &Shape) -> Option<&'static str> {
    match (&node.data, shape) {
        (Data::Int(_) | Data::Float(_) | Data::Bool(_), Shape::Text) => Some("put it in quotes (in a template `| quote`)"),
        (Data::Text(text), Shape::Integer | Shape::Number) if text.parse::<f64>().is_ok() => Some("take the quotes off"),
        (Data::Text(text), Shape::Boolean) if text == "true" || text == "false" => Some("take the quotes off"),
        (Data::Map(_), Shape::List(_)) => Some("write it as an item: put `- ` before its first field"),
        (Data::List(_), Shape::Object { .. }) => Some("write its fields without `- `"),
        (Data::Sealed(_), _) => {
            Some("a secret is a text that isn't known when the bundle is made; take a public value from `[values]`")
        }
        _ => None,
    }
}

/// Whether Go's standard base64 decoder reads it: with padding; line breaks don't matter.
fn is_base64(text: &str) -> bool {
    if text.contains(['\n', '\r']) {
        return STANDARD.decode(text.replace(['\n', '\r'], "")).is_ok();
    }
    STANDARD.decode(text).is_ok()
}

/// A scalar as text, to show and to compare.
pub(super) fn show(node: &Node) -> String {
    match &node.data {
        Data::Null => "null".to_owned(),
        Data::Bool(truth) => truth.to_string(),
        Data::Int(number) => number.to_string(),
        Data::Float(number) => number.to_string(),
        Data::Text(text) => text.to_string(),
        Data::Sealed(_) => "(sealed)".to_owned(),
        Data::List(items) => items.iter().map(show).collect::<Vec<_>>().join(", "),
        Data::Map(map) => map.iter().map(|(key, entry)| format!("{key}: {}", show(&entry.node))).collect::<Vec<_>>().join(", "),
    }
}

/// Whether a node is the JSON value.
pub(super) fn same(node: &Node, value: &Value) -> bool {
    match (&node.data, value) {
        (Data::Null, Value::Null) => true,
        (Data::Bool(a), Value::Bool(b)) => a == b,
        (Data::Int(a), Value::Number(b)) => b.as_i64() == Some(*a),
        (Data::Float(a), Value::Number(b)) => b.as_f64() == Some(*a),
        (Data::Text(a), Value::String(b)) => a == b,
        (Data::List(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Data::Map(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key.as_str()).is_some_and(|b| same(&a.node, b)))
        }
        _ => false,
    }
}
