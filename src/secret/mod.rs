//! Secrets: sealed files, their public index, and sealed expressions. The only folder that ever holds plaintext.
//!
//! A stage sees [`Sealed`] expressions over [`SecretKey`]s, which know a file, a key path and a fingerprint. Plaintext is put
//! in at the last moment, in one place of this folder, from opened sealed files.

mod change;
mod document;
mod escape;
mod expression;
mod file_key;
mod identity;
mod index;
mod index_read;
mod inspect;
mod layout;
mod lookup;
mod open;
mod opened;
pub(crate) mod problem;
mod random;
mod recipient;
mod reindex;
mod rekey;
mod reveal;
mod rules;
mod scrub;
mod seal;
mod sealed;
mod store;
mod tokens;

pub use change::{Changed, Sealer, Target};
pub use document::key_paths as sealed_key_paths;
pub use file_key::KeyId;
pub use identity::{Ask, Identities, IdentityError, generate as generate_identity};
pub use index::{Index, IndexKey};
pub use inspect::{is_json_object, labels, pem_labels, revealed_len};
pub use layout::{container as sealed_container, key_path as member_key};
pub use open::{OpenError, open};
pub use opened::Opened;
pub use problem::{identity as identity_problem, recipient as recipient_problem, writing as write_problem};
pub use random::{password as generate_password, run_name};
pub use recipient::{BadRecipient, Recipient};
pub use reindex::Reindexed;
pub use rekey::RekeyPlan;
pub use reveal::{reveal, reveal_text};
pub use rules::RULES;
pub use scrub::Scrubber;
pub use seal::{SealError, seal};
pub use sealed::{Escape, Fingerprint, Sealed, SecretKey, SecretKind};
pub use store::{SealedPublic, Secrets, has as sealed_has};
pub use tokens::{BadToken, TOKEN_PREFIX, Tokens};
