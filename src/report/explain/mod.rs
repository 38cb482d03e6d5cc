//! Where things come from, written out: text for people, JSON for programs.

mod json;
mod text;

pub use json::{containers_json, field_json, object_json, unused_json};
pub use text::{containers_text, field_text, object_text, unused_text};

use crate::effective::Part;
use crate::report::change::Masks;

/// A value as a reader sees it: secrets masked, what only the cluster knows in words.
fn show(parts: &[Part]) -> String {
    let mut masks = Masks::default();
    let one = |part: &Part| match part {
        Part::Known(sealed) => masks.show(sealed),
        Part::Encoded(sealed) => format!("(decoded from base64: {})", masks.show(sealed)),
        Part::Binary(bytes) => format!("({} bytes, not text)", bytes.len()),
        part => part.words().map(|words| format!("({words})")).unwrap_or_default(),
    };
    parts.iter().map(one).collect()
}
