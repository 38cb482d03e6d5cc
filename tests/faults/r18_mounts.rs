//! R18: no mount is pulled. Hashed names roll over again and again; at no event does a ReplicaSet, ControllerRevision, Job, CronJob or Pod name a
//! ConfigMap or Secret that isn't there, and what nothing names any more does go.
//!
//! There is no controller manager here: the test makes what the Deployment controller would make, in the moment in which a Deployment
//! has been written, and lets the old go as its revision history does. A real rollout is watched by the tests with a node.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::bundle::ENVIRONMENT;
use crate::observer::{Observer, kinds};
use crate::proxy::{Class, When};
use crate::server::cluster;
use crate::stack::Stack;

/// How many old ReplicaSets a Deployment keeps.
const REVISIONS: usize = 2;

/// The Deployment controller, as far as names matter.
#[derive(Default)]
struct Controller {
    /// ReplicaSets by Deployment, the oldest first, with their templates.
    sets: std::collections::BTreeMap<String, Vec<(String, Value)>>,
    made: usize,
}

impl Controller {
    fn rolls(&mut self, namespace: &str, name: &str) {
        let path = format!("/apis/apps/v1/namespaces/{namespace}");
        let deployment = cluster().get(&format!("{path}/deployments/{name}"));
        let template = deployment["spec"]["template"].clone();
        let sets = self.sets.entry(name.to_owned()).or_default();
        if sets.last().is_some_and(|(_, last)| *last == template) {
            return;
        }
        self.made += 1;
        let set = format!("{name}-{}", self.made);
        let object = json!({ "apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": { "name": set, "ownerReferences": [
                { "apiVersion": "apps/v1", "kind": "Deployment", "name": name, "uid": deployment["metadata"]["uid"], "controller": true }] },
            "spec": { "replicas": 0, "selector": deployment["spec"]["selector"], "template": template } });
        cluster().send("POST", &format!("{path}/replicasets"), "application/json", &object.to_string()).expect("a ReplicaSet");
        sets.push((set, template));
        while sets.len() > REVISIONS + 1 {
            let (old, _) = sets.remove(0);
            cluster().send("DELETE", &format!("{path}/replicasets/{old}"), "application/json", "").expect("the oldest goes");
        }
    }
}

#[test]
fn no_mount_is_pulled() {
    let rollouts = crate::harness::size(20, 200);
    let Stack { namespace: own, bundle, proxy } = Stack::new("r18");
    let controller = Arc::new(Mutex::new(Controller::default()));
    let (hands, place) = (controller.clone(), own.clone());
    proxy.after(When::of(Class::Write, 1).onwards(), move |request| {
        let path = request.path.split('?').next().unwrap_or_default();
        if let Some((_, name)) = path.split_once("/deployments/")
            && request.method == "PATCH"
        {
            hands.lock().unwrap().rolls(&place, name);
        }
    });
    bundle.plimsoll(&["apply", ENVIRONMENT, "--yes", "--no-wait"]).exits(0);
    let observer = Observer::start(cluster(), &kinds(), &[&own]);
    for rollout in 0..rollouts {
        bundle.edit(&format!("\\\"layers\\\": {}", rollout + 1), &format!("\\\"layers\\\": {}", rollout + 2));
        bundle.plimsoll(&["apply", ENVIRONMENT, "--yes", "--no-wait"]).exits(0);
    }
    let report = observer.finish();
    let violations = report.pulled();
    assert!(violations.is_empty(), "R18 is broken: {violations:?}");
    let model = |event: &&crate::observer::Event| event.place.kind == "ConfigMap" && event.place.name.starts_with("model-");
    let gone = report.events.iter().filter(model).filter(|event| event.object.is_none()).count();
    let sets = report.events.iter().filter(|event| event.place.kind == "ReplicaSet").count();
    println!(
        "R18: {rollouts} rollouts, {} events, {} ReplicaSets made, {gone} old ConfigMaps gone, 0 mounts pulled",
        report.events.len(),
        controller.lock().unwrap().made
    );
    // `keep = 1` and two old ReplicaSets: three or four stay, the others must have gone.
    assert!(gone + 6 >= rollouts, "what nothing uses goes: {gone} of {rollouts}");
    assert!(sets >= 2 * rollouts, "R18 is below its floor: {sets} events of ReplicaSets");
}
