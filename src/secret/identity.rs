//! Identities: the private keys that open sealed files.

use std::fmt::{self, Write};
use std::io::Read;

use age::armor::ArmoredReader;
use age::secrecy::SecretString;
use zeroize::Zeroizing;

use super::recipient::Recipient;

/// The greatest work factor of a passphrase that is tried: 2^20, some seconds. age's own bound depends on the machine.
const MAX_WORK_FACTOR: u8 = 20;

/// Asks for a passphrase; the text says what for. `None` if there is nobody to ask.
pub type Ask = Box<dyn FnMut(&str) -> Option<Zeroizing<String>> + Send>;

/// The private keys at hand, in the order in which they are tried.
pub struct Identities {
    open: Vec<Identity>,
    locked: Vec<Locked>,
    ask: Ask,
}

struct Identity {
    from: String,
    recipient: Option<Recipient>,
    key: Box<dyn age::Identity + Send + Sync>,
}

/// A key behind a passphrase. It is asked for only when a file can't be opened otherwise.
struct Locked {
    from: String,
    kind: LockedKind,
}

enum LockedKind {
    Ssh(Box<age::ssh::Identity>, Option<Recipient>),
    File(Vec<u8>),
}

/// Why an identity can't be used. Never repeats the file's content.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// The file holds none.
    #[error("`{0}` holds no identity")]
    Empty(String),
    /// A line that isn't one.
    #[error("line {1} of `{0}` isn't an age identity (`AGE-SECRET-KEY-1…`)")]
    Line(String, usize),
    /// age's hybrid keys.
    #[error("line {1} of `{0}` is a hybrid (post-quantum) identity, which isn't supported yet")]
    Hybrid(String, usize),
    /// A plugin's.
    #[error("line {1} of `{0}` is an identity of an age plugin, which isn't supported yet")]
    Plugin(String, usize),
    /// A recipient where an identity belongs.
    #[error("`{0}` holds a recipient (a public key); an identity is the private key, `AGE-SECRET-KEY-1…` or an SSH private key")]
    Public(String),
    /// An SSH key that age can't use.
    #[error("`{0}` is an SSH key that age can't use: {1}")]
    Ssh(String, &'static str),
    /// The key is behind a passphrase, and nobody could be asked.
    #[error("`{0}` is protected by a passphrase, and there is no terminal to ask for it")]
    NoTerminal(String),
    /// The passphrase didn't open it.
    #[error("the passphrase doesn't open `{0}`")]
    Passphrase(String),
}

impl fmt::Debug for Identities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}

impl Identities {
    /// None yet; `ask` asks for passphrases.
    pub fn new(ask: Ask) -> Self {
        Self { open: Vec::new(), locked: Vec::new(), ask }
    }

    /// None, and nobody to ask.
    pub fn none() -> Self {
        Self::new(Box::new(|_| None))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.open.is_empty() && self.locked.is_empty()
    }

