//! Filters on text.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use tera::{Kwargs, State, StringInput, TeraResult, Value};

use super::super::guard::{Holds, mentions_ref, token_in};
use super::super::run::Run;
use super::{pay, refuse};
use crate::secret::{Escape, Sealed};

pub(super) fn register(tera: &mut tera::Tera) {
    tera.register_filter("b64encode", b64encode);
    tera.register_filter("urlencode", urlencode);
    tera.register_filter("quote", quote);
    tera.register_filter("sha256", sha256);
    tera.register_filter("dns_label", dns_label);
    tera.register_filter("replace", replace);
    tera.register_filter("indent", indent);
}

/// The text of a scalar; lists and tables are refused.
pub(super) fn scalar(value: &Value, filter: &str) -> TeraResult<String> {
    if value.is_array() || value.is_map() {
        let kind = if value.is_map() { "table" } else { "list" };
        return Err(refuse(format!(
            "`{filter}` works on text, and this is a {kind}\nwrite `| to_json` or `| to_yaml` before it"
        )));
    }
    if value.is_none() {
        return Err(refuse(format!("`{filter}` works on text, and this is null")));
    }
    Ok(value.to_string())
}

/// A text whose tokens are replaced by tokens for what `change` makes of them, its other parts by what `plain` does.
pub(super) fn change_tokens(text: &str, escape: Escape, plain: impl Fn(&str) -> String) -> TeraResult<String> {
    if token_in(text) != Some(Holds::Secret) {
        return Ok(plain(text));
    }
    let name = match escape {
        Escape::Json => "json",
        Escape::Url => "url",
    };
    Run::with(|run| {
        let sealed = run.shared.tokens.read(text).map_err(|error| refuse(error.to_string()))?;
        let parts = match sealed {
            None => return Ok(plain(text)),
            Some(Sealed::Concat(parts)) => parts,
            Some(part) => vec![part],
        };
        Ok(parts
            .into_iter()
            .enumerate()
            .map(|(at, part)| match part {
                Sealed::Text(text) => plain(&text),
                part => run.shared.issue(name, text, at, Sealed::Escaped(escape, Box::new(part))),
            })
            .collect())
    })
}

/// The standard base64 of a text; of one with secrets in it, a token for that.
fn b64encode(value: &Value, _: Kwargs, _: &State) -> TeraResult<String> {
    let text = scalar(value, "b64encode")?;
    match token_in(&text) {
        None => {
            pay(text.len() / 3 * 4 + 4)?;
            Ok(STANDARD.encode(text))
        }
        Some(_) if mentions_ref(&text) => Err(refuse(
            "the result of `ref()` can't be base64: the name isn't known yet\nin a Secret, write the text under `stringData`",
        )),
        Some(_) => Run::with(|run| match run.shared.tokens.read(&text) {
            Ok(Some(sealed)) => Ok(run.shared.issue("base64", &text, 0, Sealed::Base64(Box::new(sealed)))),
            Ok(None) => Ok(STANDARD.encode(&text)),
            Err(error) => Err(refuse(error.to_string())),
        }),
    }
}

/// Everything but the unreserved characters of RFC 3986 as `%XX`.
fn urlencode(value: &Value, _: Kwargs, _: &State) -> TeraResult<String> {
    let text = scalar(value, "urlencode")?;
    pay(text.len() * 3)?;
    change_tokens(&text, Escape::Url, |text| {
        let mut encoded = String::with_capacity(text.len());
        for byte in text.bytes() {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                encoded.push(char::from(byte));
            } else {
                let _ = write!(encoded, "%{byte:02X}");
            }
        }
        encoded
    })
}

/// A text in double quotes, right for YAML and JSON.
fn quote(value: &Value, _: Kwargs, _: &State) -> TeraResult<String> {
    quoted(&scalar(value, "quote")?)
}

/// A text as a JSON string; tokens in it are escaped when they are opened.
pub(super) fn quoted(text: &str) -> TeraResult<String> {
    pay(text.len() + 2)?;
    let inside = change_tokens(text, Escape::Json, |text| {
        let quoted = serde_json::to_string(text).unwrap_or_default();
        quoted.strip_prefix('"').and_then(|quoted| quoted.strip_suffix('"')).unwrap_or_default().to_owned()
    })?;
    pay(inside.len())?;
    Ok(format!("\"{inside}\""))
}

fn sha256(value: &Value, _: Kwargs, _: &State) -> TeraResult<String> {
    let text = scalar(value, "sha256")?;
    Ok(hex(&Sha256::digest(text.as_bytes())))
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A name that fits where Kubernetes wants a DNS label (RFC 1123): small letters, digits and `-`, at most `max` characters (63).
/// One that is too long ends in 8 digits of its hash, so that two don't become one.
fn dns_label(value: &Value, kwargs: Kwargs, _: &State) -> TeraResult<String> {
    let text = scalar(value, "dns_label")?;
    let max = kwargs.get::<usize>("max")?.unwrap_or(63);
    if !(10..=63).contains(&max) {
        return Err(refuse("`max` of `dns_label` is from 10 to 63"));
    }
    let mut label = String::with_capacity(text.len());
    for c in text.chars() {
        let c = c.to_ascii_lowercase();
        let c = if c.is_ascii_lowercase() || c.is_ascii_digit() { c } else { '-' };
        if c != '-' || !(label.is_empty() || label.ends_with('-')) {
            label.push(c);
        }
    }
    let mut label = label.trim_end_matches('-').to_owned();
    if label.is_empty() {
        return Err(refuse(format!("`{text}` has no letter or digit to make a name of")));
    }
    if label.len() > max {
        label.truncate(max - 9);
        let digest = hex(&Sha256::digest(text.as_bytes()));
        label = format!("{}-{}", label.trim_end_matches('-'), digest.get(..8).unwrap_or_default());
    }
    Ok(label)
}

/// Tera's `replace`, with a bound on what comes out.
fn replace(value: StringInput, kwargs: Kwargs, _: &State) -> TeraResult<String> {
    let (from, to) = (kwargs.must_get::<&str>("from")?, kwargs.must_get::<&str>("to")?);
    let text = value.as_str();
    let times = text.matches(from).count();
    pay(text.len() + times.saturating_mul(to.len()))?;
    Ok(text.replace(from, to))
}

/// Tera's `indent`, with a bound on what comes out.
fn indent(value: &Value, kwargs: Kwargs, _: &State) -> TeraResult<String> {
    let text = scalar(value, "indent")?;
    let width = kwargs.get::<usize>("width")?.unwrap_or(4).min(1000);
    let unit = kwargs.get::<&str>("indentation")?.unwrap_or(" ");
    let first = kwargs.get::<bool>("first")?.unwrap_or(false);
    let blank = kwargs.get::<bool>("blank")?.unwrap_or(false);
    if unit.chars().count() != 1 {
        return Err(refuse("`indentation` is one character"));
    }
    let indentation = unit.repeat(width);
    let lines = memchr::memchr_iter(b'\n', text.as_bytes()).count() + 1;
    pay(text.len() + lines.saturating_mul(indentation.len()))?;
    let mut indented = String::with_capacity(text.len() + lines * indentation.len());
    for (at, line) in text.lines().enumerate() {
        if at > 0 {
            indented.push('\n');
        }
        if if at == 0 { first } else { blank || !line.is_empty() } {
            indented.push_str(&indentation);
        }
        indented.push_str(line);
    }
    if text.ends_with('\n') {
        indented.push('\n');
    }
    Ok(indented)
}
