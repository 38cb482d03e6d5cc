//! What the API server keeps about who owns which field (`metadata.managedFields`), and what follows from it.
//!
//! Pure: live objects come in as JSON, wanted ones as trees whose secrets are opened one text at a time. [`prove`] says whether an
//! apply would change nothing, [`looked_at`] what a plan depends on, [`owners`] who else has a say, [`migration`] what kubectl left.
//! The rules are those of structured-merge-diff (`fieldpath`, `typed`, `merge`) and of apimachinery's `managedfields`.

mod digest;
mod expected;
mod fields;
mod live;
mod migrate;
mod owners;
mod path;
mod place;
mod proof;
mod spelling;
mod stored;
mod tree;
mod values;

use serde::Deserialize;
use serde_json::Value;

pub use digest::{BadDigest, Digest, looked_at};
pub use fields::{Element, Fields, Scalar, show_path};
pub use migrate::{CLIENT_SIDE, LAST_APPLIED, Migration, migration, migration_of};
pub use owners::{Cause, Owner, PathStep, cause, owners};
pub use path::read_path;
pub use proof::{Proof, Why, prove};
pub(crate) use spelling::canonical as canonical_quantity;
pub use stored::Stored;

use crate::check::schema::SchemaRef;
use crate::object::Node;
use crate::object::emit::Reveal;

/// Our field manager.
pub const MANAGER: &str = "plimsoll";

/// The object that we would send: its tree, the way to plaintext, and what is known of its kind.
#[derive(Clone, Copy)]
pub struct Wanted<'a> {
    /// The tree.
    pub root: &'a Node,
    /// Opens a sealed text.
    pub reveal: &'a Reveal<'a>,
    /// The schema of the whole object: the built-in kind's, or its CRD's. Without one more is left to dry-runs, never less.
    pub schema: Option<SchemaRef<'a>>,
}

impl std::fmt::Debug for Wanted<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Wanted").field("root", self.root).finish_non_exhaustive()
    }
}

/// One entry of `managedFields`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Manager {
    /// Who.
    pub name: String,
    /// `Apply` or `Update`.
    pub operation: String,
    /// The subresource; empty: the object itself.
    pub subresource: String,
    /// The version in which the fields are named.
    pub api_version: String,
    /// When it last changed something, in RFC 3339.
    pub time: Option<String>,
    /// The fields; `None` if they aren't understood.
    pub fields: Option<Fields>,
}

impl Manager {
    /// Whether this is the entry of applies under the name.
    pub fn applies_as(&self, name: &str) -> bool {
        self.name == name && self.operation == "Apply" && self.subresource.is_empty()
    }
}

/// All entries of a live object, as they stand there. What isn't an entry at all is one without a name and without fields.
pub fn managers(live: &Value) -> Vec<Manager> {
    let entries = live.pointer("/metadata/managedFields").and_then(Value::as_array);
    let entries = entries.into_iter().flatten().map(Manager::deserialize);
    entries.map(Result::unwrap_or_default).collect()
}

/// Whether we have applied the object: it has our entry.
pub fn is_ours(live: &Value) -> bool {
    let entries = live.pointer("/metadata/managedFields").and_then(Value::as_array);
    let text = |entry: &Value, key: &str| entry.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    entries.into_iter().flatten().any(|entry| {
        text(entry, "manager") == MANAGER && text(entry, "operation") == "Apply" && text(entry, "subresource").is_empty()
    })
}

/// The fields that an apply of `wanted` would own, where that is certain; `live` tells what no schema does.
///
/// # Errors
/// Where it isn't certain, and why.
pub fn would_own(wanted: Wanted<'_>, live: Option<&Value>, manager: &str) -> Result<Fields, Why> {
    let entries = live.map(managers).unwrap_or_default();
    let ours = entries.iter().find(|entry| entry.applies_as(manager));
    expected::expected(wanted, ours.and_then(|entry| entry.fields.as_ref()))
}

#[cfg(test)]
mod tests;
