use serde_json::{Value, json};

use crate::check::testing::Case;

/// The rule names of the errors that one object gives, with their fields.
fn errors(object: Value) -> Vec<String> {
    let findings = Case::new(json!([object])).findings();
    let ours = findings.iter().filter(|finding| super::CHECK.rules.contains(&finding.rule));
    ours.map(|finding| format!("{} {}", finding.rule.name, finding.field.as_deref().unwrap_or("-"))).collect()
}

fn pod(fields: Value) -> Value {
    let mut container = json!({"name": "c", "image": "x:1"});
    container.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [container]}})
}

#[test]
fn sound_objects_have_no_findings() {
    for object in [
        pod(
            json!({"ports": [{"containerPort": 80}], "env": [{"name": "A", "value": "SEALED"}], "resources": {"limits": {"cpu": 1}}}),
        ),
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"k": "SEALED", "l": "YQ=="}}),
        json!({"apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret", "metadata": {"name": "e"}, "spec": {
            "secretStoreRef": {"name": "vault", "kind": "SecretStore"}, "refreshInterval": "1h",
            "data": [{"secretKey": "k", "remoteRef": {"key": "a", "property": "b"}}]}}),
    ] {
        assert_eq!(errors(object.clone()), Vec::<String>::new(), "{object}");
    }
}

#[test]
fn structure() {
    for (fields, expected) in [
        (json!({"imag": "x"}), "unknown-field spec.containers[0].imag"),
        (json!({"image": 7}), "wrong-field-type spec.containers[0].image"),
        (json!({"image": null}), "missing-field spec.containers[0].image"),
        (json!({"imagePullPolicy": "Sometimes"}), "unknown-value spec.containers[0].imagePullPolicy"),
        (json!({"ports": [{"containerPort": 5_000_000_000_i64}]}), "invalid-format spec.containers[0].ports[0].containerPort"),
        (json!({"resources": {"limits": {"memory": "1GB"}}}), "invalid-quantity spec.containers[0].resources.limits.memory"),
        (json!({"ports": [{"containerPort": "SEALED"}]}), "wrong-field-type spec.containers[0].ports[0].containerPort"),
        (json!({"env": [{"name": "A"}, {"name": "A"}]}), "duplicate-item spec.containers[0].env[1]"),
        (json!({"env": [{"name": "A", "secretRef": {"name": "s"}}]}), "unknown-field spec.containers[0].env[0].secretRef"),
        (json!({"name": "Bad Name"}), "invalid-name spec.containers[0].name"),
        (json!({"volumeMounts": [{"name": "v", "mountPath": "/x"}]}), "missing-volume spec.containers[0].volumeMounts[0].name"),
        (json!({"livenessProbe": {}}), "missing-field spec.containers[0].livenessProbe"),
        (
            json!({"resources": {"limits": {"cpu": "1"}, "requests": {"cpu": "2"}}}),
            "invalid-quantity spec.containers[0].resources.requests.cpu",
        ),
    ] {
        let found = errors(pod(fields.clone()));
        assert!(found.iter().any(|finding| finding == expected), "{fields}: {found:?}");
    }
}

#[test]
fn kinds_and_scopes() {
    let of = |api_version: &str, kind: &str| {
        let object = json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "x"}, "spec": {}});
        let findings = Case::new(json!([object])).findings();
        let hint = findings.first().map(|finding| format!("{}: {}", finding.rule.name, finding.hints.join("; ")));
        hint.unwrap_or_default()
    };
    assert_eq!(of("apps/v1", "Deploymant"), "unknown-kind: did you mean `Deployment` of `apps/v1`?");
    assert_eq!(of("extensions/v1beta1", "Ingress"), "unknown-kind: write `apiVersion: networking.k8s.io/v1`");
    assert_eq!(of("app/v1", "Deployment"), "unknown-kind: write `apiVersion: apps/v1`");
    assert!(of("monitoring.coreos.com/v1", "ServiceMonitor").starts_with("no-schema: add its CustomResourceDefinition"));
    let object =
        json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "x", "namespace": "y"}});
    assert_eq!(errors(object), ["wrong-scope metadata.namespace"]);
    assert!(
        errors(json!({"apiVersion": "v1", "kind": "PodList", "metadata": {"name": "x"}}))
            .contains(&"unknown-kind kind".to_owned())
    );
}

#[test]
fn custom_kinds_of_the_bundle() {
    let schema = json!({"type": "object", "properties": {"spec": {"type": "object", "required": ["size"], "properties": {
        "size": {"type": "integer", "minimum": 1}, "mode": {"type": "string", "enum": ["a", "b"], "pattern": "^[ab]$"},
        "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}}}});
    let crd = json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "widgets.x.io"},
        "spec": {"group": "x.io", "scope": "Namespaced", "names": {"plural": "widgets", "kind": "Widget"},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": schema}}]}});
    let of = |labels: Value, spec: Value| {
        let widget =
            json!({"apiVersion": "x.io/v1", "kind": "Widget", "metadata": {"name": "w", "labels": labels}, "spec": spec});
        let findings = Case::new(json!([crd, widget])).findings();
        let names = findings.iter().map(|finding| format!("{} {}", finding.rule.name, finding.field.as_deref().unwrap_or("-")));
        names.collect::<Vec<_>>().join(", ")
    };
    assert_eq!(of(json!({}), json!({"size": 1, "free": {"any": [1]}})), "");
    assert_eq!(of(json!({}), json!({"mode": "a"})), "missing-field spec.size");
    assert_eq!(of(json!({}), json!({"size": 0})), "invalid-value spec.size");
    assert_eq!(of(json!({}), json!({"size": 1, "mod": "a"})), "unknown-field spec.mod");
    assert_eq!(of(json!({}), json!({"size": 1, "mode": "c"})), "unknown-value spec.mode, invalid-format spec.mode");
    assert_eq!(of(json!({"bad key": "x"}), json!({"size": 1})), "invalid-label metadata.labels[\"bad key\"]");
}

#[test]
fn a_configmap_of_more_than_a_mebibyte() {
    let object = |size: usize| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m"}, "data": {"k": "x".repeat(size)}});
    assert_eq!(errors(object(1024 * 1024)), Vec::<String>::new());
    assert_eq!(errors(object(1024 * 1024 + 1)), ["too-large -"]);
}

#[test]
fn selectors_and_names() {
    let deployment = |selector: Value, labels: Value| {
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": {
            "selector": selector, "template": {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "x:1"}]}}}})
    };
    assert_eq!(errors(deployment(json!({"matchLabels": {"a": "b"}}), json!({"a": "b", "c": "d"}))), Vec::<String>::new());
    assert_eq!(errors(deployment(json!({"matchLabels": {"a": "b"}}), json!({"a": "c"}))), ["wrong-selector spec.selector"]);
    assert_eq!(errors(deployment(json!({}), json!({"a": "c"}))), ["wrong-selector spec.selector"]);
    let named = |kind: &str, name: &str| errors(json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": name}}));
    assert_eq!(named("Secret", "my secret"), ["invalid-name metadata.name"]);
    assert_eq!(named("Namespace", "a.b"), ["invalid-name metadata.name"]);
    assert_eq!(named("ConfigMap", "a.b"), Vec::<String>::new());
}
