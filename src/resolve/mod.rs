//! The last edit: final names.
//!
//! Until here references are those of the source. [`resolve`] replaces the tokens of `ref()`, hashes what is to be hashed, leaves
//! first, then rewrites every reference once, to the name with prefix, suffix and hash. It comes last because it sees the end:
//! a reference that a patch added counts.

mod access;
mod digest;
mod hash;
mod names;
mod references;
mod references_table;
mod size;
mod tokens;
mod uses;

pub use digest::CONFIG_DIGEST;
pub use hash::content_hash;
pub use references_table::{KUSTOMIZE, MORE, Row, Start};

use crate::diagnostic::{Diagnostics, Rule, rule};
use crate::environment::Environment;
use crate::object::{Bundle, Node, Object};

rule!(AMBIGUOUS_REFERENCE, "ambiguous-reference", Error, "a name can mean two objects that end up with different names");
rule!(REF_NOTHING, "ref-nothing", Error, "`ref()` names an object that the bundle doesn't have");
rule!(REF_CYCLE, "ref-cycle", Error, "objects with hashed names refer to each other's names");
rule!(REF_BROKEN, "ref-broken", Error, "what `ref()` rendered was cut or changed, or stands in a key");
rule!(JOB_KEEPS_CONFIG, "job-keeps-config", Note, "a Job uses a config object whose change it will not see");
rule!(ACCESS_UNUSED, "access-unused", Warning, "a service account gets a right on Secrets, and its workloads use none");
rule!(CONFIGMAP_TOO_LARGE, "configmap-too-large", Error, "a ConfigMap is larger than the API server takes");

/// The rules of this module.
pub static RULES: &[&Rule] =
    &[&AMBIGUOUS_REFERENCE, &REF_NOTHING, &REF_CYCLE, &REF_BROKEN, &JOB_KEEPS_CONFIG, &ACCESS_UNUSED, &CONFIGMAP_TOO_LARGE];

/// Gives every object its final name and makes every reference follow.
///
/// # Errors
/// A `ref()` to nothing, in a circle or broken; a reference that can mean two objects; a ConfigMap that is too large. A plain
/// reference to nothing is left for `check`.
pub fn resolve(environment: &Environment, mut bundle: Bundle) -> Result<Bundle, Diagnostics> {
    let _ = environment;
    let mut found = Diagnostics::new();
    let finals = tokens::settle(&mut bundle, &mut found);
    let names = names::Names::new(&bundle, &finals);
    let pods = uses::gather(&bundle, &names);
    bundle.edit_all(&mut found, |object, found| {
        references::rewrite(object, &names, found);
        follow_maker(object);
    });
    digest::annotate(&mut bundle, &pods, &mut found);
    access::fill(&mut bundle, &pods, &mut found);
    found.extend(bundle.objects.iter().filter_map(size::check));
    let (errors, notes) = split(found);
    bundle.findings.extend(notes);
    errors.into_result(bundle)
}

/// The Secret of an ExternalSecret that a table made keeps its maker's name.
fn follow_maker(object: &mut Object) {
    if object.kind() != "ExternalSecret" || !names::follows_maker(object) {
        return;
    }
    let name = object.name().to_owned();
    let target = object.map_mut().and_then(|root| root.get_mut("spec")?.as_map_mut()?.get_mut("target")?.as_map_mut());
    if let Some(node) = target.and_then(|target| target.get_mut("name")) {
        node.data = Node::text(name, node.span).data;
    }
}

/// Errors, and the rest.
fn split(found: Diagnostics) -> (Diagnostics, Diagnostics) {
    if found.has_errors() {
        return (found, Diagnostics::new());
    }
    (Diagnostics::new(), found)
}

/// The resource of a kind, as Kubernetes makes it: lower case, plural.
fn plural(kind: &str) -> String {
    let lower = kind.to_lowercase();
    if lower == "endpoints" || lower.ends_with("metrics") {
        return lower;
    }
    match lower.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'i', 'o', 'u']) => format!("{stem}ies"),
        _ if lower.ends_with(['s', 'x', 'z']) || lower.ends_with("ch") || lower.ends_with("sh") => format!("{lower}es"),
        _ => format!("{lower}s"),
    }
}

#[cfg(test)]
mod tests;
