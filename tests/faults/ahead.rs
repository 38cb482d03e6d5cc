//! What is read of the cluster while the bundle is compiled: each thing once, nothing in its name that isn't looked at, and never in the way.

use std::collections::BTreeMap;

use crate::bundle::{Bundle, ENVIRONMENT};
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
    let asked: usize =
        lists(&stack).into_iter().filter(|(path, _)| path.contains("/deployments?limit")).map(|(_, times)| times).sum();
    assert_eq!(asked, 6);
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
