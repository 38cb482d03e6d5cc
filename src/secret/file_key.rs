//! K: the key that a sealed file holds for itself, under which its fingerprints and its index stand.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::random;
use super::sealed::Fingerprint;

/// K. Whoever can open the sealed file has it; it is never shown.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct FileKey(Zeroizing<[u8; 32]>);

impl fmt::Debug for FileKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FileKey({})", self.id())
    }
}

/// The public name of a file key: fingerprints under different ids can't be compared.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; 8]);

impl KeyId {
    /// Reads 16 hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        hex_array(text).map(Self)
    }

    pub(super) fn bytes(self) -> [u8; 8] {
        self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

impl FileKey {
    /// A fresh one.
    pub(crate) fn generate() -> Result<Self, getrandom::Error> {
        random::bytes().map(|bytes| Self(Zeroizing::new(bytes)))
    }

    /// Reads the base64 that [`FileKey::to_text`] gave.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut bytes = Zeroizing::new([0; 32]);
        let mut buffer = Zeroizing::new([0_u8; 48]);
        let count = STANDARD.decode_slice(text, &mut *buffer).ok()?;
        bytes.copy_from_slice(buffer.get(..count).filter(|decoded| decoded.len() == 32)?);
        Some(Self(bytes))
    }

    /// Base64, for the sealed text.
    pub(crate) fn to_text(&self) -> Zeroizing<String> {
        Zeroizing::new(STANDARD.encode(*self.0))
    }

    /// The public name.
    pub(crate) fn id(&self) -> KeyId {
        let mut id = [0; 8];
        id.iter_mut().zip(self.hmac([b"plimsoll key id v1".as_slice()])).for_each(|(to, from)| *to = from);
        KeyId(id)
    }

    /// HMAC-SHA-256(K, length-prefixed `path` and `value`). Lengths are 8 bytes, big-endian; so no input of the other uses of
    /// K, which start with a word, is one of these.
    pub(crate) fn fingerprint(&self, path: &str, value: &[u8]) -> Fingerprint {
        let length = |bytes: &[u8]| (bytes.len() as u64).to_be_bytes();
        Fingerprint(self.hmac([&length(path.as_bytes()), path.as_bytes(), &length(value), value]))
    }

    /// The MAC of an index' encoded fields.
    pub(crate) fn mac(&self, encoded: &[u8]) -> [u8; 32] {
        self.hmac([b"plimsoll index v1".as_slice(), encoded])
    }

    fn hmac<const N: usize>(&self, parts: [&[u8]; N]) -> [u8; 32] {
        // The length of K is right by its type; were it not, the block of zeros would fail every comparison.
        let Ok(mut hmac) = Hmac::<Sha256>::new_from_slice(&*self.0) else { return [0; 32] };
        for part in parts {
            hmac.update(part);
        }
        hmac.finalize().into_bytes().into()
    }
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Reads exactly `N` bytes of lower-case hexadecimal digits.
pub(crate) fn hex_array<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digit = |c: u8| match c {
        b'0'..=b'9' => Some(c - b'0'),
        b'a'..=b'f' => Some(c - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; N];
    let pairs = text.as_bytes().chunks_exact(2);
    if text.len() != N * 2 {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(pairs) {
        let [high, low] = pair else { return None };
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_the_hmac_that_the_docs_say() {
        let key = FileKey(Zeroizing::new([7; 32]));
        let mut hmac = Hmac::<Sha256>::new_from_slice(&[7; 32]).unwrap();
        hmac.update(b"\0\0\0\0\0\0\0\x03a.b\0\0\0\0\0\0\0\x01v");
        assert_eq!(key.fingerprint("a.b", b"v").0, <[u8; 32]>::from(hmac.finalize().into_bytes()));
        assert_ne!(key.fingerprint("a.b", b"v"), key.fingerprint("a", b".bv"));
    }

    #[test]
    fn a_key_survives_its_text_and_shows_itself_nowhere() {
        let key = FileKey::generate().unwrap();
        assert_eq!(FileKey::parse(&key.to_text()), Some(key.clone()));
        assert_eq!(FileKey::parse("c2hvcnQ="), None);
        assert!(!format!("{key:?}").contains(key.to_text().as_str()));
        assert_eq!(KeyId::parse(&key.id().to_string()), Some(key.id()));
    }
}
