//! The digest of a compiled bundle in its sealed form.

use sha2::{Digest, Sha256};

use crate::object::{Data, Node};
use crate::pipeline::Compiled;

/// SHA-256, in hexadecimal, over all objects of the bundle in order and over the settings that decide what an apply does with them.
/// Of a secret it covers where it stands and the index's fingerprint, nothing else.
pub fn compiled(compiled: &Compiled) -> String {
    let mut hash = Sha256::new();
    hash.update(b"plimsoll bundle v1");
    for object in &compiled.bundle.objects {
        node(&object.root, &mut hash);
        hash.update([u8::from(object.hashed)]);
    }
    let settings = &compiled.environment.settings;
    let mut said = |text: &str| {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text.as_bytes());
    };
    said(&compiled.environment.name);
    for one in [&settings.target.namespace, &settings.target.cluster_id, &settings.target.engine, &settings.apply.timeout] {
        said(one.as_ref().map_or("", |text| text.value.as_str()));
    }
    for number in [&settings.apply.keep, &settings.apply.prune_budget] {
        said(&number.as_ref().map_or_else(String::new, |number| number.value.to_string()));
    }
    for list in [&settings.apply.prune_kinds, &settings.apply.replace] {
        for kind in list {
            said(&kind.value);
        }
        said("");
    }
    for conflict in &settings.conflicts {
        said(&conflict.object.value);
        said(&conflict.field.value);
        said(&conflict.policy.value);
    }
    hex(&hash.finalize())
}

/// Bytes in hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// Each value with a tag of its own and its length, so that no two trees have one form.
fn node(node: &Node, hash: &mut Sha256) {
    let sized = |hash: &mut Sha256, tag: u8, length: usize| {
        hash.update([tag]);
        hash.update((length as u64).to_be_bytes());
    };
    match &node.data {
        Data::Null => hash.update([0]),
        Data::Bool(truth) => hash.update([1, u8::from(*truth)]),
        Data::Int(number) => {
            hash.update([2]);
            hash.update(number.to_be_bytes());
        }
        Data::Float(number) => {
            hash.update([3]);
            hash.update(number.to_bits().to_be_bytes());
        }
        Data::Text(text) => {
            sized(hash, 4, text.len());
            hash.update(text.as_bytes());
        }
        Data::Sealed(sealed) => {
            hash.update([5]);
            hash.update(sealed.fingerprint().0);
        }
        Data::List(items) => {
            sized(hash, 6, items.len());
            for item in items {
                self::node(item, hash);
            }
        }
        Data::Map(map) => {
            sized(hash, 7, map.len());
            for (key, entry) in map.iter() {
                sized(hash, 8, key.len());
                hash.update(key.as_bytes());
                self::node(&entry.node, hash);
            }
        }
    }
}
