//! From JSON Schema, as the API server's OpenAPI and CRDs write it, to nodes.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;
use serde_json::{Map, Value};

use super::model::{Field, Limits, ListKind, NodeId, Others, Schema, Shape};

/// How the parts that the two sources write differently are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// The API server's OpenAPI: an object without properties is free, zero defaults say nothing.
    OpenApi,
    /// A CRD's structural schema: a field that isn't named is refused.
    Custom,
    /// Below `allOf`, `anyOf`, `oneOf` or `not` of a CRD: conditions, which refuse no field.
    Condition,
}

/// Marks a place that holds a whole Kubernetes object.
pub(super) const EMBEDDED: &str = "x-kubernetes-embedded-resource";

/// Makes nodes of JSON, each different one once.
#[derive(Debug, Default)]
pub(super) struct Builder {
    nodes: Vec<Schema>,
    ids: IndexMap<Schema, NodeId, FxBuildHasher>,
    /// Definitions of the present document that have a node.
    defined: BTreeMap<String, NodeId>,
    /// Definitions that are being read, with the node kept for one that refers to itself.
    open: BTreeMap<String, Option<NodeId>>,
    /// References to definitions that the document doesn't have.
    pub(super) missing: Vec<String>,
}

impl Builder {
    /// All nodes.
    pub(super) fn finish(self) -> Vec<Schema> {
        self.nodes
    }

    /// Forgets the definitions of the last document: the next one has its own. Equal ones become the same nodes again.
    pub(super) fn next_document(&mut self) {
        self.defined.clear();
    }

    /// The node of this schema.
    pub(super) fn add(&mut self, schema: Schema) -> NodeId {
        if let Some(id) = self.ids.get(&schema) {
            return *id;
        }
        let id = self.reserve();
        self.fill(id, schema);
        id
    }

    fn reserve(&mut self) -> NodeId {
        let id = NodeId(u32::try_from(self.nodes.len()).unwrap_or(u32::MAX));
        self.nodes.push(Schema::default());
        id
    }

    fn fill(&mut self, id: NodeId, schema: Schema) {
        if let Some(node) = usize::try_from(id.0).ok().and_then(|at| self.nodes.get_mut(at)) {
            node.clone_from(&schema);
        }
        self.ids.insert(schema, id);
    }

    fn node(&self, id: NodeId) -> Schema {
        usize::try_from(id.0).ok().and_then(|at| self.nodes.get(at)).cloned().unwrap_or_default()
    }

    /// The node of a named definition among `definitions`.
    pub(super) fn definition(&mut self, name: &str, definitions: &Map<String, Value>) -> NodeId {
        if let Some(id) = self.defined.get(name) {
            return *id;
        }
        if let Some(kept) = self.open.get(name).copied() {
            let id = kept.unwrap_or_else(|| self.reserve());
            self.open.insert(name.to_owned(), Some(id));
            return id;
        }
        let Some(json) = definitions.get(name) else {
            self.missing.push(name.to_owned());
            return self.add(Schema::default());
        };
        self.open.insert(name.to_owned(), None);
        let mut schema = self.schema(json, Dialect::OpenApi, definitions);
        self::name(&mut schema, name);
        let id = match self.open.remove(name).flatten() {
            Some(id) => {
                self.fill(id, schema);
                id
            }
            None => self.add(schema),
        };
        self.defined.insert(name.to_owned(), id);
        id
    }

    /// The node for the place that `json` describes: a schema, or a reference to a definition with parts of its own.
    pub(super) fn place(&mut self, json: &Value, dialect: Dialect, definitions: &Map<String, Value>) -> NodeId {
        let schema = match reference(json) {
            Some(name) => {
                let id = self.definition(name, definitions);
                if self.open.contains_key(name) {
                    return id;
                }
                let mut schema = self.node(id);
                self.parts(&mut schema, json, dialect, definitions);
                schema
            }
            None => self.schema(json, dialect, definitions),
        };
        self.add(schema)
    }

    /// The schema that `json` spells out.
    pub(super) fn schema(&mut self, json: &Value, dialect: Dialect, definitions: &Map<String, Value>) -> Schema {
        let mut schema = Schema::of(self.shape(json, dialect, definitions));
        self.parts(&mut schema, json, dialect, definitions);
        schema
    }

    fn shape(&mut self, json: &Value, dialect: Dialect, definitions: &Map<String, Value>) -> Shape {
        if flag(json, "x-kubernetes-int-or-string") || text(json, "format") == "int-or-string" {
            return Shape::IntOrText;
        }
        match text(json, "type") {
            "array" => Shape::List(json.get("items").map(|items| self.place(items, dialect, definitions))),
            "string" => Shape::Text,
            "integer" => Shape::Integer,
            "number" => Shape::Number,
            "boolean" => Shape::Boolean,
            "object" => self.object(json, dialect, definitions),
            _ if json.get("properties").is_some() || json.get("required").is_some() => self.object(json, dialect, definitions),
            _ => Shape::Any,
        }
    }

