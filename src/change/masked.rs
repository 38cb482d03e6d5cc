//! Objects that were read from masked output.
//!
//! There a secret is a map (see `object::mask`) with a shortened fingerprint. [`unmask`] turns it into the sealed text that it
//! stands for, [`shorten`] makes the compiled side comparable.

use std::sync::Arc;

use crate::object::mask::MASKED_ANNOTATION;
use crate::object::{Data, Map, Node, Object};
use crate::secret::{Escape, Fingerprint, Sealed, SecretKey, SecretKind};
use crate::source::{RootPath, Span};

/// As many bytes as a fingerprint's short form shows.
const SHORT: usize = 6;

/// Turns masks into sealed texts, and takes the annotation away that marks a masked object.
pub fn unmask(object: &mut Object) {
    if let Some(metadata) = object.root.as_map_mut().and_then(|root| root.get_mut("metadata")).and_then(Node::as_map_mut) {
        let mut is_empty = false;
        if let Some(annotations) = metadata.get_mut("annotations").and_then(Node::as_map_mut) {
            is_empty = annotations.remove(MASKED_ANNOTATION).is_some() && annotations.is_empty();
        }
        if is_empty {
            metadata.remove("annotations");
        }
    }
    visit(&mut object.root, &|node| {
        if let Data::Map(map) = &node.data
            && let Some(sealed) = read_map(map, node.span)
        {
            node.data = Data::Sealed(Box::new(sealed));
        }
    });
}

/// Cuts the fingerprints of sealed texts to what masked output shows of them.
pub fn shorten(object: &mut Object) {
    visit(&mut object.root, &|node| {
        if let Data::Sealed(sealed) = &mut node.data {
            **sealed = short(sealed);
        }
    });
}

fn visit(node: &mut Node, change: &impl Fn(&mut Node)) {
    change(node);
    match &mut node.data {
        Data::List(items) => items.iter_mut().for_each(|item| visit(item, change)),
        Data::Map(map) => map.iter_mut().for_each(|(_, entry)| visit(&mut entry.node, change)),
        _ => {}
    }
}

fn short(sealed: &Sealed) -> Sealed {
    match sealed {
        Sealed::Text(text) => Sealed::Text(text.clone()),
        Sealed::Secret(key) => {
            let mut key = (**key).clone();
            key.kind = SecretKind::Text;
            key.fingerprint.0.iter_mut().skip(SHORT).for_each(|byte| *byte = 0);
            Sealed::Secret(Arc::new(key))
        }
        Sealed::Concat(parts) => Sealed::Concat(parts.iter().map(short).collect()),
        Sealed::Base64(inner) => Sealed::Base64(Box::new(short(inner))),
        Sealed::Escaped(escape, inner) => Sealed::Escaped(*escape, Box::new(short(inner))),
    }
}

fn read(node: &Node) -> Option<Sealed> {
    match &node.data {
        Data::Text(text) => Some(Sealed::Text(text.clone())),
        Data::Map(map) => read_map(map, node.span),
        _ => None,
    }
}

fn read_map(map: &Map, span: Span) -> Option<Sealed> {
    let mut keys = map.keys();
    match (keys.next()?.as_str(), keys.next()) {
        ("concat", None) => {
            let parts = map.get("concat")?.as_list()?.iter().map(read).collect::<Option<Vec<_>>>()?;
            parts.iter().any(|part| !matches!(part, Sealed::Text(_))).then_some(Sealed::Concat(parts))
        }
        ("base64", None) => Some(Sealed::Base64(Box::new(read_map(map.get("base64")?.as_map()?, span)?))),
        ("json", None) => Some(Sealed::Escaped(Escape::Json, Box::new(read_map(map.get("json")?.as_map()?, span)?))),
        ("url", None) => Some(Sealed::Escaped(Escape::Url, Box::new(read_map(map.get("url")?.as_map()?, span)?))),
        ("file", Some(_)) if map.len() == 3 => {
            let text = |key: &str| map.get(key).and_then(Node::as_str);
            let mut fingerprint = Fingerprint([0; 32]);
            let hex = text("fingerprint")?;
            for (at, byte) in fingerprint.0.iter_mut().take(SHORT).enumerate() {
                *byte = u8::from_str_radix(hex.get(at * 2..at * 2 + 2)?, 16).ok()?;
            }
            let (file, path) = (RootPath::new(text("file")?).ok()?, text("key")?.to_owned());
            Some(Sealed::Secret(Arc::new(SecretKey { file, path, kind: SecretKind::Text, fingerprint, span })))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::change::{Matching, compare, testing::bundle};
    use crate::object::emit::{self, Form};
    use crate::object::{MadeBy, parse};
    use crate::secret::Tokens;
    use crate::source::{SourceKind, SourceMap};

    #[test]
    fn what_was_rendered_masked_compares_equal_until_a_secret_changes() {
        let objects = |number: u8| {
            let mut objects = bundle(&[json!({
                "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "s", "annotations": { "a": "b" } },
                "data": {
                    "one": { "$base64": { "$secret": ["a.b", number] } },
                    "two": { "$base64": ["x", { "$secret": ["c", 3] }, "y"] },
                    "url": { "$concat": ["http://", { "$secret": ["c", 3] }] },
                    "concat": { "concat": ["plain"] },
                },
            })])
            .objects;
            objects.iter_mut().for_each(shorten);
            objects
        };
        let yaml = emit::yaml(&objects(1), Form::Masked).unwrap();
        let map = SourceMap::default();
        let file = map.add("out.yaml", yaml.as_str(), SourceKind::Other);
        let mut read = parse(&map, file, &Tokens::new([0; 16]), MadeBy::Template(file)).unwrap();
        read.iter_mut().for_each(unmask);
        let same = compare(&read, &objects(1), Matching::Identity);
        assert!(same.is_empty(), "{same:?}");
        let other = compare(&read, &objects(2), Matching::Identity);
        assert_eq!(other.changes[0].fields.iter().map(|field| field.path.as_str()).collect::<Vec<_>>(), ["data.one"]);
    }
}
