//! Laws of the stores, and what the built-in ones hold.

use serde_json::{Value, json};

use super::*;

fn builtin() -> &'static Schemas {
    Schemas::builtin("1.37").unwrap()
}

/// All nodes, read.
fn nodes(schemas: &Schemas) -> Vec<Schema> {
    (0..u32::try_from(schemas.store().len()).unwrap()).map(|id| schemas.store().get(NodeId(id)).clone()).collect()
}

fn repack(schemas: &Schemas) -> Schemas {
    Schemas::packed(Box::leak(pack(schemas).into_boxed_slice())).unwrap()
}

fn walk<'a>(group: &str, version: &str, kind: &str, path: &str) -> SchemaRef<'a> {
    let root = builtin().kind(group, version, kind).unwrap().root();
    path.split('.')
        .fold(root, |at, step| if step == "[]" { at.items() } else { at.child(step) }.unwrap_or_else(|| panic!("{step}")))
}

#[test]
fn what_is_packed_reads_back_the_same() {
    for schemas in [builtin(), Schemas::external_secrets().unwrap()] {
        let again = repack(schemas);
        assert_eq!(again.kinds(), schemas.kinds());
        assert_eq!(nodes(&again), nodes(schemas));
        assert_eq!(pack(&again), pack(schemas));
    }
}

#[test]
fn every_limit_survives_packing() {
    let crd = crd(&json!({"type": "object", "properties": {
        "a": {"type": "integer", "minimum": 1, "exclusiveMinimum": true, "maximum": 9.5, "exclusiveMaximum": true, "multipleOf": 3},
        "b": {"type": "string", "minLength": 1, "maxLength": 9, "pattern": "^x", "enum": ["x", "y"], "default": "x", "nullable": true},
        "c": {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 300, "uniqueItems": true,
            "x-kubernetes-list-type": "set"},
        "d": {"type": "object", "minProperties": 1, "maxProperties": 2, "additionalProperties": {"type": "number"}},
        "e": {"type": "object", "x-kubernetes-preserve-unknown-fields": true, "x-kubernetes-map-type": "atomic",
            "oneOf": [{"required": ["p"]}, {"required": ["q"]}], "anyOf": [{"not": {"required": ["r"]}}], "allOf": [{}],
            "not": {"required": ["s"]}},
        "f": {"x-kubernetes-int-or-string": true, "anyOf": [{"type": "integer"}, {"type": "string"}]},
        "g": {"type": "object", "x-kubernetes-embedded-resource": true},
    }}));
    let schemas = custom_kinds([&crd]);
    let again = repack(&schemas);
    assert_eq!(nodes(&again), nodes(&schemas));
    let root = again.kind("example.org", "v1", "Thing").unwrap().root();
    assert_eq!(root.child("f").unwrap().shape, Shape::IntOrText);
    assert!(root.child("f").unwrap().limits.is_none());
    assert_eq!(root.child("e").unwrap().limits.as_ref().unwrap().one_of.len(), 2);
    assert_eq!(root.child("c").unwrap().list, ListKind::Set);
    assert!(root.child("g").unwrap().child("apiVersion").is_some());
}

#[test]
fn damaged_bytes_are_no_store() {
    let whole = pack(&custom_kinds([&crd(&json!({"type": "object"}))]));
    for length in 0..whole.len() {
        let cut: &'static [u8] = Box::leak(whole[..length].to_vec().into_boxed_slice());
        if let Some(schemas) = Schemas::packed(cut) {
            nodes(&schemas);
            schemas.kinds();
        }
    }
}

#[test]
fn every_node_of_the_built_in_stores_decodes() {
    for (schemas, at_least) in [(builtin(), 900), (Schemas::external_secrets().unwrap(), 300)] {
        assert!(schemas.store().len() > at_least);
        // A node that can't be decoded reads as one that accepts anything: there is one such node at most.
        assert!(nodes(schemas).iter().filter(|node| **node == Schema::default()).count() <= 1);
        assert!(schemas.kinds().iter().all(|kind| schemas.kind(&kind.group, &kind.version, &kind.kind).is_some()));
    }
}

