//! R12: stale plans. Between `plan -o` and `apply --plan` something interferes; what was planned is done only if nothing that the plan
//! looked at has moved, else the object and who moved it are named, and nothing is written (exit 3).

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::server::cluster;
use crate::site::{Site, edit, post};

const SEEDS: usize = 20;

/// What must come of it.
enum Expected {
    /// Exit 3, and these words in what is said.
    Refused(Vec<String>),
    /// Exit 0: nothing of the plan is stale.
    Applied,
}

use Expected::{Applied, Refused};

/// Version `v` of the bundle: four ConfigMaps, a Deployment, a custom resource, and with the second version a new ConfigMap.
fn template(group: &str, v: u8) -> String {
    let config =
        |at: u8| format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{ name: c{at} }}\ndata: {{ a: '{v}', b: same }}\n---\n");
    let mut text: String = (0..4).map(config).collect();
    let rest = format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{ name: web }}\nspec:\n  replicas: 2\n  selector: {{ matchLabels: {{ app: web }} }}\n  \
         template:\n    metadata: {{ labels: {{ app: web }} }}\n    spec: {{ containers: [{{ name: web, image: 'registry.example/web:{v}' }}] }}\n---\n\
         apiVersion: {group}/v1\nkind: Thing\nmetadata: {{ name: thing }}\nspec: {{ size: {v} }}\n"
    );
    text.push_str(&rest);
    if v > 1 {
        text.push_str("---\napiVersion: v1\nkind: ConfigMap\nmetadata: { name: fresh }\ndata: { a: '1' }\n");
    }
    text
}

fn crd(group: &str, old_served: bool) -> Value {
    let version = |name: &str, served: bool, storage: bool| {
        json!({ "name": name, "served": served, "storage": storage,
            "schema": { "openAPIV3Schema": { "type": "object", "x-kubernetes-preserve-unknown-fields": true } } })
    };
    json!({ "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": { "name": format!("things.{group}") },
        "spec": { "group": group, "scope": "Namespaced", "names": { "kind": "Thing", "plural": "things", "singular": "thing" },
            "versions": [version("v1", old_served, true), version("v2", true, false)] } })
}

/// Asks until the answer is as it should be: discovery follows a changed CRD a moment later.
fn until(path: &str, there: bool) {
    let is_so = (0..20_000).any(|_| cluster().send("GET", path, "application/json", "").is_ok() == there);
    assert!(is_so, "{path}");
}

/// A site that is applied in its first version and planned in its second.
fn planned(interference: &str, seed: usize, group: &str) -> Site {
    let site = Site::new(&format!("r12-{interference}-{seed}"), "", &template(group, 1));
    site.apply_by_hand();
    site.template(&template(group, 2));
    site.run(&["plan", "dev", "-o", "dev.plan"]).exits(0);
    site
}

fn send(method: &str, path: &str, content_type: &str, body: &Value) {
    cluster().send(method, path, content_type, &body.to_string()).unwrap_or_else(|error| panic!("{method} {path}: {error}"));
}

/// The plan's file with another cluster in it, and a digest that fits.
fn for_another_cluster(site: &Site) {
    let text = String::from_utf8(site.sandbox.read("dev.plan")).unwrap();
    let mut file = plimsoll::plan::file::read(&text).unwrap();
    file.cluster.id = Some("another-cluster".to_owned());
    file.digest = String::new();
    let digest = Sha256::digest(serde_json::to_string(&file).unwrap());
    file.digest = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    site.sandbox.write("dev.plan", serde_json::to_string(&file).unwrap());
}

const INTERFERENCES: [&str; 14] = [
    "owned",
    "foreign",
    "status",
    "label",
    "delete",
    "recreate",
    "taken",
    "scale",
    "ending",
    "crd",
    "apply",
    "cluster",
    "edited",
    "repository",
];

