//! Webhooks and a broken API, as the API server meets them.

use std::time::Duration;

use serde_json::{Value, json};

use super::namespace;
use crate::server::{Cluster, cluster};
use crate::webhook::{Behaviour, BrokenApi, Webhook};

/// Makes a Secret, in a dry-run or for real.
fn make(namespace: &str, dry_run: bool) -> Result<Value, String> {
    let query = if dry_run { "?dryRun=All" } else { "" };
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "one"}}).to_string();
    cluster().send("POST", &format!("/api/v1/namespaces/{namespace}/secrets{query}"), "application/json", &secret)
}

fn behaving(behaviour: Behaviour) -> (String, Webhook) {
    let own = namespace("webhook");
    let webhook = Webhook::register(cluster(), &own, ("", "secrets"), behaviour);
    (own, webhook)
}

#[test]
fn one_that_denies() {
    let (own, webhook) = behaving(Behaviour::Deny("not on a Friday".to_owned()));
    let refused = make(&own, false).expect_err("it denies");
    assert!(refused.starts_with("403") && refused.contains("not on a Friday"), "{refused}");
    assert_eq!(webhook.calls(), 1);
    make(&namespace("webhook"), false).expect("other namespaces aren't its business");
    drop(webhook);
    // The API server hears of it a little later.
    assert!((0..5000).any(|_| make(&own, false).is_ok()), "it is taken away");
}

#[test]
fn one_that_is_down() {
    let (own, webhook) = behaving(Behaviour::Down);
    let refused = make(&own, false).expect_err("nobody admits it");
    assert!(refused.starts_with("500") && refused.contains("failed calling webhook"), "{refused}");
    assert_eq!(webhook.calls(), 0);
}

#[test]
fn one_without_dry_runs() {
    let (own, _webhook) = behaving(Behaviour::NoDryRun);
    let refused = make(&own, true).expect_err("a dry-run is refused");
    assert!(refused.starts_with("400") && refused.contains("does not support dry run"), "{refused}");
    make(&own, false).expect("a real one isn't");
}

/// Why `NoDryRun` isn't registered with `sideEffects: Some`.
#[test]
fn side_effects_cant_be_registered() {
    let configuration = json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration", "metadata": {"name": "side-effects"},
        "webhooks": [{
            "name": "side.effects.example.org", "sideEffects": "Some", "admissionReviewVersions": ["v1"],
            "clientConfig": {"url": "https://127.0.0.1:1/"}, "rules": [],
        }],
    });
    let path = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";
    let refused = cluster().send("POST", path, "application/json", &configuration.to_string()).expect_err("it is refused");
    assert!(refused.starts_with("422") && refused.contains("sideEffects"), "{refused}");
}

#[test]
fn one_that_mutates() {
    let patch = json!([{"op": "add", "path": "/metadata/annotations", "value": {"by": "webhook"}}]);
    let (own, _webhook) = behaving(Behaviour::Mutate(patch));
    assert_eq!(make(&own, true).expect("admitted")["metadata"]["annotations"]["by"], "webhook");
}

#[test]
fn one_that_is_slow() {
    let time = Duration::from_millis(300);
    let (own, webhook) = behaving(Behaviour::Slow(time));
    make(&own, false).expect("admitted in the end");
    assert_eq!(webhook.calls(), 1);
}

#[test]
fn an_aggregated_api_that_is_down() {
    let own = Cluster::start();
    let broken = BrokenApi::register(&own, "broken.example.org");
    let groups = own.get("/apis")["groups"].to_string();
    assert!(groups.contains("broken.example.org"), "its group is still told of");
    drop(broken);
    let gone = (0..5000).any(|_| {
        own.send("GET", "/apis/broken.example.org/v1", "application/json", "").is_err_and(|error| error.starts_with("404"))
    });
    assert!(gone, "it is taken away");
}
