//! Kubernetes objects as trees whose every node knows where it was written.
//!
//! [`parse()`] reads what templates rendered, the transforms edit, [`emit`] writes. A text that holds a secret is a
//! [`Sealed`](crate::secret::Sealed) expression in the tree, never its value.

mod bundle;
mod config;
pub mod emit;
mod from_toml;
mod id;
pub mod mask;
mod node;
mod parse;
mod path;
pub mod podspec;
mod ref_token;
mod select;
#[cfg(test)]
pub(crate) mod testing;

pub use bundle::{Bundle, MadeBy, Object, Touch};
pub use config::{Config, config_of};
pub use from_toml::{table_to_node, value_to_node};
pub use id::ObjectId;
pub use node::{Data, Entry, Map, Node, Text};
pub(crate) use parse::FOREIGN_TOKEN;
pub use parse::{parse, parse_value, refuse_tokens, string_data_to_data};
pub use path::{BadPath, FieldPath, Step};
pub use ref_token::{BadRef, REF_PREFIX, RefToken, ref_token, ref_tokens};
pub(crate) use select::BAD_SELECTOR;
pub use select::{Pattern, Selector};

use crate::diagnostic::Rule;

/// The rules of reading texts.
pub static PARSE_RULES: &[&Rule] = parse::RULES;
/// The rules of selectors.
pub static RULES: &[&Rule] = &[&BAD_SELECTOR];
