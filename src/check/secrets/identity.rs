//! A private key in a file that the environment reads: whoever can read the repository has it.

use memchr::memmem;

use crate::check::{Check, Scope, World};
use crate::diagnostic::{Diagnostic, Diagnostics, rule};
use crate::source::{RootPath, SourceKind, Span};

rule!(IDENTITY_IN_GIT, "identity-in-git", Error, "a file of the repository holds an age identity or a private key");

pub(in crate::check) static CHECK: Check = Check { rules: &[&IDENTITY_IN_GIT], scope: Scope::Bundle(look) };

/// The demonstration's identity, which opens nothing but the demonstration's secrets.
const DEMO: &str = "environments/dev.demo-identity";

fn look(world: &World<'_>, found: &mut Diagnostics) {
    let files = world.input.files;
    for (path, bytes) in files.contents().iter().filter(|(path, _)| path.as_str() != DEMO) {
        let Some((at, what)) = private_key(bytes) else { continue };
        let mut finding = Diagnostic::new(&IDENTITY_IN_GIT, format!("`{path}` holds {what}"))
            .hint("take it out of the repository and out of git's history, and replace the key: it counts as known")
            .hint("a key that workloads need belongs into a sealed folder as a file of its own");
        if let Some(span) = span(world, path, at) {
            finding = finding.at(span, "here");
        }
        found.push(finding);
    }
}

/// The place in a file that was read as text; of one taken in as bytes there is no text to point into.
fn span(world: &World<'_>, path: &RootPath, at: usize) -> Option<Span> {
    let file = world.input.files.text(path, None).ok()?;
    let source = world.input.files.map().get(file);
    debug_assert!(matches!(source.kind, SourceKind::File(_)));
    Some(Span::new(file, at, at))
}

/// Where a private key starts, and what it is. The key itself is never shown.
fn private_key(bytes: &[u8]) -> Option<(usize, &'static str)> {
    for (mark, what) in [("AGE-SECRET-KEY-", "an age identity"), ("AGE-PLUGIN-", "an age plugin's identity")] {
        // The mark alone is prose; an identity goes on with bech32 data.
        let found = memmem::find_iter(bytes, mark).find(|at| {
            let key = bytes.get(at + mark.len()..).unwrap_or_default();
            key.iter().take_while(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || **byte == b'-').count() >= 20
        });
        if let Some(at) = found {
            return Some((at, what));
        }
    }
    memmem::find_iter(bytes, "PRIVATE KEY-----").find_map(|end| {
        let line = bytes.get(..end)?.rsplit(|byte| *byte == b'\n').next()?;
        let start = memmem::rfind(line, b"-----BEGIN ")?;
        let encrypted = memmem::find(line, b"ENCRYPTED").is_some();
        (!encrypted).then_some((end - line.len() + start, "a private key in PEM"))
    })
}
