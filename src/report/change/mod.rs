//! Differences, written out: [`text()`] for terminals, [`markdown()`] for comments on pull requests, [`json()`] for programs.
//!
//! A sealed value is a numbered mask, numbered within one field: a changed secret shows as another number, and neither its
//! value nor its length shows at all.

pub(in crate::report) mod json;
pub(in crate::report) mod lines;
pub(in crate::report) mod markdown;
mod masks;
mod node;
pub(in crate::report) mod text;

pub use json::{json, json_value, node_json, secrets_value};
pub use markdown::{Markdown, markdown, secrets as markdown_secrets};
pub use masks::Masks;
pub use node::yaml;
pub use text::{secrets as text_secrets, text};

use crate::change::{Comparison, Operation};

/// `1 created, 3 changed, 10 unchanged`
fn summary(comparison: &Comparison) -> String {
    let counts = [
        (comparison.count(Operation::Create), "created"),
        (comparison.count(Operation::Update), "changed"),
        (comparison.count(Operation::Delete), "deleted"),
        (comparison.unchanged, "unchanged"),
    ];
    let words: Vec<String> =
        counts.into_iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
    if words.is_empty() { "no objects".to_owned() } else { words.join(", ") }
}

#[cfg(test)]
mod tests;
