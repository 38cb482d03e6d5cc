//! A cluster that doesn't let us: webhooks, quotas, namespaces, definitions, APIs that are down.

use std::time::Duration;

use serde_json::json;

use super::{changed, diff, post, says, written};
use crate::bundle::{Bundle, ENVIRONMENT};
use crate::server::{Cluster, cluster};
use crate::stack::Stack;
use crate::webhook::{Behaviour, BrokenApi, Webhook};

const DEPLOYMENTS: (&str, &str) = ("apps", "deployments");
const JSON: &str = "application/json";

#[test]
fn a_webhook_that_denies() {
    let stack = changed("hook-denies");
    let hook = Webhook::register(cluster(), &stack.namespace, DEPLOYMENTS, Behaviour::Deny("not on a Friday".to_owned()));
    says(&stack.apply().exits(3), &["not on a Friday", "Deployment/api"]);
    assert!(written(&stack).is_empty() && hook.calls() > 0, "{:?}", written(&stack));
    drop(hook);
    stack.converges();
}

#[test]
fn a_webhook_that_is_down() {
    let stack = changed("hook-down");
    let hook = Webhook::register(cluster(), &stack.namespace, DEPLOYMENTS, Behaviour::Down);
    says(&stack.apply().exits(3), &["webhook", "Deployment/api"]);
    assert!(written(&stack).is_empty(), "{:?}", written(&stack));
    drop(hook);
    stack.converges();
}

#[test]
fn a_webhook_without_dry_runs_is_asked_when_it_counts() {
    let stack = changed("hook-dry");
    let _hook = Webhook::register(cluster(), &stack.namespace, DEPLOYMENTS, Behaviour::NoDryRun);
    diff(&stack).exits(1);
    stack.apply().exits(0);
    diff(&stack).exits(0);
}

#[test]
fn a_webhook_that_is_slow() {
    let stack = changed("hook-slow");
    let hook = Webhook::register(cluster(), &stack.namespace, DEPLOYMENTS, Behaviour::Slow(Duration::from_millis(300)));
    stack.apply().exits(0);
    assert!(hook.calls() > 0);
    diff(&stack).exits(0);
}

#[test]
fn a_quota_that_is_full() {
    let stack = changed("quota");
    let quotas = format!("/api/v1/namespaces/{}/resourcequotas", stack.namespace);
    let hard = json!({"count/configmaps": "1"});
    let quota = json!({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "full"}, "spec": {"hard": hard}});
    post(&quotas, &quota);
    // No controller counts here.
    let status = json!({"status": {"hard": hard, "used": {"count/configmaps": "1"}}}).to_string();
    cluster().send("PATCH", &format!("{quotas}/full/status"), "application/merge-patch+json", &status).expect("a status");
    let run = stack.apply().exits(4);
    says(&run, &["exceeded quota", "ConfigMap/added"]);
    assert!(!written(&stack).is_empty(), "the rest is applied");
    cluster().send("DELETE", &format!("{quotas}/full"), JSON, "").expect("the quota");
    // The API server hears of it a little later.
    assert!((0..200).any(|_| stack.apply().code == Some(0)), "without the quota it is applied");
    diff(&stack).exits(0);
}

#[test]
fn a_namespace_that_nobody_makes() {
    let stack = Stack::new("absent");
    stack.bundle.edit("create = true", "create = false");
    diff(&stack);
    let run = stack.apply();
    says(&run, &[&stack.namespace]);
    assert!(matches!(run.code, Some(3 | 6)), "{:?}: {}", run.code, run.said());
    assert!(written(&stack).is_empty(), "{:?}", written(&stack));
}

#[test]
fn a_definition_that_never_gets_established() {
    let stack = Stack::new("unestablished");
    let group = format!("{}.example.org", stack.namespace);
    // Somebody else's definition has the name of the list.
    let definition = json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("gadgets.{group}")},
        "spec": {"group": group, "scope": "Namespaced", "names": {"plural": "gadgets", "kind": "Gadget", "listKind": "WidgetList"},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {"type": "object"}}}]},
    });
    let definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    post(definitions, &definition);
    let is_accepted = || {
        let conditions = cluster().get(&format!("{definitions}/gadgets.{group}"))["status"]["conditions"].to_string();
        conditions.contains("Established")
    };
    assert!((0..5000).any(|_| is_accepted()), "theirs is established");
    let arguments = ["apply", ENVIRONMENT, "--yes", "--timeout", "3s"];
    let run = stack.bundle.plimsoll(&arguments).exits(4);
    let name = format!("widgets.{group}");
    says(&run, &[&name, "NamesAccepted", "WidgetList", "Widget/one"]);
    cluster().send("DELETE", &format!("{definitions}/gadgets.{group}"), JSON, "").expect("theirs");
    stack.converges();
}

#[test]
fn an_aggregated_api_that_is_down() {
    let own = Cluster::start();
    let broken = BrokenApi::register(&own, "broken.example.org");
    let bundle = Bundle::new("aggregated", own.kubeconfig());
    bundle.plimsoll(&["apply", ENVIRONMENT, "--yes", "--no-wait"]).exits(0);
    bundle.plimsoll(&["diff", ENVIRONMENT]).exits(0);
    bundle.v2();
    // Without a wait a Role keeps the old names too, so that a diff isn't empty yet.
    bundle.plimsoll(&["apply", ENVIRONMENT, "--yes", "--no-wait"]).exits(0);
    drop(broken);
}
