//! Values that a comparison must not show, though they aren't sealed: what a Secret holds in the open (rendered with `--reveal`,
//! dumped from a cluster, or written by hand), and what stands where the other side has a sealed text.

use std::sync::Arc;

use super::{Difference, FieldChange};
use crate::object::{Data, Node, ObjectId};
use crate::planted;
use crate::secret::{Fingerprint, Sealed, SecretKey, SecretKind};
use crate::source::RootPath;

/// What `kubectl apply` notes on an object: all of it, a Secret's values too.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Puts unknown values where a reader must not see what an object's differing fields hold. What differs is settled before.
pub fn hide(id: &ObjectId, fields: &mut [FieldChange]) {
    let is_secret = id.group.is_empty() && id.kind.as_str() == "Secret";
    // A list aligns its items by what they say: an opened text and its sealed one then are one gone and one new.
    let gains_sealed = fields.iter().any(|field| matches!(&field.difference, Difference::Added(new) if has_sealed(new)));
    let loses_sealed = fields.iter().any(|field| matches!(&field.difference, Difference::Removed(old) if has_sealed(old)));
    for FieldChange { path, difference } in fields {
        let is_item = path.ends_with(']');
        match difference {
            Difference::Changed(old, new) => {
                let (was_sealed, is_sealed) = (has_sealed(old), has_sealed(new));
                hide_side(old, path, is_secret, is_sealed, Side::Old);
                hide_side(new, path, is_secret, was_sealed, Side::New);
            }
            Difference::Added(new) => hide_side(new, path, is_secret, is_item && loses_sealed, Side::New),
            Difference::Removed(old) => hide_side(old, path, is_secret, is_item && gains_sealed, Side::Old),
            Difference::Reordered(..) => {}
        }
    }
}

/// Two unknown values of one side look the same, those of two sides never do.
#[derive(Clone, Copy)]
enum Side {
    Old = 0xff,
    New = 0xfe,
}

fn hide_side(node: &mut Node, path: &str, is_secret: bool, meets_sealed: bool, side: Side) {
    if meets_sealed && !planted::is("masked-by-field") {
        leaves(node, side);
    } else if is_secret {
        in_secret(node, path, side);
    }
}

fn in_secret(node: &mut Node, path: &str, side: Side) {
    let below = |field: &str| path.strip_prefix(field).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']));
    if below("data") || below("stringData") || (below("metadata.annotations") && path.contains(LAST_APPLIED)) {
        return leaves(node, side);
    }
    let Some(map) = node.as_map_mut() else { return };
    match path {
        "" => {
            for field in ["data", "stringData"] {
                if let Some(values) = map.get_mut(field) {
                    leaves(values, side);
                }
            }
            if let Some(metadata) = map.get_mut("metadata") {
                in_secret(metadata, "metadata", side);
            }
        }
        "metadata" => {
            if let Some(annotations) = map.get_mut("annotations") {
                in_secret(annotations, "metadata.annotations", side);
            }
        }
        "metadata.annotations" => {
            if let Some(applied) = map.get_mut(LAST_APPLIED) {
                leaves(applied, side);
            }
        }
        _ => {}
    }
}

fn leaves(node: &mut Node, side: Side) {
    match &mut node.data {
        Data::Sealed(_) | Data::Null => {}
        Data::List(items) => items.iter_mut().for_each(|item| leaves(item, side)),
        Data::Map(map) => map.iter_mut().for_each(|(_, entry)| leaves(&mut entry.node, side)),
        _ => {
            let key = SecretKey {
                file: RootPath::root(),
                path: "unknown value".to_owned(),
                kind: SecretKind::Text,
                fingerprint: Fingerprint([side as u8; 32]),
                span: node.span,
            };
            node.data = Data::Sealed(Box::new(Sealed::Secret(Arc::new(key))));
        }
    }
}

fn has_sealed(node: &Node) -> bool {
    match &node.data {
        Data::Sealed(_) => true,
        Data::List(items) => items.iter().any(has_sealed),
        Data::Map(map) => map.iter().any(|(_, entry)| has_sealed(&entry.node)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::change::{Matching, compare, testing::bundle};
    use crate::report::change::{Markdown, json, markdown, text};

    #[test]
    fn what_was_sealed_on_one_side_is_shown_on_neither() {
        let sealed = json!({ "$base64": { "$secret": ["a.b", 1] } });
        let objects = |value: &serde_json::Value, note: &str| {
            let applied = json!({ "kubectl.kubernetes.io/last-applied-configuration": note });
            bundle(&[
                json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "s", "annotations": applied },
                    "data": { "one": value, "same": "b3Blbg==" }, "stringData": { note: "hunter2" } }),
                json!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "p" },
                    "spec": { "args": ["first", value, "last"], "other": value } }),
                json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": note }, "data": { "one": "aHVudGVyMg==" } }),
            ])
            .objects
        };
        let (opened, compiled) = (objects(&json!("aHVudGVyMg=="), "hunter2"), objects(&sealed, "other"));
        for (old, new) in [(&opened, &compiled), (&compiled, &opened)] {
            let found = compare(old, new, Matching::Identity);
            let mut page = Markdown::default();
            markdown(&mut page, "x", &found);
            for written in [text(&found, false), json(&found, "dev", "dir:rv"), page.finish()] {
                assert!(written.contains("unknown value"), "{written}");
                assert!(!written.contains("aHVudGVyMg") && !written.contains(": hunter2\""), "{written}");
                assert!(!written.contains("b3Blbg"), "{written}");
            }
        }
        assert!(compare(&opened, &opened, Matching::Identity).is_empty());
    }
}
