//! A Secret's `stringData` becomes `data`.
//!
//! Under server-side apply `stringData` leaves stale keys behind and hides what is owned; so only `data` is ever sent.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{SECRET_NOT_ENCODED, STRING_DATA};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::object::node::{Data, Entry, Map, Node};
use crate::secret::Sealed;

/// Turns `stringData` into `data`, and refuses secrets in `data` that aren't base64.
pub(super) fn convert(root: &mut Node, diagnostics: &mut Diagnostics) {
    let is_secret =
        root.get("kind").and_then(Node::as_str) == Some("Secret") && root.get("apiVersion").and_then(Node::as_str) == Some("v1");
    if !is_secret {
        return;
    }
    if let Some(data) = root.get("data").and_then(Node::as_map) {
        refuse_unencoded(data, diagnostics);
    }
    if let Some(map) = root.as_map_mut() {
        convert_map(map, diagnostics);
    }
}

/// Turns `stringData` into `data`.
pub(super) fn convert_map(map: &mut Map, diagnostics: &mut Diagnostics) {
    let Some(written) = map.get("stringData") else { return };
    let span = written.span;
    if matches!(written.data, Data::Null) {
        map.remove("stringData");
        return;
    }
    if written.as_map().is_none() {
        let finding = Diagnostic::new(&STRING_DATA, format!("`stringData` is {}, not a map of strings", written.type_name()));
        diagnostics.push(finding.at(span, "here"));
        return;
    }
    if map.has("data") {
        let Some(entry) = map.remove("stringData") else { return };
        merge(map, entry, diagnostics);
    } else {
        map.rename_key("stringData", "data");
        let values = map.get_mut("data").and_then(Node::as_map_mut).into_iter().flat_map(Map::iter_mut);
        for (key, entry) in values {
            encode(key, &mut entry.node, diagnostics);
        }
    }
}

fn merge(map: &mut Map, string_data: Entry, diagnostics: &mut Diagnostics) {
    let Data::Map(values) = string_data.node.data else { return };
    // a `data` that isn't a map is the schema check's to report
    let Some(data) = map.child_map("data", string_data.node.span) else { return };
    for (key, mut entry) in values {
        if let Some(first) = data.entry(&key) {
            let finding = Diagnostic::new(&STRING_DATA, format!("the key `{key}` stands in `data` and in `stringData`"))
                .at(entry.key_span, "here in `stringData`")
                .also(first.key_span, "and here in `data`")
                .hint("keep one of them");
            diagnostics.push(finding);
            continue;
        }
        encode(&key, &mut entry.node, diagnostics);
        data.insert(key, entry.key_span, entry.node);
    }
}

fn encode(key: &str, node: &mut Node, diagnostics: &mut Diagnostics) {
    node.data = match std::mem::replace(&mut node.data, Data::Null) {
        Data::Text(text) => Data::Text(STANDARD.encode(text.as_bytes()).into()),
        Data::Sealed(sealed) => Data::Sealed(Box::new(Sealed::Base64(sealed))),
        other => {
            node.data = other;
            let finding = Diagnostic::new(&STRING_DATA, format!("`stringData.{key}` is {}, not a string", node.type_name()));
            diagnostics.push(finding.at(node.span, "here").hint("a Secret's values are strings: quote it"));
            return;
        }
    };
}

fn refuse_unencoded(data: &Map, diagnostics: &mut Diagnostics) {
    for (key, entry) in data.iter() {
        if let Data::Sealed(sealed) = &entry.node.data
            && !matches!(**sealed, Sealed::Base64(_))
        {
            let finding =
                Diagnostic::new(&SECRET_NOT_ENCODED, format!("`data.{key}` of a Secret holds a secret that isn't base64"))
                    .at(entry.node.span, "here")
                    .hint("write `{{ secrets.… | b64encode }}`, or put the key under `stringData`");
            diagnostics.push(finding);
        }
    }
}
