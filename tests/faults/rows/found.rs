//! What the rows have found, each once more by itself.

use serde_json::json;

use crate::proxy::{Fault, Next, When};
use crate::server::cluster;
use crate::stack::{Stack, post};

#[test]
fn an_old_list_doesnt_make_an_apply_take_its_own_object_back() {
    let stack = Stack::new("found-old-list");
    stack.apply().exits(0);
    let params = || cluster().get(&format!("/api/v1/namespaces/{}/configmaps/params", stack.namespace));
    let before = params();
    // The first LIST was made when nothing was there yet: the plan takes `params` for missing.
    stack.proxy.inject(Fault::StaleList, When::call("GET", "/configmaps?limit", 1));
    stack.bundle.v2();
    let said = stack.apply().exits(4).said();
    assert!(said.contains("ConfigMap/params: an earlier run has made it"), "{said}");
    assert_eq!(params()["data"], before["data"], "it is as it was");
    assert_eq!(params()["metadata"]["labels"], before["metadata"]["labels"]);
    stack.converges();
    assert_eq!(params()["data"]["MODE"], "two");
}

#[test]
fn a_prune_that_cant_be_decided_is_a_failure() {
    let stack = Stack::new("found-prune");
    stack.apply().exits(0);
    stack.bundle.v2();
    // The plan's own LIST comes; the one before the deletion doesn't.
    stack.proxy.inject(Fault::InternalError, When::call("GET", "/controllerrevisions?limit", 2).onwards());
    let said = stack.apply().exits(4).said();
    assert!(said.contains("ConfigMap/legacy: not pruned: whether something uses it isn't known"), "{said}");
    stack.converges();
}

#[test]
fn a_prune_of_what_was_made_anew_isnt_told_as_done() {
    let stack = Stack::new("found-anew");
    stack.apply().exits(0);
    stack.bundle.v2();
    let policies = format!("/apis/networking.k8s.io/v1/namespaces/{}/networkpolicies", stack.namespace);
    let place = policies.clone();
    stack.proxy.before(When::call("DELETE", "/networkpolicies/legacy", 1), move |_| {
        let path = format!("{place}/legacy");
        let old = cluster().get(&path);
        cluster().send("DELETE", &path, "application/json", "").expect("the old one");
        let metadata = json!({"name": "legacy", "labels": old["metadata"]["labels"]});
        post(&place, &json!({"apiVersion": old["apiVersion"], "kind": old["kind"], "metadata": metadata, "spec": old["spec"]}));
        Next::Forward
    });
    let said = stack.apply().exits(4).said();
    assert!(said.contains("NetworkPolicy/legacy: it was deleted and made anew meanwhile"), "{said}");
    assert!(!said.contains("pruned NetworkPolicy/legacy"), "{said}");
    assert_eq!(cluster().get(&format!("{policies}/legacy"))["metadata"]["name"], "legacy");
}
