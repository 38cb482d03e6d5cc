//! A secret put raw into a structured text: a quote, an `@` or a line break in its value would break the text.

use super::misplaced::sealed_nodes;
use crate::check::{Check, Scope, World, finding};
use crate::diagnostic::{Diagnostics, rule};
use crate::object::{Data, FieldPath, Object};
use crate::secret::Sealed;

rule!(UNQUOTED_SECRET, "unquoted-secret", Warning, "a secret stands raw amid JSON, a URL or lines of settings");

pub(in crate::check) static CHECK: Check = Check { rules: &[&UNQUOTED_SECRET], scope: Scope::Object(look) };

fn look(_: &World<'_>, object: &Object, found: &mut Diagnostics) {
    sealed_nodes(&object.root, &mut FieldPath::root(), &mut |path, node| {
        let Data::Sealed(sealed) = &node.data else { return };
        if let Some((key, text)) = raw(sealed) {
            let message = format!("secret `{key}` stands raw in {}", text.name());
            found.push(finding::about(&UNQUOTED_SECRET, object, path, node.span, message).hint(text.hint()));
        }
    });
}

/// What kind of text surrounds a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Surrounding {
    Json,
    Url,
    Lines,
}

impl Surrounding {
    fn name(self) -> &'static str {
        match self {
            Self::Json => "JSON: a quote, a backslash or a line break in its value breaks the document",
            Self::Url => "a URL: `@`, `/`, `:` or `%` in its value changes what the URL means",
            Self::Lines => "a file of settings: a line break, a quote or `#` in its value changes the file",
        }
    }

    fn hint(self) -> &'static str {
        match self {
            Self::Json => "write it with its quotes as `{{ secrets.PATH | to_json }}`, or give the whole map to `to_json`",
            Self::Url => "write `{{ secrets.PATH | urlencode }}`",
            Self::Lines => "give the value a key of its own, or quote it as the format wants (`to_json` for TOML and YAML)",
        }
    }
}

/// The first secret of an expression that stands raw amid structured text, at any depth of it.
fn raw(sealed: &Sealed) -> Option<(&str, Surrounding)> {
    match sealed {
        Sealed::Text(_) | Sealed::Secret(_) => None,
        Sealed::Base64(inside) | Sealed::Escaped(_, inside) => raw(inside),
        Sealed::Concat(parts) => parts.iter().enumerate().find_map(|(at, part)| match part {
            Sealed::Secret(key) => Some((key.path.as_str(), surrounding(parts, at)?)),
            part => raw(part),
        }),
    }
}

/// What surrounds part `at`; `None` if the text has no syntax that a value could break.
fn surrounding(parts: &[Sealed], at: usize) -> Option<Surrounding> {
    let text = |part: &Sealed| match part {
        Sealed::Text(text) => text.to_string(),
        _ => String::new(),
    };
    let before: String = parts.iter().take(at).map(text).collect();
    let after = parts.get(at + 1).map(text).unwrap_or_default();
    let line = before.rsplit('\n').next().unwrap_or("");
    let quoted = line.ends_with('"') && after.starts_with('"');
    if before.trim_start().starts_with(['{', '[']) && (quoted || !line.trim_start().starts_with('[')) && !is_ini(&before) {
        return Some(Surrounding::Json);
    }
    let word = line.rsplit(|c: char| c.is_whitespace() || c == '"' || c == '\'').next().unwrap_or("");
    if word.contains("://") {
        return Some(Surrounding::Url);
    }
    let setting = line.contains('=') || line.trim_end().ends_with(':') || quoted;
    let several = before.contains('\n') || after.trim_end().contains('\n');
    (several && setting).then_some(Surrounding::Lines)
}

/// A text that starts with `[section]` on a line of its own.
fn is_ini(text: &str) -> bool {
    let first = text.trim_start().lines().next().unwrap_or("").trim_end();
    first.starts_with('[') && first.ends_with(']') && !first.contains(['"', '{'])
}
