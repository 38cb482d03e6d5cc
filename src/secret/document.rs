//! The text in a sealed file: TOML, tables of texts, and plimsoll's own table at the end.
//!
//! Edits keep comments and order. Values never enter the TOML editor, whose buffers aren't cleared: it works on a skeleton in
//! which each value is a placeholder, and the values are put back into cleared buffers afterwards.

use std::borrow::Cow;
use std::fmt::Write;

use toml::Spanned;
use toml::de::{DeTable, DeValue};
use toml_edit::{DocumentMut, Item, TableLike};
use zeroize::{Zeroize, Zeroizing};

use super::file_key::FileKey;
use super::layout::bad_key_path;
use super::recipient::Recipient;

/// What stands before plimsoll's own table.
const OWN_HEAD: &str = "\n# Plimsoll's own table; its commands write it.\n[plimsoll]\n";

/// What placeholders begin with.
const PLACEHOLDER: &str = "plimsoll:";

/// A sealed text, opened.
pub(crate) struct Document {
    body: Zeroizing<String>,
    /// Plimsoll's own table; none in a file that another tool made.
    pub(crate) own: Option<Own>,
}

/// The reserved table `[plimsoll]`.
pub(crate) struct Own {
    /// K.
    pub(crate) key: FileKey,
    /// The sealed file's path from the root.
    pub(crate) path: String,
    /// Grows by one at each change.
    pub(crate) serial: u64,
    /// Who the file is sealed to. age files don't tell.
    pub(crate) recipients: Vec<Recipient>,
}

impl Own {
    /// Another one with the same content: a folder's is sealed and used at once.
    pub(crate) fn copy(&self) -> Self {
        Self { key: self.key.clone(), path: self.path.clone(), serial: self.serial, recipients: self.recipients.clone() }
    }
}

/// A value and where it stands.
pub(crate) struct Value {
    /// Its path.
    pub(crate) path: String,
    /// What it says.
    pub(crate) text: Zeroizing<String>,
}

