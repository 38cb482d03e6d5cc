//! Reading an index file. Strict: a key that isn't known, or is written twice, may mean something that this program would miss.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::file_key::{KeyId, hex_array};
use super::index::{Index, IndexKey};
use super::rules::INDEX_INVALID;
use super::sealed::{Fingerprint, SecretKind};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::source::{FileId, RootPath, SourceMap, Span};

/// Reads the text of an index, which must belong to the sealed file `sealed`.
///
/// # Errors
/// Everything that is wrong in it.
pub(crate) fn read(map: &SourceMap, file: FileId, sealed: &RootPath) -> Result<Index, Diagnostics> {
    let source = map.get(file);
    let (table, errors) = DeTable::parse_recoverable(&source.text);
    let mut reader = Reader { file, name: source.name.to_string(), said: Diagnostics::new() };
    // One stray character makes many errors; an index is restored, not mended, so the first says all.
    for error in errors.iter().take(1) {
        let span = error.span().map_or(Span::file_start(file), |span| Span::new(file, span.start, span.end));
        reader.said.push(invalid(&reader.name, span, format!("it isn't TOML: {}", error.message())));
    }
    if reader.said.has_errors() {
        return Err(reader.said);
    }
    let index = reader.index(table.get_ref(), sealed);
    match index {
        Some(index) => reader.said.into_result(index),
        None => Err(reader.said),
    }
}

fn invalid(name: &str, span: Span, what: impl std::fmt::Display) -> Diagnostic {
    Diagnostic::new(&INDEX_INVALID, format!("can't read the index `{name}`: {what}"))
        .at(span, "")
        .hint("restore it from git, or make it anew with `plimsoll secrets reindex`")
}

struct Reader {
    file: FileId,
    name: String,
    said: Diagnostics,
}

impl Reader {
    fn index(&mut self, table: &DeTable<'_>, sealed: &RootPath) -> Option<Index> {
        self.known(table, &["version", "file", "sha256", "key-id", "serial", "recipients", "mac", "keys"]);
        let version = self.number(table, "version");
        if version.is_some_and(|version| version != 1) {
            self.wrong(self.span_of(table, "version"), "it was written by a later version of plimsoll");
            return None;
        }
        let file = self.text(table, "file");
        if let Some(file) = file.as_ref().filter(|file| *file != sealed.as_str()) {
            self.wrong(self.span_of(table, "file"), &format!("it is the index of `{file}`, and stands beside `{sealed}`"));
        }
        let sha256 = self.hex(table, "sha256");
        let key_id = self.text(table, "key-id").and_then(|text| self.key_id(self.span_of(table, "key-id"), &text));
        let serial = self.number(table, "serial");
        let mac = self.hex(table, "mac");
        let recipients = self.recipients(table)?;
        let keys = self.keys(table)?;
        let _ = (version?, file?);
        Some(Index { file: sealed.clone(), sha256: sha256?, key_id: key_id?, serial: serial?, recipients, keys, mac: mac? })
    }

    fn recipients(&mut self, table: &DeTable<'_>) -> Option<Vec<String>> {
        let Some(value) = table.get("recipients") else { return Some(Vec::new()) };
        let texts = value.get_ref().as_array().map(|items| items.iter().map(|item| Some(item.get_ref().as_str()?.to_owned())));
        let texts = texts.and_then(std::iter::Iterator::collect::<Option<Vec<String>>>);
        if texts.is_none() {
            self.wrong(self.span(value), "`recipients` isn't a list of texts");
        }
        texts
    }

    fn keys(&mut self, table: &DeTable<'_>) -> Option<Vec<IndexKey>> {
        let Some(value) = table.get("keys") else { return Some(Vec::new()) };
        let Some(table) = value.get_ref().as_table() else {
            self.wrong(self.span(value), "`keys` isn't a table");
            return None;
        };
        let keys: Vec<IndexKey> = table.iter().filter_map(|(path, value)| self.key(path, value)).collect();
        (keys.len() == table.len()).then_some(keys)
    }

