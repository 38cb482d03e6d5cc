//! Sealing: age, armored, to recipients.

use std::io::Write;

use age::armor::{ArmoredWriter, Format};

use super::recipient::Recipient;

/// Why nothing was sealed.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// A file that nobody could open.
    #[error("there are no recipients")]
    NoRecipients,
    /// age would write the same recipient twice without a word.
    #[error("the recipient `{0}` is named twice")]
    Duplicate(Recipient),
    /// What age says.
    #[error("age can't seal to these recipients: {0}")]
    Age(String),
}

/// Seals `plaintext` to all of `recipients`: an armored age file, which `age -d` opens too.
pub fn seal(plaintext: &[u8], recipients: &[Recipient]) -> Result<Vec<u8>, SealError> {
    check(recipients)?;
    let age = |error: &dyn std::fmt::Display| SealError::Age(error.to_string());
    let encryptor = age::Encryptor::with_recipients(recipients.iter().map(Recipient::to_age)).map_err(|error| age(&error))?;
    let mut sealed = Vec::with_capacity(plaintext.len() * 3 / 2 + 1024);
    let armor = ArmoredWriter::wrap_output(&mut sealed, Format::AsciiArmor).map_err(|error| age(&error))?;
    let mut writer = encryptor.wrap_output(armor).map_err(|error| age(&error))?;
    writer.write_all(plaintext).map_err(|error| age(&error))?;
    writer.finish().and_then(ArmoredWriter::finish).map_err(|error| age(&error))?;
    Ok(sealed)
}

/// Whether a file can be sealed to these: there are some, and none twice.
pub(super) fn check(recipients: &[Recipient]) -> Result<(), SealError> {
    if recipients.is_empty() {
        return Err(SealError::NoRecipients);
    }
    let twice =
        recipients.iter().enumerate().find(|(at, recipient)| recipients.iter().take(*at).any(|other| other == *recipient));
    twice.map_or(Ok(()), |(_, recipient)| Err(SealError::Duplicate(recipient.clone())))
}
