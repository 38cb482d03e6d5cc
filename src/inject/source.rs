//! `configmap/x`, `secret/x#key`: what an `[[inject]]` puts in.

use super::INJECT_SYNTAX;
use crate::diagnostic::{Diagnostic, nearest};
use crate::environment::Spanned;
use crate::object::podspec::ConfigKind;
use crate::object::{Map, Node};
use crate::source::Span;

/// A ConfigMap or Secret, as a table names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Source {
    pub(super) kind: ConfigKind,
    pub(super) name: String,
    pub(super) span: Span,
}

impl Source {
    /// Reads `kind/name`; `place` is the setting, for the message.
    pub(super) fn whole(written: &Spanned<String>, place: &str) -> Result<Self, Diagnostic> {
        let (source, key) = Self::with_key(written)?;
        match key {
            None => Ok(source),
            Some(key) => Err(bad(written, format!("`{place}` takes all keys, not `{key}` alone"))
                .hint("for one key write `env = { NAME = \"kind/name#key\" }`")),
        }
    }

    /// Reads a Secret for pulling images.
    pub(super) fn pull(written: &Spanned<String>) -> Result<Self, Diagnostic> {
        let (source, key) = Self::with_key(written)?;
        match (source.kind, key) {
            (ConfigKind::Secret, None) => Ok(source),
            (ConfigKind::ConfigMap, _) => Err(bad(written, "images are pulled with a Secret".to_owned())),
            (_, Some(_)) => Err(bad(written, "`image-pull` takes a whole Secret".to_owned())),
        }
    }

    /// Reads `kind/name` with or without `#key`.
    pub(super) fn with_key(written: &Spanned<String>) -> Result<(Self, Option<String>), Diagnostic> {
        let text = written.value.as_str();
        let (object, key) = text.split_once('#').map_or((text, None), |(object, key)| (object, Some(key)));
        let Some((word, name)) = object.split_once('/') else {
            return Err(bad(written, "it has no `/` between kind and name".to_owned())
                .hint("write `configmap/NAME` or `secret/NAME`, with `#KEY` for one key"));
        };
        let kind = match word {
            "configmap" => ConfigKind::ConfigMap,
            "secret" => ConfigKind::Secret,
            other => return Err(unknown_kind(written, other, name)),
        };
        if name.is_empty() || key == Some("") {
            return Err(bad(written, "the name or the key is empty".to_owned()));
        }
        if name.contains('/') {
            return Err(bad(written, "it has more than one `/`".to_owned()).hint("a key stands behind `#`"));
        }
        Ok((Self { kind, name: name.to_owned(), span: written.span() }, key.map(ToOwned::to_owned)))
    }

    /// As written, without the key.
    pub(super) fn words(&self) -> String {
        format!("{}/{}", self.kind.word(), self.name)
    }
}

fn unknown_kind(written: &Spanned<String>, word: &str, name: &str) -> Diagnostic {
    let finding = bad(written, format!("`{word}` isn't a kind that can be put in"));
    if word == "external-secret" {
        return finding.hint(format!("name the Secret that it makes: `secret/{name}`"));
    }
    match nearest(word, ["configmap", "secret"]) {
        Some(near) => finding.hint(format!("write `{near}/{name}`")),
        None => finding.hint("write `configmap/NAME` or `secret/NAME`"),
    }
}

/// That an entry can't be read.
pub(super) fn bad(written: &Spanned<String>, what: String) -> Diagnostic {
    Diagnostic::new(&INJECT_SYNTAX, format!("can't read `{}`: {what}", written.value)).at(written.span(), "here")
}

/// Some of a source's keys, or all if none is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) source: Source,
    pub(super) keys: Vec<(String, Span)>,
}

/// A mount path with what is to be found there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mount {
    pub(super) path: String,
    pub(super) span: Span,
    /// Each source once, in the order of its first mention.
    pub(super) parts: Vec<Part>,
}

impl Mount {
    pub(super) fn read((path, sources): &(Spanned<String>, Vec<Spanned<String>>)) -> Result<Self, Diagnostic> {
        let here = |what: &str| Diagnostic::new(&INJECT_SYNTAX, format!("`{}`: {what}", path.value)).at(path.span(), "here");
        if !path.value.starts_with('/') {
            return Err(here("a mount path starts with `/`"));
        }
        if path.value.contains(':') {
            return Err(here("a mount path can't have `:`"));
        }
        if sources.is_empty() {
            return Err(here("nothing is mounted there").hint("name a source, such as `configmap/NAME`"));
        }
        let mut parts: Vec<Part> = Vec::new();
        for written in sources {
            let (source, key) = Source::with_key(written)?;
            let key = key.map(|key| (key, written.span()));
            match parts.iter_mut().find(|part| part.source.kind == source.kind && part.source.name == source.name) {
                None => parts.push(Part { source, keys: key.into_iter().collect() }),
                Some(part) => match key {
                    Some(key) if !part.keys.is_empty() => part.keys.push(key),
                    _ => {
                        return Err(bad(written, "this source is already mounted here whole".to_owned())
                            .also(part.source.span, "first here"));
                    }
                },
            }
        }
        Ok(Self { path: path.value.clone(), span: path.span(), parts })
    }
}

/// A map of fields, all at one place.
pub(super) fn fields<const N: usize>(span: Span, fields: [(&str, Node); N]) -> Node {
    let mut map = Map::new();
    for (key, node) in fields {
        map.insert(key, span, node);
    }
    Node::map(map, span)
}
