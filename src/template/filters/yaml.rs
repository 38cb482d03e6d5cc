//! Values as YAML in block style.

use tera::{TeraResult, Value};

use super::format::refuse_key;
use super::text::quoted;

/// The YAML of a value, without a line end behind it. Texts that another reader could take for something else are quoted.
pub(in super::super) fn to_yaml(value: &Value) -> TeraResult<String> {
    let mut text = String::new();
    write(value, 0, &mut text)?;
    Ok(text)
}

/// Writes a value; the cursor stands where its first line goes, whose other lines are indented by `indent`.
fn write(value: &Value, indent: usize, out: &mut String) -> TeraResult<()> {
    if let Some(items) = value.as_array().filter(|items| !items.is_empty()) {
        for (at, item) in items.iter().enumerate() {
            line(at, indent, out);
            out.push_str("- ");
            write(item, indent + 2, out)?;
        }
        return Ok(());
    }
    if let Some(map) = value.as_map().filter(|map| !map.is_empty()) {
        for (at, (key, item)) in map.iter().enumerate() {
            refuse_key(key)?;
            line(at, indent, out);
            match key.as_str() {
                Some(key) => out.push_str(&text(key)?),
                None => out.push_str(&quoted(&key.as_value().to_string())?),
            }
            out.push(':');
            nested(item, indent, out)?;
        }
        return Ok(());
    }
    out.push_str(&scalar(value)?);
    Ok(())
}

/// What follows `key:`.
fn nested(item: &Value, indent: usize, out: &mut String) -> TeraResult<()> {
    let filled = |length: Option<usize>| length.is_some_and(|length| length > 0);
    if filled(item.as_array().map(<[Value]>::len)) {
        out.push('\n');
        out.push_str(&" ".repeat(indent));
        return write(item, indent, out);
    }
    if filled(item.as_map().map(tera::Map::len)) {
        out.push('\n');
        out.push_str(&" ".repeat(indent + 2));
        return write(item, indent + 2, out);
    }
    out.push(' ');
    out.push_str(&scalar(item)?);
    Ok(())
}

fn line(at: usize, indent: usize, out: &mut String) {
    if at > 0 {
        out.push('\n');
        out.push_str(&" ".repeat(indent));
    }
}

fn scalar(value: &Value) -> TeraResult<String> {
    Ok(match value.as_str() {
        Some(written) => text(written)?,
        None if value.is_none() => "null".to_owned(),
        None if value.is_array() => "[]".to_owned(),
        None if value.is_map() => "{}".to_owned(),
        None => value.to_string(),
    })
}

fn text(text: &str) -> TeraResult<String> {
    if plain(text) { Ok(text.to_owned()) } else { quoted(text) }
}

/// Whether a text needs no quotes, for any reader: it begins with a letter, holds nothing special, and is none of the words that
/// YAML 1.1 or 1.2 reads as something else. Tokens are always quoted: what they stand for isn't known.
fn plain(text: &str) -> bool {
    let starts = text.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '_'));
    let simple = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/');
    let word = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"].iter().any(|word| text.eq_ignore_ascii_case(word));
    starts && !word && text.chars().all(simple) && super::super::guard::token_in(text).is_none()
}
