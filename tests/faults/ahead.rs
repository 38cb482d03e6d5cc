//! What is read of the cluster while the bundle is compiled: each thing once, nothing in its name that isn't looked at, and never in the way.

use std::collections::BTreeMap;

use crate::bundle::{Bundle, ENVIRONMENT};
use crate::equipment::namespace;
use crate::proxy::{Class, Fault, When};
use crate::server::cluster;
use crate::stack::Stack;
use crate::weather::{BadServer, Weather};

/// How often each LIST of plimsoll's last command was asked for.
fn lists(stack: &Stack) -> BTreeMap<String, usize> {
    let mut lists = BTreeMap::new();
    for request in stack.proxy.requests().into_iter().filter(|request| request.class == Class::List) {
        *lists.entry(request.path).or_default() += 1;
    }
    lists
}

fn deployments_asked_for(stack: &Stack) -> usize {
    lists(stack).into_iter().filter(|(path, _)| path.contains("/deployments?limit")).map(|(_, times)| times).sum()
}

#[test]
fn a_list_that_was_read_ahead_is_not_read_again() {
    let stack = Stack::new("ahead");
    // Before the first apply there is no inventory: what is there is read once the bundle is known.
    stack.bundle.plimsoll(&["diff", ENVIRONMENT]).exits(1);
    let first = lists(&stack);
    stack.apply().exits(0);
    stack.proxy.forget();
    stack.bundle.plimsoll(&["diff", ENVIRONMENT]).exits(0);
    let again = lists(&stack);
    println!("read ahead: {} LISTs of a diff before the first apply, {} after it", first.len(), again.len());
    assert!(!first.is_empty() && again.len() >= first.len(), "{first:?}\n{again:?}");
    for (path, times) in first.iter().chain(&again) {
        assert_eq!(*times, 1, "{path}");
    }
}

#[test]
fn what_could_not_be_read_ahead_is_read_when_it_is_needed() {
    let stack = Stack::new("ahead-again");
    stack.apply().exits(0);
    stack.proxy.forget();
    // All tries of the LIST that is read ahead; the sixth is the next stage's.
    for nth in 1..=5 {
        stack.proxy.inject(Fault::Unavailable, When::call("GET", "/deployments?limit", nth));
    }
    stack.bundle.plimsoll(&["diff", ENVIRONMENT]).exits(0);
    assert_eq!(deployments_asked_for(&stack), 6);
}

#[test]
fn a_server_that_says_nothing_is_not_waited_for_twice() {
    let stack = Stack::new("ahead-silent");
    stack.apply().exits(0);
    stack.proxy.forget();
    stack.proxy.inject(Fault::ResetBefore, When::call("GET", "/deployments?limit", 1).onwards());
    stack.bundle.plimsoll(&["diff", ENVIRONMENT]).exits(6);
    assert_eq!(deployments_asked_for(&stack), 5, "all tries of one stage");
}

#[test]
fn what_is_not_needed_of_another_namespace_is_not_read() {
    let stack = Stack::new("ahead-other");
    let other = namespace("ahead-far");
    let map = format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: elsewhere, namespace: {other}}}\ndata: {{a: b}}\n");
    stack.bundle.sandbox.write("templates/stack/elsewhere.yaml", map);
    stack.bundle.edit("[target]", &format!("[target]\nnamespaces = [\"{other}\"]"));
    stack.apply().exits(0);
    stack.proxy.forget();
    stack.bundle.plimsoll(&["diff", ENVIRONMENT]).exits(0);
    let there: Vec<String> = lists(&stack).into_keys().filter(|path| path.contains(&format!("/{other}/"))).collect();
    let (whole, labelled): (Vec<&String>, Vec<&String>) = there.iter().partition(|path| !path.contains("labelSelector"));
    println!("another namespace: {} LISTs whole, {} of what bears the label", whole.len(), labelled.len());
    assert!(whole.len() == 1 && whole[0].contains("/configmaps"), "{whole:?}");
    assert!(labelled.iter().any(|path| path.contains("/secrets")), "{labelled:?}");
}

#[test]
fn another_cluster_is_not_read() {
    let stack = Stack::new("ahead-cluster");
    stack.apply().exits(0);
    stack.bundle.edit("[target]", "[target]\ncluster-id = \"1d4c1a35-6f3b-4a43-9d53-9a3ef3b8c3c1\"");
    stack.proxy.forget();
    for command in [&["diff", ENVIRONMENT][..], &["apply", ENVIRONMENT, "--yes"], &["delete", ENVIRONMENT, "--yes"]] {
        let said = stack.bundle.plimsoll(command).exits(3).said();
        assert!(said.contains("another cluster"), "{said}");
    }
    let asked: Vec<String> = stack.proxy.requests().into_iter().map(|request| request.path).collect();
    let may = ["/version", "/api/v1/namespaces/kube-system"];
    assert!(!asked.is_empty() && asked.iter().all(|path| may.contains(&path.as_str())), "{asked:?}");
}

#[test]
fn what_is_wrong_with_the_bundle_is_said_first() {
    for weather in [Weather::Silent, Weather::Nobody, Weather::Unauthorized] {
        let server = BadServer::start(cluster(), weather);
        let bundle = Bundle::new("ahead-wrong", server.kubeconfig());
        bundle.edit("[target]", "[target]\nnamespaec = \"x\"");
        for command in [&["diff", ENVIRONMENT][..], &["apply", ENVIRONMENT, "--yes"]] {
            let said = bundle.plimsoll(command).exits(2).said();
            assert!(said.contains("namespaec") && !said.contains("reachable"), "{weather:?}: {said}");
        }
        bundle.edit("\nnamespaec = \"x\"", "");
        bundle.sandbox.write("templates/stack/broken.yaml", "apiVersion: v1\nkind: [\n");
        for command in [&["diff", ENVIRONMENT][..], &["apply", ENVIRONMENT, "--yes"]] {
            let said = bundle.plimsoll(command).exits(2).said();
            assert!(said.contains("broken.yaml") && !said.contains("reachable"), "{weather:?}: {said}");
        }
    }
}
