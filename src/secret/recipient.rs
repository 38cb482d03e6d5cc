//! Recipients: the public keys that a file is sealed to.

use std::fmt;

use age::ssh::ParseRecipientKeyError;

/// A public key: X25519 (`age1…`) or SSH (`ssh-ed25519 …`, `ssh-rsa …`). Compared and shown in its normal form, without an
/// SSH key's comment.
#[derive(Clone)]
pub struct Recipient {
    text: String,
    key: Key,
}

#[derive(Clone)]
enum Key {
    X25519(age::x25519::Recipient),
    Ssh(age::ssh::Recipient),
}

/// Why a text isn't a recipient that files can be sealed to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadRecipient {
    /// A private key where a public one belongs; the text isn't repeated.
    #[error("a private key stands where a recipient (a public key, `age1…` or `ssh-…`) belongs")]
    Private,
    /// age's hybrid keys.
    #[error("`{0}` is a hybrid (post-quantum) recipient, which isn't supported yet")]
    Hybrid(String),
    /// A recipient that a plugin program has to seal to.
    #[error("`{0}` needs an age plugin, which isn't supported yet")]
    Plugin(String),
    /// An SSH key of another kind or size.
    #[error("`{0}` is an SSH key that age can't seal to: {1}")]
    Ssh(String, String),
    /// Anything else.
    #[error("`{0}` isn't a recipient: neither `age1…` nor `ssh-ed25519 …` nor `ssh-rsa …`")]
    Unknown(String),
}

impl Recipient {
    /// Reads a recipient as it stands in an environment file.
    pub fn parse(text: &str) -> Result<Self, BadRecipient> {
        let text = text.trim();
        if text.to_ascii_uppercase().contains("SECRET-KEY") || text.contains("PRIVATE KEY") {
            return Err(BadRecipient::Private);
        }
        if text.starts_with("ssh-") || text.starts_with("ecdsa-") || text.starts_with("sk-") {
            return Self::parse_ssh(text);
        }
        if let Ok(key) = text.parse::<age::x25519::Recipient>() {
            return Ok(key.into());
        }
        // Bech32's human-readable part ends at the last `1`, which no later character can be.
        let short = text.chars().take(80).collect();
        match text.rsplit_once('1').map(|(kind, _)| kind) {
            Some("age1pq" | "age1tagpq") => Err(BadRecipient::Hybrid(short)),
            Some(kind) if kind.starts_with("age1") => Err(BadRecipient::Plugin(short)),
            _ => Err(BadRecipient::Unknown(short)),
        }
    }

    fn parse_ssh(text: &str) -> Result<Self, BadRecipient> {
        let short = || text.split_whitespace().take(2).collect::<Vec<_>>().join(" ").chars().take(80).collect();
        match text.parse::<age::ssh::Recipient>() {
            Ok(key) => Ok(key.into()),
            Err(ParseRecipientKeyError::RsaModulusTooLarge) => Err(BadRecipient::Ssh(short(), "its modulus is too large".into())),
            Err(ParseRecipientKeyError::RsaModulusTooSmall) => {
                Err(BadRecipient::Ssh(short(), "its modulus is shorter than 2048 bits".into()))
            }
            Err(ParseRecipientKeyError::Unsupported(kind)) => {
                Err(BadRecipient::Ssh(short(), format!("`{kind}` can only sign; use an `ssh-ed25519` or `ssh-rsa` key")))
            }
            Err(_) => Err(BadRecipient::Unknown(short())),
        }
    }

    /// Its normal form.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub(super) fn to_age(&self) -> &dyn age::Recipient {
        match &self.key {
            Key::X25519(key) => key,
            Key::Ssh(key) => key,
        }
    }
}

impl From<age::x25519::Recipient> for Recipient {
    fn from(key: age::x25519::Recipient) -> Self {
        Self { text: key.to_string(), key: Key::X25519(key) }
    }
}

impl From<age::ssh::Recipient> for Recipient {
    fn from(key: age::ssh::Recipient) -> Self {
        Self { text: key.to_string(), key: Key::Ssh(key) }
    }
}

impl PartialEq for Recipient {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Recipient {}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Recipient({})", self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SSH: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHsKLqeplhpW+uObz5dvMgjz1OxfM/XXUB+VHtZ6isGN";

    #[test]
    fn the_normal_form_has_no_comment() {
        let recipient = Recipient::parse(&format!("  {SSH} alice@host \n")).unwrap();
        assert_eq!(recipient.as_str(), SSH);
        assert_eq!(recipient, Recipient::parse(SSH).unwrap());
    }

    #[test]
    fn what_cannot_be_sealed_to_is_named() {
        let kind = |text: &str| Recipient::parse(text).unwrap_err();
        assert!(matches!(kind("age1pq1qqqq"), BadRecipient::Hybrid(_)));
        assert!(matches!(kind("age1yubikey1qqqq"), BadRecipient::Plugin(_)));
        assert!(matches!(kind("age1qqqq"), BadRecipient::Unknown(_)));
        assert!(matches!(kind("alice"), BadRecipient::Unknown(_)));
        assert!(matches!(kind("ssh-rsa AAAA"), BadRecipient::Unknown(_)));
        let private = kind("AGE-SECRET-KEY-1GQ9778VQXMMJVE8SK7J6VT8UJ4HDQAJUVSFCWCM02D8GEWQ72PVQ2Y5J33");
        assert_eq!(private, BadRecipient::Private);
        assert!(!private.to_string().contains("GQ9778"));
    }
}
