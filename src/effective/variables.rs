//! A container's variables: `envFrom` first, then `env`, each over what was set before.

use indexmap::IndexMap;

use super::Part;
use super::data::Configs;
use super::expand::expand;
use crate::object::podspec::ConfigKind;
use crate::object::{Data, Node};
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

/// The variables that the pod spec gives the container. Those for services, which the kubelet adds, aren't among them.
pub(super) fn of(container: &Node, configs: &Configs<'_>) -> Vec<Variable> {
    let mut set: IndexMap<String, Variable> = IndexMap::new();
    for source in container.get("envFrom").and_then(Node::as_list).unwrap_or_default() {
        let prefix = source.get("prefix").and_then(Node::as_str).unwrap_or("");
        for (field, kind) in [("configMapRef", ConfigKind::ConfigMap), ("secretRef", ConfigKind::Secret)] {
            let Some(name) = source.get(field).and_then(|reference| reference.get("name")).and_then(Node::as_str) else {
                continue;
            };
            let Some(values) = configs.texts(kind, name) else {
                let from = format!("{}/{name} (outside the bundle)", kind.name());
                let value = Part::Cluster("every key of it".to_owned());
                put(&mut set, format!("{prefix}*"), vec![value], from, source.span);
                continue;
            };
            for value in values {
                let from = format!("{}/{name}, key {}", kind.name(), value.key);
                put(&mut set, format!("{prefix}{}", value.key), vec![value.part], from, source.span);
            }
        }
    }
    for entry in container.get("env").and_then(Node::as_list).unwrap_or_default() {
        let Some(name) = entry.get("name").and_then(Node::as_str) else { continue };
        let (value, from) = one(entry, configs, &set);
        put(&mut set, name.to_owned(), value, from, entry.span);
    }
    set.into_values().collect()
}

fn one(entry: &Node, configs: &Configs<'_>, set: &IndexMap<String, Variable>) -> (Vec<Part>, String) {
    if let Some(from) = entry.get("valueFrom") {
        return referred(from, configs);
    }
    let look_up = |name: &str| set.get(name).map(|variable| variable.value.as_slice());
    let value = match entry.get("value").map(|node| &node.data) {
        Some(Data::Text(text)) => expand(text, look_up),
        // A secret's own text isn't looked at here; the kubelet would replace a `$(NAME)` in it.
        Some(Data::Sealed(sealed)) => sealed_parts(sealed, look_up),
        _ => Vec::new(),
    };
    (value, "env".to_owned())
}

fn sealed_parts<'a>(sealed: &Sealed, look_up: impl Fn(&str) -> Option<&'a [Part]> + Copy) -> Vec<Part> {
    match sealed {
        Sealed::Text(text) => expand(text, look_up),
        Sealed::Concat(parts) => parts.iter().flat_map(|part| sealed_parts(part, look_up)).collect(),
        sealed => vec![Part::Known(sealed.clone())],
    }
}

fn referred(from: &Node, configs: &Configs<'_>) -> (Vec<Part>, String) {
    for (field, kind) in [("configMapKeyRef", ConfigKind::ConfigMap), ("secretKeyRef", ConfigKind::Secret)] {
        let Some(reference) = from.get(field) else { continue };
        let text = |key| reference.get(key).and_then(Node::as_str).unwrap_or("");
        let (name, key) = (text("name"), text("key"));
        return (vec![configs.key(kind, name, key)], format!("{}/{name}, key {key}", kind.name()));
    }
    for (field, inner) in [("fieldRef", "fieldPath"), ("resourceFieldRef", "resource")] {
        let Some(path) = from.get(field).and_then(|reference| reference.get(inner)).and_then(Node::as_str) else { continue };
        return (vec![Part::Cluster(format!("the pod's {path}"))], field.to_owned());
    }
    (vec![Part::Cluster("from the cluster".to_owned())], "valueFrom".to_owned())
}

fn put(set: &mut IndexMap<String, Variable>, name: String, value: Vec<Part>, from: String, span: Span) {
    let overrides = match set.shift_remove(&name) {
        Some(before) => std::iter::once(before.from).chain(before.overrides).collect(),
        None => Vec::new(),
    };
    set.insert(name.clone(), Variable { name, value, from, span, overrides });
}
