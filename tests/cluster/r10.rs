//! R10: a diff is what happens. Random wanted objects over random live ones: what the diff predicts is what an apply does, the next diff is
//! empty, and the next apply writes nothing.

use std::collections::BTreeMap;

use plimsoll::object::Step as PathStep;
use plimsoll::owned::read_path;
use serde_json::{Value, json};

use crate::server::cluster;
use crate::site::{Site, edit};

const ROUNDS: usize = 10;
/// Pairs a round: each of the ten kinds so often.
const EACH: usize = 5;

/// Numbers from a seed (PCG's multiplier, the high bits).
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    fn half(&mut self) -> bool {
        self.below(2) == 0
    }
}

fn data(random: &mut Random) -> Value {
    let mut data = serde_json::Map::new();
    for key in ["a", "b", "c", "d.e"] {
        if random.half() {
            data.insert(key.to_owned(), format!("v{}\n", random.below(3)).into());
        }
    }
    data.into()
}

fn pod(random: &mut Random) -> Value {
    let mut env: Vec<Value> = Vec::new();
    for name in ["ONE", "TWO", "THREE"] {
        if random.half() {
            env.insert(
                usize::try_from(random.below(env.len() as u64 + 1)).unwrap(),
                json!({ "name": name, "value": random.below(3).to_string() }),
            );
        }
    }
    let cpu = ["500m", "0.5", "1000m", "1"][usize::try_from(random.below(4)).unwrap()];
    json!({
        "metadata": { "labels": { "app": "x" } },
        "spec": { "containers": [{
            "name": "main", "image": format!("registry.example/a:{}", random.below(3)), "env": env,
            "args": (0..random.below(3)).map(|at| format!("--flag={at}")).collect::<Vec<_>>(),
            "resources": { "limits": { "cpu": cpu, "memory": "64Mi" } },
        }] },
    })
}

