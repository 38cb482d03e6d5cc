//! What can be said of a sealed expression without opening it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::escape;
use super::sealed::{Escape, Fingerprint, Sealed, SecretKey};

/// Public parts of a mask's form longer than this are shortened.
const MAX_PUBLIC: usize = 40;

impl Sealed {
    /// The standard base64 of it; of a public text, that text's base64.
    #[must_use]
    pub fn base64(self) -> Self {
        match self {
            Self::Text(text) => Self::Text(STANDARD.encode(text.as_bytes()).into()),
            sealed => Self::Base64(Box::new(sealed)),
        }
    }

    /// It, escaped; public parts are escaped at once.
    #[must_use]
    pub fn escaped(self, escape: Escape) -> Self {
        match self {
            Self::Text(text) => {
                let mut out = Vec::new();
                escape::put(escape, &text, &mut out);
                Self::Text(String::from_utf8_lossy(&out).into_owned().into())
            }
            // Escaping goes character by character, so it may be done part by part.
            Self::Concat(parts) => Self::concat(parts.into_iter().map(|part| part.escaped(escape))),
            sealed => Self::Escaped(escape, Box::new(sealed)),
        }
    }

    /// It as the inside of a JSON string, without the quotes.
    #[must_use]
    pub fn json(self) -> Self {
        self.escaped(Escape::Json)
    }

    /// It, percent-encoded.
    #[must_use]
    pub fn url(self) -> Self {
        self.escaped(Escape::Url)
    }

    /// The secrets in it, in order; one that is used twice comes twice.
    pub fn keys(&self) -> impl Iterator<Item = &SecretKey> {
        let mut queue = vec![self];
        std::iter::from_fn(move || {
            loop {
                match queue.pop()? {
                    Self::Text(_) => {}
                    Self::Secret(key) => return Some(&**key),
                    Self::Concat(parts) => queue.extend(parts.iter().rev()),
                    Self::Base64(inside) | Self::Escaped(_, inside) => queue.push(inside),
                }
            }
        })
    }

    /// The secret, if this is nothing but its value.
    pub fn pure(&self) -> Option<&SecretKey> {
        match self {
            Self::Secret(key) => Some(key),
            _ => None,
        }
    }

    /// The digest of the expression: SHA-256 over its structure, in which a secret is its fingerprint. Equal expressions
    /// over equal values have equal digests; it says nothing of the values to someone who can't open the file.
    pub fn fingerprint(&self) -> Fingerprint {
        let mut hash = Sha256::new();
        hash.update(b"plimsoll sealed v1");
        self.digest_into(&mut hash);
        Fingerprint(hash.finalize().into())
    }

    fn digest_into(&self, hash: &mut Sha256) {
        match self {
            Self::Text(text) => {
                hash.update([1]);
                hash.update((text.len() as u64).to_be_bytes());
                hash.update(text.as_bytes());
            }
            Self::Secret(key) => {
                hash.update([2]);
                hash.update(key.fingerprint.0);
            }
            Self::Concat(parts) => {
                hash.update([3]);
                hash.update((parts.len() as u64).to_be_bytes());
                for part in parts {
                    part.digest_into(hash);
                }
            }
            Self::Base64(inside) => {
                hash.update([4]);
                inside.digest_into(hash);
            }
            Self::Escaped(escape, inside) => {
                hash.update([5, *escape as u8]);
                inside.digest_into(hash);
            }
        }
    }

    /// What stands in masked output in its place, as a map where the API server wants a text, so that masked YAML can't be
    /// applied: `file`, `key`, `fingerprint`; if it isn't the pure secret also `form`, what is made of it. Several secrets
    /// are listed with commas, each once. The fingerprint is that of the index for the pure secret, else that of the
    /// expression.
    pub fn mask(&self) -> Vec<(&'static str, String)> {
        let list = |of: fn(&SecretKey) -> &str| {
            let mut seen: Vec<&str> = Vec::new();
            for name in self.keys().map(of).filter(|name| !name.is_empty()) {
                if !seen.contains(&name) {
                    seen.push(name);
                }
            }
            seen.join(", ")
        };
        let fingerprint = self.pure().map_or_else(|| self.fingerprint(), |key| key.fingerprint);
        let mut mask =
            vec![("file", list(|key| key.file.as_str())), ("key", list(|key| &key.path)), ("fingerprint", fingerprint.hex())];
        if self.pure().is_none() {
            mask.push(("form", self.form()));
        }
        mask
    }

    /// What it is made of, in words that show no secret: `base64({registry.password})`.
    pub fn form(&self) -> String {
        match self {
            Self::Text(text) => shorten(text),
            Self::Secret(key) => format!("{{{}}}", key.path),
            Self::Concat(parts) => parts.iter().map(Self::form).collect(),
            Self::Base64(inside) => format!("base64({})", inside.form()),
            Self::Escaped(Escape::Json, inside) => format!("json({})", inside.form()),
            Self::Escaped(Escape::Url, inside) => format!("url({})", inside.form()),
        }
    }
}

fn shorten(text: &str) -> String {
    if text.chars().count() <= MAX_PUBLIC {
        return text.to_owned();
    }
    let half = MAX_PUBLIC / 2;
    let head: String = text.chars().take(half).collect();
    let tail: Vec<char> = text.chars().rev().take(half).collect();
    format!("{head}…{}", tail.into_iter().rev().collect::<String>())
}
