//! Findings, written out: [`text()`] for people, [`json()`], [`sarif()`], [`github()`] and [`junit()`] for programs.

mod github;
mod json;
mod junit;
mod listing;
mod sarif;
mod text;
mod tokens;

pub use github::github;
pub use json::{json, json_message, json_value};
pub use junit::junit;
pub use sarif::sarif;
pub use text::{plain, text};

use crate::diagnostic::Diagnostics;
use crate::source::SourceMap;

/// Findings and the texts that they point into; of one environment, or of none.
#[derive(Debug, Clone, Copy)]
pub struct Findings<'a> {
    /// The environment that was compiled.
    pub environment: Option<&'a str>,
    /// What was found.
    pub findings: &'a Diagnostics,
    /// The texts.
    pub sources: &'a SourceMap,
}

impl<'a> Findings<'a> {
    /// Findings of no environment in particular.
    pub fn new(findings: &'a Diagnostics, sources: &'a SourceMap) -> Self {
        Self { environment: None, findings, sources }
    }
}

#[cfg(test)]
mod tests;
