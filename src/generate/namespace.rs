//! `[namespace]`

use super::Inputs;
use super::build::Frame;
use crate::diagnostic::{Diagnostic, rule};
use crate::environment::{Namespace, Pair, Spanned};
use crate::object::Object;

rule!(NAMESPACE_UNNAMED, "namespace-unnamed", Error, "`[namespace]` is to be made, and `target.namespace` doesn't name it");

/// The modes of Pod Security Admission; each gets the same level.
const MODES: [&str; 3] = ["enforce", "audit", "warn"];

/// The target's Namespace with its pod-security labels, if the table says `create = true`. The labels' version is the one that
/// the environment is checked against, so that a new cluster doesn't silently judge by new rules.
pub(super) fn object(inputs: Inputs<'_>, table: &Namespace) -> Result<Option<Object>, Diagnostic> {
    let Some(create) = table.create.as_ref().filter(|create| create.value) else { return Ok(None) };
    let target = &inputs.environment.settings.target;
    let Some(name) = &target.namespace else {
        return Err(Diagnostic::new(&NAMESPACE_UNNAMED, "there is no `target.namespace` to create")
            .at(create.span(), "asked for here")
            .hint("write `namespace = \"…\"` in the table `[target]`"));
    };
    let mut labels = table.labels.clone();
    if let Some(level) = &table.pod_security {
        let version = target.kubernetes.as_ref().map_or_else(|| "latest".to_owned(), |version| format!("v{}", version.value));
        for mode in MODES {
            add(&mut labels, format!("pod-security.kubernetes.io/{mode}"), &level.value, level);
            add(&mut labels, format!("pod-security.kubernetes.io/{mode}-version"), &version, level);
        }
    }
    let frame = Frame {
        api_version: "v1",
        kind: "Namespace",
        name,
        namespace: None,
        labels: &labels,
        annotations: &table.annotations,
        span: table.span,
        table: "namespace",
    };
    Ok(Some(frame.object(|_| {})))
}

/// A label that the table writes itself holds.
fn add(labels: &mut Vec<Pair<String>>, key: String, value: &str, level: &Spanned<String>) {
    if labels.iter().all(|(written, _)| written.value != key) {
        let spanned = |value: String| Spanned { value, origin: level.origin.clone() };
        labels.push((spanned(key), spanned(value.to_owned())));
    }
}
