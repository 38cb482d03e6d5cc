//! Trees for tests, from JSON; `{"$secret": [path, number]}` is a sealed text, in a list of texts a concatenation.

use std::sync::Arc;

use serde_json::Value;

use crate::object::{Bundle, Data, MadeBy, Map, Node, Object};
use crate::secret::{Fingerprint, Sealed, SecretKey, SecretKind};
use crate::source::{FileId, RootPath, SourceKind, SourceMap, Span};

fn span() -> Span {
    let file: FileId = SourceMap::default().add("test", "", SourceKind::Other);
    Span::file_start(file)
}

pub(crate) fn secret(path: &str, number: u8) -> Sealed {
    Sealed::Secret(Arc::new(SecretKey {
        file: RootPath::new("environments/prod.secrets.age").unwrap(),
        path: path.to_owned(),
        kind: SecretKind::Text,
        fingerprint: Fingerprint([number; 32]),
        span: span(),
    }))
}

fn sealed(value: &Value) -> Option<Sealed> {
    match value {
        Value::String(text) => Some(Sealed::Text(text.as_str().into())),
        Value::Array(parts) => Some(Sealed::concat(parts.iter().map(sealed).collect::<Option<Vec<_>>>()?)),
        Value::Object(map) => {
            if let Some(base64) = map.get("$base64") {
                return Some(Sealed::Base64(Box::new(sealed(base64)?)));
            }
            let named = map.get("$secret")?;
            Some(secret(named[0].as_str()?, u8::try_from(named[1].as_u64()?).ok()?))
        }
        _ => None,
    }
}

pub(crate) fn node(value: &Value) -> Node {
    let data = match value {
        Value::Null => Data::Null,
        Value::Bool(truth) => Data::Bool(*truth),
        Value::Number(number) => number.as_i64().map_or_else(|| Data::Float(number.as_f64().unwrap()), Data::Int),
        Value::String(text) => Data::Text(text.as_str().into()),
        Value::Array(items) => Data::List(items.iter().map(node).collect()),
        Value::Object(map) if map.contains_key("$concat") => Data::Sealed(Box::new(sealed(&map["$concat"]).unwrap())),
        Value::Object(map) if map.keys().any(|key| key.starts_with('$')) => Data::Sealed(Box::new(sealed(value).unwrap())),
        Value::Object(map) => {
            let mut tree = Map::new();
            for (key, value) in map {
                tree.set(key.as_str(), node(value));
            }
            Data::Map(tree)
        }
    };
    Node::new(data, span())
}

pub(crate) fn object(value: &Value) -> Object {
    Object::new(node(value), span(), MadeBy::Generator("configmap")).unwrap()
}

/// Objects from JSON; one that has `$hashed` as its first member is hashed, and its value is the source's name.
pub(crate) fn bundle(values: &[Value]) -> Bundle {
    let objects = values.iter().map(|value| {
        let mut value = value.clone();
        let hashed = value.as_object_mut().unwrap().shift_remove("hashed");
        let mut object = object(&value);
        if let Some(name) = hashed {
            object.hashed = true;
            object.source.name = name.as_str().unwrap().into();
        }
        object
    });
    Bundle { objects: objects.collect(), findings: crate::diagnostic::Diagnostics::new() }
}
