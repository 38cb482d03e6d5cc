//! The keys of ConfigMaps and Secrets.

use crate::diagnostic::{Diagnostic, Diagnostics, rule};
use crate::object::{Map, Node};
use crate::source::Span;

rule!(CONFIG_KEY_INVALID, "config-key-invalid", Error, "a key of a ConfigMap or Secret has characters that Kubernetes refuses");
rule!(CONFIG_KEY_TWICE, "config-key-twice", Error, "two entries of a ConfigMap or Secret have the same key");

/// Collects the entries of one object: `data`, and `binaryData` where bytes aren't text. Both share one set of keys.
#[derive(Default)]
pub(super) struct Entries {
    pub(super) data: Map,
    pub(super) binary: Map,
}

impl Entries {
    /// Adds an entry to `data`.
    pub(super) fn add(&mut self, key: &str, key_span: Span, node: Node, found: &mut Diagnostics) {
        if self.accepts(key, key_span, found) {
            self.data.insert(key, key_span, node);
        }
    }

    /// Adds an entry to `binaryData`.
    pub(super) fn add_binary(&mut self, key: &str, key_span: Span, node: Node, found: &mut Diagnostics) {
        if self.accepts(key, key_span, found) {
            self.binary.insert(key, key_span, node);
        }
    }

    fn accepts(&self, key: &str, span: Span, found: &mut Diagnostics) -> bool {
        if let Some(problem) = problem(key) {
            let finding = Diagnostic::new(&CONFIG_KEY_INVALID, format!("`{key}` can't be a key: {problem}"))
                .at(span, "this key")
                .hint("a key has letters, digits, `-`, `_` and `.`, and at most 253 of them");
            let finding = match key.rsplit_once('/') {
                Some((_, name)) if self::problem(name).is_none() => {
                    finding.hint(format!("a file gets another key by `key=path`, such as `{name}=…`"))
                }
                _ => finding,
            };
            found.push(finding);
            return false;
        }
        if let Some(first) = self.data.entry(key).or_else(|| self.binary.entry(key)) {
            found.push(
                Diagnostic::new(&CONFIG_KEY_TWICE, format!("the key `{key}` is given twice"))
                    .at(span, "here again")
                    .also(first.key_span, "first here")
                    .hint("a file gets another key by `key=path`"),
            );
            return false;
        }
        true
    }
}

/// Why Kubernetes refuses a key (`IsConfigMapKey` in k8s.io/apimachinery); `None` if it doesn't.
pub(crate) fn problem(key: &str) -> Option<String> {
    if key.is_empty() {
        return Some("it is empty".to_owned());
    }
    if key.len() > 253 {
        return Some(format!("it has {} characters, at most 253 are allowed", key.len()));
    }
    if let Some(bad) = key.chars().find(|c| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_' | '.')) {
        return Some(format!("it has {bad:?}"));
    }
    match key {
        "." | ".." => Some("it names a folder".to_owned()),
        _ if key.starts_with("..") => Some("it starts with `..`".to_owned()),
        _ => None,
    }
}
