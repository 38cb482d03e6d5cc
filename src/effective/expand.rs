//! `$(NAME)` in a variable's value, as Kubernetes' own expansion package reads it.

use super::Part;
use crate::object::Text;
use crate::secret::Sealed;

/// Replaces each `$(NAME)` that `look_up` knows; one that it doesn't know stays as written. `$$` is a dollar sign that begins
/// nothing.
pub(super) fn expand<'a>(text: &str, look_up: impl Fn(&str) -> Option<&'a [Part]>) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        let (before, from) = rest.split_at(at);
        plain.push_str(before);
        if let Some(after) = from.strip_prefix("$$") {
            plain.push('$');
            rest = after;
        } else if let Some((name, after)) = from.strip_prefix("$(").and_then(|inside| inside.split_once(')')) {
            if let Some(value) = look_up(name) {
                push(&mut parts, &mut plain);
                parts.extend_from_slice(value);
            } else {
                plain.extend(["$(", name, ")"]);
            }
            rest = after;
        } else {
            plain.push('$');
            rest = from.strip_prefix('$').unwrap_or("");
        }
    }
    plain.push_str(rest);
    push(&mut parts, &mut plain);
    parts
}

fn push(parts: &mut Vec<Part>, plain: &mut String) {
    if !plain.is_empty() {
        parts.push(Part::Known(Sealed::Text(Text::from(std::mem::take(plain)))));
    }
}
