//! `[secret.NAME]`
//!
//! Every value is an expression over sealed values, in base64 as `data` wants it; nothing is opened here.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Inputs;
use super::build::truth;
use super::config_key::Entries;
use super::configmap::{frame, mark};
use super::{files, registry, secret_type};
use crate::diagnostic::{Diagnostic, Diagnostics, rule};
use crate::environment::{Secret, Spanned};
use crate::object::{Data, Node, Object};
use crate::secret::Sealed;
use crate::source::{RootPath, Span};

rule!(SECRET_IN_GIT, "secret-in-git", Error, "a table takes a secret value from a file that isn't sealed");

/// The Secret of a table.
pub(super) fn object(inputs: Inputs<'_>, table: &Secret) -> Result<Object, Diagnostics> {
    let mut found = Diagnostics::new();
    let mut entries = Entries::default();
    for (key, path) in &table.keys {
        if let Some(secret) = found.take(inputs.secrets.find(&path.value, path.span())) {
            entries.add(&key.value, key.span(), sealed(Sealed::Secret(secret), path.span()), &mut found);
        }
    }
    for entry in &table.common.files {
        add_files(inputs, entry, &mut entries, &mut found);
    }
    for entry in &table.common.env_files {
        found.push(
            Diagnostic::new(&SECRET_IN_GIT, format!("`{}` would stand in git in the open", entry.value))
                .at(entry.span(), "an env-file of a Secret")
                .hint("seal each value, and name them in `keys`"),
        );
    }
    add_forms(inputs, table, &mut entries, &mut found);
    let type_ = found.take(secret_type::choose(table, &entries.data));
    let common = &table.common;
    let mut object = frame(common, "Secret", "secret").object(|root| {
        if let Some((type_, span)) = type_ {
            root.set("type", Node::text(type_, span));
        }
        if !entries.data.is_empty() {
            root.set("data", Node::map(entries.data, common.span));
        }
        if let Some(immutable) = common.immutable.as_ref().filter(|immutable| immutable.value) {
            root.set("immutable", truth(true, immutable.span()));
        }
    });
    mark(&mut object, common);
    found.into_result(object)
}

/// `tls`, `registry`, `basic-auth` and `ssh-auth`: the keys that their types want.
fn add_forms(inputs: Inputs<'_>, table: &Secret, entries: &mut Entries, found: &mut Diagnostics) {
    let mut add = |key: &str, written: &Spanned<String>, node: Option<Node>, found: &mut Diagnostics| {
        if let Some(node) = node {
            entries.add(key, written.span(), node, found);
        }
    };
    if let Some(tls) = &table.tls {
        let node = found.take(public_or_sealed(inputs, &tls.cert));
        add("tls.crt", &tls.cert, node, found);
        let node = found.take(sealed_only(inputs, &tls.key));
        add("tls.key", &tls.key, node, found);
    }
    if let (Some(first), Some(node)) = (table.registry.first(), found.take(registry::node(inputs, &table.registry)).flatten()) {
        add(".dockerconfigjson", &first.server, Some(node), found);
    }
    if let Some(basic) = &table.basic_auth {
        for (key, path) in [("username", &basic.username), ("password", &basic.password)] {
            let node = found.take(sealed_only(inputs, path));
            add(key, path, node, found);
        }
    }
    if let Some(path) = &table.ssh_auth {
        let node = found.take(sealed_only(inputs, path));
        add("ssh-privatekey", path, node, found);
    }
}

/// A file is public, or, if its name ends in `.age`, a member of a sealed folder, whose key is the name without `.age`.
fn add_files(inputs: Inputs<'_>, entry: &Spanned<String>, entries: &mut Entries, found: &mut Diagnostics) {
    for named in found.take(files::expand(inputs.files, entry)).unwrap_or_default() {
        let node = if is_sealed_file(named.path.as_str()) {
            inputs.secrets.find_member(&named.path, named.span).map(|secret| sealed(Sealed::Secret(secret), named.span))
        } else {
            public(inputs, &named.path, named.span)
        };
        // `key=path` keeps the key that the user wrote.
        let key = if named.key == named.path.file_name() { named.key.trim_end_matches(".age") } else { &named.key };
        if let Some(node) = found.take(node) {
            entries.add(key, named.span, node, found);
        }
    }
}

/// The value of a sealed path, or of a sealed file.
fn sealed_only(inputs: Inputs<'_>, written: &Spanned<String>) -> Result<Node, Diagnostic> {
    let span = written.span();
    if is_sealed_file(&written.value) {
        let path = inputs.files.resolve(&written.value, span)?;
        return Ok(sealed(Sealed::Secret(inputs.secrets.find_member(&path, span)?), span));
    }
    if let Some(secret) = inputs.secrets.get(&written.value) {
        return Ok(sealed(Sealed::Secret(secret.clone()), span));
    }
    if inputs.files.resolve(&written.value, span).is_ok_and(|path| inputs.files.has_file(&path)) {
        return Err(Diagnostic::new(&SECRET_IN_GIT, format!("`{}` stands in the repository in the open", written.value))
            .at(span, "a secret value")
            .hint(
                "seal the file: `plimsoll secrets set ENV PATH < FILE`, name that path here, and replace the value: git keeps it",
            )
            .hint("a certificate may be public, a key or a password never"));
    }
    Err(inputs.secrets.unknown(&written.value, span))
}

/// The value of a sealed path or sealed file, else of a file of the repository.
fn public_or_sealed(inputs: Inputs<'_>, written: &Spanned<String>) -> Result<Node, Diagnostic> {
    let is_path = written.value.contains('/') || inputs.secrets.get(&written.value).is_none();
    if is_path && !is_sealed_file(&written.value) {
        let path = inputs.files.resolve(&written.value, written.span())?;
        return public(inputs, &path, written.span());
    }
    sealed_only(inputs, written)
}

fn public(inputs: Inputs<'_>, path: &RootPath, span: Span) -> Result<Node, Diagnostic> {
    let bytes = inputs.files.bytes(path, Some(span))?;
    Ok(Node::text(STANDARD.encode(&bytes), span))
}

/// Whether a path names a sealed file, by its ending.
fn is_sealed_file(path: &str) -> bool {
    path.rsplit_once('.').is_some_and(|(_, ending)| ending == "age")
}

/// An expression's base64, as `data` holds it.
pub(super) fn sealed(inside: Sealed, span: Span) -> Node {
    Node::new(Data::Sealed(Box::new(Sealed::Base64(Box::new(inside)))), span)
}
