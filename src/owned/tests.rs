use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::check::schema::Schemas;
use crate::object::testing::span;
use crate::object::{Data, Map, Step};
use crate::secret::Sealed;

fn node(value: &Value) -> Node {
    let data = match value {
        Value::Null => Data::Null,
        Value::Bool(truth) => Data::Bool(*truth),
        Value::Number(number) => number.as_i64().map_or_else(|| Data::Float(number.as_f64().unwrap()), Data::Int),
        Value::String(text) => text
            .strip_prefix("sealed:")
            .map_or_else(|| Data::Text(text.into()), |text| Data::Sealed(Box::new(Sealed::Text(text.into())))),
        Value::Array(items) => Data::List(items.iter().map(node).collect()),
        Value::Object(map) => {
            let mut out = Map::new();
            map.iter().for_each(|(key, value)| out.set(key.as_str(), node(value)));
            Data::Map(out)
        }
    };
    Node::new(data, span())
}

fn open(sealed: &Sealed) -> Result<zeroize::Zeroizing<String>, String> {
    match sealed {
        Sealed::Text(text) if text == "shut" => Err("no identity".to_owned()),
        Sealed::Text(text) => Ok(zeroize::Zeroizing::new(text.to_string())),
        _ => Err("another form".to_owned()),
    }
}

/// Runs `work` with the wanted object and its built-in schema.
fn with<T>(wanted: &Value, work: impl FnOnce(Wanted<'_>) -> T) -> T {
    let root = node(wanted);
    let (group, version) = crate::object::ObjectId::split_api_version(wanted["apiVersion"].as_str().unwrap());
    let schema = Schemas::builtin("1.37").unwrap().kind(group, version, wanted["kind"].as_str().unwrap());
    work(Wanted { root: &root, reveal: &open, schema: schema.map(|schema| schema.root()) })
}

fn proof(wanted: &Value, live: &Value) -> String {
    let live = live.to_string();
    match with(wanted, |wanted| prove(wanted, &Stored::read(live.as_bytes()).unwrap(), MANAGER)) {
        Proof::Unchanged => "unchanged".to_owned(),
        Proof::Unproven(why) => why.to_string(),
    }
}

fn digest(wanted: &Value, live: &Value) -> Digest {
    with(wanted, |wanted| looked_at(wanted, live, MANAGER))
}

fn wanted() -> Value {
    json!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "p", "labels": { "app": "x" } }, "spec": { "containers": [{
        "name": "main", "image": "i",
        "env": [{ "name": "A", "value": "1" }, { "name": "B", "value": "$(A)" }],
        "ports": [{ "containerPort": 80 }], "args": ["a", "b"] }] } })
}

/// What the server makes of [`wanted`], more or less.
fn live() -> Value {
    let ours = json!({
        "f:metadata": { "f:labels": { "f:app": {} } },
        "f:spec": { "f:containers": { "k:{\"name\":\"main\"}": { ".": {}, "f:name": {}, "f:image": {}, "f:args": {},
            "f:env": { "k:{\"name\":\"A\"}": { ".": {}, "f:name": {}, "f:value": {} }, "k:{\"name\":\"B\"}": { ".": {}, "f:name": {}, "f:value": {} } },
            "f:ports": { "k:{\"containerPort\":80,\"protocol\":\"TCP\"}": { ".": {}, "f:containerPort": {} } } } } } });
    let mut live = wanted();
    live["metadata"]["uid"] = json!("u");
    live["metadata"]["resourceVersion"] = json!("7");
    live["metadata"]["managedFields"] = json!([
        { "manager": "plimsoll", "operation": "Apply", "apiVersion": "v1", "time": "2026-01-01T00:00:00Z", "fieldsType": "FieldsV1", "fieldsV1": ours }]);
    live["spec"]["containers"][0]["ports"][0]["protocol"] = json!("TCP");
    live["spec"]["containers"][0]["imagePullPolicy"] = json!("Always");
    live
}

