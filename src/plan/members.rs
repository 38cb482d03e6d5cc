//! The bundle's objects as they are sent, each with its kind as the server serves it.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Problem;
use crate::cluster::{Resource, Resources};
use crate::object::{Bundle, Node, Object, ObjectId};

/// An object to be sent.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    /// With the label of its set.
    pub(super) object: Arc<Object>,
    pub(super) id: ObjectId,
    /// `None` if its CRD is in the bundle and not on the server.
    pub(super) resource: Option<Arc<Resource>>,
}

/// The bundle's objects in its order.
///
/// # Errors
/// Objects of kinds that neither the server nor the bundle has, all of them.
pub(super) fn members(bundle: &Bundle, resources: &Resources, label: Option<(&str, &str)>) -> Result<Vec<Wanted>, Vec<Problem>> {
    let brought = brought(bundle);
    let one = |_, object: &Object| {
        let id = object.id();
        let resource = resources.exact(&id.group, &id.version, &id.kind).cloned();
        let is_brought = brought.contains(&(id.group.as_str(), id.version.as_str(), id.kind.as_str()));
        if resource.is_none() && !is_brought {
            return Err(unknown(&id, resources));
        }
        Ok(Wanted { object: Arc::new(labelled(object, label)), id, resource })
    };
    let (mut wanted, mut problems) = (Vec::with_capacity(bundle.objects.len()), Vec::new());
    for one in bundle.map_all(one) {
        match one {
            Ok(one) => wanted.push(one),
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() { Ok(wanted) } else { Err(problems) }
}

/// Group, version and kind of what the bundle's own CRDs define.
fn brought(bundle: &Bundle) -> BTreeSet<(&str, &str, &str)> {
    let mut kinds = BTreeSet::new();
    for crd in bundle.objects.iter().filter(|object| object.kind() == "CustomResourceDefinition") {
        let Some(spec) = crd.root.get("spec") else { continue };
        let group = spec.get("group").and_then(Node::as_str);
        let kind = spec.get("names").and_then(|names| names.get("kind")).and_then(Node::as_str);
        let versions = spec.get("versions").and_then(Node::as_list).unwrap_or_default();
        if let (Some(group), Some(kind)) = (group, kind) {
            let served = versions.iter().filter(|version| version.get("served").and_then(Node::as_bool) != Some(false));
            kinds.extend(served.filter_map(|version| Some((group, version.get("name")?.as_str()?, kind))));
        }
    }
    kinds
}

/// A copy with the label. Its tree shares what doesn't change; what `explain` alone asks for isn't copied.
fn labelled(object: &Object, label: Option<(&str, &str)>) -> Object {
    let Object { source, root, span, made_by, hashed, rolls_out, touches: _ } = object;
    let (source, root) = (source.clone(), root.clone());
    let mut object =
        Object { source, root, span: *span, made_by: *made_by, touches: Vec::new(), hashed: *hashed, rolls_out: *rolls_out };
    if let Some((key, value)) = label {
        let span = object.span;
        let metadata = object.map_mut().and_then(|root| root.child_map("metadata", span));
        if let Some(labels) = metadata.and_then(|metadata| metadata.child_map("labels", span)) {
            labels.set(key, Node::text(value, span));
        }
    }
    object
}

fn unknown(id: &ObjectId, resources: &Resources) -> Problem {
    let (api_version, kind) = (id.api_version(), &id.kind);
    if resources.is_unknown(&id.group) {
        return Problem {
            id: id.clone(),
            message: format!("the API group `{}` doesn't answer: the server behind it is down", id.group),
            hint: Some(format!("`kubectl get apiservices` shows the state of `{}`", id.group)),
        };
    }
    let served: Vec<String> =
        resources.versions(&id.group, kind).iter().map(|resource| format!("`{}`", resource.api_version())).collect();
    let hint = if served.is_empty() {
        "install what brings the kind, or put its CustomResourceDefinition into the bundle".to_owned()
    } else {
        format!("it serves {kind} as {}", served.join(", "))
    };
    Problem { id: id.clone(), message: format!("the server has no kind `{kind}` of `{api_version}`"), hint: Some(hint) }
}
