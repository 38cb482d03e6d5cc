//! Masked output can't be applied: the server refuses the annotation that marks it, of every kind, custom ones with free-form fields
//! among them, however little it validates.

use plimsoll::check::schema::{Kind, Schemas, Scope};
use plimsoll::object::mask::MASKED_ANNOTATION;
use serde_json::{Value, json};

use crate::server::cluster;

fn object(api_version: &str, kind: &str, masked: bool) -> Value {
    let annotations = if masked { json!({MASKED_ANNOTATION: {"values": 1}}) } else { json!({}) };
    json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "masked", "annotations": annotations}})
}

/// The server's answers to creating and applying, without strict validation.
fn ask(path: &str, object: &Value) -> [Result<Value, String>; 2] {
    let query = "dryRun=All&fieldValidation=Ignore&fieldManager=plimsoll";
    let body = object.to_string();
    [
        cluster().send("POST", &format!("{path}?{query}"), "application/json", &body),
        cluster().send("PATCH", &format!("{path}/masked?{query}"), "application/apply-patch+yaml", &body),
    ]
}

/// Refused, and for what the annotation is: not for what the bare object lacks.
fn assert_refused(what: &str, answers: [Result<Value, String>; 2]) {
    for answer in answers {
        let said = answer.expect_err(what);
        let of_annotation =
            ["annotations", "Annotations", "ObjectMeta", "cannot unmarshal object", "unmarshal", "expected string"];
        assert!(of_annotation.iter().any(|word| said.contains(word)), "{what} is refused for something else: {said}");
    }
}

fn folder(kind: &Kind) -> String {
    let root = if kind.group.is_empty() { "/api".to_owned() } else { format!("/apis/{}", kind.group) };
    let namespace = if kind.scope == Scope::Namespaced { "/namespaces/default" } else { "" };
    format!("{root}/{}{namespace}/{}", kind.version, kind.resource)
}

#[test]
fn every_kind_refuses_the_mask() {
    let kinds: Vec<Kind> = Schemas::builtin("1.37").unwrap().kinds().into_iter().filter(|kind| kind.storable).collect();
    for kind in &kinds {
        let api_version =
            if kind.group.is_empty() { kind.version.to_string() } else { format!("{}/{}", kind.group, kind.version) };
        assert_refused(&format!("{api_version} {}", kind.kind), ask(&folder(kind), &object(&api_version, &kind.kind, true)));
    }
    println!("kinds that refuse masked output: {}", kinds.len());
    assert!(kinds.len() >= 60);
}

#[test]
fn free_form_custom_resources_refuse_the_mask() {
    let crd = json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "anythings.masked.example"},
        "spec": {"group": "masked.example", "scope": "Cluster", "names": {"kind": "Anything", "plural": "anythings"}, "versions": [{
            "name": "v1", "served": true, "storage": true,
            "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}}]}
    });
    cluster()
        .send("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", "application/json", &crd.to_string())
        .unwrap();
    let path = "/apis/masked.example/v1/anythings";
    let served = || ask(path, &object("masked.example/v1", "Anything", false)).iter().all(Result::is_ok);
    assert!(
        (0..200).any(|_| served() || {
            std::thread::sleep(std::time::Duration::from_millis(50));
            false
        }),
        "it isn't served in time"
    );
    let mut masked = object("masked.example/v1", "Anything", true);
    masked["spec"] = json!({"token": {"file": "environments/prod.secrets.age", "key": "token", "fingerprint": "0123456789ab"}});
    assert_refused("a free-form custom resource", ask(path, &masked));
}
