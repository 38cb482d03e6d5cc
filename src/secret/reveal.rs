//! The one place where plaintext is put into an expression.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::escape;
use super::opened::Opened;
use super::rules::{INDEX_MISMATCH, SECRET_NOT_TEXT};
use super::sealed::{Sealed, SecretKey};
use crate::diagnostic::Diagnostic;

/// What an expression says, as bytes that are cleared when dropped. For the API server, or for `--reveal`, and nothing else.
///
/// # Errors
/// A secret that isn't among the opened ones (a bug, or the index changed meanwhile); one that isn't text inside an escape.
pub fn reveal(sealed: &Sealed, opened: &Opened) -> Result<Zeroizing<Vec<u8>>, Diagnostic> {
    // Reserved in full, so that the buffer never moves and leaves no copy behind.
    let mut out = Zeroizing::new(Vec::with_capacity(size(sealed, opened)));
    put(sealed, opened, &mut out)?;
    Ok(out)
}

/// The same where a text is needed.
///
/// # Errors
/// Also a value that isn't UTF-8.
pub fn reveal_text(sealed: &Sealed, opened: &Opened) -> Result<Zeroizing<String>, Diagnostic> {
    let bytes = reveal(sealed, opened)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| not_text(sealed))?;
    Ok(Zeroizing::new(text.to_owned()))
}

fn put(sealed: &Sealed, opened: &Opened, out: &mut Vec<u8>) -> Result<(), Diagnostic> {
    match sealed {
        Sealed::Text(text) => out.extend(text.as_bytes()),
        Sealed::Secret(key) => out.extend(value(key, opened)?),
        Sealed::Concat(parts) => return parts.iter().try_for_each(|part| put(part, opened, out)),
        Sealed::Base64(inside) => {
            let inside = reveal(inside, opened)?;
            let start = out.len();
            out.resize(start + inside.len().div_ceil(3) * 4, 0);
            // The space is exactly what base64 with padding takes.
            let _ = STANDARD.encode_slice(&*inside, out.get_mut(start..).unwrap_or_default());
        }
        Sealed::Escaped(how, inside) => {
            let inside_text = reveal_text(inside, opened)?;
            escape::put(*how, &inside_text, out);
        }
    }
    Ok(())
}

fn value<'a>(key: &SecretKey, opened: &'a Opened) -> Result<&'a [u8], Diagnostic> {
    opened.value(key).ok_or_else(|| {
        let message = format!("`{}` of `{}` isn't among the opened values, or has another fingerprint", key.path, key.file);
        Diagnostic::new(&INDEX_MISMATCH, message)
            .at(key.span, "")
            .hint("the index changed while it was read; run the command again")
    })
}

/// An upper bound of the result's length.
fn size(sealed: &Sealed, opened: &Opened) -> usize {
    match sealed {
        Sealed::Text(text) => text.len(),
        Sealed::Secret(key) => opened.value(key).map_or(0, <[u8]>::len),
        Sealed::Concat(parts) => parts.iter().map(|part| size(part, opened)).sum(),
        Sealed::Base64(inside) => size(inside, opened).div_ceil(3) * 4,
        Sealed::Escaped(how, inside) => size(inside, opened) * escape::growth(*how),
    }
}

fn not_text(sealed: &Sealed) -> Diagnostic {
    let keys: Vec<String> = sealed.keys().map(|key| format!("`{}`", key.path)).collect();
    let diagnostic =
        Diagnostic::new(&SECRET_NOT_TEXT, format!("{} isn't UTF-8 text, and stands where a text is needed", keys.join(", ")));
    diagnostic
        .at_opt(sealed.keys().next().map(|key| key.span), "listed here")
        .hint("put it into `data` of a Secret with `b64encode`, or let a `[secret]` table take the file whole")
}

#[cfg(test)]
#[path = "reveal_tests.rs"]
mod tests;
