//! Edits to all objects: patches, namespace, names, labels, annotations, images, replicas.
//!
//! The order is kustomize's: merge patches, namespace, prefix, suffix, labels, annotations, JSON patches, replicas, images. Selectors
//! mean names as the source writes them, whatever a transform before did. References to renamed objects are `resolve`'s.

mod annotations;
mod field_spec;
mod images;
mod json6902;
mod label_selector;
mod labels;
mod merge;
mod names;
mod namespace;
mod patch;
mod replicas;
mod scope;
mod target;

pub use images::Reference;
pub use label_selector::LabelSelector;
pub use names::keeps_name;
pub use scope::Scopes;

use crate::check::schema::Schemas;
use crate::diagnostic::{Diagnostic, Diagnostics, Rule, rule};
use crate::environment::{Environment, Spanned};
use crate::object::{BAD_SELECTOR, Bundle, Map, Object};
use crate::secret::Tokens;
use crate::source::Files;

rule!(PATCH_NOTHING, "patch-matches-nothing", Error, "a patch's target is no object of the bundle");
rule!(PATCH_CHANGES_NOTHING, "patch-changes-nothing", Error, "a patch leaves every object that it applies to as it was");
rule!(PATCH_REMOVES_NOTHING, "patch-removes-nothing", Error, "a patch removes what none of its objects has");
rule!(PATCH_SYNTAX, "patch-syntax", Error, "a patch isn't a map, or isn't a list of JSON patch operations");
rule!(PATCH_IDENTITY, "patch-identity", Error, "a patch changes an object's apiVersion, kind or name");
rule!(PATCH_DIRECTIVE, "patch-directive", Error, "a directive of a strategic merge patch is wrong");
rule!(PATCH_LIST_KEY, "patch-list-key", Error, "an item of a merged list lacks the key by which items are told apart");
rule!(PATCH_PATH, "patch-path", Error, "the path of a JSON patch leads nowhere");
rule!(PATCH_TEST, "patch-test", Error, "a `test` of a JSON patch fails");
rule!(TRANSFORM_NOTHING, "transform-matches-nothing", Error, "a transform touches no object");
rule!(NAMESPACE_NOT_LISTED, "namespace-not-listed", Error, "an object is in a namespace that `[target]` doesn't list");

/// The rules of this module.
pub static RULES: &[&Rule] = &[
    &PATCH_NOTHING,
    &PATCH_CHANGES_NOTHING,
    &PATCH_REMOVES_NOTHING,
    &PATCH_SYNTAX,
    &PATCH_IDENTITY,
    &PATCH_DIRECTIVE,
    &PATCH_LIST_KEY,
    &PATCH_PATH,
    &PATCH_TEST,
    &TRANSFORM_NOTHING,
    &NAMESPACE_NOT_LISTED,
];

/// Applies all that `[target]`, `[transform]` and `[[patch]]` say.
///
/// # Errors
/// Everything that is wrong with any of them, and each that touches nothing.
pub fn transform(files: &Files, environment: &Environment, mut bundle: Bundle) -> Result<Bundle, Diagnostics> {
    let settings = &environment.settings;
    let mut diagnostics = Diagnostics::new();
    // no secret is ever interpolated in TOML: with an empty table every token in a patch is foreign
    let tokens = Tokens::new([0; 16]);
    let minor = settings
        .target
        .kubernetes
        .as_ref()
        .map_or_else(|| Schemas::minors().last().copied().unwrap_or_default(), Spanned::as_str);
    let context = patch::Context { map: files.map(), tokens: &tokens, schemas: Schemas::builtin(minor) };

    patch::apply_merges(context, &settings.patches, &mut bundle, &mut diagnostics);
    namespace::apply(&settings.target, &mut bundle, &mut diagnostics);
    names::apply(&settings.transform, &mut bundle, &mut diagnostics);
    labels::apply(&settings.transform, &mut bundle);
    annotations::apply(&settings.transform, &mut bundle);
    patch::apply_json(context, &settings.patches, &mut bundle, &mut diagnostics);
    replicas::apply(&settings.transform, &mut bundle, &mut diagnostics);
    images::apply(&settings.transform, &mut bundle, &mut diagnostics);
    diagnostics.into_result(bundle)
}

/// Merges a strategic merge patch into an object, by the merge keys of `schemas`; the findings on the patch.
///
/// What the API server does with `application/strategic-merge-patch+json`, and so what `[[patch]]` does.
pub fn strategic_merge(object: &mut Object, patch: Map, schemas: Option<&'static Schemas>) -> Diagnostics {
    let id = &object.source;
    let schema = schemas.and_then(|schemas| schemas.kind(&id.group, &id.version, &id.kind)).map(|kind| kind.root());
    let mut merge = merge::Merge::default();
    if let Some(root) = object.map_mut() {
        merge.map(root, patch, schema);
    }
    merge.errors
}

/// A selector of labels, annotations or namespaces that can't be read.
fn bad_selector(written: &str, what: &str) -> Diagnostic {
    Diagnostic::new(&BAD_SELECTOR, format!("`{written}` isn't a selector: {what}"))
        .hint("labels and annotations are selected as for kubectl: `a=b,c!=d,e in (f,g),!h`")
}

#[cfg(test)]
mod tests;
