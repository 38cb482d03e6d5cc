//! Sealed expressions: texts made of secrets, not opened.

use std::sync::Arc;

use crate::object::Text;
use crate::source::{RootPath, Span};

/// HMAC-SHA-256 under the sealed file's own key K over the length-prefixed key path and value; public, from the index.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(pub [u8; 32]);

impl std::fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

/// The first 12 hexadecimal digits: enough to compare by eye.
impl std::fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for byte in self.0.iter().take(6) {
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

impl Fingerprint {
    /// All 64 hexadecimal digits.
    pub fn hex(&self) -> String {
        super::file_key::hex(&self.0)
    }
}

/// What a sealed value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SecretKind {
    /// UTF-8 text: a key in a sealed TOML file, or a text member of a sealed folder.
    Text,
    /// Bytes that aren't UTF-8: a whole file in a sealed folder.
    Binary,
}

impl SecretKind {
    /// As the index writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Binary => "binary",
        }
    }

    /// Reads what [`SecretKind::name`] gives.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Text, Self::Binary].into_iter().find(|kind| kind.name() == name)
    }

    /// What a value is.
    pub(super) fn of(value: &[u8]) -> Self {
        if std::str::from_utf8(value).is_ok() { Self::Text } else { Self::Binary }
    }
}

/// A sealed value's public half. Two are equal if their fingerprints are, which cover file key, path and value; where the
/// index lists them doesn't count.
#[derive(Debug, Clone)]
pub struct SecretKey {
    /// The sealed file that holds it.
    pub file: RootPath,
    /// Its path in there, `.`-separated: `registry.password`.
    pub path: String,
    /// What it is.
    pub kind: SecretKind,
    /// Its fingerprint.
    pub fingerprint: Fingerprint,
    /// Where the index lists it.
    pub span: Span,
}

impl PartialEq for SecretKey {
    fn eq(&self, other: &Self) -> bool {
        self.fingerprint == other.fingerprint && self.path == other.path && self.kind == other.kind
    }
}

impl Eq for SecretKey {}

/// How a text is escaped before it is put in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Escape {
    /// The inside of a JSON string, without the quotes.
    Json,
    /// Percent-encoding of everything but unreserved characters (RFC 3986).
    Url,
}

/// A text that holds secrets, as an expression: what it is made of, not what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sealed {
    /// A public part.
    Text(Text),
    /// A secret's value.
    Secret(Arc<SecretKey>),
    /// Parts, one after the other; never nested, never two texts in a row.
    Concat(Vec<Sealed>),
    /// The standard base64 of the inside's bytes.
    Base64(Box<Sealed>),
    /// The inside, escaped.
    Escaped(Escape, Box<Sealed>),
}

impl Sealed {
    /// The parts one after the other, flattened: texts in a row are joined, empty ones left out.
    pub fn concat(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut flat: Vec<Self> = Vec::new();
        let mut queue: Vec<Self> = parts.into_iter().collect();
        queue.reverse();
        while let Some(part) = queue.pop() {
            match part {
                Self::Concat(inner) => queue.extend(inner.into_iter().rev()),
                Self::Text(text) if text.is_empty() => {}
                Self::Text(text) => match flat.last_mut() {
                    Some(Self::Text(last)) => last.push_str(&text),
                    _ => flat.push(Self::Text(text)),
                },
                part => flat.push(part),
            }
        }
        match flat.len() {
            0 => Self::Text(Text::default()),
            1 => flat.pop().unwrap_or(Self::Text(Text::default())),
            _ => Self::Concat(flat),
        }
    }
}
