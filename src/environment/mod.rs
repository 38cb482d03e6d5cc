//! Environments: TOML layers, inherited and merged, every value with its origin.
//!
//! [`load`] reads `environments/NAME.toml` and all that it extends, merges the layers and reads the typed [`Settings`] out of
//! the result.

mod settings;
mod value;

pub use settings::*;
pub use value::{Origin, Spanned, Table, Value, ValueKind};

use crate::diagnostic::Diagnostics;
use crate::source::{FileId, Files};

/// An environment, merged.
#[derive(Debug, Clone)]
pub struct Environment {
    /// Its name: the file's, without `.toml`.
    pub name: String,
    /// The layers that it is made of, base first, itself last.
    pub layers: Vec<FileId>,
    /// What the tables say, typed.
    pub settings: Settings,
    /// `values.*` for the templates.
    pub values: Table,
}

/// Reads environment `name` with all its layers.
///
/// # Errors
/// Everything that is wrong in any layer, at once.
pub fn load(files: &Files, name: &str) -> Result<Environment, Diagnostics> {
    let _ = (files, name);
    Err(Diagnostics::new())
}
