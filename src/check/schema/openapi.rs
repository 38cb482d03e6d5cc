//! From the API server's `/openapi/v3` documents to a set of kinds.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::convert::Builder;
use super::kinds::{Kind, Scope};
use super::store::Schemas;

/// Group, version and kind.
type Key = (String, String, String);

/// What the paths say of a kind.
#[derive(Debug, Default, Clone)]
struct Served {
    resource: String,
    namespaced: bool,
    storable: bool,
}

/// Every kind that the documents of `/openapi/v3` name, one document a group and version.
///
/// # Errors
/// The names of definitions that are referred to and not there.
pub fn openapi(documents: &[Value]) -> Result<Schemas, Vec<String>> {
    let empty = Map::new();
    let mut builder = Builder::default();
    let mut kinds: Vec<Kind> = Vec::new();
    for document in documents {
        builder.next_document();
        let served = served(document);
        let definitions = document.pointer("/components/schemas").and_then(Value::as_object).unwrap_or(&empty);
        for (name, definition) in definitions {
            for key in keys(definition.get("x-kubernetes-group-version-kind")) {
                let found = served.get(&key).cloned().unwrap_or_default();
                kinds.push(Kind {
                    root: builder.definition(name, definitions),
                    scope: match (found.resource.is_empty(), found.namespaced) {
                        (true, _) => Scope::None,
                        (false, true) => Scope::Namespaced,
                        (false, false) => Scope::Cluster,
                    },
                    group: key.0.into(),
                    version: key.1.into(),
                    kind: key.2.into(),
                    resource: found.resource.into(),
                    storable: found.storable,
                });
            }
        }
    }
    if !builder.missing.is_empty() {
        return Err(builder.missing);
    }
    // A kind of no resource stands in several documents (`DeleteOptions`); the row that knows most comes first and counts.
    kinds.sort_by_key(|kind| std::cmp::Reverse(kind.storable));
    Ok(Schemas::of(builder.finish(), kinds))
}

/// The kinds that a definition or an operation names: one, or a list.
fn keys(named: Option<&Value>) -> Vec<Key> {
    let part = |key: &Value, name: &str| key.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let all = match named {
        Some(Value::Array(all)) => all.as_slice(),
        Some(one) => std::slice::from_ref(one),
        None => &[],
    };
    all.iter().map(|key| (part(key, "group"), part(key, "version"), part(key, "kind"))).collect()
}

/// What a document's paths say of each kind: `/apis/GROUP/VERSION/[namespaces/{namespace}/]RESOURCE[/{name}]`. Deeper paths
/// are subresources, whose kinds (`Scale`, `Eviction`) are no objects.
fn served(document: &Value) -> BTreeMap<Key, Served> {
    let mut all: BTreeMap<Key, Served> = BTreeMap::new();
    for (path, operations) in document.get("paths").and_then(Value::as_object).into_iter().flatten() {
        let Some((resource, namespaced)) = resource(path) else { continue };
        for operation in operations.as_object().into_iter().flatten().map(|(_, operation)| operation) {
            for key in keys(operation.get("x-kubernetes-group-version-kind")) {
                let found = all.entry(key).or_default();
                resource.clone_into(&mut found.resource);
                found.namespaced |= namespaced;
                found.storable |= operation.get("x-kubernetes-action").and_then(Value::as_str) == Some("patch");
            }
        }
    }
    all
}

/// The resource that a path is about, and whether the path is in a namespace.
fn resource(path: &str) -> Option<(&str, bool)> {
    let mut parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    parts.drain(..parts.len().min(if parts.first() == Some(&"api") { 2 } else { 3 }));
    match parts.as_slice() {
        ["namespaces", "{namespace}", resource] | ["namespaces", "{namespace}", resource, "{name}"] => Some((resource, true)),
        [resource] | [resource, "{name}"] => Some((resource, false)),
        _ => None,
    }
}
