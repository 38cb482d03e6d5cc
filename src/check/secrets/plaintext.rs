//! A literal value in a Secret that a template or a patch wrote: the repository holds it open.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::check::{Check, Scope, World, finding};
use crate::diagnostic::{Diagnostics, rule};
use crate::object::{Data, FieldPath, MadeBy, Map, Node, Object};

rule!(PLAINTEXT_SECRET, "plaintext-secret", Error, "a Secret in a template has a literal value, so git holds it open");

pub(in crate::check) static CHECK: Check = Check { rules: &[&PLAINTEXT_SECRET], scope: Scope::Object(look) };

fn look(_: &World<'_>, object: &Object, found: &mut Diagnostics) {
    if object.kind() != "Secret" || !object.source.group.is_empty() {
        return;
    }
    let by_hand = matches!(object.made_by, MadeBy::Template(_));
    for field in ["data", "stringData"] {
        let values = object.root.get(field).and_then(Node::as_map);
        for (key, entry) in values.into_iter().flat_map(Map::iter) {
            let path = FieldPath::of(&[field, key]);
            let patched = object.touches.iter().any(|touch| touch.by == "patch" && path.starts_with(&touch.path));
            if (by_hand || patched) && is_open(&entry.node, field == "data") {
                let message = format!("`{key}` of Secret `{}` is a literal value", object.source.name);
                found.push(
                    finding::about(&PLAINTEXT_SECRET, object, &path, entry.node.span, message)
                        .hint(
                            "seal it: `plimsoll secrets set ENV PATH`, then write `{{ secrets.PATH | b64encode }}` in its place",
                        )
                        .hint("a value that was ever committed is known: replace it where it is used"),
                );
            }
        }
    }
}

/// Whether a value is a literal that should be sealed. An empty value is none, and certificates and public keys are public.
fn is_open(node: &Node, encoded: bool) -> bool {
    let Data::Text(text) = &node.data else { return matches!(node.data, Data::Int(_) | Data::Float(_) | Data::Bool(_)) };
    if text.is_empty() {
        return false;
    }
    let decoded = encoded.then(|| STANDARD.decode(text.split_whitespace().collect::<String>()).ok()).flatten();
    !is_public(decoded.as_deref().unwrap_or(text.as_bytes()))
}

/// PEM blocks, none of which is a private key.
fn is_public(value: &[u8]) -> bool {
    let has = |needle: &str| memchr::memmem::find(value, needle.as_bytes()).is_some();
    value.trim_ascii_start().starts_with(b"-----BEGIN ") && !has("PRIVATE KEY") && (has("CERTIFICATE") || has("PUBLIC KEY"))
}