/// One object of a kind.
fn object(kind: &str, at: usize, random: &mut Random) -> Value {
    let name = format!("{}-{at}", kind.to_lowercase());
    let selector = json!({ "matchLabels": { "app": "x" } });
    let (api_version, body) = match kind {
        "ConfigMap" => ("v1", json!({ "data": data(random) })),
        "ServiceAccount" => ("v1", json!({ "automountServiceAccountToken": random.half() })),
        "Service" => {
            let ports: Vec<Value> = (0..=random.below(2))
                .map(|at| json!({ "name": format!("p{at}"), "port": 80 + at, "targetPort": 8000 + random.below(3) }))
                .collect();
            ("v1", json!({ "spec": { "selector": { "app": format!("s{}", random.below(2)) }, "ports": ports } }))
        }
        "Deployment" => {
            ("apps/v1", json!({ "spec": { "replicas": random.below(4), "selector": selector, "template": pod(random) } }))
        }
        "DaemonSet" => ("apps/v1", json!({ "spec": { "selector": selector, "template": pod(random) } })),
        "Role" => {
            let verbs: Vec<&str> = ["get", "list", "watch"].into_iter().filter(|_| random.half()).chain(["update"]).collect();
            (
                "rbac.authorization.k8s.io/v1",
                json!({ "rules": [{ "apiGroups": [""], "resources": ["configmaps"], "verbs": verbs }] }),
            )
        }
        "NetworkPolicy" => (
            "networking.k8s.io/v1",
            json!({ "spec": { "podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{ "ports": [{ "port": 80 + random.below(3) }] }] } }),
        ),
        "PodDisruptionBudget" => ("policy/v1", json!({ "spec": { "minAvailable": 1 + random.below(3), "selector": selector } })),
        "CronJob" => {
            let mut template = pod(random);
            template["spec"]["restartPolicy"] = "Never".into();
            let schedule = format!("{} 3 * * *", random.below(60));
            (
                "batch/v1",
                json!({ "spec": { "schedule": schedule, "suspend": true, "jobTemplate": { "spec": { "template": template } } } }),
            )
        }
        "HorizontalPodAutoscaler" => (
            "autoscaling/v2",
            json!({ "spec": { "maxReplicas": 2 + random.below(3), "scaleTargetRef": { "apiVersion": "example.com/v1", "kind": "Scaled", "name": format!("x-{at}") },
                "metrics": [{ "type": "Resource", "resource": { "name": "cpu", "target": { "type": "Utilization", "averageUtilization": 50 + random.below(3) } } }] } }),
        ),
        other => panic!("{other}"),
    };
    let mut object = json!({ "apiVersion": api_version, "kind": kind, "metadata": { "name": name } });
    if random.half() {
        object["metadata"]["annotations"] = json!({ "note.example/a": random.below(3).to_string() });
    }
    for (key, value) in body.as_object().unwrap() {
        object[key] = value.clone();
    }
    object
}

const KINDS: [(&str, &str); 10] = [
    ("ConfigMap", "/api/v1:configmaps"),
    ("ServiceAccount", "/api/v1:serviceaccounts"),
    ("Service", "/api/v1:services"),
    ("Deployment", "/apis/apps/v1:deployments"),
    ("DaemonSet", "/apis/apps/v1:daemonsets"),
    ("Role", "/apis/rbac.authorization.k8s.io/v1:roles"),
    ("NetworkPolicy", "/apis/networking.k8s.io/v1:networkpolicies"),
    ("PodDisruptionBudget", "/apis/policy/v1:poddisruptionbudgets"),
    ("CronJob", "/apis/batch/v1:cronjobs"),
    ("HorizontalPodAutoscaler", "/apis/autoscaling/v2:horizontalpodautoscalers"),
];

fn folder(site: &Site, at: usize) -> String {
    let (group, plural) = KINDS[at].1.split_once(':').unwrap();
    format!("{group}/namespaces/{}/{plural}", site.namespace)
}

fn wanted(random: &mut Random) -> String {
    let all = KINDS.iter().flat_map(|(kind, _)| (0..EACH).map(move |at| (*kind, at)));
    all.map(|(kind, at)| object(kind, at, random).to_string()).collect::<Vec<_>>().join("\n---\n")
}

/// Others' edits: of fields that we send, of others, and deletions.
fn disturb(site: &Site, random: &mut Random) -> usize {
    let mut edits = 0;
    for (kind_at, (kind, _)) in KINDS.iter().enumerate() {
        for at in 0..EACH {
            let path = format!("{}/{}-{at}", folder(site, kind_at), kind.to_lowercase());
            let patch = match random.below(6) {
                0 => json!({ "metadata": { "labels": { "theirs": random.below(9).to_string() } } }),
                1 => json!({ "metadata": { "annotations": { "note.example/a": "theirs", "theirs.example/b": "x" } } }),
                2 if *kind == "ConfigMap" => json!({ "data": { "a": "theirs", "z": "theirs" } }),
                2 if *kind == "Deployment" => json!({ "spec": { "replicas": 7, "minReadySeconds": 3 } }),
                2 if *kind == "CronJob" => json!({ "spec": { "suspend": false } }),
                3 if random.half() => {
                    cluster().send("DELETE", &path, "application/json", "{}").unwrap();
                    edits += 1;
                    continue;
                }
                _ => continue,
            };
            edit(&path, "stranger", &patch);
            edits += 1;
        }
    }
    edits
}

/// All objects of the ten kinds by kind and name.
fn live(site: &Site) -> BTreeMap<(String, String), Value> {
    let mut all = BTreeMap::new();
    for (at, (kind, _)) in KINDS.iter().enumerate() {
        for item in cluster().get(&folder(site, at))["items"].as_array().unwrap() {
            let name = item["metadata"]["name"].as_str().unwrap().to_owned();
            if name.starts_with(&format!("{}-", kind.to_lowercase())) {
                all.insert(((*kind).to_owned(), name), item.clone());
            }
        }
    }
    all
}

fn at<'a>(live: &'a Value, path: &str) -> Option<&'a Value> {
    read_path(path, live)?.iter().try_fold(live, |value, step| match step {
        PathStep::Field(field) => value.get(field.as_str()),
        PathStep::Index(index) => value.get(*index),
    })
}

/// What a diff said and the cluster doesn't have, or has though the diff didn't say it.
fn unlike(diff: &Value, before: &BTreeMap<(String, String), Value>, after: &BTreeMap<(String, String), Value>) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut said = BTreeMap::new();
    for step in diff["steps"].as_array().unwrap() {
        let text = |key: &str| step["object"][key].as_str().unwrap().to_owned();
        said.insert((text("kind"), text("name")), step);
    }
    for (id, now) in after {
        let Some(step) = said.get(id) else {
            if before.get(id).is_none_or(|before| before["metadata"]["resourceVersion"] != now["metadata"]["resourceVersion"]) {
                wrong.push(format!("{id:?} changed, and no step says so"));
            }
            continue;
        };
        for field in step["fields"].as_array().unwrap() {
            let path = field["path"].as_str().unwrap();
            let found = at(now, path);
            let is_so = match field["operation"].as_str().unwrap() {
                // An item without a name is shown by its place in the old list; it is its value that is gone.
                "remove" if path.ends_with(']') => {
                    let list = path.rsplit_once('[').and_then(|(list, _)| at(now, list)).and_then(Value::as_array);
                    list.is_none_or(|items| !items.contains(&field["old"]))
                }
                "remove" => found.is_none(),
                "reorder" => true,
                // A new object is stored with defaults beside what is sent.
                "add" if path.is_empty() => true,
                _ => found == Some(&field["new"]),
            };
            if !is_so {
                wrong.push(format!("{id:?}: `{path}` was to be {} {}, and is {found:?}", field["operation"], field["new"]));
            }
        }
    }
    wrong
}

