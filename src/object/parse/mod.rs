//! YAML and JSON texts into objects.
//!
//! The scanner is granit-parser's; what a scalar means ([`scalar`]), which keys, anchors and tags are taken ([`tree`]), and what
//! makes a tree an object is decided here. All that is wrong in a text is reported, also in documents behind a broken one.

mod object;
mod place;
mod scalar;
mod string_data;
mod syntax;
mod tokens;
mod tree;

use place::Place;
use tokens::Reader;

pub(in crate::object) use scalar::whole_or_float;

use super::bundle::{MadeBy, Object};
use super::node::{Data, Map, Node};
use crate::diagnostic::{Diagnostic, Diagnostics, Rule, rule};
use crate::secret::Tokens;
use crate::source::{FileId, SourceMap, Span};

rule!(YAML_SYNTAX, "yaml-syntax", Error, "a text isn't YAML");
rule!(YAML_TOO_DEEP, "yaml-too-deep", Error, "a YAML document has more levels than any object needs");
rule!(YAML_DUPLICATE_KEY, "yaml-duplicate-key", Error, "a key stands twice in one map");
rule!(YAML_KEY_NOT_TEXT, "yaml-key-not-text", Error, "a map's key is a number, a boolean, null or a collection");
rule!(YAML_ALIAS_BOMB, "yaml-alias-bomb", Error, "aliases stand for more values than a document may have");
rule!(YAML_MERGE_KEY, "yaml-merge-key", Error, "`<<` merges something that isn't a map");
rule!(YAML_TAG, "yaml-tag", Error, "a YAML tag that manifests don't have, or that doesn't fit its value");
rule!(AMBIGUOUS_SCALAR, "ambiguous-scalar", Error, "a value without quotes that YAML readers take for different things");
rule!(NUMBER_OUT_OF_RANGE, "number-out-of-range", Error, "a number that JSON or the API server can't hold");
rule!(
    NOT_AN_OBJECT,
    "not-an-object",
    Error,
    "a document isn't a Kubernetes object: apiVersion, kind or metadata.name is missing"
);
rule!(GENERATE_NAME, "generate-name", Error, "an object leaves its name to the server");
rule!(STRING_DATA, "string-data", Error, "a Secret's `stringData` can't be turned into `data`");
rule!(SECRET_NOT_ENCODED, "secret-not-encoded", Error, "a secret stands in a Secret's `data` without base64");
rule!(
    SECRET_IN_IDENTITY,
    "secret-in-identity",
    Error,
    "a secret stands in a key, a name, a namespace, a label, `kind` or `apiVersion`"
);
rule!(FOREIGN_TOKEN, "foreign-token", Error, "a text holds something like a sealed token that isn't one of this run");

/// The rules of this module.
pub(super) static RULES: &[&Rule] = &[
    &YAML_SYNTAX,
    &YAML_TOO_DEEP,
    &YAML_DUPLICATE_KEY,
    &YAML_KEY_NOT_TEXT,
    &YAML_ALIAS_BOMB,
    &YAML_MERGE_KEY,
    &YAML_TAG,
    &AMBIGUOUS_SCALAR,
    &NUMBER_OUT_OF_RANGE,
    &NOT_AN_OBJECT,
    &GENERATE_NAME,
    &STRING_DATA,
    &SECRET_NOT_ENCODED,
    &SECRET_IN_IDENTITY,
    &FOREIGN_TOKEN,
];

/// Reads the objects of a text of YAML documents (JSON is YAML). Empty documents are skipped, Lists are opened, `stringData` is
/// turned into `data`, tokens become sealed expressions.
///
/// # Errors
/// Everything that is wrong in any document.
pub fn parse(map: &SourceMap, file: FileId, tokens: &Tokens, made_by: MadeBy) -> Result<Vec<Object>, Diagnostics> {
    let source = map.get(file);
    let mut diagnostics = Diagnostics::new();
    let reader = Reader::new(tokens, &source.text);
    let mut objects = Vec::new();
    tree::documents(&source.text, Place::At { file, offset: 0 }, &reader, &mut diagnostics, |document, diagnostics| {
        object::read(document, made_by, &mut objects, diagnostics);
    });
    diagnostics.into_result(objects)
}

/// Reads one value from a text that stands in a literal of another file, such as a patch in TOML. Its spans point into the literal,
/// to the character where the literal holds the text without escapes.
///
/// # Errors
/// Everything that is wrong in the text; also none and several documents.
pub fn parse_value(map: &SourceMap, literal: Span, text: &str, tokens: &Tokens) -> Result<Node, Diagnostics> {
    let mut diagnostics = Diagnostics::new();
    let reader = Reader::new(tokens, text);
    let place = Place::of_literal(map, literal, text);
    let mut roots = Vec::new();
    tree::documents(text, place, &reader, &mut diagnostics, |document, _| roots.push(document.root));
    let mut roots = roots.into_iter();
    let root = roots.next();
    if let Some(second) = roots.next() {
        let finding = Diagnostic::new(&YAML_SYNTAX, "one value is expected here, and the text has several documents")
            .at(second.span, "the second begins here")
            .hint("write each as an entry of its own");
        diagnostics.push(finding);
    }
    match root {
        Some(root) => diagnostics.into_result(root),
        None if diagnostics.has_errors() => Err(diagnostics),
        None => Err(Diagnostic::new(&YAML_SYNTAX, "a value is expected here, and the text is empty").at(literal, "here").into()),
    }
}

/// A tree that was written without templates, such as a table of the environment: it may hold no token.
///
/// # Errors
/// Each text with something like a token in it.
pub fn refuse_tokens(tree: Node) -> Result<Node, Diagnostics> {
    let tokens = Tokens::new([0; 16]);
    let mut diagnostics = Diagnostics::new();
    let mut queue = vec![&tree];
    while let Some(node) = queue.pop() {
        match &node.data {
            Data::Text(text) => {
                let reader = Reader::new(&tokens, text);
                if reader.suspects(text) {
                    diagnostics.take(reader.read(text, false, node.span));
                }
            }
            Data::List(items) => queue.extend(items),
            Data::Map(map) => queue.extend(map.iter().map(|(_, entry)| &entry.node)),
            _ => {}
        }
    }
    diagnostics.into_result(tree)
}

/// Turns `stringData` of a Secret's map (also of a patch to one) into `data`; says what is wrong with it.
pub fn string_data_to_data(secret: &mut Map, diagnostics: &mut Diagnostics) {
    string_data::convert_map(secret, diagnostics);
}

#[cfg(test)]
mod tests;
