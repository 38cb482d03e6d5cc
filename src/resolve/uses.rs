//! Which config objects each pod uses: gathered once, before names are rewritten.

use super::names::{Found, Names, Wanted};
use crate::object::podspec::{ConfigKind, UseBy, config_uses, pod_spec_paths};
use crate::object::{Bundle, FieldPath, Node, Object, Text};

/// One use.
#[derive(Debug, Clone)]
pub(super) struct Use {
    pub(super) kind: ConfigKind,
    /// The final name, or the name as written if the bundle doesn't have the object.
    pub(super) name: Text,
    /// The object in the bundle, if it is there itself.
    pub(super) object: Option<usize>,
    pub(super) by: UseBy,
}

/// One pod spec of an object.
#[derive(Debug, Clone)]
pub(super) struct Pod {
    /// The object's position in the bundle.
    pub(super) object: usize,
    /// Where the pod spec stands.
    pub(super) path: FieldPath,
    /// The service account, as the source names it.
    pub(super) account: Text,
    pub(super) uses: Vec<Use>,
}

/// All pods of the bundle that use config objects.
pub(super) fn gather(bundle: &Bundle, names: &Names) -> Vec<Pod> {
    let of_object = |at: usize, object: &Object| {
        let paths = pod_spec_paths(object).into_iter();
        paths.filter_map(|path| pod(at, object, path, names)).collect::<Vec<_>>()
    };
    bundle.map_all(of_object).into_iter().flatten().collect()
}

fn pod(at: usize, object: &Object, path: FieldPath, names: &Names) -> Option<Pod> {
    let spec = path.find(&object.root)?.as_map()?;
    let mut uses = Vec::new();
    for used in config_uses(spec, &path) {
        let wanted = Wanted { group: Some(""), kind: used.kind.name(), name: used.name, namespace: object.namespace() };
        let (name, target) = match names.find(wanted) {
            Found::One(target) => (target.name.clone(), target.is_it.then_some(target.object)),
            Found::Nothing | Found::Several(..) => (used.name.into(), None),
        };
        uses.push(Use { kind: used.kind, name, object: target, by: used.by });
    }
    if uses.is_empty() {
        return None;
    }
    let account = spec.get("serviceAccountName").or_else(|| spec.get("serviceAccount")).and_then(Node::as_str);
    Some(Pod { object: at, path, account: account.unwrap_or("default").into(), uses })
}
