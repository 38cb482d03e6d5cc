//! What only plaintext tells: `check --open`, and later every plan, before a write. Values stay in `secret`; here are only answers.

use crate::diagnostic::{Diagnostic, Diagnostics, Rule, rule};
use crate::object::{Bundle, Data, Node, Object};
use crate::secret::{Opened, Sealed, is_json_object, labels, pem_labels, revealed_len};

rule!(SECRET_TOO_LARGE, "secret-too-large", Error, "a Secret's opened data is larger than the API server takes: 1 MiB");
rule!(TLS_NOT_PEM, "tls-not-pem", Error, "a TLS Secret's certificate or key isn't PEM of the right kind");
rule!(DOCKERCONFIG_NOT_JSON, "dockerconfig-not-json", Error, "a registry Secret's opened content isn't a JSON object");

/// The rules of this file.
pub(super) static RULES: &[&Rule] = &[&SECRET_TOO_LARGE, &TLS_NOT_PEM, &DOCKERCONFIG_NOT_JSON];

/// The API server's bound for all values of a Secret together (`MaxSecretSize` in kubernetes/pkg/apis/core).
const MAX_SIZE: usize = 1024 * 1024;

/// Checks the Secrets of a bundle with their values.
pub fn opened(bundle: &Bundle, opened: &Opened) -> Diagnostics {
    let mut said = Diagnostics::new();
    for object in bundle.objects.iter().filter(|object| object.root.get("kind").and_then(Node::as_str) == Some("Secret")) {
        said.extend(size(object, opened).unwrap_or_else(Some));
        said.extend(tls(object, opened).unwrap_or_else(|error| vec![error]));
        said.extend(registry(object, opened).unwrap_or_else(Some));
    }
    said
}

fn data<'a>(object: &'a Object, key: &str) -> Option<&'a Node> {
    object.root.get("data")?.get(key)
}

fn finding(rule: &'static Rule, object: &Object, node: &Node, message: String) -> Diagnostic {
    Diagnostic::new(rule, message).at(node.span, "").on(object.source.to_string())
}

fn size(object: &Object, opened: &Opened) -> Result<Option<Diagnostic>, Diagnostic> {
    let Some(node) = object.root.get("data") else { return Ok(None) };
    let mut total = 0;
    for (_, entry) in node.as_map().into_iter().flat_map(crate::object::Map::iter) {
        total += match &entry.node.data {
            // In `data` stands base64; what counts is what it stands for.
            Data::Sealed(sealed) => match &**sealed {
                Sealed::Base64(inside) => revealed_len(inside, opened)?,
                other => revealed_len(other, opened)? / 4 * 3,
            },
            Data::Text(text) => text.trim_end_matches('=').len() * 3 / 4,
            _ => 0,
        };
    }
    let message = || format!("`{}` holds {total} bytes of data; the API server takes {MAX_SIZE}", object.source);
    Ok((total > MAX_SIZE).then(|| {
        finding(&SECRET_TOO_LARGE, object, node, message())
            .hint("split it into several Secrets, or mount large files from a volume")
    }))
}

fn tls(object: &Object, opened: &Opened) -> Result<Vec<Diagnostic>, Diagnostic> {
    let mut said = Vec::new();
    if object.root.get("type").and_then(Node::as_str) != Some("kubernetes.io/tls") {
        return Ok(said);
    }
    for (key, what) in [("tls.crt", "CERTIFICATE"), ("tls.key", "PRIVATE KEY")] {
        let Some(node) = data(object, key) else { continue };
        let labels = match &node.data {
            Data::Sealed(sealed) => match &**sealed {
                Sealed::Base64(inside) => pem_labels(inside, opened)?,
                _ => continue,
            },
            Data::Text(text) => public(text),
            _ => continue,
        };
        // An encrypted key is PEM too, but nothing in a pod would open it.
        let fits =
            labels.is_some_and(|labels| labels.iter().any(|label| label.ends_with(what) && !label.starts_with("ENCRYPTED")));
        if !fits {
            let message = format!("`{key}` of `{}` isn't PEM with a `{what}` block", object.source);
            said.push(
                finding(&TLS_NOT_PEM, object, node, message)
                    .hint("whole files keep their line ends with `plimsoll secrets set … --file PATH`"),
            );
        }
    }
    Ok(said)
}

fn public(text: &str) -> Option<Vec<String>> {
    use base64::Engine;
    labels(&base64::engine::general_purpose::STANDARD.decode(text).ok()?)
}

fn registry(object: &Object, opened: &Opened) -> Result<Option<Diagnostic>, Diagnostic> {
    let Some(node) = data(object, ".dockerconfigjson") else { return Ok(None) };
    let Data::Sealed(sealed) = &node.data else { return Ok(None) };
    let Sealed::Base64(inside) = &**sealed else { return Ok(None) };
    let message = || format!("`.dockerconfigjson` of `{}` isn't a JSON object once it is opened", object.source);
    Ok((!is_json_object(inside, opened)?).then(|| {
        finding(&DOCKERCONFIG_NOT_JSON, object, node, message())
            .hint("use `registry = { server, username, password }`, which quotes what it puts in")
    }))
}
