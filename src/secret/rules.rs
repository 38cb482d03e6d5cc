//! The rules of this folder.

use crate::diagnostic::{Rule, rule};

rule!(SEALED_MISSING, "sealed-missing", Error, "a sealed file that an environment names doesn't exist");
rule!(INDEX_MISSING, "index-missing", Error, "a sealed file has no public index beside it");
rule!(INDEX_STALE, "index-stale", Error, "a sealed file isn't the one that its index was made from");
rule!(INDEX_INVALID, "index-invalid", Error, "a public index can't be read, or belongs to another file");
rule!(INDEX_MISMATCH, "index-mismatch", Error, "a public index doesn't say what its sealed file holds");
rule!(SEALED_MOVED, "sealed-moved", Error, "a sealed file stands at another path than the one that it was sealed for");
rule!(SEALED_CORRUPT, "sealed-corrupt", Error, "a sealed file is damaged, or isn't an age file");
rule!(SEALED_FOR_OTHERS, "sealed-for-others", Error refused, "no identity at hand is among a sealed file's recipients");
rule!(SEALED_CONTENT, "sealed-content", Error, "what is in a sealed file isn't as it must be: tables of texts");
rule!(NO_IDENTITY, "no-identity", Error refused, "a sealed file has to be opened, and there is no identity");
rule!(IDENTITY_INVALID, "identity-invalid", Error, "an identity file can't be read or used");
rule!(IDENTITY_LOCKED, "identity-locked", Error refused, "an identity's passphrase is wrong, or can't be asked for");
rule!(RECIPIENT_INVALID, "recipient-invalid", Error, "a recipient isn't one that files can be sealed to, or is named twice");
rule!(RECIPIENT_DRIFT, "recipient-drift", Warning, "a file is sealed to other recipients than the environment names");
rule!(NOT_A_RECIPIENT, "not-a-recipient", Error refused, "whoever seals a file couldn't open it afterwards");
rule!(SECRET_KEY_CONFLICT, "secret-key-conflict", Error, "a key path stands in two sealed files, or is a value and a table");
rule!(SECRET_NOT_TEXT, "secret-not-text", Error, "a secret that isn't UTF-8 stands where text is needed");
rule!(SEALED_BUSY, "sealed-busy", Error refused, "sealed files changed, or are being changed by another process");
rule!(SEALED_WRITE, "sealed-write", Error, "a sealed file or its index can't be written");

/// The rules of this module.
pub static RULES: &[&Rule] = &[
    &SEALED_MISSING,
    &INDEX_MISSING,
    &INDEX_STALE,
    &INDEX_INVALID,
    &INDEX_MISMATCH,
    &SEALED_MOVED,
    &SEALED_CORRUPT,
    &SEALED_FOR_OTHERS,
    &SEALED_CONTENT,
    &NO_IDENTITY,
    &IDENTITY_INVALID,
    &IDENTITY_LOCKED,
    &RECIPIENT_INVALID,
    &RECIPIENT_DRIFT,
    &NOT_A_RECIPIENT,
    &SECRET_KEY_CONFLICT,
    &super::lookup::UNKNOWN_SECRET,
    &SECRET_NOT_TEXT,
    &SEALED_BUSY,
    &SEALED_WRITE,
];
