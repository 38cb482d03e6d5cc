//! Secrets: sealed files, their public index, and sealed expressions. The only folder that ever holds plaintext.
//!
//! A stage sees [`Sealed`] expressions over [`SecretKey`]s, which know a file, a key path and a fingerprint. Plaintext is put
//! in at the last moment, in one place of this folder, from opened sealed files.

mod lookup;
mod sealed;
mod store;
mod tokens;

pub use lookup::RULES;
pub use sealed::{Escape, Fingerprint, Sealed, SecretKey, SecretKind};
pub use store::Secrets;
pub use tokens::{BadToken, TOKEN_PREFIX, Tokens};
