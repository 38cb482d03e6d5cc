//! The types of Secrets, and the keys that each wants.

use crate::diagnostic::{Diagnostic, nearest, rule};
use crate::environment::Secret;
use crate::object::Map;
use crate::source::Span;

rule!(SECRET_TYPE, "secret-type", Error, "a Secret's type doesn't fit what is in it");

/// Types and the keys that the API server wants of each (`ValidateSecret` in k8s.io/kubernetes): all of a row, and for
/// `basic-auth` any.
const WANTED: &[(&str, &[&str])] = &[
    ("kubernetes.io/tls", &["tls.crt", "tls.key"]),
    ("kubernetes.io/dockerconfigjson", &[".dockerconfigjson"]),
    ("kubernetes.io/dockercfg", &[".dockercfg"]),
    ("kubernetes.io/basic-auth", &["username", "password"]),
    ("kubernetes.io/ssh-auth", &["ssh-privatekey"]),
    ("kubernetes.io/service-account-token", &[]),
    ("bootstrap.kubernetes.io/token", &["token-id", "token-secret"]),
    ("Opaque", &[]),
];

/// The type of a table's Secret with its place: what `type` says, else what its form implies, else `Opaque`.
pub(super) fn choose<'a>(table: &'a Secret, data: &Map) -> Result<(&'a str, Span), Diagnostic> {
    let mut forms = Vec::new();
    if let Some(tls) = &table.tls {
        forms.push(("tls", "kubernetes.io/tls", tls.cert.span()));
    }
    if let Some(login) = table.registry.first() {
        forms.push(("registry", "kubernetes.io/dockerconfigjson", login.server.span()));
    }
    if let Some(basic) = &table.basic_auth {
        forms.push(("basic-auth", "kubernetes.io/basic-auth", basic.username.span()));
    }
    if let Some(path) = &table.ssh_auth {
        forms.push(("ssh-auth", "kubernetes.io/ssh-auth", path.span()));
    }
    if let [(first, _, first_span), (second, _, second_span), ..] = forms.as_slice() {
        return Err(problem(table, format!("`{first}` and `{second}` make Secrets of different types"))
            .at(*second_span, "second form")
            .also(*first_span, "first form")
            .hint("make two Secrets"));
    }
    let form = forms.first().copied();
    let Some(written) = &table.type_ else {
        return Ok(form.map_or(("Opaque", table.common.span), |(_, type_, span)| (type_, span)));
    };
    let type_ = written.value.as_str();
    if let Some((form, implied, span)) = form
        && implied != type_
    {
        return Err(problem(table, format!("`{form}` makes a Secret of type `{implied}`, and `type` says `{type_}`"))
            .at(written.span(), "the type")
            .also(span, "the form")
            .hint("leave out `type`"));
    }
    check(table, type_, written.span(), data)?;
    Ok((type_, written.span()))
}

fn check(table: &Secret, type_: &str, span: Span, data: &Map) -> Result<(), Diagnostic> {
    let Some((_, wanted)) = WANTED.iter().find(|(known, _)| *known == type_) else {
        // Any type of one's own is allowed, but those of Kubernetes are a fixed few.
        if type_.contains("kubernetes.io/") || type_.eq_ignore_ascii_case("opaque") {
            let finding = problem(table, format!("Kubernetes has no Secret type `{type_}`")).at(span, "the type");
            return Err(match nearest(type_, WANTED.iter().map(|(known, _)| *known)) {
                Some(near) => finding.hint(format!("there is `{near}`")),
                None => finding,
            });
        }
        return Ok(());
    };
    let missing: Vec<&str> = wanted.iter().copied().filter(|key| !data.has(key)).collect();
    let enough = missing.is_empty() || (type_ == "kubernetes.io/basic-auth" && missing.len() < wanted.len());
    if enough {
        return Ok(());
    }
    let keys = missing.join("` and `");
    let finding = problem(table, format!("a Secret of type `{type_}` needs `{keys}`")).at(span, "wants keys that aren't there");
    Err(match data.keys().next() {
        Some(_) => {
            let has: Vec<&str> = data.keys().map(compact_str::CompactString::as_str).collect();
            finding.hint(format!("it has `{}`; a file gets another key by `key=path`", has.join("`, `")))
        }
        None => finding,
    })
}

fn problem(table: &Secret, message: String) -> Diagnostic {
    Diagnostic::new(&SECRET_TYPE, message).on(format!("Secret/{}", table.common.name.value))
}