    /// Where the identities come from.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let locked = self.locked.iter().map(|locked| locked.from.as_str());
        self.open.iter().map(|identity| identity.from.as_str()).chain(locked)
    }

    /// The public halves of those that are known without a passphrase.
    pub fn recipients(&self) -> impl Iterator<Item = &Recipient> {
        let locked = self.locked.iter().filter_map(|locked| match &locked.kind {
            LockedKind::Ssh(_, recipient) => recipient.as_ref(),
            LockedKind::File(_) => None,
        });
        self.open.iter().filter_map(|identity| identity.recipient.as_ref()).chain(locked)
    }

    /// Adds what an identity file holds: age identities a line each, an SSH private key, or an age file under a passphrase
    /// with identities inside. `from` names the file in errors.
    pub fn add(&mut self, from: &str, content: &[u8]) -> Result<(), IdentityError> {
        let is = |head: &[u8]| content.trim_ascii_start().starts_with(head);
        if is(b"-----BEGIN AGE ENCRYPTED FILE-----") || is(b"age-encryption.org/") {
            self.locked.push(Locked { from: from.to_owned(), kind: LockedKind::File(content.to_vec()) });
            return Ok(());
        }
        if is(b"-----BEGIN ") {
            return self.add_ssh(from, content);
        }
        self.add_lines(from, content)
    }

    fn add_ssh(&mut self, from: &str, content: &[u8]) -> Result<(), IdentityError> {
        let invalid = |why| IdentityError::Ssh(from.to_owned(), why);
        let key = age::ssh::Identity::from_buffer(content, Some(from.to_owned()))
            .map_err(|_| invalid("it can't be read as a private key in OpenSSH's or PEM's form"))?;
        let recipient = age::ssh::Recipient::try_from(key.clone()).ok().map(Recipient::from);
        let from = from.to_owned();
        match &key {
            age::ssh::Identity::Unencrypted(_) => self.open.push(Identity { from, recipient, key: Box::new(key) }),
            age::ssh::Identity::Encrypted(_) => {
                self.locked.push(Locked { from, kind: LockedKind::Ssh(Box::new(key), recipient) });
            }
            age::ssh::Identity::Unsupported(age::ssh::UnsupportedKey::EncryptedPem) => {
                return Err(invalid("a PEM key with a passphrase; `ssh-keygen -p` turns it into OpenSSH's form"));
            }
            age::ssh::Identity::Unsupported(_) => {
                return Err(invalid("only `ssh-ed25519` and `ssh-rsa` keys, not on hardware, can decrypt"));
            }
        }
        Ok(())
    }

    fn add_lines(&mut self, from: &str, content: &[u8]) -> Result<(), IdentityError> {
        let before = self.open.len();
        for (number, line) in content.split(|byte| *byte == b'\n').enumerate().map(|(at, line)| (at + 1, line.trim_ascii())) {
            if line.is_empty() || line.starts_with(b"#") {
                continue;
            }
            let key = std::str::from_utf8(line).ok().and_then(|line| line.parse::<age::x25519::Identity>().ok());
            let Some(key) = key else { return Err(bad_line(from, number, line)) };
            let recipient = Some(Recipient::from(key.to_public()));
            self.open.push(Identity { from: from.to_owned(), recipient, key: Box::new(key) });
        }
        if self.open.len() == before { Err(IdentityError::Empty(from.to_owned())) } else { Ok(()) }
    }

    /// The keys that need no passphrase.
    pub(super) fn unlocked(&self) -> impl Iterator<Item = &dyn age::Identity> {
        self.open.iter().map(|identity| &*identity.key as &dyn age::Identity)
    }

    /// Unlocks, with a passphrase, the next key that could open a file with this age header. `None`: there is no such key.
    pub(super) fn unlock_for(&mut self, header: &str) -> Option<Result<(), IdentityError>> {
        let fits = |locked: &Locked| match &locked.kind {
            LockedKind::Ssh(_, Some(recipient)) => {
                header.contains(&format!("-> {}\n", stanza_of(recipient)))
                    || header.contains(&format!("-> {} ", stanza_of(recipient)))
            }
            LockedKind::Ssh(_, None) | LockedKind::File(_) => true,
        };
        let at = self.locked.iter().position(fits)?;
        let locked = self.locked.remove(at);
        Some(self.unlock(locked))
    }

    fn unlock(&mut self, locked: Locked) -> Result<(), IdentityError> {
        let Locked { from, kind } = locked;
        let Some(passphrase) = (self.ask)(&format!("Passphrase of {from}: ")) else {
            return Err(IdentityError::NoTerminal(from));
        };
        let passphrase = SecretString::from(passphrase.as_str());
        match kind {
            LockedKind::Ssh(key, recipient) => {
                let age::ssh::Identity::Encrypted(key) = *key else { return Ok(()) };
                let Ok(key) = key.decrypt(passphrase) else { return Err(IdentityError::Passphrase(from)) };
                self.open.push(Identity { from, recipient, key: Box::new(age::ssh::Identity::from(key)) });
                Ok(())
            }
            LockedKind::File(sealed) => {
                let mut identity = age::scrypt::Identity::new(passphrase);
                identity.set_max_work_factor(MAX_WORK_FACTOR);
                let Some(content) = read_all(&sealed, &identity) else { return Err(IdentityError::Passphrase(from)) };
                self.add_lines(&from, &content)
            }
        }
    }
}

/// A new identity: the content of its file, and its recipient.
pub fn generate() -> (Zeroizing<String>, Recipient) {
    use age::secrecy::ExposeSecret;
    let identity = age::x25519::Identity::generate();
    let recipient = Recipient::from(identity.to_public());
    let mut content = Zeroizing::new(String::with_capacity(256));
    let _ = write!(content, "# plimsoll identity; keep it to yourself\n# recipient: {recipient}\n");
    content.push_str(identity.to_string().expose_secret());
    content.push('\n');
    (content, recipient)
}

fn read_all(sealed: &[u8], identity: &dyn age::Identity) -> Option<Zeroizing<Vec<u8>>> {
    let decryptor = age::Decryptor::new(ArmoredReader::new(sealed)).ok()?;
    let mut content = Zeroizing::new(Vec::with_capacity(sealed.len()));
    decryptor.decrypt(std::iter::once(identity)).ok()?.read_to_end(&mut content).ok()?;
    Some(content)
}

/// How the stanza for an SSH recipient begins (age-encryption.org/v1, "ssh-rsa", "ssh-ed25519"): the type and the first four
/// bytes of the key's SHA-256.
fn stanza_of(recipient: &Recipient) -> String {
    use base64::Engine;
    use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
    use sha2::Digest;
    let (kind, key) = recipient.as_str().split_once(' ').unwrap_or((recipient.as_str(), ""));
    let digest = sha2::Sha256::digest(STANDARD.decode(key).unwrap_or_default());
    format!("{kind} {}", STANDARD_NO_PAD.encode(digest.get(..4).unwrap_or_default()))
}

fn bad_line(from: &str, number: usize, line: &[u8]) -> IdentityError {
    let from = from.to_owned();
    let upper = line.to_ascii_uppercase();
    if upper.starts_with(b"AGE-SECRET-KEY-PQ-") {
        IdentityError::Hybrid(from, number)
    } else if upper.starts_with(b"AGE-PLUGIN-") {
        IdentityError::Plugin(from, number)
    } else if line.starts_with(b"age1") || line.starts_with(b"ssh-") {
        IdentityError::Public(from)
    } else {
        IdentityError::Line(from, number)
    }
}