/// What is wrong with a sealed text; never repeats a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DocumentError {
    #[error("it isn't UTF-8 text")]
    NotText,
    #[error("line {line} isn't TOML: {what}")]
    Syntax { line: usize, what: String },
    #[error("line {line}: `{path}` is {kind}; sealed values are texts, so write it in quotes")]
    Kind { line: usize, path: String, kind: &'static str },
    #[error("line {line}: the key `{path}` can't be a key path: {why}")]
    Key { line: usize, path: String, why: &'static str },
    #[error("line {line}: plimsoll's own table `[plimsoll]` {what}")]
    Own { line: usize, what: String },
    #[error("`{path}` can't be set: `{above}` is a value, not a table")]
    Below { path: String, above: String },
    #[error("`{0}` can't be set: it is a table, not a value")]
    Table(String),
    #[error("`{0}` isn't in it")]
    Absent(String),
}

impl Document {
    /// An empty one.
    pub(crate) fn new(own: Own) -> Self {
        Self { body: Zeroizing::new(String::new()), own: Some(own) }
    }

    /// Reads an opened sealed file.
    ///
    /// # Errors
    /// All that is wrong in it, at once.
    pub(crate) fn parse(opened: &[u8]) -> Result<Self, Vec<DocumentError>> {
        let text = std::str::from_utf8(opened).map_err(|_| vec![DocumentError::NotText])?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let own = read(text)?.own;
        let body = if own.is_some() { without_own(text)? } else { Zeroizing::new(text.to_owned()) };
        Ok(Self { body, own })
    }

    /// The user's part.
    pub(crate) fn body(&self) -> &str {
        &self.body
    }

    /// Replaces the user's part.
    pub(crate) fn set_body(&mut self, body: &str) -> Result<(), Vec<DocumentError>> {
        if read(body)?.own.is_some() {
            return Err(vec![DocumentError::Own { line: 1, what: "is reserved; take it out".into() }]);
        }
        self.body = Zeroizing::new(body.to_owned());
        Ok(())
    }

    /// All values, in the order written.
    pub(crate) fn values(&self) -> Result<Vec<Value>, Vec<DocumentError>> {
        read(&self.body)
            .map(|content| content.leaves.into_iter().map(|leaf| Value { path: leaf.path, text: leaf.text }).collect())
    }

    /// Sets a value: in place if it is there, else behind the last key of its table.
    pub(crate) fn set(&mut self, path: &str, value: &str) -> Result<(), Vec<DocumentError>> {
        let one = |error| vec![error];
        let leaves = read(&self.body)?.leaves;
        let mut skeleton = skeleton(&self.body, &leaves);
        let mut literals: Vec<Zeroizing<String>> = leaves.iter().map(|leaf| leaf.literal(&self.body)).collect();
        if let Some(at) = leaves.iter().position(|leaf| leaf.path == path) {
            if let Some(slot) = literals.get_mut(at) {
                *slot = literal(value);
            }
        } else {
            skeleton = insert(&skeleton, path, &format!("{PLACEHOLDER}{}", literals.len())).map_err(one)?;
            literals.push(literal(value));
        }
        self.body = fill(&skeleton, &literals)?;
        Ok(())
    }

    /// Takes a value out, with the comment above it; tables left empty go too.
    pub(crate) fn remove(&mut self, path: &str) -> Result<(), Vec<DocumentError>> {
        let leaves = read(&self.body)?.leaves;
        if !leaves.iter().any(|leaf| leaf.path == path) {
            return Err(vec![DocumentError::Absent(path.to_owned())]);
        }
        let literals: Vec<Zeroizing<String>> = leaves.iter().map(|leaf| leaf.literal(&self.body)).collect();
        let mut skeleton = parse_skeleton(&skeleton(&self.body, &leaves)).map_err(|error| vec![error])?;
        let segments: Vec<&str> = path.split('.').collect();
        remove(skeleton.as_table_mut(), &segments);
        self.body = fill(&skeleton.to_string(), &literals)?;
        Ok(())
    }

    /// The whole text, to be sealed.
    pub(crate) fn to_text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(self.body.len() + 1024));
        text.push_str(&self.body);
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        let Some(own) = &self.own else { return text };
        let recipients: Vec<String> =
            own.recipients.iter().map(|recipient| format!("    {},\n", quote(recipient.as_str()))).collect();
        let public = format!("path = {}\nserial = {}\nrecipients = [\n{}]\n", quote(&own.path), own.serial, recipients.concat());
        text.reserve_exact(OWN_HEAD.len() + public.len() + 64);
        text.push_str(OWN_HEAD);
        text.push_str("key = \"");
        text.push_str(&own.key.to_text());
        text.push_str("\"\n");
        text.push_str(&public);
        text
    }
}

struct Content {
    own: Option<Own>,
    leaves: Vec<Leaf>,
}

struct Leaf {
    path: String,
    text: Zeroizing<String>,
    range: std::ops::Range<usize>,
}

impl Leaf {
    /// The value as it is written, quotes and all.
    fn literal(&self, text: &str) -> Zeroizing<String> {
        Zeroizing::new(text.get(self.range.clone()).unwrap_or_default().to_owned())
    }
}

/// The key paths in the text of a sealed file, without values; none if it can't be read.
pub fn key_paths(text: &str) -> std::collections::BTreeSet<String> {
    let values = Document::parse(text.as_bytes()).and_then(|document| document.values());
    values.map(|values| values.into_iter().map(|value| value.path.clone()).collect()).unwrap_or_default()
}

fn read(text: &str) -> Result<Content, Vec<DocumentError>> {
    let (mut table, errors) = DeTable::parse_recoverable(text);
    let mut reader = Reader { text, leaves: Vec::new(), errors: Vec::new() };
    for error in errors.iter().take(20) {
        let line = error.span().map_or(1, |span| reader.line(span.start));
        // The parser's messages are fixed texts; a key that it might name is no value.
        reader.errors.push(DocumentError::Syntax { line, what: error.message().to_owned() });
    }
    let own = match table.get_mut().remove("plimsoll") {
        Some(own) => reader.own(own),
        None => None,
    };
    reader.walk(table.get_mut(), "");
    if reader.errors.is_empty() { Ok(Content { own, leaves: reader.leaves }) } else { Err(reader.errors) }
}

struct Reader<'a> {
    text: &'a str,
    leaves: Vec<Leaf>,
    errors: Vec<DocumentError>,
}

