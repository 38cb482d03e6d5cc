//! The ConfigMaps and Secrets of a namespace, by name.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{Part, Source};
use crate::object::podspec::ConfigKind;
use crate::object::{Bundle, Data, Node, Object, config_of};
use crate::secret::Sealed;

/// What pods of one namespace can take from.
pub(super) struct Configs<'a>(BTreeMap<(&'a str, &'a str), &'a Object>);

/// The value of one key.
pub(super) struct Value<'a> {
    pub key: &'a str,
    pub part: Part,
}

impl<'a> Configs<'a> {
    /// Those of `namespace`, and those that name none: it is then the target's.
    pub(super) fn new(bundle: &'a Bundle, namespace: Option<&str>) -> Self {
        let config = |object: &&Object| {
            object.source.group.is_empty()
                && matches!(object.kind(), "ConfigMap" | "Secret")
                && (object.namespace().is_none() || namespace.is_none() || object.namespace() == namespace)
        };
        let objects = bundle.objects.iter().filter(config);
        Self(objects.map(|object| ((object.kind(), object.name()), object)).collect())
    }

    /// All keys of an object, sorted as the API server gives them; `None` if the bundle doesn't have it.
    pub(super) fn keys(&self, kind: ConfigKind, name: &str) -> Option<Vec<Value<'a>>> {
        self.0.get(&(kind.name(), name)).and_then(|object| values(object))
    }

    /// Those keys that become variables: `binaryData` never does.
    pub(super) fn texts(&self, kind: ConfigKind, name: &str) -> Option<Vec<Value<'a>>> {
        let mut values = self.keys(kind, name)?;
        let binary = self.0.get(&(kind.name(), name)).and_then(|object| object.root.get("binaryData"));
        values.retain(|value| binary.is_none_or(|binary| binary.get(value.key).is_none()));
        Some(values)
    }

    /// One key, or in words where it is.
    pub(super) fn key(&self, kind: ConfigKind, name: &str, key: &str) -> Part {
        let Some(values) = self.keys(kind, name) else {
            return Part::Outside(format!("{}/{name}, key {key} (outside the bundle)", kind.name()));
        };
        let found = values.into_iter().find(|value| value.key == key).map(|value| value.part);
        found.unwrap_or_else(|| self.no_key(kind, name, key))
    }

    /// As [`Configs::key`] for a variable: a key of `binaryData` never becomes one.
    pub(super) fn text(&self, kind: ConfigKind, name: &str, key: &str) -> Part {
        let is_text = self.texts(kind, name).is_none_or(|values| values.iter().any(|value| value.key == key));
        if is_text { self.key(kind, name, key) } else { self.no_key(kind, name, key) }
    }

    fn no_key(&self, kind: ConfigKind, name: &str, key: &str) -> Part {
        let is_open = self.0.get(&(kind.name(), name)).and_then(|object| config_of(object)).is_some_and(|own| own.keys.is_none());
        if is_open {
            return Part::Outside(format!("{}/{name}, key {key} (made in the cluster)", kind.name()));
        }
        Part::NoKey(format!("{}/{name} has no key {key}", kind.name()))
    }

    /// Names a key.
    pub(super) fn source(&self, kind: ConfigKind, name: &str, key: &str) -> Source {
        let object = self.0.get(&(kind.name(), name));
        let immutable = object.and_then(|object| object.root.get("immutable")).and_then(Node::as_bool).unwrap_or(false);
        Source { kind, name: name.to_owned(), key: key.to_owned(), immutable }
    }
}

/// All keys of a ConfigMap or Secret, sorted; `None` of another kind.
pub(super) fn values(object: &Object) -> Option<Vec<Value<'_>>> {
    let is_secret = match object.kind() {
        "Secret" => true,
        "ConfigMap" => false,
        _ => return None,
    };
    let mut values: BTreeMap<&str, Part> = BTreeMap::new();
    for (field, encoded) in [("data", is_secret), ("binaryData", true), ("stringData", false)] {
        let Some(map) = object.root.get(field).and_then(Node::as_map) else { continue };
        for (key, entry) in map.iter() {
            values.insert(key, if encoded { decode(&entry.node) } else { plain(&entry.node) });
        }
    }
    Some(values.into_iter().map(|(key, part)| Value { key, part }).collect())
}

fn plain(node: &Node) -> Part {
    match &node.data {
        Data::Text(text) => Part::Known(Sealed::Text(text.clone())),
        Data::Sealed(sealed) => Part::Known((**sealed).clone()),
        _ => Part::Cluster(format!("{}, not a text", node.type_name())),
    }
}

/// The inside of base64, public or sealed.
fn decode(node: &Node) -> Part {
    match &node.data {
        Data::Sealed(sealed) => match &**sealed {
            Sealed::Base64(inner) => Part::Known((**inner).clone()),
            sealed => Part::Encoded(sealed.clone()),
        },
        Data::Text(text) => {
            let compact: String = text.split_whitespace().collect();
            match STANDARD.decode(&compact).map(String::from_utf8) {
                Ok(Ok(text)) => Part::Known(Sealed::Text(text.into())),
                Ok(Err(bytes)) => Part::Binary(bytes.into_bytes()),
                Err(_) => Part::Cluster("not base64".to_owned()),
            }
        }
        _ => Part::Cluster(format!("{}, not a text", node.type_name())),
    }
}
