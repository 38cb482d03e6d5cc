//! The story of a field, and of an object.

use std::collections::BTreeSet;

use super::origins::Origins;
use super::{Place, Trace, maker};
use crate::environment::{Environment, Value, ValueKind};
use crate::object::{Data, FieldPath, Node, Object, Touch};
use crate::source::{SourceKind, SourceMap, Span};

/// Where a field comes from.
#[derive(Debug, Clone)]
pub struct FieldStory {
    /// The object, by its name in the source.
    pub object: String,
    /// Its name now, if another.
    pub renamed: Option<String>,
    /// The field's path.
    pub path: String,
    /// What it holds.
    pub node: Node,
    /// Who made the object.
    pub maker: String,
    /// What wrote the value.
    pub written: Place,
    /// What that overrode, nearest layer first; for what stands in the environment itself.
    pub overrode: Vec<Place>,
    /// The values that the template read for it.
    pub values: Vec<ValueStory>,
    /// The secrets that it is made of, and where the index lists each.
    pub secrets: Vec<SecretStory>,
    /// The stages that touched it, in order.
    pub touches: Vec<TouchStory>,
}

/// A secret that a field is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretStory {
    /// Its path among the sealed values.
    pub path: String,
    /// The sealed file.
    pub file: String,
    /// Where the index lists it.
    pub place: Place,
}

/// A value that a template read.
#[derive(Debug, Clone)]
pub struct ValueStory {
    /// Its path: `values.inference.replicas`.
    pub path: String,
    /// What it holds, if it is a text, a number or a truth value.
    pub value: Option<String>,
    /// The layer that set it.
    pub place: Option<Place>,
    /// The layers that were overridden, nearest first.
    pub overrode: Vec<Place>,
}

/// A stage that touched a field.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TouchStory {
    /// The stage: `inject`, `patch`, `transform.labels`, …
    pub by: String,
    /// The fields.
    pub paths: Vec<String>,
    /// The setting that asked for it.
    pub place: Place,
}

/// Where an object comes from.
#[derive(Debug, Clone)]
pub struct ObjectStory {
    /// The object, by its name in the source.
    pub object: String,
    /// Its name now, if another.
    pub renamed: Option<String>,
    /// Its namespace.
    pub namespace: Option<String>,
    /// Who made it.
    pub maker: String,
    /// The document or table.
    pub written: Place,
    /// The stages that touched it, in order, each setting once.
    pub touches: Vec<TouchStory>,
}

/// Tells where the field at `path`, which `object` has, comes from.
pub fn field(
    object: &Object,
    path: &FieldPath,
    node: &Node,
    environment: &Environment,
    map: &SourceMap,
    trace: &dyn Trace,
) -> FieldStory {
    let origins = Origins::new(environment);
    let touches = object.touches.iter().filter(|touch| path.starts_with(&touch.path) || touch.path.starts_with(path));
    let is_rendered = matches!(map.get(node.span.file).kind, SourceKind::Rendered { .. });
    let values = if is_rendered { values(node.span, environment, map, trace) } else { Vec::new() };
    FieldStory {
        object: object.source.to_string(),
        renamed: renamed(object),
        path: path.to_string(),
        node: node.clone(),
        maker: maker(object, map),
        written: Place::read(node.span, map, trace),
        overrode: places(origins.overrode(node.span), map, trace),
        values,
        secrets: secrets(node, map, trace),
        touches: gather(touches, map, trace),
    }
}

/// Tells where an object comes from.
pub fn object(object: &Object, map: &SourceMap, trace: &dyn Trace) -> ObjectStory {
    ObjectStory {
        object: object.source.to_string(),
        renamed: renamed(object),
        namespace: object.namespace().map(str::to_owned),
        maker: maker(object, map),
        written: Place::read(object.span, map, trace),
        touches: gather(object.touches.iter(), map, trace),
    }
}

fn secrets(node: &Node, map: &SourceMap, trace: &dyn Trace) -> Vec<SecretStory> {
    let Data::Sealed(sealed) = &node.data else { return Vec::new() };
    let mut stories: Vec<SecretStory> = Vec::new();
    for key in sealed.keys() {
        let place = Place::read(key.span, map, trace);
        let story = SecretStory { path: key.path.clone(), file: key.file.to_string(), place };
        if !stories.contains(&story) {
            stories.push(story);
        }
    }
    stories
}

fn renamed(object: &Object) -> Option<String> {
    (object.name() != object.source.name).then(|| object.name().to_owned())
}

fn places(spans: &[Span], map: &SourceMap, trace: &dyn Trace) -> Vec<Place> {
    spans.iter().map(|span| Place::read(*span, map, trace)).collect()
}

/// One story a setting, in the order of the first touch.
fn gather<'a>(touches: impl Iterator<Item = &'a Touch>, map: &SourceMap, trace: &dyn Trace) -> Vec<TouchStory> {
    let mut stories: Vec<TouchStory> = Vec::new();
    for touch in touches {
        let (place, path) = (Place::read(touch.span, map, trace), touch.path.to_string());
        match stories.iter_mut().find(|story| story.by == touch.by && story.place == place) {
            Some(story) if story.paths.contains(&path) => {}
            Some(story) => story.paths.push(path),
            None => stories.push(TouchStory { by: touch.by.to_owned(), paths: vec![path], place }),
        }
    }
    stories
}

fn values(span: Span, environment: &Environment, map: &SourceMap, trace: &dyn Trace) -> Vec<ValueStory> {
    let mut told = BTreeSet::new();
    let reads = trace.reads(span).into_iter().filter(|(path, _)| told.insert(path.clone())).collect::<Vec<_>>();
    let one = |(path, _): (String, Span)| {
        let value = path.strip_prefix("values.").and_then(|path| environment.values.find(path));
        ValueStory {
            value: value.and_then(scalar),
            place: value.map(|value| Place::read(value.origin.span, map, trace)),
            overrode: value.map_or_else(Vec::new, |value| places(&value.origin.overrode, map, trace)),
            path,
        }
    };
    reads.into_iter().map(one).collect()
}

fn scalar(value: &Value) -> Option<String> {
    match &value.kind {
        ValueKind::Text(text) => Some(serde_json::Value::from(text.as_str()).to_string()),
        ValueKind::Integer(number) => Some(number.to_string()),
        ValueKind::Float(number) => Some(number.to_string()),
        ValueKind::Boolean(truth) => Some(truth.to_string()),
        ValueKind::Date(date) => Some(date.clone()),
        ValueKind::List(_) | ValueKind::Table(_) => None,
    }
}