    fn object(&mut self, json: &Value, dialect: Dialect, definitions: &Map<String, Value>) -> Shape {
        let mut nodes: BTreeMap<&str, NodeId> = BTreeMap::new();
        for (name, property) in json.get("properties").and_then(Value::as_object).into_iter().flatten() {
            // What a CRD says of metadata are conditions on names; the fields themselves are everyone's.
            let dialect = if name == "metadata" && flag(json, EMBEDDED) { Dialect::Condition } else { dialect };
            nodes.insert(name, self.place(property, dialect, definitions));
        }
        if flag(json, EMBEDDED) {
            nodes.entry("apiVersion").or_insert_with(|| self.add(Schema::of(Shape::Text)));
            nodes.entry("kind").or_insert_with(|| self.add(Schema::of(Shape::Text)));
            let free = Shape::Object { fields: Vec::new(), others: Others::Free };
            nodes.entry("metadata").or_insert_with(|| self.add(Schema::of(free)));
        }
        let required: Vec<&str> = texts(json, "required").collect();
        if dialect == Dialect::Condition {
            for name in &required {
                nodes.entry(name).or_insert_with(|| self.add(Schema::default()));
            }
        }
        let free = match dialect {
            Dialect::OpenApi => nodes.is_empty(),
            Dialect::Custom => flag(json, "x-kubernetes-preserve-unknown-fields"),
            Dialect::Condition => true,
        };
        let others = match json.get("additionalProperties") {
            Some(Value::Bool(true)) => Others::Free,
            Some(schema @ Value::Object(_)) => Others::Of(self.place(schema, dialect, definitions)),
            _ if free => Others::Free,
            _ => Others::Refused,
        };
        let fields = nodes.into_iter().map(|(name, node)| Field { name: name.into(), required: required.contains(&name), node });
        Shape::Object { fields: fields.collect(), others }
    }

    /// The parts beyond the shape that `json` has; the others stay as they are.
    fn parts(&mut self, schema: &mut Schema, json: &Value, dialect: Dialect, definitions: &Map<String, Value>) {
        if let Some(format) = json.get("format").and_then(Value::as_str).filter(|format| *format != "int-or-string") {
            schema.format = format.into();
        }
        if let Some(allowed) = json.get("enum").and_then(Value::as_array) {
            schema.allowed.clone_from(allowed);
        }
        if let Some(default) = json.get("default").filter(|default| dialect != Dialect::OpenApi || !is_zero(default)) {
            schema.default = Some(default.clone());
        }
        match text(json, "x-kubernetes-list-type") {
            "set" => schema.list = ListKind::Set,
            "map" => schema.list = ListKind::Keyed(texts(json, "x-kubernetes-list-map-keys").map(Into::into).collect()),
            _ => {}
        }
        for strategy in text(json, "x-kubernetes-patch-strategy").split(',') {
            match strategy {
                "merge" => schema.patch.merge = true,
                "retainKeys" => schema.patch.retain_keys = true,
                "replace" => schema.patch.replace = true,
                _ => {}
            }
        }
        if let Some(key) = json.get("x-kubernetes-patch-merge-key").and_then(Value::as_str) {
            schema.patch.key = key.into();
        }
        schema.atomic_map |= text(json, "x-kubernetes-map-type") == "atomic";
        schema.nullable |= flag(json, "nullable");
        schema.keeps_unknown |= flag(json, "x-kubernetes-preserve-unknown-fields");
        schema.embedded |= flag(json, EMBEDDED);
        let limits = self.limits(json, dialect, definitions);
        if limits != Limits::default() {
            schema.limits = Some(Box::new(limits));
        }
    }

    fn limits(&mut self, json: &Value, dialect: Dialect, definitions: &Map<String, Value>) -> Limits {
        let number = |key: &str| json.get(key).and_then(Value::as_number).cloned();
        let count = |key: &str| json.get(key).and_then(Value::as_u64);
        let mut limits = Limits {
            minimum: number("minimum"),
            above_minimum: flag(json, "exclusiveMinimum"),
            maximum: number("maximum"),
            below_maximum: flag(json, "exclusiveMaximum"),
            multiple_of: number("multipleOf"),
            min_length: count("minLength"),
            max_length: count("maxLength"),
            pattern: text(json, "pattern").into(),
            min_items: count("minItems"),
            max_items: count("maxItems"),
            unique_items: flag(json, "uniqueItems"),
            min_properties: count("minProperties"),
            max_properties: count("maxProperties"),
            ..Limits::default()
        };
        // The server's OpenAPI uses these for references, and for the two types that the shape has already told.
        if dialect != Dialect::OpenApi {
            let mut conditions = |key: &str| -> Vec<NodeId> {
                let all = json.get(key).and_then(Value::as_array).into_iter().flatten();
                all.map(|one| self.place(one, Dialect::Condition, definitions)).collect()
            };
            limits.all_of = conditions("allOf");
            limits.one_of = conditions("oneOf");
            // There `anyOf` says "integer or string" once more.
            if !flag(json, "x-kubernetes-int-or-string") {
                limits.any_of = conditions("anyOf");
            }
            limits.not = json.get("not").map(|not| self.place(not, Dialect::Condition, definitions));
        }
        limits
    }
}

/// Names a definition's schema, and gives the one type that is told only by its name its shape.
fn name(schema: &mut Schema, definition: &str) {
    schema.definition = definition.into();
    if schema.is("resource.Quantity") {
        schema.shape = Shape::Quantity;
    }
}

/// The definition that a place refers to: `$ref`, or an `allOf` around one, which is how parts are put beside a reference.
fn reference(json: &Value) -> Option<&str> {
    let json = match json.get("allOf").and_then(Value::as_array).map(Vec::as_slice) {
        Some([only]) => only,
        _ => json,
    };
    json.get("$ref")?.as_str()?.strip_prefix("#/components/schemas/")
}

fn text<'a>(json: &'a Value, key: &str) -> &'a str {
    json.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn texts<'a>(json: &'a Value, key: &str) -> impl Iterator<Item = &'a str> {
    json.get(key).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

fn flag(json: &Value, key: &str) -> bool {
    json.get(key).and_then(Value::as_bool).unwrap_or_default()
}

/// Whether a default is what Go has anyway.
fn is_zero(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Bool(true) => false,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
    }
}
