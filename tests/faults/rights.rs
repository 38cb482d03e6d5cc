//! R21: the printed role is the least one. Every verb of it is taken away in turn; what is left is applied, and the right that is
//! missing is named.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::harness::process::Run;
use crate::server::cluster;
use crate::stack::Stack;

/// A verb of a rule: where, resource with group, names, verb.
type Right = (String, String, Vec<String>, String);

/// What two applies against an API server without a node can't show to be needed, and what needs it.
fn is_for_other_runs(resource: &str, verb: &str) -> bool {
    // A write that goes through at once reads nothing again; a watch that isn't allowed becomes a few reads.
    let is_spare = matches!(verb, "get" | "watch");
    // No pod runs: nothing to diagnose and to verify.
    let is_about_pods = matches!(resource, "pods/exec" | "pods/log" | "events");
    // Asked only where an old ConfigMap or Secret may have to go.
    let is_about_users = verb == "list" && matches!(resource, "pods" | "replicasets.apps" | "controllerrevisions.apps");
    // Without the first the Lease of an environment that was deleted stays; what can't be listed isn't pruned, which a warning says, and
    // up to 20 objects are read one by one.
    let is_tidy = matches!(
        (resource, verb),
        ("leases.coordination.k8s.io", "delete") | ("customresourcedefinitions.apiextensions.k8s.io", "list")
    );
    is_spare || is_about_pods || is_about_users || is_tidy
}

#[test]
fn r21_every_right_is_needed_and_its_lack_is_named() {
    let rights = rights(&roles(&deployable()));
    let rights: Vec<Right> = rights.into_iter().filter(|(_, resource, _, verb)| !is_for_other_runs(resource, verb)).collect();
    let next = AtomicUsize::new(0);
    let table: Mutex<BTreeMap<Right, Result<String, String>>> = Mutex::default();
    // What holds for the whole cluster would be had through a run beside: one after the other.
    let (wide, rights): (Vec<Right>, Vec<Right>) = rights.into_iter().partition(|right| right.0 == "cluster");
    for right in wide {
        let outcome = without(&right);
        table.lock().unwrap().insert(right, outcome);
    }
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while let Some(right) = rights.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let outcome = without(right);
                    table.lock().unwrap().insert(right.clone(), outcome);
                }
            });
        }
    });
    let table = table.into_inner().unwrap();
    println!("| right taken away | exit | what is said |\n|---|---|---|");
    for ((place, resource, names, verb), outcome) in &table {
        let names = if names.is_empty() { String::new() } else { format!(" ({})", names.join(", ")) };
        let said = outcome.as_ref().unwrap_or_else(|why| why);
        println!("| `{verb}` {resource}{names}, {place} | {said} |");
    }
    let wrong: Vec<_> = table.iter().filter(|(_, outcome)| outcome.is_err()).collect();
    println!("R21: {} rights taken away, {} named, {} not", table.len(), table.len() - wrong.len(), wrong.len());
    assert!(table.len() >= 40, "only {} rights", table.len());
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// A repository whose namespace somebody else has made, as whoever hands out roles in it has.
fn deployable() -> Stack {
    let stack = Stack::new("rights");
    stack.bundle.edit("create = true", "create = false");
    let body = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": stack.namespace } });
    cluster().send("POST", "/api/v1/namespaces", "application/json", &body.to_string()).expect("a namespace");
    stack
}

/// What `rbac deployer` prints.
fn roles(stack: &Stack) -> Vec<Value> {
    let run = stack.bundle.plimsoll(&["rbac", "deployer", "dev", "--user", "deployer", "--format", "json"]).exits(0);
    let list: Value = serde_json::from_str(&run.out()).expect("JSON");
    list["items"].as_array().expect("a list").clone()
}

fn rights(roles: &[Value]) -> BTreeSet<Right> {
    let mut rights = BTreeSet::new();
    for role in roles {
        let place = if role["kind"] == "ClusterRole" { "cluster" } else { "namespace" };
        for rule in role["rules"].as_array().into_iter().flatten() {
            for verb in rule["verbs"].as_array().into_iter().flatten() {
                rights.insert((place.to_owned(), resource(rule), names(rule), verb.as_str().unwrap().to_owned()));
            }
        }
    }
    rights
}

