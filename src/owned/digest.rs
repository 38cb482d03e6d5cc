//! The digest of what a plan about an object depends on.

use std::fmt;
use std::str::FromStr;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::expected::roughly;
use super::fields::{Element, Fields};
use super::migrate::is_client_side;
use super::{Manager, Wanted, live, managers};

/// The digest of live fields; hexadecimal as a text. It is taken over live values, so that of a Secret must never be stored.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub [u8; 32]);

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

/// A text that isn't 64 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a digest is 64 hexadecimal digits")]
pub struct BadDigest;

impl FromStr for Digest {
    type Err = BadDigest;

    fn from_str(text: &str) -> Result<Self, BadDigest> {
        let mut bytes = [0; 32];
        let digits: Vec<u32> = text.chars().map(|digit| digit.to_digit(16)).collect::<Option<_>>().ok_or(BadDigest)?;
        if digits.len() != 64 {
            return Err(BadDigest);
        }
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks(2)) {
            let value = pair.iter().fold(0, |value, digit| value * 16 + digit);
            *byte = u8::try_from(value).map_err(|_| BadDigest)?;
        }
        Ok(Self(bytes))
    }
}

/// The digest of the live fields that a plan about `wanted` looks at: the UID, whether the object is being deleted, our entry, the
/// live values and the order of all that we send or own, who else owns any of it, and what kubectl left to be migrated. A status
/// write, a stranger's label, the resourceVersion and times are none of it.
pub fn looked_at(wanted: Wanted<'_>, live: &Value, manager: &str) -> Digest {
    let entries = managers(live);
    let ours = entries.iter().find(|entry| entry.applies_as(manager));
    let owned = ours.and_then(|entry| entry.fields.clone());
    let sent = roughly(wanted, owned.as_ref());
    let owned = owned.unwrap_or_default();

    let mut hash = Hash(Sha256::new());
    hash.value(live.pointer("/metadata/uid"));
    hash.tag(u8::from(live.pointer("/metadata/deletionTimestamp").is_some()));
    hash.tag(u8::from(ours.is_some()));
    if let Some(ours) = ours {
        hash.entry(ours, &owned);
    }
    hash.watched(Some(live), &sent);
    hash.watched(Some(live), &owned);
    let mut others: Vec<&Manager> = entries.iter().filter(|entry| !entry.applies_as(manager)).collect();
    // their order is that of their times
    others.sort_by_key(|entry| (&entry.name, &entry.operation, &entry.subresource, &entry.api_version));
    for entry in others {
        let shared = match &entry.fields {
            Some(fields) if is_client_side(entry) => fields.clone(),
            Some(fields) => overlap(fields, &sent).union(&overlap(fields, &owned)),
            None => Fields::leaf(),
        };
        if !shared.is_empty() {
            hash.entry(entry, &shared);
        }
    }
    Digest(hash.0.finalize().into())
}

/// The part of their fields that lies in, above or below what is watched.
fn overlap(theirs: &Fields, watched: &Fields) -> Fields {
    if watched.is_leaf() || theirs.is_leaf() {
        return theirs.clone();
    }
    let mut out = Fields { member: theirs.member && watched.member, ..Fields::default() };
    for (element, below) in theirs.children.iter() {
        if let Some(watched) = watched.child(element) {
            out.put(element.clone(), overlap(below, watched));
        }
    }
    out
}

/// Each part with its length or a tag, so that no two inputs read the same.
struct Hash(Sha256);

impl Hash {
    fn tag(&mut self, tag: u8) {
        self.0.update([tag]);
    }

    fn text(&mut self, text: &str) {
        self.0.update((text.len() as u64).to_be_bytes());
        self.0.update(text);
    }

    fn entry(&mut self, entry: &Manager, fields: &Fields) {
        self.tag(b'e');
        for text in [&entry.name, &entry.operation, &entry.subresource, &entry.api_version] {
            self.text(text);
        }
        self.fields(fields);
    }

    fn fields(&mut self, fields: &Fields) {
        self.tag(u8::from(fields.member));
        self.0.update((fields.children.len() as u64).to_be_bytes());
        for (element, below) in fields.children.iter() {
            self.text(&element.print());
            self.fields(below);
        }
    }

    /// The live values of the watched fields; items of lists in the order in which they stand.
    fn watched(&mut self, value: Option<&Value>, watched: &Fields) {
        if watched.is_leaf() {
            return self.value(value);
        }
        self.tag(b'w');
        let items = value.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        for (at, item) in items.iter().enumerate() {
            for (element, below) in watched.children.iter().filter(|(element, _)| live::names(element, at, item)) {
                self.text(&element.print());
                self.watched(Some(item), below);
            }
        }
        for (element, below) in watched.children.iter() {
            if let Element::Field(name) = element {
                self.text(name);
                self.watched(value.and_then(|value| value.get(name.as_str())), below);
            }
        }
        self.tag(b'.');
    }

    fn value(&mut self, value: Option<&Value>) {
        match value {
            None => self.tag(b'-'),
            Some(Value::Null) => self.tag(b'0'),
            Some(Value::Bool(truth)) => self.tag(if *truth { b't' } else { b'f' }),
            Some(Value::Number(number)) => {
                self.tag(b'n');
                self.text(&number.to_string());
            }
            Some(Value::String(text)) => {
                self.tag(b's');
                self.text(text);
            }
            Some(Value::Array(items)) => {
                self.tag(b'l');
                self.0.update((items.len() as u64).to_be_bytes());
                for item in items {
                    self.value(Some(item));
                }
            }
            Some(Value::Object(map)) => {
                self.tag(b'm');
                self.0.update((map.len() as u64).to_be_bytes());
                let mut keys: Vec<&String> = map.keys().collect();
                keys.sort();
                for key in keys {
                    self.text(key);
                    self.value(map.get(key));
                }
            }
        }
    }
}
