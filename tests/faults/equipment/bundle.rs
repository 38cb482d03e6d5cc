//! The generated repository: both versions pass plimsoll's checks, and differ as they should.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::bundle::{Bundle, ENVIRONMENT};

/// `Kind/name` of all objects of the version that is written.
fn objects(bundle: &Bundle) -> BTreeSet<String> {
    bundle.plimsoll(&["check", ENVIRONMENT]).exits(0);
    let rendered = bundle.plimsoll(&["render", ENVIRONMENT, "--format", "json"]).exits(0).out();
    let documents: Value = serde_json::from_str(&rendered).unwrap_or_else(|error| panic!("{error}: {rendered}"));
    let list = documents["items"].as_array().or_else(|| documents.as_array()).expect("a list of objects");
    list.iter().map(|object| format!("{}/{}", object["kind"], object["metadata"]["name"]).replace('"', "")).collect()
}

#[test]
fn both_versions_are_sound() {
    let bundle = Bundle::new("generated", "/nowhere".as_ref());
    let first = objects(&bundle);
    bundle.v2();
    let second = objects(&bundle);
    println!("the generated repository has {} objects, then {}", first.len(), second.len());
    let kinds = |objects: BTreeSet<String>| -> BTreeSet<String> {
        objects.iter().filter_map(|name| Some(name.split_once('/')?.0.to_owned())).collect()
    };
    assert!(first.len() >= 25, "{first:#?}");
    let gone: Vec<&String> = first.difference(&second).collect();
    let new: Vec<&String> = second.difference(&first).collect();
    // Two hashed names roll over; `legacy` goes thrice, `added` comes.
    assert_eq!((gone.len(), new.len()), (5, 3), "{gone:?} {new:?}");
    bundle.v1();
    assert_eq!(objects(&bundle), first);
    let needed = ["CustomResourceDefinition", "Widget", "Job", "Secret", "ConfigMap", "Namespace", "Role", "RoleBinding"];
    let kinds = kinds(first);
    assert!(needed.iter().all(|kind| kinds.contains(*kind)), "{kinds:?}");
}