#[test]
fn a_kind_says_where_it_lives() {
    let deployment = builtin().kind("apps", "v1", "Deployment").unwrap();
    assert!(deployment.namespaced() && deployment.storable);
    assert_eq!(deployment.resource, "deployments");
    assert_eq!(builtin().kind("", "v1", "Namespace").unwrap().scope, Scope::Cluster);
    assert_eq!(builtin().kind("autoscaling", "v1", "Scale").unwrap().scope, Scope::None);
    assert!(!builtin().kind("", "v1", "ConfigMapList").unwrap().storable);
    assert!(!builtin().kind("authorization.k8s.io", "v1", "SubjectAccessReview").unwrap().storable);
    assert!(builtin().kind("apps", "v1beta1", "Deployment").is_none());
    assert!(Schemas::builtin("1.36").is_none());
}

#[test]
fn shapes_and_merge_keys_are_those_of_the_server() {
    let containers = walk("apps", "v1", "Deployment", "spec.template.spec.containers");
    assert_eq!(containers.list, ListKind::Keyed(vec!["name".into()]));
    assert!(containers.patch.merge && containers.patch.key == "name");
    let ports = walk("apps", "v1", "Deployment", "spec.template.spec.containers.[].ports");
    assert_eq!(ports.list, ListKind::Keyed(vec!["containerPort".into(), "protocol".into()]));
    assert_eq!(ports.patch.key, "containerPort");
    assert_eq!(ports.items().unwrap().child("protocol").unwrap().default, Some("TCP".into()));
    assert!(ports.items().unwrap().child("protocol").unwrap().allowed.contains(&"SCTP".into()));
    assert!(ports.items().unwrap().field("containerPort").unwrap().required);
    let volumes = walk("", "v1", "Pod", "spec.volumes");
    assert!(volumes.patch.merge && volumes.patch.retain_keys);
    assert!(walk("apps", "v1", "Deployment", "spec.strategy").patch.retain_keys);
    assert!(walk("apps", "v1", "Deployment", "spec.template.spec").is("v1.PodSpec"));
    assert!(!walk("apps", "v1", "Deployment", "spec").is("v1.PodSpec"));
    assert_eq!(walk("", "v1", "Service", "spec.ports.[].targetPort").shape, Shape::IntOrText);
    assert_eq!(walk("", "v1", "Pod", "spec.containers.[].resources.limits.cpu").shape, Shape::Quantity);
    assert_eq!(walk("", "v1", "Secret", "data.anything").format, "byte");
    assert!(walk("", "v1", "Service", "spec.selector").atomic_map);
    assert_eq!(walk("", "v1", "ConfigMap", "data").child("k").unwrap().shape, Shape::Text);
    assert!(walk("", "v1", "ConfigMap", "metadata").child("nonsense").is_none());
}

#[test]
fn a_schema_that_holds_itself_ends() {
    let below = "spec.versions.[].schema.openAPIV3Schema.properties.any.properties.deeper.not.not";
    assert!(walk("apiextensions.k8s.io", "v1", "CustomResourceDefinition", below).is("v1.JSONSchemaProps"));
}

#[test]
fn a_custom_root_has_metadata_and_refuses_other_fields() {
    let schemas = custom_kinds([&crd(&json!({"type": "object", "properties": {
        "metadata": {"type": "object", "properties": {"name": {"type": "string", "maxLength": 10}}},
        "spec": {"type": "object"},
    }}))]);
    let thing = schemas.kind("example.org", "v1", "Thing").unwrap();
    let root = thing.root();
    assert!(thing.namespaced() && root.embedded);
    assert!(root.child("kind").is_some() && root.child("nonsense").is_none());
    assert_eq!(root.child("metadata").unwrap().child("name").unwrap().limits.as_ref().unwrap().max_length, Some(10));
    assert_eq!(root.child("spec").unwrap().shape, Shape::Object { fields: Vec::new(), others: Others::Refused });
    assert!(matches!(root.child("metadata").unwrap().shape, Shape::Object { others: Others::Free, .. }));
    assert!(schemas.kind("example.org", "v2", "Thing").is_none());
}

#[test]
fn external_secrets_are_there() {
    let kind = Schemas::external_secrets().unwrap().kind("external-secrets.io", "v1", "ExternalSecret").unwrap();
    assert!(kind.namespaced());
    let policy = kind.root().child("spec").unwrap().child("target").unwrap().child("creationPolicy").unwrap();
    assert!(policy.allowed.contains(&"Owner".into()));
}

fn crd(schema: &Value) -> Value {
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "things.example.org"},
        "spec": {"group": "example.org", "scope": "Namespaced", "names": {"kind": "Thing", "plural": "things"}, "versions": [
            {"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": schema}},
            {"name": "v2", "served": false, "storage": false},
        ]},
    })
}
