//! `[configmap.NAME]`

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Inputs;
use super::build::{Frame, text, truth};
use super::config_key::Entries;
use super::{env_file, files};
use crate::diagnostic::Diagnostics;
use crate::environment::{ConfigMap, ConfigObject, Spanned};
use crate::object::{Node, Object};

/// The ConfigMap of a table. Texts and files are taken as they are: nothing in them is rendered. Bytes that aren't UTF-8 go to
/// `binaryData`.
pub(super) fn object(inputs: Inputs<'_>, table: &ConfigMap) -> Result<Object, Diagnostics> {
    let mut found = Diagnostics::new();
    let mut entries = Entries::default();
    for (key, value) in &table.literals {
        entries.add(&key.value, key.span(), text(value), &mut found);
    }
    for entry in &table.common.env_files {
        add_env_file(inputs, entry, &mut entries, &mut found);
    }
    for entry in &table.common.files {
        add_files(inputs, entry, &mut entries, &mut found);
    }
    let common = &table.common;
    let mut object = frame(common, "ConfigMap", "configmap").object(|root| {
        for (field, map) in [("data", entries.data), ("binaryData", entries.binary)] {
            if !map.is_empty() {
                root.set(field, Node::map(map, common.span));
            }
        }
        if let Some(immutable) = common.immutable.as_ref().filter(|immutable| immutable.value) {
            root.set("immutable", truth(true, immutable.span()));
        }
    });
    mark(&mut object, common);
    found.into_result(object)
}

/// What ConfigMaps and Secrets have in common.
pub(super) fn frame<'a>(common: &'a ConfigObject, kind: &'static str, table: &'static str) -> Frame<'a> {
    Frame {
        api_version: "v1",
        kind,
        name: &common.name,
        namespace: common.namespace.as_ref(),
        labels: &common.labels,
        annotations: &common.annotations,
        span: common.span,
        table,
    }
}

/// Notes whether the name gets a hash, and whether a change rolls out.
pub(super) fn mark(object: &mut Object, common: &ConfigObject) {
    object.hashed = common.immutable.as_ref().is_some_and(|immutable| immutable.value);
    object.rolls_out = common.on_change.as_ref().is_none_or(|on_change| on_change.value != "none");
}

fn add_env_file(inputs: Inputs<'_>, entry: &Spanned<String>, entries: &mut Entries, found: &mut Diagnostics) {
    let file = inputs.files.resolve(&entry.value, entry.span()).and_then(|path| inputs.files.text(&path, Some(entry.span())));
    let Some(file) = found.take(file) else { return };
    let source = inputs.files.map().get(file);
    for line in env_file::read(&source, file, found) {
        entries.add(line.name, line.name_span, Node::text(line.value, line.value_span), found);
    }
}

fn add_files(inputs: Inputs<'_>, entry: &Spanned<String>, entries: &mut Entries, found: &mut Diagnostics) {
    for named in found.take(files::expand(inputs.files, entry)).unwrap_or_default() {
        let Some(bytes) = found.take(inputs.files.bytes(&named.path, Some(named.span))) else { continue };
        match std::str::from_utf8(&bytes) {
            Ok(content) => entries.add(&named.key, named.span, Node::text(content, named.span), found),
            Err(_) => entries.add_binary(&named.key, named.span, Node::text(STANDARD.encode(&bytes), named.span), found),
        }
    }
}