impl Reader<'_> {
    fn line(&self, offset: usize) -> usize {
        memchr::memchr_iter(b'\n', self.text.as_bytes().get(..offset).unwrap_or_default()).count() + 1
    }

    fn walk(&mut self, table: &mut DeTable<'_>, above: &str) {
        for (key, value) in table.iter_mut() {
            let name = key.get_ref();
            let path = if above.is_empty() { name.to_string() } else { format!("{above}.{name}") };
            let line = self.line(key.span().start);
            let dotted = name.contains('.').then_some("it has a dot in it; write a table instead");
            if let Some(why) = dotted.or_else(|| bad_key_path(&path)) {
                self.errors.push(DocumentError::Key { line, path, why });
                continue;
            }
            let range = value.span();
            match value.get_mut() {
                DeValue::String(text) => self.leaf(path, text, range),
                DeValue::Table(table) => self.walk(table, &path),
                other => self.errors.push(DocumentError::Kind { line, path, kind: kind_of(other) }),
            }
        }
    }

    fn leaf(&mut self, path: String, text: &mut Cow<'_, str>, range: std::ops::Range<usize>) {
        self.leaves.push(Leaf { path, text: Zeroizing::new(text.to_string()), range });
        clear(text);
    }

    fn own(&mut self, value: Spanned<DeValue<'_>>) -> Option<Own> {
        let line = self.line(value.span().start);
        let mut value = value.into_inner();
        let own = match &mut value {
            DeValue::Table(table) => Self::own_table(table, line),
            _ => Err("isn't a table".to_owned()),
        };
        match own {
            Ok(own) => Some(own),
            Err(what) => {
                self.errors.push(DocumentError::Own { line, what });
                None
            }
        }
    }

    fn own_table(table: &mut DeTable<'_>, line: usize) -> Result<Own, String> {
        let unknown = table.keys().find(|key| !["key", "path", "serial", "recipients"].contains(&key.get_ref().as_ref()));
        if let Some(key) = unknown {
            return Err(format!("has `{}` in it, which isn't its own; move it above line {line}", key.get_ref()));
        }
        let key = match table.get_mut("key").map(Spanned::get_mut) {
            Some(DeValue::String(text)) => {
                let key = FileKey::parse(text);
                clear(text);
                key
            }
            _ => None,
        };
        let path = table.get("path").and_then(|path| path.get_ref().as_str()).map(str::to_owned);
        let serial =
            table.get("serial").and_then(|serial| serial.get_ref().as_integer()).and_then(|serial| serial.as_str().parse().ok());
        let recipients = table.get("recipients").and_then(|list| list.get_ref().as_array()).ok_or("has no `recipients`")?;
        let recipients = recipients
            .iter()
            .map(|item| Recipient::parse(item.get_ref().as_str().unwrap_or_default()).map_err(|error| error.to_string()))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Own {
            key: key.ok_or("has no `key`, or one that isn't 32 bytes of base64")?,
            path: path.ok_or("has no `path`")?,
            serial: serial.ok_or("has no `serial`")?,
            recipients,
        })
    }
}

/// Clears a text that the parser had to make because the written one has escapes.
fn clear(text: &mut Cow<'_, str>) {
    if let Cow::Owned(text) = text {
        text.zeroize();
    }
}

fn kind_of(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "a truth value",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::String(_) => "a text",
        DeValue::Table(_) => "a table",
    }
}

/// The text with a placeholder for each value.
fn skeleton(text: &str, leaves: &[Leaf]) -> String {
    let mut order: Vec<(usize, &Leaf)> = leaves.iter().enumerate().collect();
    order.sort_by_key(|(_, leaf)| leaf.range.start);
    let mut skeleton = String::new();
    let mut done = 0;
    for (number, leaf) in order {
        skeleton.push_str(text.get(done..leaf.range.start).unwrap_or_default());
        let _ = write!(skeleton, "\"{PLACEHOLDER}{number}\"");
        done = leaf.range.end;
    }
    skeleton.push_str(text.get(done..).unwrap_or_default());
    skeleton
}

