//! Others at work between a plan and its apply, or beside it.

use serde_json::json;

use super::{changed, delete, diff, post, says, written};
use crate::bundle::ENVIRONMENT;
use crate::proxy::{Next, When};
use crate::server::cluster;
use crate::stack::Stack;

/// A plan for version 2, then what somebody does, then `apply --plan`: refused, the object named, nothing written.
#[track_caller]
fn refused(topic: &str, deed: impl FnOnce(&Stack), parts: &[&str]) {
    let stack = changed(topic);
    stack.bundle.plimsoll(&["plan", ENVIRONMENT, "-o", "dev.plan"]).exits(0);
    deed(&stack);
    let run = stack.bundle.plimsoll(&["apply", "--plan", "dev.plan"]).exits(3);
    says(&run, parts);
    assert!(written(&stack).is_empty(), "{:?}", written(&stack));
}

fn service(stack: &Stack) -> String {
    format!("/api/v1/namespaces/{}/services/legacy", stack.namespace)
}

fn deployments(stack: &Stack) -> String {
    format!("/apis/apps/v1/namespaces/{}/deployments", stack.namespace)
}

#[test]
fn deleted_between_plan_and_apply() {
    refused("plan-deleted", |stack| delete(&format!("{}/web", deployments(stack))), &["Deployment/web"]);
}

#[test]
fn made_anew_between_plan_and_apply() {
    let anew = |stack: &Stack| {
        let path = format!("{}/web", deployments(stack));
        let old = cluster().get(&path);
        delete(&path);
        let metadata = json!({"name": "web", "labels": old["metadata"]["labels"]});
        let new = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": old["spec"]});
        post(&deployments(stack), &new);
    };
    refused("plan-anew", anew, &["Deployment/web"]);
}

#[test]
fn a_planned_name_that_somebody_took() {
    let take = |stack: &Stack| {
        let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "added"}, "data": {"theirs": "1"}});
        post(&format!("/api/v1/namespaces/{}/configmaps", stack.namespace), &map);
    };
    refused("plan-taken", take, &["ConfigMap/added"]);
}

#[test]
fn a_name_that_is_taken_right_before_the_create_is_given_back() {
    let stack = changed("taken-late");
    let maps = format!("/api/v1/namespaces/{}/configmaps", stack.namespace);
    let place = maps.clone();
    // An apply has looked whether the name is free by then; what it writes is merged into the other's object.
    stack.proxy.before(When::call("PATCH", "/configmaps/added", 1), move |_| {
        post(&place, &json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "added"}, "data": {"theirs": "1"}}));
        Next::Forward
    });
    let run = stack.apply().exits(4);
    says(&run, &["ConfigMap/added", "was taken back"]);
    let live = cluster().get(&format!("{maps}/added"));
    assert_eq!(live["data"], json!({"theirs": "1"}));
    assert!(live["metadata"].get("labels").is_none(), "{live:#}");
}

#[test]
fn a_planned_deletion_of_what_is_another_by_now() {
    let anew = |stack: &Stack| {
        let old = cluster().get(&service(stack));
        delete(&service(stack));
        let metadata = json!({"name": "legacy", "labels": old["metadata"]["labels"]});
        let spec = json!({"selector": {"app": "theirs"}, "ports": [{"port": 82}]});
        let new = json!({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec});
        post(&format!("/api/v1/namespaces/{}/services", stack.namespace), &new);
    };
    refused("plan-prune", anew, &["Service/legacy"]);
}

#[test]
fn two_applies_at_once() {
    let pairs = 4;
    let mut refused = 0;
    for number in 0..pairs {
        let stack = changed(&format!("two-{number}"));
        let codes: Vec<Option<i32>> = std::thread::scope(|scope| {
            let both = [0; 2].map(|_| scope.spawn(|| stack.apply()));
            both.map(|run| {
                let run = run.join().expect("a run");
                // The second finds the Lease taken, or, if it was slow, what it planned done by the first.
                let why = ["another apply is under way", "meanwhile"];
                assert!(run.code == Some(0) || why.iter().any(|why| run.said().contains(why)), "{}", run.said());
                run.code
            })
            .into()
        });
        assert!(codes.contains(&Some(0)), "nobody won: {codes:?}");
        assert!(codes.iter().all(|code| matches!(code, Some(0 | 3))), "{codes:?}");
        refused += codes.iter().filter(|code| **code == Some(3)).count();
        diff(&stack).exits(0);
    }
    println!("two at once: {pairs} pairs, in {refused} the second was refused");
}
