//! Content hashes of config objects, as kustomize makes them.
//!
//! The source of the rule: `api/hasher` of kustomize 5.8.1, tried with the binary. Hashed is compact JSON with sorted keys,
//! `{"data":…,"kind":…,"name":""}` (the name is always empty, `immutable`, labels and annotations don't count), with `binaryData` if
//! there is any, and `type` for Secrets; what is missing is `""`. Of the SHA-256 the first ten hexadecimal digits are taken, some
//! of them replaced by letters that can't make words.
//!
//! In place of a sealed value stands what it is made of, with fingerprints for secrets: the name tells nothing of the value that
//! could be tried out.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use crate::object::podspec::ConfigKind;
use crate::object::{Data, Node};
use crate::secret::{Escape, Sealed};

/// The hash of a ConfigMap's or Secret's content: ten characters.
pub fn content_hash(kind: ConfigKind, root: &Node) -> String {
    let mut json = String::from("{");
    if let Some(binary) = root.get("binaryData").filter(|binary| kind == ConfigKind::ConfigMap && binary.as_map().is_some()) {
        json.push_str("\"binaryData\":");
        write_node(binary, &mut json);
        json.push(',');
    }
    json.push_str("\"data\":");
    write_or_empty(root.get("data"), &mut json);
    json.push_str(",\"kind\":");
    write_text(kind.name(), &mut json);
    json.push_str(",\"name\":\"\"");
    if kind == ConfigKind::Secret {
        json.push_str(",\"type\":");
        write_or_empty(root.get("type"), &mut json);
    }
    json.push('}');
    encode(&json)
}

fn encode(json: &str) -> String {
    let mut hash = String::with_capacity(10);
    for byte in Sha256::digest(json).iter().take(5) {
        for half in [byte >> 4, byte & 15] {
            hash.push(match half {
                0 => 'g',
                1 => 'h',
                3 => 'k',
                10 => 'm',
                14 => 't',
                half => char::from_digit(half.into(), 16).unwrap_or('0'),
            });
        }
    }
    hash
}

fn write_or_empty(node: Option<&Node>, json: &mut String) {
    match node {
        Some(node) => write_node(node, json),
        None => json.push_str("\"\""),
    }
}

fn write_node(node: &Node, json: &mut String) {
    match &node.data {
        Data::Null => json.push_str("null"),
        Data::Bool(truth) => drop(write!(json, "{truth}")),
        Data::Int(number) => drop(write!(json, "{number}")),
        Data::Float(number) => drop(write!(json, "{number}")),
        Data::Text(text) => write_text(text, json),
        Data::Sealed(sealed) => write_sealed(sealed, json),
        Data::List(items) => {
            json.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    json.push(',');
                }
                write_node(item, json);
            }
            json.push(']');
        }
        Data::Map(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by(|a, b| a.0.cmp(b.0));
            json.push('{');
            for (at, (key, entry)) in entries.into_iter().enumerate() {
                if at > 0 {
                    json.push(',');
                }
                write_text(key, json);
                json.push(':');
                write_node(&entry.node, json);
            }
            json.push('}');
        }
    }
}

/// A sealed text is a JSON object, so that it can't be taken for a public text that says the same.
fn write_sealed(sealed: &Sealed, json: &mut String) {
    let mut wrapped = |name: &str, inside: &Sealed| {
        let _ = write!(json, "{{\"{name}\":");
        write_sealed(inside, json);
        json.push('}');
    };
    match sealed {
        Sealed::Base64(inside) => wrapped("base64", inside),
        Sealed::Escaped(Escape::Json, inside) => wrapped("json", inside),
        Sealed::Escaped(Escape::Url, inside) => wrapped("url", inside),
        Sealed::Text(text) => write_text(text, json),
        Sealed::Secret(key) => {
            json.push_str("{\"fingerprint\":\"");
            for byte in key.fingerprint.0 {
                let _ = write!(json, "{byte:02x}");
            }
            json.push_str("\"}");
        }
        Sealed::Concat(parts) => {
            json.push('[');
            for (at, part) in parts.iter().enumerate() {
                if at > 0 {
                    json.push(',');
                }
                write_sealed(part, json);
            }
            json.push(']');
        }
    }
}

/// A JSON string as Go's `encoding/json` writes it: HTML's special characters and the line separators are escaped too.
fn write_text(text: &str, json: &mut String) {
    json.push('"');
    for c in text.chars() {
        match c {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            '\n' => json.push_str("\\n"),
            '\r' => json.push_str("\\r"),
            '\t' => json.push_str("\\t"),
            '\u{8}' => json.push_str("\\b"),
            '\u{c}' => json.push_str("\\f"),
            '\0'..='\u{1f}' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => drop(write!(json, "\\u{:04x}", u32::from(c))),
            c => json.push(c),
        }
    }
    json.push('"');
}
