//! What happens between a plan and its apply.

use plimsoll::execute::{Failed, Reason};
use plimsoll::plan::Operation;
use serde_json::json;

use super::world::World;
use crate::harness::seal::seal;

const APPS: &str = "/apis/apps/v1";
const CORE: &str = "/api/v1";

fn deployment(image: &str) -> String {
    format!(
        "apiVersion: apps/v1
kind: Deployment
metadata: {{name: web}}
spec:
  replicas: 1
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}}}
    spec: {{containers: [{{name: web, image: \"{image}\"}}]}}
"
    )
}

/// A Deployment that is applied with one image and planned with another.
fn changed(namespace: &str) -> World {
    let world = World::new(namespace, "", &deployment("web:1"));
    world.plan().applies();
    world.template(&deployment("web:2"));
    world
}

fn image(world: &World) -> String {
    let live = world.get(APPS, "deployments/web");
    live["spec"]["template"]["spec"]["containers"][0]["image"].as_str().unwrap().to_owned()
}

fn only(failed: &[Failed]) -> &Failed {
    assert_eq!(failed.len(), 1, "{failed:?}");
    &failed[0]
}

#[test]
fn a_status_or_a_strangers_label_is_no_reason_to_stop() {
    let world = changed("moved-status");
    let planned = world.plan();
    let status = json!({ "status": { "observedGeneration": 1, "replicas": 1 } });
    world.edit(APPS, "deployments/web/status", &status);
    world.edit(APPS, "deployments/web", &json!({ "metadata": { "labels": { "seen": "yes" } } }));
    let outcome = planned.applies();
    assert_eq!(outcome.done.len(), 1, "{outcome:?}");
    assert_eq!(image(&world), "web:2");
    assert_eq!(world.get(APPS, "deployments/web")["metadata"]["labels"]["seen"], "yes");
}

#[test]
fn a_field_that_the_plan_looked_at_is_one() {
    let world = changed("moved-field");
    let planned = world.plan();
    let theirs = json!({ "spec": { "template": { "spec": { "containers": [{ "name": "web", "image": "web:theirs" }] } } } });
    world.edit(APPS, "deployments/web", &theirs);
    let outcome = planned.apply().unwrap();
    assert_eq!(only(&outcome.failed).reason, Reason::Moved(Some("hand".to_owned())), "{outcome:?}");
    assert_eq!(image(&world), "web:theirs");
    assert!(!outcome.touched);
}

#[test]
fn deleted_and_made_anew() {
    let world = changed("moved-anew");
    let (first, second) = (world.plan(), world.plan());
    let mut object = world.get(APPS, "deployments/web");
    world.delete(APPS, "deployments/web");
    let gone = first.apply().unwrap();
    assert!(matches!(only(&gone.failed).reason, Reason::Moved(_)), "{gone:?}");
    assert!(!world.has(APPS, "deployments/web"), "an update never creates");
    object["metadata"] = json!({ "name": "web", "labels": object["metadata"]["labels"] });
    world.create(APPS, "deployments", "hand", &object);
    let outcome = second.apply().unwrap();
    let failed = only(&outcome.failed);
    assert!(matches!(failed.reason, Reason::Moved(_)) && failed.message.contains("anew"), "{failed:?}");
    assert_eq!(image(&world), "web:1");
}

#[test]
fn a_name_that_somebody_took_is_given_back_as_it_was() {
    let world = World::new("moved-taken", "", "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {ours: x}}\n");
    world.plan().applies();
    world.template(
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {ours: x}}\n---\n{apiVersion: v1, kind: ConfigMap, metadata: {name: b}, data: {ours: x}}\n",
    );
    let planned = world.plan();
    let theirs = json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "b" }, "data": { "theirs": "y" } });
    world.create(CORE, "configmaps", "hand", &theirs);
    let outcome = planned.apply().unwrap();
    let failed = only(&outcome.failed);
    assert_eq!(failed.reason, Reason::Moved(Some("hand".to_owned())), "{failed:?}");
    let live = world.get(CORE, "configmaps/b");
    assert_eq!(live["data"], json!({ "theirs": "y" }));
    assert!(live["metadata"].get("labels").is_none(), "{live}");
    assert_eq!(live["metadata"]["managedFields"].as_array().unwrap().len(), 1, "{live}");
}

