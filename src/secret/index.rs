//! The public index of a sealed file: what lets it be used and reviewed without its key.
//!
//! TOML, written by plimsoll, committed beside the sealed file. Without the key its SHA-256 shows whether it is stale; the
//! fingerprints are then a claim. With the key [`Index::check`] proves it.

use std::fmt::Write;

use sha2::{Digest, Sha256};

use super::file_key::{FileKey, KeyId, hex};
use super::sealed::{Fingerprint, SecretKind};
use crate::source::{RootPath, Span};

/// An index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    /// The path of the sealed file, from the root.
    pub file: RootPath,
    /// SHA-256 of the sealed file's bytes.
    pub sha256: [u8; 32],
    /// The name of the K that the fingerprints stand under.
    pub key_id: KeyId,
    /// Grows by one at each change.
    pub serial: u64,
    /// Who the file is sealed to; empty for a member of a folder, whose `plimsoll.age` says it.
    pub recipients: Vec<String>,
    /// The keys, in the order of the sealed text.
    pub keys: Vec<IndexKey>,
    /// Over all of the above, under K.
    pub mac: [u8; 32],
}

/// A key in an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexKey {
    /// Its path in the sealed text.
    pub path: String,
    /// What its value is.
    pub kind: SecretKind,
    /// Its value's fingerprint.
    pub fingerprint: Fingerprint,
    /// Earlier fingerprints of the same value, under earlier Ks. More than the key id alone, because a value may have been
    /// changed under the old K shortly before K was replaced: only the fingerprint tells which value is meant.
    pub unchanged_since: Vec<(KeyId, Fingerprint)>,
    /// Where the index lists it; none in an index that was just made.
    pub span: Option<Span>,
}

/// What an index doesn't have in common with what was opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Misfit {
    #[error("its key id isn't that of the sealed key")]
    KeyId,
    #[error("its MAC is wrong: something in it was changed by hand, or it was made by someone without the key")]
    Mac,
    #[error("its serial is {0}, the sealed one {1}")]
    Serial(u64, u64),
    #[error("its recipients aren't the sealed ones")]
    Recipients,
    #[error("`{0}` is sealed, but not in it")]
    Unlisted(String),
    #[error("`{0}` is in it, but not sealed")]
    NotSealed(String),
    #[error("the value of `{0}` has another fingerprint")]
    Fingerprint(String),
}

impl Index {
    /// Each key's path, with its value's fingerprint.
    pub(super) fn listed(&self) -> impl Iterator<Item = (&str, Fingerprint)> {
        self.keys.iter().map(|key| (key.path.as_str(), key.fingerprint))
    }

    /// The SHA-256 of a sealed file.
    pub(crate) fn digest(sealed: &[u8]) -> [u8; 32] {
        Sha256::digest(sealed).into()
    }

    /// Whether the index was made from exactly this sealed file.
    pub(crate) fn fits(&self, sealed: &[u8]) -> bool {
        self.sha256 == Self::digest(sealed)
    }

    /// Sets the MAC.
    pub(crate) fn sign(&mut self, key: &FileKey) {
        self.mac = key.mac(&self.encode());
    }

    /// Checks key id and MAC.
    pub(crate) fn check(&self, key: &FileKey) -> Result<(), Misfit> {
        use subtle::ConstantTimeEq;
        if self.key_id != key.id() {
            return Err(Misfit::KeyId);
        }
        if bool::from(self.mac.ct_eq(&key.mac(&self.encode()))) { Ok(()) } else { Err(Misfit::Mac) }
    }

    /// All but the MAC, so that no two indexes have the same bytes: each field with its length, each list with its count.
    fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        put(&mut out, self.file.as_str().as_bytes());
        put(&mut out, &self.sha256);
        put(&mut out, &self.key_id.bytes());
        out.extend(self.serial.to_be_bytes());
        out.extend((self.recipients.len() as u64).to_be_bytes());
        for recipient in &self.recipients {
            put(&mut out, recipient.as_bytes());
        }
        out.extend((self.keys.len() as u64).to_be_bytes());
        for key in &self.keys {
            put(&mut out, key.path.as_bytes());
            put(&mut out, key.kind.name().as_bytes());
            put(&mut out, &key.fingerprint.0);
            out.extend((key.unchanged_since.len() as u64).to_be_bytes());
            for (id, fingerprint) in &key.unchanged_since {
                put(&mut out, &id.bytes());
                put(&mut out, &fingerprint.0);
            }
        }
        out
    }

    /// The index as a file.
    pub(crate) fn to_toml(&self) -> String {
        let mut text = format!(
            "# The public index of {}. It holds no secret; commit it beside the sealed file.\n\
             # Written by plimsoll; after a change with another tool `plimsoll secrets reindex` makes it anew.\n\
             version = 1\nfile = {}\nsha256 = \"{}\"\nkey-id = \"{}\"\nserial = {}\n",
            self.file.file_name(),
            quote(self.file.as_str()),
            hex(&self.sha256),
            self.key_id,
            self.serial,
        );
        if !self.recipients.is_empty() {
            text.push_str("recipients = [\n");
            for recipient in &self.recipients {
                let _ = writeln!(text, "    {},", quote(recipient));
            }
            text.push_str("]\n");
        }
        let _ = writeln!(text, "mac = \"{}\"", hex(&self.mac));
        if !self.keys.is_empty() {
            text.push_str("\n[keys]\n");
        }
        for key in &self.keys {
            text.push_str(&key.to_toml());
        }
        text
    }
}

impl IndexKey {
    fn to_toml(&self) -> String {
        let kind = self.kind.name();
        let fingerprint = self.fingerprint.hex();
        let mut line = format!("{} = {{ kind = \"{kind}\", fingerprint = \"{fingerprint}\"", quote(&self.path));
        if !self.unchanged_since.is_empty() {
            let since: Vec<String> =
                self.unchanged_since.iter().map(|(id, fingerprint)| format!("\"{id}\" = \"{}\"", fingerprint.hex())).collect();
            let _ = write!(line, ", unchanged-since = {{ {} }}", since.join(", "));
        }
        line.push_str(" }\n");
        line
    }
}

fn put(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend((bytes.len() as u64).to_be_bytes());
    out.extend(bytes);
}

/// A TOML basic string.
fn quote(text: &str) -> String {
    toml_edit::Value::from(text).to_string()
}
