//! What a ConfigMap may hold.

use super::CONFIGMAP_TOO_LARGE;
use crate::diagnostic::Diagnostic;
use crate::object::{Node, Object};
use crate::source::Span;

/// The API server's limit for all values of a ConfigMap (`MaxSecretSize` in k8s.io/kubernetes), in bytes.
const LIMIT: usize = 1 << 20;

/// The finding that a ConfigMap is too large for the API server. Keys don't count; `binaryData` counts decoded.
pub(super) fn check(object: &Object) -> Option<Diagnostic> {
    if object.kind() != "ConfigMap" || !object.source.group.is_empty() {
        return None;
    }
    let mut total = 0;
    let mut largest: Option<(usize, &str, Span)> = None;
    for (field, decoded) in [("data", false), ("binaryData", true)] {
        let Some(map) = object.root.get(field).and_then(Node::as_map) else { continue };
        for (key, entry) in map.iter() {
            let length = entry.node.as_str().map_or(0, |text| if decoded { decoded_length(text) } else { text.len() });
            total += length;
            if largest.is_none_or(|(most, ..)| length > most) {
                largest = Some((length, key, entry.node.span));
            }
        }
    }
    let (length, key, span) = largest.filter(|_| total > LIMIT)?;
    Some(
        Diagnostic::new(&CONFIGMAP_TOO_LARGE, format!("`{}` holds {total} bytes, {LIMIT} are allowed", object.source))
            .at(span, format!("`{key}` has {length}"))
            .on(object.source.to_string())
            .hint("split it into several ConfigMaps, or put large files into the image, a volume or object storage"),
    )
}

fn decoded_length(base64: &str) -> usize {
    let padding = base64.bytes().rev().take_while(|byte| *byte == b'=').count();
    (base64.len() / 4 * 3).saturating_sub(padding)
}
