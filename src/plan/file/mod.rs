//! A plan as a file: readable JSON that a person approves and `apply --plan` holds the cluster against.
//!
//! Nothing in it is derived from a secret's value but the index's fingerprints, and those stand in the digest of the compiled bundle alone:
//! a sealed value in a changed field is a mask, and a Secret is bound by its UID and the names of its keys that change. The file says what
//! was approved; what is done comes from a plan made anew, which [`check`] holds against it.

mod check;
mod form;
#[cfg(test)]
mod tests;

use sha2::{Digest, Sha256};

pub use check::check;
pub use form::{PlanFile, Planned, PlannedCluster, PlannedField, PlannedForeign, PlannedId};

use super::Plan;
use super::digest::hex;

/// The schema of the files that this version writes and reads.
pub const SCHEMA: &str = "plimsoll.dev/plan/v1";

/// Why a text isn't a plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadPlan {
    /// It isn't JSON, or not of a plan's form.
    #[error("it isn't a plan: {0}")]
    Form(String),
    /// Another version wrote it.
    #[error("it has the schema `{0}`, and this plimsoll reads `{SCHEMA}`")]
    Schema(String),
    /// It isn't what was written.
    #[error("it was changed after it was written: its digest doesn't fit")]
    Edited,
}

/// The plan as a file's text. Ends in a line end.
pub fn write(plan: &Plan) -> String {
    let mut file = PlanFile::of(plan);
    file.digest = digest(&file);
    // A text from texts, numbers and lists of them can always be written.
    let text = serde_json::to_string_pretty(&file).unwrap_or_default();
    format!("{text}\n")
}

/// Reads a plan's file. That it is whole is all that its digest tells: who may write the file may make a new digest.
///
/// # Errors
/// It isn't a plan, another version wrote it, or it was edited.
pub fn read(text: &str) -> Result<PlanFile, BadPlan> {
    let value: serde_json::Value = serde_json::from_str(text).map_err(|error| BadPlan::Form(place(&error)))?;
    match value.get("schema").and_then(serde_json::Value::as_str) {
        None => return Err(BadPlan::Form("it has no `schema`".to_owned())),
        Some(SCHEMA) => {}
        Some(other) => return Err(BadPlan::Schema(other.to_owned())),
    }
    let file: PlanFile = serde_json::from_value(value).map_err(|error| BadPlan::Form(error.to_string()))?;
    if file.digest != digest(&file) {
        return Err(BadPlan::Edited);
    }
    Ok(file)
}

fn place(error: &serde_json::Error) -> String {
    format!("it isn't JSON (line {}, column {})", error.line(), error.column())
}

/// SHA-256 over all of it but the digest.
fn digest(file: &PlanFile) -> String {
    let bare = PlanFile { digest: String::new(), ..file.clone() };
    hex(&Sha256::digest(serde_json::to_string(&bare).unwrap_or_default().as_bytes()))
}