    fn key(&mut self, path: &Spanned<std::borrow::Cow<'_, str>>, value: &Spanned<DeValue<'_>>) -> Option<IndexKey> {
        let span = Span::new(self.file, path.span().start, path.span().end);
        if let Some(why) = super::layout::bad_key_path(path.get_ref()) {
            self.wrong(span, &format!("the key path {:?} can't be one: {why}", path.get_ref()));
            return None;
        }
        let Some(table) = value.get_ref().as_table() else {
            self.wrong(span, "a key isn't a table of `kind` and `fingerprint`");
            return None;
        };
        self.known(table, &["kind", "fingerprint", "unchanged-since"]);
        let kind = self.text(table, "kind");
        let known = kind.as_deref().and_then(SecretKind::parse);
        if let (Some(kind), None) = (&kind, known) {
            self.wrong(self.span_of(table, "kind"), &format!("`{kind}` isn't a kind of value"));
        }
        let fingerprint = self.hex(table, "fingerprint").map(Fingerprint);
        let unchanged_since = self.unchanged_since(table)?;
        let path = path.get_ref().to_string();
        Some(IndexKey { path, kind: known?, fingerprint: fingerprint?, unchanged_since, span: Some(span) })
    }

    fn unchanged_since(&mut self, table: &DeTable<'_>) -> Option<Vec<(KeyId, Fingerprint)>> {
        let Some(value) = table.get("unchanged-since") else { return Some(Vec::new()) };
        let Some(table) = value.get_ref().as_table() else {
            self.wrong(self.span(value), "`unchanged-since` isn't a table of key ids");
            return None;
        };
        let entry = |(id, value): (&Spanned<std::borrow::Cow<'_, str>>, &Spanned<DeValue<'_>>)| {
            let fingerprint = hex_array(value.get_ref().as_str()?).map(Fingerprint)?;
            Some((KeyId::parse(id.get_ref())?, fingerprint))
        };
        let entries = table.iter().map(entry).collect::<Option<Vec<_>>>();
        if entries.is_none() {
            self.wrong(self.span(value), "`unchanged-since` isn't a table of key ids and fingerprints");
        }
        entries
    }

    fn known(&mut self, table: &DeTable<'_>, names: &[&str]) {
        for key in table.keys().filter(|key| !names.contains(&key.get_ref().as_ref())) {
            let span = Span::new(self.file, key.span().start, key.span().end);
            self.wrong(span, &format!("`{}` isn't known here", key.get_ref()));
        }
    }

    fn text(&mut self, table: &DeTable<'_>, name: &str) -> Option<String> {
        let text = table.get(name).and_then(|value| value.get_ref().as_str());
        if text.is_none() {
            self.wrong(self.span_of(table, name), &format!("`{name}` is missing, or isn't a text"));
        }
        text.map(str::to_owned)
    }

    fn number(&mut self, table: &DeTable<'_>, name: &str) -> Option<u64> {
        let number = table.get(name).and_then(|value| value.get_ref().as_integer());
        let number = number.filter(|number| number.radix() == 10).and_then(|number| number.as_str().parse().ok());
        if number.is_none() {
            self.wrong(self.span_of(table, name), &format!("`{name}` is missing, or isn't a whole number from 0"));
        }
        number
    }

    fn hex(&mut self, table: &DeTable<'_>, name: &str) -> Option<[u8; 32]> {
        let text = self.text(table, name)?;
        let bytes = hex_array(&text);
        if bytes.is_none() {
            self.wrong(self.span_of(table, name), &format!("`{name}` isn't 64 hexadecimal digits"));
        }
        bytes
    }

    fn key_id(&mut self, span: Span, text: &str) -> Option<KeyId> {
        let id = KeyId::parse(text);
        if id.is_none() {
            self.wrong(span, "`key-id` isn't 16 hexadecimal digits");
        }
        id
    }

    fn span_of(&self, table: &DeTable<'_>, name: &str) -> Span {
        table.get(name).map_or(Span::file_start(self.file), |value| self.span(value))
    }

    fn span<T>(&self, value: &Spanned<T>) -> Span {
        Span::new(self.file, value.span().start, value.span().end)
    }

    fn wrong(&mut self, span: Span, what: &str) {
        self.said.push(invalid(&self.name, span, what));
    }
}
