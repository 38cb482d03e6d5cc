//! A container's variables: `envFrom` first, then `env`, each over what was set before.

use indexmap::IndexMap;

use super::data::Configs;
use super::expand::expand;
use super::{Part, PodField, Source};
use crate::object::podspec::ConfigKind;
use crate::object::{Data, Node, Text};
use crate::secret::Sealed;
use crate::source::Span;

/// One variable.
#[derive(Debug, Clone)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Its value, `$(NAME)` replaced.
    pub value: Vec<Part>,
    /// Where it comes from, in words: `ConfigMap/x`, `Secret/x key y`, `env`.
    pub from: String,
    /// The entry of `env` or `envFrom` that sets it.
    pub span: Span,
    /// Where the values that it overrode came from, last first.
    pub overrides: Vec<String>,
}

/// One step of setting variables.
#[derive(Debug, Clone)]
pub struct Setting {
    /// The variable; ends in `*` where it stands for many.
    pub name: String,
    /// Its value.
    pub given: Given,
    /// Where it comes from, in words.
    pub from: String,
    /// The key that it is taken from.
    pub source: Option<Source>,
    /// Whether the pod starts without it.
    pub optional: bool,
    /// The entry of `env` or `envFrom`.
    pub span: Span,
}

/// What a step gives.
#[derive(Debug, Clone)]
pub enum Given {
    /// A text in which each `$(NAME)` is replaced by what is set so far.
    Text(Sealed),
    /// A value as it is.
    Value(Part),
    /// Every key of an object that the bundle doesn't have, under a prefix.
    All {
        /// The prefix.
        prefix: String,
    },
}

/// The steps in the kubelet's order: `envFrom`, then `env`, as written.
pub(super) fn settings(container: &Node, configs: &Configs<'_>) -> Vec<Setting> {
    let mut steps = Vec::new();
    for source in container.get("envFrom").and_then(Node::as_list).unwrap_or_default() {
        for (field, kind) in [("configMapRef", ConfigKind::ConfigMap), ("secretRef", ConfigKind::Secret)] {
            if let Some(reference) = source.get(field) {
                all_of(source, reference, kind, configs, &mut steps);
            }
        }
    }
    let entries = container.get("env").and_then(Node::as_list).unwrap_or_default();
    steps.extend(entries.iter().filter_map(|entry| one(entry, configs)));
    steps
}

fn all_of(entry: &Node, reference: &Node, kind: ConfigKind, configs: &Configs<'_>, steps: &mut Vec<Setting>) {
    let prefix = entry.get("prefix").and_then(Node::as_str).unwrap_or("");
    let Some(name) = reference.get("name").and_then(Node::as_str) else { return };
    let optional = is_optional(reference);
    let Some(values) = configs.texts(kind, name) else {
        let from = format!("{}/{name} (outside the bundle)", kind.name());
        let given = Given::All { prefix: prefix.to_owned() };
        steps.push(Setting { name: format!("{prefix}*"), given, from, source: None, optional, span: entry.span });
        return;
    };
    for value in values {
        let source = configs.source(kind, name, value.key);
        steps.push(Setting {
            name: format!("{prefix}{}", value.key),
            given: Given::Value(value.part),
            from: source.to_string(),
            source: Some(source),
            optional,
            span: entry.span,
        });
    }
}

fn is_optional(reference: &Node) -> bool {
    reference.get("optional").and_then(Node::as_bool).unwrap_or(false)
}

fn one(entry: &Node, configs: &Configs<'_>) -> Option<Setting> {
    let name = entry.get("name").and_then(Node::as_str)?.to_owned();
    let plain = |given, from: &str| Setting {
        name: name.clone(),
        given,
        from: from.to_owned(),
        source: None,
        optional: false,
        span: entry.span,
    };
    let Some(from) = entry.get("valueFrom").filter(|from| !matches!(from.data, Data::Null)) else {
        let text = match entry.get("value").map(|node| &node.data) {
            Some(Data::Text(text)) => Sealed::Text(text.clone()),
            Some(Data::Sealed(sealed)) => (**sealed).clone(),
            _ => Sealed::Text(Text::default()),
        };
        return Some(plain(Given::Text(text), "env"));
    };
    for (field, kind) in [("configMapKeyRef", ConfigKind::ConfigMap), ("secretKeyRef", ConfigKind::Secret)] {
        let Some(reference) = from.get(field) else { continue };
        let text = |key| reference.get(key).and_then(Node::as_str).unwrap_or("");
        let source = configs.source(kind, text("name"), text("key"));
        let part = configs.text(kind, text("name"), text("key"));
        let setting = plain(Given::Value(part), &source.to_string());
        return Some(Setting { source: Some(source), optional: is_optional(reference), ..setting });
    }
    Some(match downward(from) {
        Some((field, kind)) => plain(Given::Value(Part::Pod(field)), kind),
        None => plain(Given::Value(Part::Cluster("from the cluster".to_owned())), "valueFrom"),
    })
}

/// What a `fieldRef` or `resourceFieldRef` gives, and which of them it is.
pub(super) fn downward(from: &Node) -> Option<(PodField, &'static str)> {
    let text = |node: &Node, key: &str| node.get(key).and_then(Node::as_str).map(str::to_owned);
    if let Some(field) = from.get("fieldRef") {
        return Some((PodField::Field(text(field, "fieldPath")?), "fieldRef"));
    }
    let resource = from.get("resourceFieldRef")?;
    let divisor = match resource.get("divisor").map(|node| &node.data) {
        Some(Data::Text(text)) => text.to_string(),
        Some(Data::Int(number)) => number.to_string(),
        _ => "1".to_owned(),
    };
    let field = PodField::Resource { container: text(resource, "containerName"), resource: text(resource, "resource")?, divisor };
    Some((field, "resourceFieldRef"))
}

/// The variables that the pod spec gives the container. Those for services, which the kubelet adds, aren't among them.
pub(super) fn of(settings: &[Setting]) -> Vec<Variable> {
    let mut set: IndexMap<String, Variable> = IndexMap::new();
    for setting in settings {
        let look_up = |name: &str| set.get(name).map(|variable| variable.value.as_slice());
        let value = match &setting.given {
            // A secret's own text isn't looked at here; the kubelet would replace a `$(NAME)` in it.
            Given::Text(sealed) => sealed_parts(sealed, look_up),
            Given::Value(part) => vec![part.clone()],
            Given::All { .. } => vec![Part::Outside("every key of it".to_owned())],
        };
        put(&mut set, setting.name.clone(), value, setting.from.clone(), setting.span);
    }
    set.into_values().collect()
}

fn sealed_parts<'a>(sealed: &Sealed, look_up: impl Fn(&str) -> Option<&'a [Part]> + Copy) -> Vec<Part> {
    match sealed {
        Sealed::Text(text) => expand(text, look_up),
        Sealed::Concat(parts) => parts.iter().flat_map(|part| sealed_parts(part, look_up)).collect(),
        sealed => vec![Part::Known(sealed.clone())],
    }
}

fn put(set: &mut IndexMap<String, Variable>, name: String, value: Vec<Part>, from: String, span: Span) {
    let overrides = match set.shift_remove(&name) {
        Some(before) => std::iter::once(before.from).chain(before.overrides).collect(),
        None => Vec::new(),
    };
    set.insert(name.clone(), Variable { name, value, from, span, overrides });
}