/// Interferes with the object that the seed picks; says what must come of it.
#[expect(clippy::too_many_lines, reason = "a table: one arm an interference")]
fn interfere(interference: &str, seed: usize, site: &Site, group: &str) -> Expected {
    let name = format!("c{}", seed % 4);
    let path = site.core("configmaps", &name);
    let object = format!("ConfigMap/{name}");
    let who = format!("stranger-{seed}");
    let named = |words: &[&str]| Refused(words.iter().map(|word| (*word).to_owned()).collect());
    match interference {
        "owned" => {
            edit(&path, &who, &json!({ "data": { "a": format!("theirs-{seed}") } }));
            named(&[&object, &who])
        }
        "foreign" => {
            edit(
                &path,
                &who,
                &json!({ "data": { "theirs": "x" }, "metadata": { "annotations": { "their.example/note": "x" } } }),
            );
            Applied
        }
        "status" => {
            let status = json!({ "status": { "replicas": seed, "observedGeneration": 1 } });
            send(
                "PATCH",
                &format!("{}/status?fieldManager={who}", site.deployment("web")),
                "application/merge-patch+json",
                &status,
            );
            Applied
        }
        "label" if seed.is_multiple_of(2) => {
            edit(&path, &who, &json!({ "metadata": { "labels": { "their.example/label": "x" } } }));
            Applied
        }
        "label" => {
            edit(&path, &who, &json!({ "metadata": { "labels": { plimsoll::inventory::PART_OF: null } } }));
            named(&[&object])
        }
        "delete" => {
            send("DELETE", &path, "application/json", &json!({}));
            named(&[&object, "isn't there"])
        }
        "recreate" => {
            let now = cluster().get(&path);
            send("DELETE", &path, "application/json", &json!({}));
            let anew = json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": name, "labels": now["metadata"]["labels"] }, "data": now["data"] });
            post(&format!("/api/v1/namespaces/{}/configmaps?fieldManager={who}", site.namespace), &anew);
            named(&[&object, &who])
        }
        "taken" => {
            let taken =
                json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "fresh" }, "data": { "theirs": "x" } });
            post(&format!("/api/v1/namespaces/{}/configmaps?fieldManager={who}", site.namespace), &taken);
            named(&["ConfigMap/fresh", &who])
        }
        "scale" => {
            let scale = json!({ "spec": { "replicas": 3 + seed } });
            send(
                "PATCH",
                &format!("{}/scale?fieldManager={who}", site.deployment("web")),
                "application/merge-patch+json",
                &scale,
            );
            named(&["Deployment/web", &who])
        }
        "ending" => {
            send("DELETE", &format!("/api/v1/namespaces/{}", site.namespace), "application/json", &json!({}));
            named(&["is being deleted"])
        }
        "crd" => {
            let definition = format!("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/things.{group}");
            let mut now = cluster().get(&definition);
            now["spec"]["versions"] = crd(group, false)["spec"]["versions"].clone();
            // v1 must go on being stored while v2 alone is served.
            send("PUT", &definition, "application/json", &now);
            until(&format!("/apis/{group}/v1/namespaces/{}/things", site.namespace), false);
            named(&["Thing/thing"])
        }
        "apply" => {
            site.apply_by_hand();
            named(&[&object, "plimsoll"])
        }
        "cluster" => {
            for_another_cluster(site);
            named(&["another-cluster"])
        }
        "edited" => {
            let text = String::from_utf8(site.sandbox.read("dev.plan")).unwrap();
            let edits = [
                ("\"update\"", "\"create\""),
                ("web:2", "web:3"),
                ("\"force\": false", "\"force\": true"),
                ("\"uid\": \"", "\"uid\": \"0"),
            ];
            let (from, to) = edits[seed % edits.len()];
            assert!(text.contains(from), "{text}");
            site.sandbox.write("dev.plan", text.replacen(from, to, 1));
            named(&["was changed after it was written"])
        }
        "repository" => {
            site.template(&template(group, 2).replace("b: same", &format!("b: other-{seed}")));
            named(&["compiles to something else"])
        }
        other => panic!("{other}"),
    }
}

fn versions(site: &Site) -> Vec<(String, String)> {
    let listed = cluster().get(&format!("/api/v1/namespaces/{}/configmaps", site.namespace));
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let items = listed["items"].as_array().unwrap().iter();
    items.map(|item| (text(&item["metadata"]["name"]), text(&item["metadata"]["resourceVersion"]))).collect()
}

#[test]
fn r12_a_stale_plan_is_refused_and_says_what_moved() {
    let mut right = 0;
    let mut wrong = Vec::new();
    for interference in INTERFERENCES {
        for seed in 0..SEEDS {
            let group = if interference == "crd" { format!("r12-{seed}.example") } else { "r12.example".to_owned() };
            let things = format!("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/things.{group}");
            if cluster().send("GET", &things, "application/json", "").is_err() {
                post("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", &crd(&group, true));
                until(&format!("/apis/{group}/v1/things"), true);
            }
            let site = planned(interference, seed, &group);
            let expected = interfere(interference, seed, &site, &group);
            let before = versions(&site);
            let run = site.run(&["apply", "--plan", "dev.plan", "--no-wait"]);
            let is_right = match &expected {
                Applied => run.code == Some(0),
                Refused(words) => {
                    run.code == Some(3)
                        && words.iter().all(|word| run.said().contains(word.as_str()))
                        && versions(&site) == before
                }
            };
            if is_right {
                right += 1;
            } else {
                wrong.push(format!("{interference}, seed {seed}: exit {:?}\n{}", run.code, run.said()));
            }
        }
    }
    println!("R12: {} interferences × {SEEDS} seeds: {right} right", INTERFERENCES.len());
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(right, 280);
}