fn ours(live: &mut Value) -> &mut Value {
    &mut live["metadata"]["managedFields"][0]["fieldsV1"]
}

fn stranger(fields: &Value) -> Value {
    json!({ "manager": "stranger", "operation": "Update", "apiVersion": "v1", "time": "2026-01-02T00:00:00Z", "fieldsType": "FieldsV1", "fieldsV1": fields })
}

fn add_entry(live: &mut Value, entry: Value) {
    live["metadata"]["managedFields"].as_array_mut().unwrap().push(entry);
}

const MAIN: &str = "k:{\"name\":\"main\"}";

#[test]
fn the_same_is_proven() {
    assert_eq!(proof(&wanted(), &live()), "unchanged");
    let mut foreign = live();
    foreign["metadata"]["labels"]["stranger"] = json!("s");
    foreign["status"] = json!({ "phase": "Running" });
    add_entry(&mut foreign, stranger(&json!({ "f:metadata": { "f:labels": { "f:stranger": {} } } })));
    assert_eq!(proof(&wanted(), &foreign), "unchanged");
    // without a schema the entry itself tells how each list is taken
    let (root, live) = (node(&wanted()), live().to_string());
    let stored = Stored::read(live.as_bytes()).unwrap();
    assert_eq!(prove(Wanted { root: &root, reveal: &open, schema: None }, &stored, MANAGER), Proof::Unchanged);
}

#[test]
fn what_isnt_the_same_isnt_proven() {
    let containers = |change: fn(&mut Value)| {
        let mut live = live();
        change(&mut live["spec"]["containers"][0]);
        proof(&wanted(), &live)
    };
    assert_eq!(containers(|c| c["image"] = json!("j")), "the live value of `spec.containers[0].image` is another one");
    assert_eq!(containers(|c| c["args"] = json!(["b", "a"])), "the live value of `spec.containers[0].args[0]` is another one");
    let swap = |c: &mut Value| c["env"].as_array_mut().unwrap().swap(0, 1);
    assert_eq!(containers(swap), "the items of `spec.containers[0].env` stand in another order");
    let twice = |c: &mut Value| c["env"].as_array_mut().unwrap().push(json!({ "name": "A", "value": "1" }));
    assert_eq!(containers(twice), "`spec.containers[0].env` is there twice");
    let between = |c: &mut Value| c["env"].as_array_mut().unwrap().insert(1, json!({ "name": "S", "value": "1" }));
    assert_eq!(containers(between), "unchanged");

    let mut sent = wanted();
    sent["spec"]["hostname"] = json!("h");
    assert_eq!(proof(&sent, &live()), "`spec.hostname` isn't ours: it is new, or someone else set it");
    let mut less = wanted();
    less["spec"]["containers"][0].as_object_mut().unwrap().shift_remove("args");
    assert_eq!(proof(&less, &live()), "`spec.containers[name=main].args` isn't sent any more");
}

#[test]
fn entries_that_mean_something_else_prove_nothing() {
    let mut other = live();
    other["metadata"]["managedFields"][0]["apiVersion"] = json!("v2");
    assert_eq!(proof(&wanted(), &other), "it was last applied as `v2`");
    for (key, value) in [("manager", "helm"), ("operation", "Update"), ("subresource", "status")] {
        let mut other = live();
        other["metadata"]["managedFields"][0][key] = json!(value);
        assert_eq!(proof(&wanted(), &other), "it has never been applied by us");
        assert!(!is_ours(&other));
    }
    assert!(is_ours(&live()));
    let mut unknown = live();
    ours(&mut unknown)["x:y"] = json!({});
    assert_eq!(proof(&wanted(), &unknown), "the fields of manager `plimsoll` aren't understood");
    let mut stale = live();
    let mut entry = stranger(&json!({ "f:spec": { "f:x": {} } }));
    entry["apiVersion"] = json!("gone.example/v1alpha1");
    add_entry(&mut stale, entry);
    assert_eq!(
        proof(&wanted(), &stale),
        "manager `stranger` owns fields of `gone.example/v1alpha1`, which may not be served any more"
    );
    let mut named = live();
    named["metadata"]["name"] = json!("q");
    assert_eq!(proof(&wanted(), &named), "the live object has another `metadata.name`");
    // a mark of an `Update` entry that someone joined with ours
    let mut marked = live();
    ours(&mut marked)["f:metadata"]["f:labels"]["."] = json!({});
    assert_eq!(proof(&wanted(), &marked), "`metadata.labels` isn't sent any more");
}