#[test]
fn r10_a_diff_is_what_happens() {
    let take = ["metadata", "spec", "data", "rules", "automountServiceAccountToken"]
        .map(|field| format!("[[conflict]]\nobject = \"*/*\"\nfield = \"{field}\"\npolicy = \"take\"\n"))
        .concat();
    let external = "[external]\nobjects = [\"Scaled/x-0\", \"Scaled/x-1\", \"Scaled/x-2\", \"Scaled/x-3\", \"Scaled/x-4\"]\n";
    let take = format!("{external}{take}");
    let mut random = Random(10);
    let site = Site::new("r10", &take, &wanted(&mut random));
    let quiet = |arguments: &[&str], code: i32| site.run(&[arguments, &["--no-wait"]].concat()).exits(code);
    quiet(&["apply", "dev", "--yes"], 0);
    let (mut pairs, mut steps, mut edits) = (0, 0, 0);
    for round in 0..ROUNDS {
        edits += disturb(&site, &mut random);
        site.template(&wanted(&mut random));
        let before = live(&site);
        let run = site.run(&["diff", "dev", "--format", "json"]);
        let diff: Value = serde_json::from_slice(&run.stdout).unwrap_or_else(|error| panic!("{error}: {}", run.said()));
        assert!(diff["refusals"].as_array().is_some_and(Vec::is_empty), "round {round}: {diff:#}");
        steps += diff["steps"].as_array().unwrap().len();
        quiet(&["apply", "dev", "--yes"], 0);
        let after = live(&site);
        let wrong = unlike(&diff, &before, &after);
        assert!(wrong.is_empty(), "round {round}: {}", wrong.join("\n"));
        let run = site.run(&["diff", "dev"]);
        assert_eq!(run.code, Some(0), "round {round}: {}", run.said());
        quiet(&["apply", "dev", "--yes"], 0);
        let versions = |all: &BTreeMap<(String, String), Value>| -> Vec<Value> {
            all.values().map(|object| object["metadata"]["resourceVersion"].clone()).collect()
        };
        assert_eq!(versions(&after), versions(&live(&site)), "round {round}: a second apply wrote something");
        pairs += KINDS.len() * EACH;
    }
    println!(
        "R10: {pairs} pairs, {steps} predicted steps, {edits} foreign edits; predicted = done, next diff empty, next apply writes nothing"
    );
    assert!(pairs >= 500 && steps >= 250 && edits >= 80);
}
