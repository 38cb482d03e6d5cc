//! The schemas in the binary are those of the API server, and of the External Secrets Operator's CRDs.

use std::collections::BTreeSet;
use std::path::Path;

use plimsoll::check::schema::{Kind, Schemas, custom_kinds, openapi, pack};
use serde_json::Value;

use crate::server::{cluster, script};

/// The version that `go.mod` of this folder builds, and the one the binary has schemas of.
const MINOR: &str = "1.37";

/// Whether CRDs of other tests made this group: it isn't Kubernetes' own. Asked after the list that it is sought in.
fn is_custom(group: &str) -> bool {
    let crds = cluster().get("/apis/apiextensions.k8s.io/v1/customresourcedefinitions");
    crds["items"].as_array().unwrap().iter().any(|crd| crd["spec"]["group"] == group)
}

/// All documents of `/openapi/v3`, by path.
fn documents() -> Vec<Value> {
    let version = cluster().get("/version");
    assert_eq!((&version["major"], &version["minor"]), (&"1".into(), &"37".into()), "KUBEBUILDER_ASSETS has another version");
    let index = cluster().get("/openapi/v3");
    let entries = index["paths"].as_object().unwrap().iter();
    let own = entries.filter(|(path, _)| !path.split('/').nth(1).is_some_and(is_custom));
    let paths: BTreeSet<&str> = own.map(|(_, entry)| entry["serverRelativeURL"].as_str().unwrap()).collect();
    paths.into_iter().map(|path| cluster().get(path)).collect()
}

#[test]
fn every_kind_of_the_server_is_in_the_binary() {
    let documents = documents();
    let named: BTreeSet<(String, String, String)> = documents
        .iter()
        .flat_map(|document| document["components"]["schemas"].as_object().into_iter().flatten())
        .flat_map(|(_, definition)| definition["x-kubernetes-group-version-kind"].as_array().into_iter().flatten())
        .map(|kind| {
            let part = |name: &str| kind[name].as_str().unwrap_or_default().to_owned();
            (part("group"), part("version"), part("kind"))
        })
        .collect();
    let ours = Schemas::builtin(MINOR).unwrap();
    println!("kinds of /openapi/v3: {}; kinds in the binary: {}", named.len(), ours.kinds().len());
    assert!(named.len() >= 180, "the server names suspiciously few kinds");
    let kept: BTreeSet<_> =
        ours.kinds().into_iter().map(|kind| (kind.group.to_string(), kind.version.to_string(), kind.kind.to_string())).collect();
    assert_eq!(named, kept);
}

#[test]
fn scopes_and_resources_are_those_of_discovery() {
    let core = ("/api/v1".to_owned(), String::new(), "v1".to_owned());
    let groups = cluster().get("/apis");
    let versions = groups["groups"].as_array().unwrap().iter().flat_map(|group| {
        let name = group["name"].as_str().unwrap();
        group["versions"].as_array().unwrap().iter().map(move |version| {
            let version = version["version"].as_str().unwrap();
            (format!("/apis/{name}/{version}"), name.to_owned(), version.to_owned())
        })
    });
    let mut count = 0;
    for (path, group, version) in std::iter::once(core).chain(versions) {
        if is_custom(&group) {
            continue;
        }
        for resource in cluster().get(&path)["resources"].as_array().unwrap() {
            let name = resource["name"].as_str().unwrap();
            if name.contains('/') {
                continue;
            }
            let kind = Schemas::builtin(MINOR).unwrap().kind(&group, &version, resource["kind"].as_str().unwrap()).unwrap();
            let patched = resource["verbs"].as_array().unwrap().contains(&"patch".into());
            assert_eq!((kind.resource.as_str(), kind.storable), (name, patched), "{path}");
            assert_eq!(kind.namespaced(), resource["namespaced"].as_bool().unwrap(), "{path}/{name}");
            count += 1;
        }
    }
    println!("resources of discovery with the same name, scope and verb: {count}");
    assert!(count >= 60);
}

#[test]
fn the_committed_schemas_are_the_servers() {
    let fresh = openapi(&documents()).unwrap_or_else(|missing| panic!("not in the documents: {missing:?}"));
    compare("kubernetes-1.37.bin", &fresh, Schemas::builtin(MINOR));
}

#[test]
fn the_committed_schemas_are_the_operators() {
    let folder = script("external-secrets", &[]);
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let texts = files.iter().map(|file| std::fs::read_to_string(file).unwrap());
    let crds: Vec<Value> = texts.map(|text| serde_yaml::from_str(&text).unwrap()).collect();
    compare("external-secrets.bin", &custom_kinds(&crds), Schemas::external_secrets());
}

/// Compares, or writes where `tests/cluster/schemas` asks for it.
fn compare(file: &str, fresh: &Schemas, committed: Option<&Schemas>) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/check/schema").join(file);
    let bytes = pack(fresh);
    let kinds = fresh.kinds();
    println!("{file}: {} kinds, {} nodes, {} bytes", kinds.len(), fresh.store().len(), bytes.len());
    if std::env::var_os("PLIMSOLL_WRITE_SCHEMAS").is_some() {
        std::fs::write(&path, bytes).unwrap();
        return;
    }
    let key = |kind: &Kind| (kind.group.clone(), kind.version.clone(), kind.kind.clone(), kind.scope, kind.storable);
    let committed_kinds: Vec<_> = committed.map(Schemas::kinds).unwrap_or_default().iter().map(key).collect();
    assert_eq!(kinds.iter().map(key).collect::<Vec<_>>(), committed_kinds, "run tests/cluster/schemas");
    assert!(std::fs::read(&path).unwrap() == bytes, "{file} differs from its source: run tests/cluster/schemas");
}