#[test]
fn secrets_are_opened_for_the_comparison_only() {
    let secret =
        |value: &str| json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "s" }, "data": { "k": value } });
    let mut live = secret("YQ==");
    live["metadata"]["managedFields"] = json!([{ "manager": "plimsoll", "operation": "Apply", "apiVersion": "v1", "fieldsType": "FieldsV1",
        "fieldsV1": { "f:data": { "f:k": {} } } }]);
    assert_eq!(proof(&secret("sealed:YQ=="), &live), "unchanged");
    assert_eq!(proof(&secret("sealed:Yg=="), &live), "the live value of `data.k` is another one");
    assert_eq!(proof(&secret("sealed:shut"), &live), "the secret at `data.k` wasn't opened: no identity");
}

#[test]
fn other_spellings_are_proven_where_no_one_else_owns_them() {
    let quota = |cpu: Value| json!({ "apiVersion": "v1", "kind": "ResourceQuota", "metadata": { "name": "q" }, "spec": { "hard": { "cpu": cpu } } });
    let mut live = quota(json!("1"));
    live["metadata"]["managedFields"] = json!([{ "manager": "plimsoll", "operation": "Apply", "apiVersion": "v1", "fieldsType": "FieldsV1",
        "fieldsV1": { "f:spec": { "f:hard": { "f:cpu": {} } } } }]);
    for same in [json!("1"), json!("1000m"), json!(1), json!(1.0), json!("1.0")] {
        assert_eq!(proof(&quota(same), &live), "unchanged");
    }
    assert_eq!(proof(&quota(json!("1001m")), &live), "the live value of `spec.hard.cpu` is another one");
    add_entry(&mut live, stranger(&json!({ "f:spec": { "f:hard": { "f:cpu": {} } } })));
    assert_eq!(proof(&quota(json!("1")), &live), "unchanged");
    assert_eq!(proof(&quota(json!("1000m")), &live), "`spec.hard.cpu` is written otherwise, and someone else owns it too");
}

