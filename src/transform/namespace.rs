//! The target's namespace, for objects that name none.

use super::NAMESPACE_NOT_LISTED;
use super::field_spec::{FieldSpec, spec};
use super::scope::Scopes;
use crate::diagnostic::{Diagnostic, Diagnostics, nearest};
use crate::environment::{Spanned, Target};
use crate::object::{Bundle, FieldPath, Node, Object};

/// Where an object names the namespace of something that it belongs together with: kustomize's table, and the webhooks. Filled where
/// the map around it is there and names none.
static ELSEWHERE: &[FieldSpec] = &[
    spec!("apiregistration.k8s.io", "APIService", ["spec", "service", "namespace"], false),
    spec!(
        "apiextensions.k8s.io",
        "CustomResourceDefinition",
        ["spec", "conversion", "webhook", "clientConfig", "service", "namespace"],
        false
    ),
    spec!(
        "admissionregistration.k8s.io",
        "ValidatingWebhookConfiguration",
        ["webhooks", "clientConfig", "service", "namespace"],
        false
    ),
    spec!(
        "admissionregistration.k8s.io",
        "MutatingWebhookConfiguration",
        ["webhooks", "clientConfig", "service", "namespace"],
        false
    ),
];

/// The subjects of bindings; only service accounts live in a namespace.
static SUBJECTS: &[FieldSpec] = &[
    spec!("rbac.authorization.k8s.io", "RoleBinding", ["subjects", "namespace"], false),
    spec!("rbac.authorization.k8s.io", "ClusterRoleBinding", ["subjects", "namespace"], false),
];

/// Sets the target's namespace on namespaced objects that name none, and refuses namespaces that `[target]` doesn't list.
pub(super) fn apply(target: &Target, bundle: &mut Bundle, diagnostics: &mut Diagnostics) {
    let Some(namespace) = &target.namespace else { return };
    let scopes = Scopes::of(bundle, target.kubernetes.as_ref().map(Spanned::as_str));
    bundle.edit_all(diagnostics, |object, found| {
        if scopes.namespaced(&object.source) {
            own(object, namespace, target, found);
        }
        elsewhere(object, namespace);
    });
}

fn own(object: &mut Object, namespace: &Spanned<String>, target: &Target, diagnostics: &mut Diagnostics) {
    let written = object.root.get("metadata").and_then(|metadata| metadata.get("namespace"));
    if let Some(written) = written
        && let Some(name) = written.as_str().filter(|name| !name.is_empty())
    {
        let listed = target.namespaces.iter().map(Spanned::as_str);
        if name != namespace.value && !listed.clone().any(|listed| listed == name) {
            diagnostics.push(refuse(object, name, written.span, namespace, listed));
        }
        return;
    }
    let span = namespace.span();
    if let Some(metadata) = object.map_mut().and_then(|root| root.child_map("metadata", span)) {
        metadata.set("namespace", Node::text(namespace.value.as_str(), span));
        object.touch(FieldPath::of(&["metadata", "namespace"]), "target.namespace", span);
    }
}

fn refuse<'a>(
    object: &Object,
    name: &str,
    at: crate::source::Span,
    namespace: &'a Spanned<String>,
    listed: impl Iterator<Item = &'a str>,
) -> Diagnostic {
    let near = nearest(name, listed.chain([namespace.as_str()]));
    let finding = Diagnostic::new(
        &NAMESPACE_NOT_LISTED,
        format!("`{}` is in the namespace `{name}`, which `[target]` doesn't list", object.source),
    )
    .at(at, "here")
    .also(namespace.span(), format!("the target is `{}`", namespace.value))
    .on(object.source.to_string())
    .field("metadata.namespace");
    match near {
        Some(near) => finding.hint(format!("did you mean `{near}`?")),
        None => {
            finding.hint(format!("leave the namespace out to get the target's, or list it: `target.namespaces = [\"{name}\"]`"))
        }
    }
}

fn elsewhere(object: &mut Object, namespace: &Spanned<String>) {
    let source = object.source.clone();
    let span = namespace.span();
    let mut set = Vec::new();
    for row in ELSEWHERE.iter().chain(SUBJECTS).filter(|row| row.applies(&source)) {
        row.each(&mut object.root, span, &mut |map, here, last| {
            let is_subject = map.get("kind").is_some() && here.0.len() == 2;
            let takes = !is_subject || map.get("kind").and_then(Node::as_str) == Some("ServiceAccount");
            if takes && !map.has(last) {
                map.set(last, Node::text(namespace.value.as_str(), span));
                set.push(here.child(last));
            }
        });
    }
    for path in set {
        object.touch(path, "target.namespace", span);
    }
}
