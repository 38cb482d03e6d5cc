//! A review, written out: text for terminals, Markdown for a pull request's comment, JSON for programs.

mod json;
mod markdown;
mod text;

pub use json::json;
pub use markdown::markdown;
pub use text::text;

use std::sync::Arc;

use crate::change::{Comparison, SealedChange, SecretChange};
use crate::diagnostic::Diagnostics;
use crate::source::SourceMap;

/// What a change does to the environments.
#[derive(Debug)]
pub struct Review {
    /// The revision that was named.
    pub base: String,
    /// The commit that is compared with.
    pub commit: String,
    /// The environments that are touched, by name.
    pub environments: Vec<Reviewed>,
    /// Those that aren't.
    pub untouched: Vec<String>,
    /// Files that differ and that no environment reads.
    pub unread: Vec<String>,
}

/// What it does to one.
#[derive(Debug)]
pub struct Reviewed {
    /// Its name.
    pub name: String,
    /// The files that differ and that it reads.
    pub why: Vec<String>,
    /// What came of it.
    pub outcome: Outcome,
    /// All findings of the new side.
    pub found: Diagnostics,
    /// Those of them that the base doesn't have.
    pub fresh: Diagnostics,
    /// The texts of the new side.
    pub sources: Arc<SourceMap>,
}

/// What came of an environment.
#[derive(Debug)]
pub enum Outcome {
    /// Both sides compile.
    Changed {
        /// How the objects differ; they may not.
        objects: Comparison,
        /// How the sealed values differ.
        secrets: Vec<SecretChange>,
        /// How the sealed files differ.
        sealed: Vec<SealedChange>,
    },
    /// The base doesn't have it.
    Created(Comparison),
    /// Only the base has it.
    Deleted(Comparison),
    /// The new side doesn't compile: the findings say why.
    Broken,
    /// The base doesn't compile: nothing to compare with.
    BaseBroken,
}

impl Outcome {
    fn word(&self) -> &'static str {
        match self {
            Self::Changed { objects, secrets, sealed } if objects.is_empty() && secrets.is_empty() && sealed.is_empty() => "same",
            Self::Changed { .. } => "changed",
            Self::Created(_) => "created",
            Self::Deleted(_) => "deleted",
            Self::Broken => "broken",
            Self::BaseBroken => "base-broken",
        }
    }

    /// Whether the environment, or whether it can be compiled, differs.
    pub fn is_change(&self) -> bool {
        self.word() != "same"
    }

    fn sentence(&self) -> &'static str {
        match self {
            Self::Changed { objects, secrets, sealed } if objects.is_empty() && secrets.is_empty() && sealed.is_empty() => {
                "no difference in its objects"
            }
            Self::Changed { .. } => "changes",
            Self::Created(_) => "is new",
            Self::Deleted(_) => "is gone from git; what is in the cluster stays until it is deleted there",
            Self::Broken => "doesn't compile",
            Self::BaseBroken => "compiles now; the base doesn't, so there is nothing to compare with",
        }
    }

    fn objects(&self) -> Option<&Comparison> {
        match self {
            Self::Changed { objects, .. } | Self::Created(objects) | Self::Deleted(objects) => Some(objects),
            Self::Broken | Self::BaseBroken => None,
        }
    }

    fn secrets(&self) -> &[SecretChange] {
        if let Self::Changed { secrets, .. } = self { secrets } else { &[] }
    }

    fn sealed(&self) -> &[SealedChange] {
        if let Self::Changed { sealed, .. } = self { sealed } else { &[] }
    }
}

/// `prod.secrets.age has a new key of its own · gains age1… · loses age1…`
fn sealed_sentence(change: &SealedChange) -> String {
    let mut parts = Vec::new();
    if change.rekeyed {
        parts.push("has a new key of its own, so every fingerprint is new".to_owned());
    }
    parts.extend(change.gained.iter().map(|recipient| format!("can be opened by {recipient} from now on")));
    parts.extend(change.lost.iter().map(|recipient| format!("can no longer be opened by {recipient}")));
    format!("{} {}", change.file, parts.join("; "))
}

fn list(names: &[String], quote: &str) -> String {
    names.iter().map(|name| format!("{quote}{name}{quote}")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