#[test]
fn the_digest_moves_with_what_a_plan_looks_at() {
    let before = digest(&wanted(), &live());
    let after = |change: fn(&mut Value)| {
        let mut live = live();
        change(&mut live);
        digest(&wanted(), &live) == before
    };
    // a status write, a stranger's label, versions and times
    assert!(after(|live| live["status"] = json!({ "phase": "Running" })));
    assert!(after(|live| live["metadata"]["resourceVersion"] = json!("8")));
    assert!(after(|live| live["metadata"]["managedFields"][0]["time"] = json!("2027-01-01T00:00:00Z")));
    assert!(after(|live| {
        live["metadata"]["labels"]["stranger"] = json!("s");
        add_entry(live, stranger(&json!({ "f:metadata": { "f:labels": { "f:stranger": {} } }, "f:status": { "f:phase": {} } })));
    }));
    assert!(after(|live| live["spec"]["containers"][0]["imagePullPolicy"] = json!("Never")));
    // our values, their order, their owners, our entry, the object itself
    assert!(!after(|live| live["spec"]["containers"][0]["image"] = json!("j")));
    assert!(!after(|live| live["spec"]["containers"][0]["env"].as_array_mut().unwrap().swap(0, 1)));
    assert!(!after(|live| live["spec"]["containers"][0]["args"] = json!(["a"])));
    assert!(!after(|live| {
        live["metadata"]["labels"].as_object_mut().unwrap().shift_remove("app");
    }));
    assert!(!after(|live| add_entry(live, stranger(&json!({ "f:metadata": { "f:labels": { "f:app": {} } } })))));
    assert!(!after(|live| add_entry(live, stranger(&json!({ "f:spec": { "f:containers": { MAIN: { "f:image": {} } } } })))));
    assert!(!after(|live| {
        ours(live)["f:metadata"]["f:labels"]["f:more"] = json!({});
    }));
    assert!(!after(|live| live["metadata"]["managedFields"] = json!([])));
    assert!(!after(|live| live["metadata"]["uid"] = json!("v")));
    assert!(!after(|live| live["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z")));
    let kubectl = json!({ "manager": "kubectl-client-side-apply", "operation": "Update", "apiVersion": "v1", "fieldsType": "FieldsV1",
        "fieldsV1": { "f:spec": { "f:hostname": {} } } });
    let mut migrated = live();
    add_entry(&mut migrated, kubectl);
    assert_ne!(digest(&wanted(), &migrated), before);
    assert_eq!(before.to_string().parse::<Digest>().unwrap(), before);
    assert!("xyz".parse::<Digest>().is_err() && "é".repeat(32).parse::<Digest>().is_err());
}

#[test]
fn owners_are_found_by_path() {
    let mut live = live();
    add_entry(
        &mut live,
        stranger(&json!({ "f:metadata": { "f:annotations": { "f:a.b/c": {} } },
        "f:spec": { "f:containers": { MAIN: { "f:imagePullPolicy": {}, "f:args": {} } } } })),
    );
    let names = |path: &str| -> Vec<String> {
        owners(&live, &read_path(path, &live).unwrap()).into_iter().map(|owner| owner.manager).collect()
    };
    assert_eq!(names("spec.containers[name=main].image"), ["plimsoll"]);
    assert_eq!(names("spec.containers[0].imagePullPolicy"), ["stranger"]);
    assert_eq!(names("spec.containers[0].args[1]"), ["plimsoll", "stranger"]);
    assert_eq!(names("spec.containers[0].ports[0].protocol"), [""; 0]);
    assert_eq!(names("metadata.annotations[\"a.b/c\"]"), ["stranger"]);
    assert_eq!(names("spec.containers[0].env[name=B].value"), ["plimsoll"]);
    let cause = |path: &str| cause(&live, &read_path(path, &live).unwrap(), MANAGER);
    assert_eq!(cause("spec.containers[0].image"), Cause::Ours);
    assert!(matches!(cause("spec.containers[0].imagePullPolicy"), Cause::Drift(owners) if owners[0].manager == "stranger"));
    assert_eq!(read_path("spec.containers[name=nope].image", &live), None);
    assert_eq!(
        read_path("a[\"b.c/d\"][2]", &live).unwrap(),
        [Step::Field("a".into()), Step::Field("b.c/d".into()), Step::Index(2)]
    );
}

