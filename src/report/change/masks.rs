//! What is shown for a secret.

use crate::secret::{Escape, Fingerprint, Sealed};

/// The masks of one field: each different secret gets the next number, the same one the same.
#[derive(Debug, Default)]
pub struct Masks {
    seen: Vec<(String, Fingerprint)>,
    /// Whether escapes are written out. They are left out where a reader would trip over them.
    spelled: bool,
}

impl Masks {
    /// The masks of a field's old and new value. Where they differ in nothing but how secrets are escaped, escapes are written
    /// out.
    pub fn of_both(old: &Sealed, new: &Sealed) -> (String, String) {
        let mut masks = Self::default();
        let shown = (masks.show(old), masks.show(new));
        if shown.0 != shown.1 || old == new {
            return shown;
        }
        let mut masks = Self { spelled: true, ..Self::default() };
        (masks.show(old), masks.show(new))
    }

    /// A sealed text as a reader sees it: the public parts, and masks.
    pub fn show(&mut self, sealed: &Sealed) -> String {
        match sealed {
            Sealed::Text(text) => text.to_string(),
            Sealed::Secret(key) => {
                let known = (key.path.clone(), key.fingerprint);
                let at = self.seen.iter().position(|seen| *seen == known).unwrap_or_else(|| {
                    self.seen.push(known);
                    self.seen.len() - 1
                });
                format!("«secret {}: {}»", at + 1, key.path)
            }
            Sealed::Concat(parts) => parts.iter().map(|part| self.show(part)).collect(),
            Sealed::Base64(inner) => format!("base64({})", self.show(inner)),
            Sealed::Escaped(escape, inner) if self.spelled => {
                let word = match escape {
                    Escape::Json => "json",
                    Escape::Url => "url",
                };
                format!("{word}({})", self.show(inner))
            }
            Sealed::Escaped(_, inner) => self.show(inner),
        }
    }
}
