//! Other counts of replicas.

use super::TRANSFORM_NOTHING;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::environment::Transform;
use crate::object::podspec::is_custom_group;
use crate::object::{Bundle, Data, FieldPath, Node, Object, Selector};

/// The built-in kinds that have `spec.replicas`.
const SCALED: [(&str, &str); 4] =
    [("apps", "Deployment"), ("apps", "StatefulSet"), ("apps", "ReplicaSet"), ("", "ReplicationController")];

/// Applies all `[[transform.replicas]]` tables, in order.
pub(super) fn apply(transform: &Transform, bundle: &mut Bundle, diagnostics: &mut Diagnostics) {
    for replicas in &transform.replicas {
        let selector = match Selector::read(&replicas.target) {
            Ok(selector) => selector,
            Err(finding) => {
                diagnostics.push(finding);
                continue;
            }
        };
        let span = replicas.count.span();
        let mut selected = None;
        let mut any = false;
        for object in bundle.objects.iter_mut().filter(|object| selector.selects(object)) {
            selected.get_or_insert_with(|| object.source.clone());
            if !is_scaled(object) {
                continue;
            }
            if let Some(spec) = object.map_mut().and_then(|root| root.child_map("spec", span)) {
                spec.set("replicas", Node::new(Data::Int(replicas.count.value), span));
                object.touch(FieldPath::of(&["spec", "replicas"]), "transform.replicas", span);
                any = true;
            }
        }
        match selected {
            _ if any => {}
            None => diagnostics.push(selector.nothing(&TRANSFORM_NOTHING, "`[[transform.replicas]]`", bundle)),
            Some(id) => diagnostics.push(
                Diagnostic::new(&TRANSFORM_NOTHING, format!("`[[transform.replicas]]` touches nothing: `{id}` has no replicas"))
                    .at(replicas.target.span(), "selects it")
                    .hint("Deployments, StatefulSets, ReplicaSets and ReplicationControllers have; a custom resource if it has `spec.replicas`"),
            ),
        }
    }
}

fn is_scaled(object: &Object) -> bool {
    let id = &object.source;
    SCALED.iter().any(|(group, kind)| *group == id.group && *kind == id.kind)
        || is_custom_group(&id.group) && FieldPath::of(&["spec", "replicas"]).find(&object.root).is_some()
}