#[test]
fn kubectls_entries_become_ours() {
    let mut live = live();
    live["metadata"]["annotations"] = json!({ LAST_APPLIED: json!({ "spec": { "hostname": "h" } }).to_string() });
    live["spec"]["hostname"] = json!("h");
    live["spec"]["restartPolicy"] = json!("Always");
    add_entry(
        &mut live,
        json!({ "manager": "kubectl-client-side-apply", "operation": "Update", "apiVersion": "v1", "fieldsType": "FieldsV1",
        "fieldsV1": { "f:metadata": { "f:annotations": { ".": {}, format!("f:{LAST_APPLIED}"): {} }, "f:labels": { ".": {}, "f:app": {} } },
            "f:spec": { "f:hostname": {}, "f:restartPolicy": {} }, "f:status": { "f:phase": {} } } }),
    );
    let found = with(&wanted(), |wanted| migration(&live, wanted, MANAGER)).unwrap();
    let shown = |paths: &[Vec<Element>]| -> Vec<String> { paths.iter().map(|path| show_path(path)).collect() };
    assert_eq!(found.managers, ["kubectl-client-side-apply"]);
    assert_eq!(shown(&found.removes), ["spec.hostname"]);
    assert_eq!(shown(&found.resets), ["spec.restartPolicy"]);
    assert!(found.annotation);
    let steps = found.patch.as_array().unwrap();
    assert_eq!(steps[0], json!({ "op": "replace", "path": "/metadata/uid", "value": "u" }));
    assert_eq!(steps[1], json!({ "op": "replace", "path": "/metadata/resourceVersion", "value": "7" }));
    assert_eq!(
        steps[2],
        json!({ "op": "remove", "path": "/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration" })
    );
    let entries = steps[3]["value"].as_array().unwrap();
    assert_eq!(entries.len(), 2);
    assert_eq!(entries[0]["fieldsV1"], json!({ "f:status": { "f:phase": {} } }));
    assert_eq!(entries[1]["manager"], "plimsoll");
    assert_eq!(entries[1]["fieldsV1"]["f:spec"]["f:hostname"], json!({}));
    assert_eq!(entries[1]["fieldsV1"]["f:spec"]["f:containers"], ours(&mut live)["f:spec"]["f:containers"]);
    assert_eq!(with(&wanted(), |wanted| migration(&self::live(), wanted, MANAGER)), None);
}

fn scalars() -> impl Strategy<Value = Scalar> {
    prop_oneof![
        Just(Scalar::Null),
        any::<bool>().prop_map(Scalar::Bool),
        any::<i64>().prop_map(Scalar::Int),
        (-1e6..1e6_f64).prop_map(Scalar::of_float),
        ".{0,4}".prop_map(|text| Scalar::Text(text.into())),
    ]
}

fn elements() -> impl Strategy<Value = Element> {
    let keys = proptest::collection::btree_map(".{0,3}", scalars(), 1..3);
    prop_oneof![
        ".{0,4}".prop_map(Element::field),
        keys.prop_map(|keys| Element::Key(keys.into_iter().map(|(key, value)| (key.into(), value)).collect())),
        scalars().prop_map(Element::Value),
        (0..9_i64).prop_map(Element::Index),
    ]
}

fn sets() -> impl Strategy<Value = Fields> {
    let paths = proptest::collection::vec(proptest::collection::vec(elements(), 1..4), 0..8);
    paths.prop_map(|paths| {
        let mut fields = Fields::default();
        for path in &paths {
            fields.insert(path);
        }
        fields
    })
}

proptest! {
    #[test]
    fn what_is_printed_is_read_again(fields in sets()) {
        prop_assert_eq!(Fields::parse(&fields.json()), Some(fields));
    }

    #[test]
    fn sets_are_sets(a in sets(), b in sets()) {
        let (both, either, only) = (a.intersection(&b), a.union(&b), a.difference(&b));
        for path in either.paths() {
            prop_assert_eq!(both.has(&path), a.has(&path) && b.has(&path));
            prop_assert_eq!(only.has(&path), a.has(&path) && !b.has(&path));
            prop_assert!(a.has(&path) || b.has(&path));
        }
        prop_assert_eq!(only.union(&both), a.clone());
        prop_assert_eq!(a.union(&b), b.union(&a));
        prop_assert!(a.difference(&a).is_empty());
    }

    #[test]
    fn any_text_is_an_element_or_refused(text in "[fkvix.]?:?.{0,12}") {
        if let Some(element) = Element::parse(&text) {
            prop_assert_eq!(Element::parse(&element.print()), Some(element));
        }
    }
}
