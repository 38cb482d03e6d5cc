//! R4: what is written beside each object of `tests/cases/verdicts` is what the API server says of it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;

use crate::cases::{Case, cases, setup};
use crate::server::{cluster, script};

/// Group, version and kind to the plural name, and whether it is namespaced.
type Resources = BTreeMap<(String, String, String), (String, bool)>;

/// What the server says: nothing, or why not.
type Verdict = Result<(), String>;

#[test]
fn the_server_says_of_each_object_what_stands_beside_it() {
    let crds = install();
    let resources = resources();
    let cases = cases();
    let mut record = Vec::new();
    let mut wrong = Vec::new();
    for case in &cases {
        let (created, applied) = ask(&resources, case);
        let valid = created.is_ok() && applied.is_ok();
        if valid != case.valid {
            wrong.push(format!("{} ({}): create {created:?}, apply {applied:?}", case.place, case.what));
        }
        record.push(json!({
            "case": case.place, "what": case.what, "valid": valid, "yaml": case.text,
            "create": created.err(), "apply": applied.err(),
        }));
    }
    if let Some(path) = std::env::var_os("PLIMSOLL_WRITE_VERDICTS") {
        std::fs::write(path, serde_json::to_string_pretty(&record).unwrap()).unwrap();
    }
    let valid = cases.iter().filter(|case| case.valid).count();
    println!("R4: {} objects, {valid} valid, {} invalid, {crds} CRDs; {} differ", cases.len(), cases.len() - valid, wrong.len());
    assert!(wrong.is_empty(), "the server disagrees with the files:\n{}", wrong.join("\n"));
    assert!(cases.len() >= 300 && valid >= 150, "too few objects to mean anything");
}

/// Makes the CRDs and waits until the server serves them. Gives their number.
fn install() -> usize {
    let folder = script("external-secrets", &[]);
    let operator = ["externalsecrets", "secretstores", "clustersecretstores", "clusterexternalsecrets", "pushsecrets"];
    let read = |name: &&str| std::fs::read_to_string(format!("{folder}/external-secrets.io_{name}.yaml")).unwrap();
    let crds: Vec<String> = operator.iter().map(read).chain(setup()).collect();
    let path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    let names: Vec<String> = crds
        .iter()
        .map(|crd| {
            let made = cluster().send("POST", path, "application/yaml", crd).unwrap_or_else(|error| panic!("{error}\n{crd}"));
            made["metadata"]["name"].as_str().unwrap().to_owned()
        })
        .collect();
    for name in &names {
        let served = || {
            let crd = cluster().get(&format!("{path}/{name}"));
            let conditions = crd["status"]["conditions"].as_array().cloned().unwrap_or_default();
            conditions.iter().any(|condition| condition["type"] == "Established" && condition["status"] == "True")
        };
        wait(name, served);
        // Established comes a moment before discovery has the kind.
        let (plural, group) = name.split_once('.').unwrap();
        wait(name, || resources().iter().any(|((of, ..), (resource, _))| of == group && resource == plural));
    }
    names.len()
}

fn wait(what: &str, mut done: impl FnMut() -> bool) {
    for _ in 0..200 {
        if done() {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("{what} isn't served in time");
}

/// All resources of discovery.
fn resources() -> Resources {
    let groups = cluster().get("/apis");
    let mut paths = vec![("/api/v1".to_owned(), String::new(), "v1".to_owned())];
    for group in groups["groups"].as_array().unwrap() {
        let name = group["name"].as_str().unwrap();
        for version in group["versions"].as_array().unwrap() {
            let version = version["version"].as_str().unwrap();
            paths.push((format!("/apis/{name}/{version}"), name.to_owned(), version.to_owned()));
        }
    }
    let mut all = Resources::new();
    for (path, group, version) in paths {
        // A group that a CRD has just made is listed a moment before it answers.
        let Ok(list) = cluster().send("GET", &path, "application/json", "") else { continue };
        for resource in list["resources"].as_array().unwrap() {
            let name = resource["name"].as_str().unwrap();
            if !name.contains('/') {
                let kind = resource["kind"].as_str().unwrap().to_owned();
                let namespaced = resource["namespaced"].as_bool().unwrap();
                all.insert((group.clone(), version.clone(), kind), (name.to_owned(), namespaced));
            }
        }
    }
    all
}

/// What the server says to creating and to applying the object, strictly and without doing it.
fn ask(resources: &Resources, case: &Case) -> (Verdict, Verdict) {
    let api_version = case.top("apiVersion");
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    let key = (group.to_owned(), version.to_owned(), case.top("kind").to_owned());
    let Some((plural, namespaced)) = resources.get(&key) else {
        let none = Err(format!("no matches for kind {:?} in version {api_version:?}", key.2));
        return (none.clone(), none);
    };
    let root = if group.is_empty() { format!("/api/{version}") } else { format!("/apis/{group}/{version}") };
    let namespace = match case.metadata("namespace") {
        "" => "default",
        namespace => namespace,
    };
    let path = if *namespaced { format!("{root}/namespaces/{namespace}/{plural}") } else { format!("{root}/{plural}") };
    let query = "dryRun=All&fieldValidation=Strict&fieldManager=plimsoll";
    let created = cluster().send("POST", &format!("{path}?{query}"), "application/yaml", &case.text);
    let name = case.metadata("name").replace(' ', "%20").replace('/', "%2F");
    let item = format!("{path}/{name}?{query}");
    let applied = if name.is_empty() {
        Err("no name to apply to".to_owned())
    } else {
        cluster().send("PATCH", &item, "application/apply-patch+yaml", &case.text).map(drop)
    };
    (created.map(drop), applied)
}
