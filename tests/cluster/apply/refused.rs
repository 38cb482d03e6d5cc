//! What the server doesn't take, and what that stops: only what needs it.

use plimsoll::execute::Reason;
use serde_json::{Value, json};

use super::world::World;
use crate::harness::seal::seal;
use crate::server::cluster;

const CORE: &str = "/api/v1";
const BATCH: &str = "/apis/batch/v1";

fn job(command: &str) -> String {
    format!(
        "apiVersion: batch/v1
kind: Job
metadata: {{name: once}}
spec: {{template: {{spec: {{restartPolicy: Never, containers: [{{name: a, image: i, command: [\"{command}\"]}}]}}}}}}
"
    )
}

/// A namespace of the test's own that is there before the bundle, with something in it.
fn make_namespace(name: &str) {
    let body = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name } });
    cluster().send("POST", "/api/v1/namespaces", "application/json", &body.to_string()).unwrap();
}

#[test]
fn one_failure_leaves_out_what_needs_it_and_nothing_else() {
    let yaml = "
{apiVersion: v1, kind: ConfigMap, metadata: {name: good}}
---
{apiVersion: v1, kind: ServiceAccount, metadata: {name: denied}}
---
apiVersion: v1
kind: Pod
metadata: {name: user}
spec: {serviceAccountName: denied, containers: [{name: a, image: i}]}
---
apiVersion: v1
kind: PodTemplate
metadata: {name: other}
template: {metadata: {}, spec: {containers: [{name: a, image: i}]}}
";
    let world = World::new("refused-one", "", yaml);
    make_namespace("refused-one");
    deny("refused-one", "serviceaccounts", "object.metadata.name != 'denied'");
    let ran = world.apply(&["--adopt", "--format", "json"]).exits(4);
    let outcome: Value = serde_json::from_str(&ran.out()).unwrap();
    let failed: Vec<(&str, &str)> = outcome["failed"]
        .as_array()
        .unwrap()
        .iter()
        .map(|failed| (failed["object"]["name"].as_str().unwrap(), failed["reason"].as_str().unwrap()))
        .collect();
    assert_eq!(failed, [("denied", "refused"), ("user", "skipped")], "{outcome:#}");
    assert_eq!(outcome["failed"][1]["about"]["needs"]["name"], "denied");
    assert_eq!(outcome["summary"]["created"], 2, "{outcome:#}");
    assert!(world.has(CORE, "configmaps/good") && world.has(CORE, "podtemplates/other"));
}

/// An admission policy that denies what an expression doesn't hold for, in one namespace; comes back when it is in force.
fn deny(namespace: &str, resource: &str, holds: &str) {
    let name = format!("{namespace}-{resource}.tests.example");
    let policy = json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy", "metadata": { "name": name },
        "spec": {
            "failurePolicy": "Fail",
            "matchConstraints": { "resourceRules": [{ "apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"], "resources": [resource] }] },
            "validations": [{ "expression": holds, "message": "the policy says no" }],
        },
    });
    let binding = json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicyBinding", "metadata": { "name": name },
        "spec": { "policyName": name, "validationActions": ["Deny"],
            "matchResources": { "namespaceSelector": { "matchLabels": { "kubernetes.io/metadata.name": namespace } } } },
    });
    let send = |path: &str, body: &Value| {
        let path = format!("/apis/admissionregistration.k8s.io/v1/{path}");
        cluster().send("POST", &path, "application/json", &body.to_string()).unwrap();
    };
    send("validatingadmissionpolicies", &policy);
    send("validatingadmissionpolicybindings", &binding);
    let denied = json!({ "apiVersion": "v1", "metadata": { "name": "denied" } }).to_string();
    let path = format!("/api/v1/namespaces/{namespace}/{resource}?dryRun=All");
    let in_force = (0..400).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(25));
        cluster().send("POST", &path, "application/json", &denied).is_err()
    });
    assert!(in_force, "the policy isn't in force after 400 looks");
}

#[test]
fn a_job_is_replaced_only_where_the_environment_says_so() {
    let world = World::new("refused-job", "", &job("one"));
    world.apply(&[]).exits(0);
    let uid = |world: &World| world.get(BATCH, "jobs/once")["metadata"]["uid"].as_str().unwrap().to_owned();
    let before = uid(&world);
    world.template(&job("two"));
    let ran = world.apply(&[]).exits(3);
    assert!(ran.said().contains("replace = [\"Job\"]"), "{}", ran.said());
    assert_eq!(uid(&world), before);
    world.sandbox.edit("environments/test.toml", "[namespace]", "[apply]\nreplace = [\"Job\"]\n\n[namespace]");
    let ran = world.apply(&[]).exits(0);
    assert!(ran.out().contains("1 replaced"), "{}", ran.said());
    assert_ne!(uid(&world), before);
    assert_eq!(world.get(BATCH, "jobs/once")["spec"]["template"]["spec"]["containers"][0]["command"], json!(["two"]));
}

#[test]
fn a_namespace_that_is_ending_takes_nothing() {
    let world = World::new("refused-ending", "", "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}\n");
    make_namespace("refused-ending");
    // No controller runs, so it stays as it is: ending.
    cluster().send("DELETE", "/api/v1/namespaces/refused-ending", "application/json", "").unwrap();
    let ran = world.apply(&["--adopt"]).exits(3);
    assert!(ran.said().contains("is being deleted"), "{}", ran.said());
}

#[test]
fn what_the_server_echoes_is_scrubbed() {
    let settings =
        "[sealed.\"test.secrets.age\"]\nrecipients = [\"age12a6q3ukcn0mjx8lcqtja2pfgjegrmjm0rq0pcaq0k7yrcz3haylqhnh4fu\"]\n";
    let yaml = "
apiVersion: v1
kind: Pod
metadata: {name: a}
spec: {containers: [{name: a, image: i, imagePullPolicy: \"{{ secrets.policy }}\"}]}
";
    let world = World::new("refused-canary", settings, "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}\n");
    let canary = "canary-in-an-error-text";
    for (path, bytes) in seal("environments/test.secrets.age", &format!("policy = \"{canary}\"\n")) {
        world.sandbox.write(&path, bytes);
    }
    world.plan().applies();
    world.template(yaml);
    let echoed = json!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "a" },
        "spec": { "containers": [{ "name": "a", "image": "i", "imagePullPolicy": canary }] } });
    let path = world.path(CORE, "pods?dryRun=All");
    let said = cluster().send("POST", &path, "application/json", &echoed.to_string()).unwrap_err();
    assert!(said.contains(canary), "the server echoes what it refuses, or this test shows nothing: {said}");
    let said = match world.try_plan() {
        Err(error) => format!("{error:?}"),
        Ok(planned) => {
            let outcome = planned.apply().unwrap();
            assert_eq!(outcome.failed[0].reason, Reason::Refused, "{outcome:?}");
            format!("{outcome:?}")
        }
    };
    assert!(said.contains("«secret: policy»") && !said.contains(canary), "{said}");
}