/// A skeleton with each placeholder replaced by the value as written.
fn fill(skeleton: &str, literals: &[Zeroizing<String>]) -> Result<Zeroizing<String>, Vec<DocumentError>> {
    let size = skeleton.len() + literals.iter().map(|literal| literal.len()).sum::<usize>();
    let mut text = Zeroizing::new(String::with_capacity(size));
    let mut leaves = read(skeleton)?.leaves;
    leaves.sort_by_key(|leaf| leaf.range.start);
    let mut done = 0;
    for leaf in &leaves {
        let number = leaf.text.strip_prefix(PLACEHOLDER).and_then(|number| number.parse::<usize>().ok());
        let Some(literal) = number.and_then(|number| literals.get(number)) else { continue };
        text.push_str(skeleton.get(done..leaf.range.start).unwrap_or_default());
        text.push_str(literal);
        done = leaf.range.end;
    }
    text.push_str(skeleton.get(done..).unwrap_or_default());
    Ok(text)
}

fn parse_skeleton(text: &str) -> Result<DocumentMut, DocumentError> {
    text.parse().map_err(|_| DocumentError::Syntax { line: 1, what: "the text can't be edited".into() })
}

fn insert(skeleton: &str, path: &str, placeholder: &str) -> Result<String, DocumentError> {
    let mut document = parse_skeleton(skeleton)?;
    let mut segments: Vec<&str> = path.split('.').collect();
    let last = segments.pop().unwrap_or_default();
    let mut table: &mut dyn TableLike = document.as_table_mut();
    let mut above = String::new();
    for segment in segments {
        above = if above.is_empty() { segment.to_owned() } else { format!("{above}.{segment}") };
        if table.get(segment).is_none() {
            let mut new = toml_edit::Table::new();
            new.set_implicit(true);
            table.insert(segment, Item::Table(new));
        }
        let next = table.get_mut(segment).and_then(Item::as_table_like_mut);
        table = next.ok_or_else(|| DocumentError::Below { path: path.to_owned(), above: above.clone() })?;
    }
    if table.get(last).is_some() {
        return Err(DocumentError::Table(path.to_owned()));
    }
    table.insert(last, toml_edit::value(placeholder));
    Ok(document.to_string())
}

/// Removes a path; says whether the table is empty now.
fn remove(table: &mut dyn TableLike, path: &[&str]) -> bool {
    let Some((first, rest)) = path.split_first() else { return false };
    let gone = rest.is_empty() || table.get_mut(first).and_then(Item::as_table_like_mut).is_some_and(|inner| remove(inner, rest));
    if gone {
        table.remove(first);
    }
    table.is_empty()
}

/// The text without plimsoll's own table. Where the table stands at the end, as plimsoll writes it, the rest is kept byte by byte.
fn without_own(text: &str) -> Result<Zeroizing<String>, Vec<DocumentError>> {
    if let Some((body, tail)) = text.rsplit_once(OWN_HEAD)
        && read(body).is_ok_and(|content| content.own.is_none())
        && read(&format!("[plimsoll]\n{tail}")).is_ok_and(|content| content.leaves.is_empty())
    {
        return Ok(Zeroizing::new(body.to_owned()));
    }
    let leaves = read(text)?.leaves;
    let literals: Vec<Zeroizing<String>> = leaves.iter().map(|leaf| leaf.literal(text)).collect();
    let mut document = parse_skeleton(&skeleton(text, &leaves)).map_err(|error| vec![error])?;
    let comment =
        document.get("plimsoll").and_then(Item::as_table).and_then(|own| own.decor().prefix()?.as_str().map(str::to_owned));
    document.as_table_mut().remove("plimsoll");
    let trailing = document.trailing().as_str().unwrap_or_default().to_owned();
    document.set_trailing(format!("{}{trailing}", comment.unwrap_or_default()));
    fill(&document.to_string(), &literals)
}

/// A value as TOML: over several lines if it has some and may be written so without an escape, else a basic string.
fn literal(value: &str) -> Zeroizing<String> {
    let plain = |c: char| c == '\n' || c == '\t' || !c.is_control();
    let mut out = Zeroizing::new(String::with_capacity(value.len() * 6 + 16));
    if value.contains('\n') && value.chars().all(plain) && !value.contains("'''") && !value.ends_with('\'') {
        out.push_str("'''\n");
        out.push_str(value);
        out.push_str("'''");
        return out;
    }
    out.push('"');
    for c in value.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A public text as TOML.
fn quote(text: &str) -> String {
    toml_edit::Value::from(text).to_string()
}

#[cfg(test)]
#[path = "document_tests.rs"]
mod tests;