fn with_secret(namespace: &str, token: &str) -> World {
    let settings = "[sealed.\"test.secrets.age\"]\nrecipients = [\"age12a6q3ukcn0mjx8lcqtja2pfgjegrmjm0rq0pcaq0k7yrcz3haylqhnh4fu\"]\n\n[secret.token]\nkeys = { token = \"token\", other = \"other\" }\n";
    let world = World::new(namespace, settings, "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}\n");
    put(&world, token);
    world
}

fn put(world: &World, token: &str) {
    for (path, bytes) in seal("environments/test.secrets.age", &format!("token = \"{token}\"\nother = \"stays-as-it-is\"\n")) {
        world.sandbox.write(&path, bytes);
    }
}

#[test]
fn a_secret_that_moved_is_predicted_again() {
    let world = with_secret("moved-secret", "canary-first-value");
    world.plan().applies();
    put(&world, "canary-second-value");

    let planned = world.plan();
    world.edit(CORE, "secrets/token", &json!({ "metadata": { "labels": { "seen": "yes" } } }));
    assert_eq!(planned.applies().done.len(), 1);

    // Planned: the token changes. Now the other key would too.
    put(&world, "canary-third-value");
    let planned = world.plan();
    world.edit(CORE, "secrets/token", &json!({ "data": { "other": "dGhlaXJz" } }));
    let outcome = planned.apply().unwrap();
    let failed = only(&outcome.failed);
    assert_eq!(failed.reason, Reason::Moved(Some("hand".to_owned())));
    assert!(failed.message.contains("`data.other`") && !failed.message.contains("canary"), "{failed:?}");
    assert_eq!(failed.operation, Operation::Update);
}

#[test]
fn a_role_has_old_and_new_names_until_the_rollout_is_through() {
    let settings = |hashed: &str| {
        format!(
            "[sealed.\"test.secrets.age\"]\nrecipients = [\"age12a6q3ukcn0mjx8lcqtja2pfgjegrmjm0rq0pcaq0k7yrcz3haylqhnh4fu\"]\n\n[secret.token]\nkeys = {{ token = \"token\" }}\nimmutable = true\n\n[service-account.web]\nsecrets = \"referenced\"\n{hashed}"
        )
    };
    let inject = "[[inject]]\ninto = \"PodTemplate/web\"\nenv = { TOKEN = \"secret/token#token\" }\n";
    let yaml = "apiVersion: v1\nkind: PodTemplate\nmetadata: {name: web}\ntemplate: {metadata: {}, spec: {serviceAccountName: web, containers: [{name: a, image: i}]}}\n";
    let world = World::new("moved-role", &settings(inject), yaml);
    put(&world, "canary-first-value");
    world.plan().applies();
    let role = "/apis/rbac.authorization.k8s.io/v1";
    let roles = world.get(role, "roles");
    let name = roles["items"][0]["metadata"]["name"].as_str().unwrap();
    let names = || world.get(role, &format!("roles/{name}"))["rules"][0]["resourceNames"].as_array().unwrap().clone();
    let first = names();
    assert_eq!(first.len(), 1);
    put(&world, "canary-second-value");
    // Nobody waits, so nobody knows whether old pods are left: both names stay.
    let outcome = world.plan().applies();
    assert!(outcome.notes.iter().any(|note| note.contains("old Secrets")), "{outcome:?}");
    let both = names();
    assert!(both.len() == 2 && both.contains(&first[0]), "{both:?}");
    // Somebody waits: the new name alone is left.
    world.plan().waiting().applies();
    let last = names();
    assert!(last.len() == 1 && last != first && both.contains(&last[0]), "{last:?}");
}
