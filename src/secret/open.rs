//! Opening: age files to bytes, or the reason why not.

use std::io::{self, Read};

use age::DecryptError;
use age::armor::{ArmoredReadError, ArmoredReader};
use zeroize::Zeroizing;

use super::identity::{Identities, IdentityError};

/// Why a sealed file wasn't opened. No byte of a file that fails is ever used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// There is no identity at all.
    #[error("there is no identity to open it with")]
    NoIdentity,
    /// It is sealed, but not to any of these identities.
    #[error("none of the identities at hand is among its recipients")]
    ForOthers,
    /// An identity that could open it can't be used.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// It is sealed with a passphrase, not to recipients.
    #[error("it is encrypted with a passphrase; sealed files are encrypted to recipients")]
    Passphrase,
    /// It isn't an age file.
    #[error("it isn't an age file")]
    NotAge,
    /// A later version of age's format.
    #[error("it is in a version of age's format that this program doesn't know")]
    Version,
    /// It is damaged; the text says where.
    #[error("it is damaged: {0}")]
    Corrupt(&'static str),
}

/// Opens an age file, armored or not.
pub fn open(sealed: &[u8], identities: &mut Identities) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    let Some(sealed) = age_file(sealed) else { return Err(OpenError::NotAge) };
    let decryptor = || age::Decryptor::new_buffered(ArmoredReader::new(sealed)).map_err(|error| corrupt(&error));
    if decryptor()?.is_scrypt() {
        return Err(OpenError::Passphrase);
    }
    if !is_canonical(&header(sealed)) {
        return Err(OpenError::Corrupt("a stanza of its header has no short last line"));
    }
    if identities.is_empty() {
        return Err(OpenError::NoIdentity);
    }
    loop {
        match decryptor()?.decrypt(identities.unlocked()) {
            Ok(reader) => return read(reader, sealed.len()),
            Err(DecryptError::NoMatchingKeys) => match identities.unlock_for(&header(sealed)) {
                Some(unlocked) => unlocked?,
                None => return Err(OpenError::ForOthers),
            },
            Err(error) => return Err(corrupt(&error)),
        }
    }
}

/// Reads to the end before anything is given out: age checks each chunk of 64 KiB by itself, and only the last one proves
/// that nothing was cut.
fn read(mut reader: impl Read, size: usize) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    // The plaintext is shorter than the file, so the buffer never moves and leaves no copy behind.
    let mut plaintext = Zeroizing::new(Vec::with_capacity(size));
    match reader.read_to_end(&mut plaintext) {
        Ok(_) => Ok(plaintext),
        Err(error) => Err(OpenError::Corrupt(armor_problem(&error).unwrap_or("its payload was cut or changed"))),
    }
}

/// The file from its first byte that counts, if it is one of age: white space may stand before armor (the crate doesn't pass over it).
fn age_file(bytes: &[u8]) -> Option<&[u8]> {
    let armored = bytes.trim_ascii_start();
    if armored.starts_with(b"-----BEGIN AGE ENCRYPTED FILE-----") {
        return Some(armored);
    }
    bytes.starts_with(b"age-encryption.org/").then_some(bytes)
}

/// Whether every stanza ends in a line shorter than 64 characters, if only an empty one, as age-encryption.org/v1 demands. The crate
/// also takes stanzas without one, which early versions of rage wrote.
fn is_canonical(header: &str) -> bool {
    let mut body_goes_on = false;
    for line in header.lines().skip(1) {
        let starts = line.starts_with("-> ");
        if starts == body_goes_on {
            return false;
        }
        body_goes_on = starts || line.len() >= 64;
    }
    !body_goes_on
}

/// The text lines of the file's header, up to the MAC: what tells which SSH keys it is for.
fn header(sealed: &[u8]) -> String {
    let mut bytes = Vec::new();
    // A header of many recipients is some kilobytes; the rest isn't needed.
    let _ = ArmoredReader::new(sealed).take(1 << 20).read_to_end(&mut bytes);
    let end = memchr::memmem::find(&bytes, b"\n---").map_or(bytes.len(), |at| at + 1);
    String::from_utf8_lossy(bytes.get(..end).unwrap_or_default()).into_owned()
}

fn corrupt(error: &DecryptError) -> OpenError {
    match error {
        DecryptError::UnknownFormat => OpenError::Version,
        DecryptError::InvalidMac => OpenError::Corrupt("its header was changed"),
        DecryptError::DecryptionFailed => OpenError::Corrupt("its header or payload was changed"),
        DecryptError::Io(error) => OpenError::Corrupt(armor_problem(error).unwrap_or("it was cut")),
        DecryptError::NoMatchingKeys => OpenError::ForOthers,
        DecryptError::ExcessiveWork { .. } => OpenError::Passphrase,
        _ => OpenError::Corrupt("its header can't be read"),
    }
}

fn armor_problem(error: &io::Error) -> Option<&'static str> {
    let inner = error.get_ref()?.downcast_ref::<ArmoredReadError>()?;
    Some(match inner {
        ArmoredReadError::Base64(_) | ArmoredReadError::MissingPadding => "its armor isn't base64",
        ArmoredReadError::InvalidBeginMarker => "its first line isn't the armor's",
        ArmoredReadError::InvalidUtf8 => "its armor isn't text",
        ArmoredReadError::LineContainsCr => "its armor has carriage returns inside lines",
        ArmoredReadError::NotWrappedAt64Chars | ArmoredReadError::ShortLineInMiddle => "its armor's lines aren't 64 characters",
        ArmoredReadError::TrailingGarbage => "something stands after the armor",
        _ => "its armor can't be read",
    })
}
