//! Fields by kind, as kustomize's field specs name them: data, and the walk to them.

use crate::object::{Data, FieldPath, Map, Node, ObjectId};
use crate::source::Span;

/// A field of some kinds. `None` in group or version means any.
#[derive(Debug, Clone, Copy)]
pub(super) struct FieldSpec {
    pub(super) group: Option<&'static str>,
    pub(super) kind: &'static str,
    /// Steps from the root; a list on the way means each of its items.
    pub(super) path: &'static [&'static str],
    /// Whether the map that holds the last step is made where it is missing.
    pub(super) create: bool,
}

/// A row of a table: group (`*`: any), kind, path with dots, whether to create.
macro_rules! spec {
    ($group:literal, $kind:literal, [$($step:literal),+], $create:literal) => {
        $crate::transform::field_spec::FieldSpec {
            group: match $group.as_bytes() {
                b"*" => None,
                _ => Some($group),
            },
            kind: $kind,
            path: &[$($step),+],
            create: $create,
        }
    };
}
pub(super) use spec;

impl FieldSpec {
    /// Whether the row is about this kind.
    pub(super) fn applies(&self, id: &ObjectId) -> bool {
        self.kind == id.kind && self.group.is_none_or(|group| group == id.group)
    }

    /// Calls `edit` with the map that holds the last step, its path, and the last step, at every place of `root` that the path leads
    /// to. What the row creates is made with `span`.
    pub(super) fn each(&self, root: &mut Node, span: Span, edit: &mut dyn FnMut(&mut Map, &FieldPath, &'static str)) {
        descend(root, self.path, self.create, span, &mut FieldPath::root(), edit);
    }
}

fn descend(
    node: &mut Node,
    steps: &[&'static str],
    create: bool,
    span: Span,
    here: &mut FieldPath,
    edit: &mut dyn FnMut(&mut Map, &FieldPath, &'static str),
) {
    match &mut node.data {
        Data::List(items) => {
            for (at, item) in items.iter_mut().enumerate() {
                here.push_index(at);
                descend(item, steps, create, span, here, edit);
                here.pop();
            }
        }
        Data::Map(map) => match steps {
            [] => {}
            [last] => edit(map, here, last),
            [first, rest @ ..] => {
                // a template that is missing is a mistake to report, not one to hide: only the map right above the field is made
                if create && rest.len() == 1 {
                    map.child_map(first, span);
                }
                if let Some(node) = map.get_mut(first) {
                    here.push_field(*first);
                    descend(node, rest, create, span, here, edit);
                    here.pop();
                }
            }
        },
        _ => {}
    }
}
