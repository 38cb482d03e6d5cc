//! From CustomResourceDefinitions to a set of kinds.

use serde_json::{Map, Value};

use super::convert::{Builder, Dialect, EMBEDDED};
use super::kinds::{Kind, Scope};
use super::store::Schemas;

/// The kinds that CRDs (`apiextensions.k8s.io/v1`, as JSON) define, in every version that they serve. A version without a
/// schema takes anything; what isn't a CRD, or lacks a name, defines nothing: checking the CRD itself is another's work.
///
/// The root of a custom object, and each embedded object, is marked [`embedded`](super::Schema::embedded): there `metadata` is
/// what [`Schemas::object_meta`] says, and what the CRD says of it comes on top.
pub fn custom_kinds<'a>(crds: impl IntoIterator<Item = &'a Value>) -> Schemas {
    let mut builder = Builder::default();
    let mut kinds = Vec::new();
    for crd in crds {
        for version in crd.pointer("/spec/versions").and_then(Value::as_array).into_iter().flatten() {
            kinds.extend(custom_kind(&mut builder, crd, version));
        }
    }
    Schemas::of(builder.finish(), kinds)
}

fn custom_kind(builder: &mut Builder, crd: &Value, version: &Value) -> Option<Kind> {
    let text = |pointer: &str| crd.pointer(pointer).and_then(Value::as_str);
    if version.get("served").and_then(Value::as_bool) == Some(false) {
        return None;
    }
    let mut root = match version.pointer("/schema/openAPIV3Schema").and_then(Value::as_object) {
        Some(root) => root.clone(),
        None => Map::from_iter([("x-kubernetes-preserve-unknown-fields".to_owned(), Value::Bool(true))]),
    };
    root.insert("type".to_owned(), "object".into());
    root.insert(EMBEDDED.to_owned(), Value::Bool(true));
    Some(Kind {
        group: text("/spec/group")?.into(),
        version: version.get("name")?.as_str()?.into(),
        kind: text("/spec/names/kind")?.into(),
        resource: text("/spec/names/plural")?.into(),
        scope: if text("/spec/scope") == Some("Namespaced") { Scope::Namespaced } else { Scope::Cluster },
        storable: true,
        root: builder.place(&Value::Object(root), Dialect::Custom, &Map::new()),
    })
}
