//! From the reasons why a sealed file can't be used to findings: what, where, what to do next.

use super::document::DocumentError;
use super::identity::{Identities, IdentityError};
use super::index::Misfit;
use super::open::OpenError;
use super::recipient::BadRecipient;
use super::rules::{
    IDENTITY_INVALID, IDENTITY_LOCKED, INDEX_MISMATCH, NO_IDENTITY, RECIPIENT_INVALID, SEALED_BUSY, SEALED_CONTENT,
    SEALED_CORRUPT, SEALED_FOR_OTHERS, SEALED_MOVED, SEALED_WRITE,
};
use super::seal::SealError;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::source::RootPath;
use crate::source::commit::WriteError;

/// Why `path` wasn't opened. `recipients` are those that the index claims.
pub(crate) fn opening(path: &RootPath, error: &OpenError, recipients: &[String], identities: &Identities) -> Diagnostic {
    let message = format!("can't open `{path}`: {error}");
    match error {
        OpenError::NoIdentity => Diagnostic::new(&NO_IDENTITY, message)
            .hint("name one with `--identity FILE` or `PLIMSOLL_IDENTITY`, or make one with `plimsoll secrets keygen -o FILE`"),
        OpenError::ForOthers => {
            let tried: Vec<String> = identities.names().map(|name| format!("`{name}`")).collect();
            let mut diagnostic = Diagnostic::new(&SEALED_FOR_OTHERS, message).hint(format!("tried {}", tried.join(", ")));
            if !recipients.is_empty() {
                diagnostic = diagnostic.hint(format!("its index says that it is sealed to `{}`", recipients.join("`, `")));
            }
            diagnostic
        }
        OpenError::Identity(error) => identity(error),
        OpenError::Passphrase => Diagnostic::new(&SEALED_CORRUPT, message)
            .hint("seal it to recipients instead: `age -a -r RECIPIENT`, then `plimsoll secrets reindex`"),
        OpenError::NotAge | OpenError::Version | OpenError::Corrupt(_) => {
            Diagnostic::new(&SEALED_CORRUPT, message).hint(format!("restore it from git: `git log -- {path}` shows its versions"))
        }
    }
}

/// An identity that can't be used.
pub fn identity(error: &IdentityError) -> Diagnostic {
    match error {
        IdentityError::NoTerminal(_) | IdentityError::Passphrase(_) => Diagnostic::new(&IDENTITY_LOCKED, error.to_string())
            .hint("run it on a terminal, or use an identity without a passphrase: `--identity FILE`"),
        IdentityError::Public(_) => Diagnostic::new(&IDENTITY_INVALID, error.to_string())
            .hint("leave out the `.pub`, or use the file that `plimsoll secrets keygen` or `age-keygen` wrote"),
        _ => Diagnostic::new(&IDENTITY_INVALID, error.to_string())
            .hint("an identity file holds a line `AGE-SECRET-KEY-1…`, or an SSH private key; `plimsoll secrets keygen -o FILE` makes one"),
    }
}

/// What is wrong with a sealed text.
pub(crate) fn content(path: &RootPath, errors: &[DocumentError]) -> Diagnostics {
    let one = |error: &DocumentError| {
        Diagnostic::new(&SEALED_CONTENT, format!("in `{path}`: {error}")).hint(format!(
            "open it with `plimsoll secrets edit {path}`; values and names of a sealed file are never shown in an error"
        ))
    };
    errors.iter().map(one).collect()
}

/// An index that doesn't fit.
pub(crate) fn misfit(path: &RootPath, misfit: &Misfit) -> Diagnostic {
    Diagnostic::new(&INDEX_MISMATCH, format!("the index of `{path}` doesn't fit it: {misfit}"))
        .hint(format!("if the sealed file is right: `plimsoll secrets reindex {path}`; if not, restore both from git"))
}

/// A file that isn't where it was sealed for.
pub(crate) fn moved(path: &RootPath, sealed_for: &str) -> Diagnostic {
    let sealed_for: String = sealed_for.chars().filter(|c| !c.is_control()).take(200).collect();
    Diagnostic::new(&SEALED_MOVED, format!("`{path}` was sealed for `{sealed_for}`"))
        .hint(format!("if it was renamed on purpose: `plimsoll secrets rekey --moved {path}`"))
}

/// Recipients that can't be sealed to.
pub(crate) fn sealing(path: &RootPath, error: &SealError) -> Diagnostic {
    Diagnostic::new(&RECIPIENT_INVALID, format!("can't seal `{path}`: {error}"))
        .hint(format!("list them in `[sealed.\"…\"] recipients`, each once; `{path}` is relative to the root"))
}

/// A recipient that can't be one.
pub fn recipient(error: &BadRecipient) -> Diagnostic {
    Diagnostic::new(&RECIPIENT_INVALID, error.to_string())
}

/// Files that weren't written.
pub fn writing(error: &WriteError) -> Diagnostic {
    match error {
        WriteError::Busy => {
            Diagnostic::new(&SEALED_BUSY, error.to_string()).hint("close an open `plimsoll secrets edit`, or try again")
        }
        WriteError::Changed(_) => {
            Diagnostic::new(&SEALED_BUSY, format!("{error}; nothing was written")).hint("run the command again")
        }
        _ => Diagnostic::new(&SEALED_WRITE, error.to_string()),
    }
}
