//! What stands in output where a sealed text would: what it is made of, never what it says.
//!
//! A mask is a map, where the API server wants a string: masked output can't be applied by accident. Two masks are the same
//! exactly if the two texts are made in the same way from the same public parts and the same fingerprints.

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use crate::secret::{Escape, Sealed, SecretKey};

/// The annotation that an object with masks gets: its value is a map, which no kind's annotations take, so that also custom
/// resources with free-form fields are refused.
pub const MASKED_ANNOTATION: &str = "plimsoll.dev/masked";

/// The mask of a sealed text:
///
/// | sealed text | mask |
/// |---|---|
/// | a secret | `{file, key, fingerprint}` |
/// | parts | `{concat: [mask or public text, …]}` |
/// | base64, JSON or percent escapes of one | `{base64: mask}`, `{json: mask}`, `{url: mask}` |
#[derive(Debug, Clone, Copy)]
pub struct Mask<'a>(pub &'a Sealed);

impl Serialize for Mask<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Sealed::Text(text) => serializer.serialize_str(text),
            Sealed::Secret(key) => secret(key, serializer),
            Sealed::Concat(parts) => one("concat", &parts.iter().map(Mask).collect::<Vec<_>>(), serializer),
            Sealed::Base64(inner) => one("base64", &Mask(inner), serializer),
            Sealed::Escaped(Escape::Json, inner) => one("json", &Mask(inner), serializer),
            Sealed::Escaped(Escape::Url, inner) => one("url", &Mask(inner), serializer),
        }
    }
}

fn secret<S: Serializer>(key: &SecretKey, serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(3))?;
    map.serialize_entry("file", key.file.as_str())?;
    map.serialize_entry("key", &key.path)?;
    map.serialize_entry("fingerprint", &key.fingerprint.to_string())?;
    map.end()
}

fn one<S: Serializer>(key: &str, value: &impl Serialize, serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(1))?;
    map.serialize_entry(key, value)?;
    map.end()
}

/// The secrets that a sealed text is made of, in order.
pub fn secrets(sealed: &Sealed) -> Vec<&SecretKey> {
    match sealed {
        Sealed::Text(_) => Vec::new(),
        Sealed::Secret(key) => vec![key],
        Sealed::Concat(parts) => parts.iter().flat_map(secrets).collect(),
        Sealed::Base64(inner) | Sealed::Escaped(_, inner) => secrets(inner),
    }
}