fn resource(rule: &Value) -> String {
    let (group, resource) = (rule["apiGroups"][0].as_str().unwrap(), rule["resources"][0].as_str().unwrap());
    // The CRD's group is the namespace's name, another one in each run.
    let group = if group.ends_with(".example.org") { "example.org" } else { group };
    if group.is_empty() { resource.to_owned() } else { format!("{resource}.{group}") }
}

/// The names without what differs from run to run.
fn names(rule: &Value) -> Vec<String> {
    let names = rule["resourceNames"].as_array().into_iter().flatten().filter_map(Value::as_str);
    names.map(|name| name.split(".rights-").next().unwrap_or(name).to_owned()).collect()
}

/// Two applies without a right: the exit code and what is said of it, or what is wrong with that.
fn without(right: &Right) -> Result<String, String> {
    let stack = deployable();
    let mut taken = 0;
    let place = if right.0 == "cluster" { "ClusterRole" } else { "Role" };
    for mut manifest in roles(&stack) {
        let kind = manifest["kind"].clone();
        for rule in manifest["rules"].as_array_mut().into_iter().flatten() {
            if kind == place && resource(rule) == right.1 && names(rule) == right.2 {
                let verbs = rule["verbs"].as_array_mut().unwrap();
                let before = verbs.len();
                verbs.retain(|verb| verb != right.3.as_str());
                taken += before - verbs.len();
            }
        }
        // A rule without verbs isn't valid.
        if let Some(rules) = manifest["rules"].as_array_mut() {
            rules.retain(|rule| !rule["verbs"].as_array().unwrap().is_empty());
        }
        grant(&stack, &manifest);
    }
    assert!(taken >= 1, "{right:?} isn't in the role");
    as_deployer(&stack);
    let mut outcome = check(right, &apply(&stack));
    if outcome.is_err() {
        stack.bundle.v2();
        stack.bundle.edit("create = true", "create = false");
        outcome = check(right, &apply(&stack));
    }
    if outcome.is_err() {
        outcome = check(right, &stack.bundle.plimsoll(&["delete", "dev", "--yes"]));
    }
    let binding = format!("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/deployer-{}", stack.namespace);
    cluster().send("DELETE", &binding, "application/json", "").expect("the binding");
    outcome
}

/// Without the wait: no controller runs, so no workload would ever be ready.
fn apply(stack: &Stack) -> Run {
    stack.bundle.plimsoll(&["apply", "dev", "--yes", "--no-wait"])
}

fn check(right: &Right, run: &Run) -> Result<String, String> {
    let said = run.said();
    let plain = right.1.split('.').next().unwrap();
    let plain = plain.split('/').next().unwrap();
    // In our words, or in the server's.
    let wanted = [format!("{} {plain}", right.3), format!("cannot {} resource \"{plain}", right.3)];
    match said.lines().find(|line| wanted.iter().any(|wanted| line.contains(wanted))) {
        Some(line) if matches!(run.code, Some(4 | 6)) => Ok(format!("{} | {}", run.code.unwrap(), shortened(line))),
        _ => Err(format!("exit {:?}: {}", run.code, said.lines().last().unwrap_or(""))),
    }
}

/// As much of a line as a table takes.
fn shortened(line: &str) -> String {
    line.trim().replace('|', "/").chars().take(140).collect()
}

fn grant(stack: &Stack, manifest: &Value) {
    // Names of their own for the cluster-wide ones: runs are beside each other.
    let text = manifest.to_string().replace("plimsoll-deployer-dev", &format!("deployer-{}", stack.namespace));
    let plural = match manifest["kind"].as_str().unwrap() {
        "Role" => "roles",
        "RoleBinding" => "rolebindings",
        "ClusterRole" => "clusterroles",
        _ => "clusterrolebindings",
    };
    let place = if plural.starts_with("cluster") { String::new() } else { format!("namespaces/{}/", stack.namespace) };
    let path = format!("/apis/rbac.authorization.k8s.io/v1/{place}{plural}");
    cluster().send("POST", &path, "application/json", &text).unwrap_or_else(|error| panic!("{path}: {error}\n{text}"));
}

/// From now on the repository's kubeconfig is the deployer's.
fn as_deployer(stack: &Stack) {
    let path = stack.proxy.kubeconfig();
    let text = std::fs::read_to_string(path).unwrap();
    std::fs::write(path, text.replace("current-context: admin", "current-context: deployer")).unwrap();
}
