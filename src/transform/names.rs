//! Name prefix and suffix.
//!
//! Only `metadata.name` changes here; references follow in `resolve`, which knows the final names.

use super::TRANSFORM_NOTHING;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::environment::{Spanned, Transform};
use crate::object::{Bundle, FieldPath, ObjectId};

/// Kinds whose names the cluster fixes: a CustomResourceDefinition is named after its kind, an APIService after its group, a
/// Namespace is what everything else points to. kustomize skips the same three.
const FIXED: [(&str, &str); 3] =
    [("", "Namespace"), ("apiextensions.k8s.io", "CustomResourceDefinition"), ("apiregistration.k8s.io", "APIService")];

/// Names that the cluster or its controllers know by heart: an object of that name configures what is there.
const BUILT_IN: [(&str, &str); 2] = [("ServiceAccount", "default"), ("ConfigMap", "kube-root-ca.crt")];

/// Whether prefix and suffix leave this object's name alone.
pub fn keeps_name(id: &ObjectId) -> bool {
    FIXED.iter().any(|(group, kind)| *group == id.group && *kind == id.kind)
        || BUILT_IN.iter().any(|(kind, name)| id.group.is_empty() && *kind == id.kind && *name == id.name)
}

/// Puts the prefix before and the suffix behind the name of every object.
pub(super) fn apply(transform: &Transform, bundle: &mut Bundle, diagnostics: &mut Diagnostics) {
    if let Some(prefix) = &transform.name_prefix {
        rename(prefix, "transform.name-prefix", bundle, diagnostics, |name| format!("{}{name}", prefix.value));
    }
    if let Some(suffix) = &transform.name_suffix {
        rename(suffix, "transform.name-suffix", bundle, diagnostics, |name| format!("{name}{}", suffix.value));
    }
}

fn rename(
    setting: &Spanned<String>,
    by: &'static str,
    bundle: &mut Bundle,
    diagnostics: &mut Diagnostics,
    name: impl Fn(&str) -> String,
) {
    let mut any = false;
    for object in bundle.objects.iter_mut().filter(|object| !keeps_name(&object.source)) {
        let renamed = name(object.name());
        object.rename(renamed, setting.span());
        object.touch(FieldPath::of(&["metadata", "name"]), by, setting.span());
        any = true;
    }
    if !any {
        diagnostics.push(
            Diagnostic::new(
                &TRANSFORM_NOTHING,
                format!("`{by}` touches nothing: no object of this bundle takes a prefix or suffix"),
            )
            .at(setting.span(), "here"),
        );
    }
}
