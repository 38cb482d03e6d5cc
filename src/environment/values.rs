//! Values of the right type that can't be: what only the text itself shows, without the bundle.

use super::BAD_VALUE;
use super::settings::Settings;
use super::value::Spanned;
use crate::diagnostic::{Diagnostic, Diagnostics};

/// Says which texts of the settings can't be what their keys take.
pub(super) fn check(settings: &Settings, diagnostics: &mut Diagnostics) {
    let mut refuse = |text: &Spanned<String>, message: String, hint: &str| {
        diagnostics.push(Diagnostic::new(&BAD_VALUE, message).at(text.span(), "here").hint(hint));
    };
    for allow in &settings.allows {
        if allow.reason.value.trim().is_empty() {
            refuse(&allow.reason, "an exception's `reason` is blank".into(), "write why the rule may be broken here");
        }
    }
    for image in &settings.transform.images {
        if let Some(tag) = image.tag.as_ref().filter(|tag| !is_tag(&tag.value)) {
            refuse(
                tag,
                format!("`{}` can't be an image's tag", tag.value),
                "a tag has up to 128 letters, digits, `_`, `.` and `-`, and begins with none of the last two",
            );
        }
        if let Some(digest) = image.digest.as_ref().filter(|digest| !is_digest(&digest.value)) {
            refuse(
                digest,
                format!("`{}` can't be an image's digest", digest.value),
                "a digest is `sha256:` and 64 hexadecimal digits in lower case",
            );
        }
        if let Some(name) = image.new_name.as_ref().filter(|name| !is_name(&name.value)) {
            refuse(
                name,
                format!("`{}` can't be an image's name", name.value),
                "a name is `registry:port/path` in lower case, without tag and digest",
            );
        }
    }
    for object in &settings.external.objects {
        let fits = object.value.split_once('/').is_some_and(|(kind, name)| {
            kind.starts_with(|c: char| c.is_ascii_uppercase()) && !name.is_empty() && !name.contains(char::is_whitespace)
        });
        if !fits {
            refuse(object, format!("`{}` names no object", object.value), "write `Kind/name`");
        }
    }
}

/// The grammar of tags in the OCI distribution specification.
fn is_tag(tag: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    tag.len() <= 128 && tag.starts_with(word) && tag.chars().all(|c| word(c) || matches!(c, '.' | '-'))
}

/// `sha256:` with its digits; an `@` before it is left out by the transform.
fn is_digest(digest: &str) -> bool {
    let digits = digest.trim_start_matches('@').strip_prefix("sha256:");
    digits.is_some_and(|digits| digits.len() == 64 && digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')))
}

/// A name without tag: lower-case parts between slashes; the first may be a registry with a port, in which case doesn't count.
fn is_name(name: &str) -> bool {
    let (registry, path) = match name.split_once('/') {
        Some((first, rest)) if first.contains(['.', ':']) || first == "localhost" => (Some(first), rest),
        _ => (None, name),
    };
    let registry_fits = registry.is_none_or(|registry| {
        let (host, port) = registry.split_once(':').map_or((registry, None), |(host, port)| (host, Some(port)));
        !host.is_empty()
            && host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'))
            && port.is_none_or(|port| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()))
    });
    let edge = |byte: Option<&u8>| byte.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let part_fits = |part: &str| {
        let bytes = part.as_bytes();
        let inside = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'_' | b'-');
        edge(bytes.first()) && edge(bytes.last()) && bytes.iter().all(inside)
    };
    registry_fits && path.split('/').all(part_fits)
}
