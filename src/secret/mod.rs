//! Secrets: sealed files, their public index, and sealed expressions. The only folder that ever holds plaintext.
//!
//! A stage sees [`Sealed`] expressions over [`SecretKey`]s, which know a file, a key path and a fingerprint. Plaintext is put
//! in at the last moment, in one place of this folder, from opened sealed files.

mod document;
mod escape;
mod expression;
mod file_key;
mod identity;
mod index;
mod index_read;
mod layout;
mod lookup;
mod open;
mod random;
mod recipient;
mod rules;
mod seal;
mod sealed;
mod store;
mod tokens;

pub use file_key::KeyId;
pub use identity::{Ask, Identities, IdentityError};
pub use index::{Index, IndexKey};
pub use open::{OpenError, open};
pub use recipient::{BadRecipient, Recipient};
pub use rules::RULES;
pub use seal::{SealError, seal};
pub use sealed::{Escape, Fingerprint, Sealed, SecretKey, SecretKind};
pub use store::{SealedPublic, Secrets};
pub use tokens::{BadToken, TOKEN_PREFIX, Tokens};
