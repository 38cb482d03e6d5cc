//! R11: three managers apply, force, update and let go; who owns what afterwards is what we predict.
//!
//! Predicted for every step: whether an apply conflicts, each manager's set of fields, [`is_ours`], [`owners`] of every value, and, for
//! flat objects (`ConfigMap`), the object itself. For nested ones (lists by key, sets, maps of structures) the sets are predicted from the
//! objects before and after. Marks of containers (`.` under a named field) that an Update leaves aren't told apart.

use std::collections::BTreeMap;

use plimsoll::check::schema::{SchemaRef, Schemas};
use plimsoll::object::Step;
use plimsoll::owned::{
    Cause, Element, Fields, LAST_APPLIED, MANAGER, Proof, Stored, Wanted, cause, is_ours, looked_at, managers, migration, owners,
    prove, show_path, would_own,
};
use serde_json::{Map, Value, json};

use crate::proof::kinds::{KINDS, Kind};
use crate::proof::{custom, namespace, node, open, schema, span};
use crate::random::Random;
use crate::server::cluster;

const SEED: u64 = 0x0dd_ba11;
const WHO: &[&str] = &[MANAGER, "other", "third"];

/// Manager and operation, with the fields.
type Entries = BTreeMap<(String, String), Fields>;

/// Named fields that hold fields of their own. An Update leaves a mark (`.`) on those that it makes, an apply none.
const CONTAINERS: &[&str] = &["data", "labels", "spec", "keyed", "set", "granular", "structs", "inner"];

fn entries(live: &Value) -> Entries {
    let all = managers(live).into_iter();
    all.map(|entry| ((entry.name, entry.operation), entry.fields.expect("understood"))).collect()
}

/// All fields of an object, as if one apply had made it.
fn all_fields(object: &Value, schema: SchemaRef<'_>) -> Fields {
    let mut object = object.clone();
    object.as_object_mut().unwrap().shift_remove("status");
    let root = node(&object, false, span());
    would_own(Wanted { root: &root, reveal: &open, schema: Some(schema) }, None, MANAGER).expect("known")
}

/// Without containers' marks, and without what isn't in the object any more.
fn plain(all: Entries, object: &Value) -> Entries {
    let is_mark = |path: &[Element]| matches!(path.last(), Some(Element::Field(name)) if CONTAINERS.contains(&name.as_str()));
    let there = |fields: &Fields| {
        let mut out = Fields::default();
        let paths = fields.paths();
        paths.iter().filter(|path| !is_mark(path) && at(object, path).is_some()).for_each(|path| out.insert(path));
        out
    };
    all.iter().map(|(key, fields)| (key.clone(), there(fields))).filter(|(_, fields)| !fields.is_empty()).collect()
}

fn at<'a>(value: &'a Value, path: &[Element]) -> Option<&'a Value> {
    path.iter().try_fold(value, |value, element| match element {
        Element::Field(name) => value.get(name.as_str()),
        Element::Key(keys) => {
            value.as_array()?.iter().find(|item| keys.iter().all(|(key, wanted)| item[key.as_str()] == wanted.json()))
        }
        Element::Value(wanted) => value.as_array()?.iter().find(|item| **item == wanted.json()),
        Element::Index(_) => None,
    })
}

/// The fields that differ: changed or new, and gone.
fn compare(before: &Value, after: &Value, schema: SchemaRef<'_>) -> (Fields, Fields) {
    let (old, new) = (all_fields(before, schema), all_fields(after, schema));
    let (mut set, gone) = (new.difference(&old), old.difference(&new));
    for path in new.intersection(&old).paths() {
        let leaf = new.at(&path).is_some_and(Fields::is_leaf);
        if leaf && at(before, &path) != at(after, &path) {
            set.insert(&path);
        }
    }
    (set, gone)
}

/// What the entries are after someone wrote `after` over `before`; `applied` is the set of an apply.
fn predict(mut all: Entries, who: &str, (set, gone): (&Fields, &Fields), applied: Option<Fields>) -> Entries {
    let operation = if applied.is_some() { "Apply" } else { "Update" };
    let own = (who.to_owned(), operation.to_owned());
    for (key, fields) in &mut all {
        if *key != own {
            *fields = fields.difference(set);
        }
        *fields = fields.difference(gone);
    }
    let mine = applied.unwrap_or_else(|| all.get(&own).cloned().unwrap_or_default().union(set));
    all.insert(own, mine);
    all.retain(|_, fields| !fields.is_empty());
    all
}

/// The object after an apply, where all of it is flat maps of texts.
fn predict_flat(before: &Value, config: &Value, last: &Fields, others: &Fields) -> Value {
    let mut after = before.clone();
    for (map, parent) in [("data", None), ("labels", Some("metadata")), ("annotations", Some("metadata"))] {
        let get = |object: &Value| -> Map<String, Value> {
            let holder = parent.map_or(object, |parent| &object[parent]);
            holder[map].as_object().cloned().unwrap_or_default()
        };
        let (mut values, sent) = (get(before), get(config));
        let path = |key: &str| -> Vec<Element> { parent.into_iter().chain([map, key]).map(Element::field).collect() };
        values.retain(|key, _| sent.contains_key(key) || !last.has(&path(key)) || others.has(&path(key)));
        values.extend(sent);
        let holder = match parent {
            Some(parent) => after[parent].as_object_mut().unwrap(),
            None => after.as_object_mut().unwrap(),
        };
        holder.shift_remove(map);
        if !values.is_empty() {
            holder.insert(map.to_owned(), values.into());
        }
    }
    after
}

fn content(object: &Value) -> Value {
    json!([object.get("data"), object["metadata"].get("labels"), object["metadata"].get("annotations")])
}

/// Every value's path in a live object, as steps.
fn steps(value: &Value, here: &mut Vec<Step>, out: &mut Vec<Vec<Step>>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map.iter().filter(|(key, _)| *key != "managedFields") {
                here.push(Step::Field(key.as_str().into()));
                steps(value, here, out);
                here.pop();
            }
        }
        Value::Array(items) => {
            for (at, value) in items.iter().enumerate() {
                here.push(Step::Index(at));
                steps(value, here, out);
                here.pop();
            }
        }
        _ => out.push(here.clone()),
    }
}

#[derive(Debug, Default)]
struct Counts {
    steps: usize,
    applied: usize,
    forced: usize,
    conflicts: usize,
    updates: usize,
    refused: usize,
    objects: usize,
    owners: usize,
}

#[test]
fn r11_ownership_is_predicted() {
    let sequences = crate::harness::size(100_u64, 1_000);
    let custom = custom();
    namespace("r11");
    let mut counts = Counts::default();
    for sequence in 0..sequences {
        let mut random = Random::new(SEED + sequence);
        let name = if sequence % 2 == 0 { "ConfigMap" } else { "Typed" };
        let kind = KINDS.iter().find(|kind| kind.kind == name).unwrap();
        run_sequence(&mut random, kind, &format!("r11-{sequence}"), custom, &mut counts);
    }
    println!("R11: seed {SEED:#x}: {sequences} sequences of 20 steps by 3 managers, all as predicted: {counts:?}");
    assert!(
        counts.conflicts * 50 >= counts.steps && counts.forced * 20 >= counts.steps && counts.updates * 10 >= counts.steps,
        "{counts:?}"
    );
    assert!(counts.refused * 5 <= counts.steps, "{counts:?}");
}

/// A few fields of few values, so that managers meet.
fn config(random: &mut Random, kind: &Kind, name: &str) -> Value {
    let texts = |random: &mut Random, keys: &[&str]| -> Value {
        let keys = random.some(keys);
        keys.into_iter().map(|key| (key.to_owned(), json!(*random.pick(&["x", "y"])))).collect::<Map<_, _>>().into()
    };
    let full = |value: &Value| {
        value.as_array().is_none_or(|items| !items.is_empty()) && value.as_object().is_none_or(|map| !map.is_empty())
    };
    let mut object =
        json!({ "apiVersion": kind.api_version, "kind": kind.kind, "metadata": { "name": name, "namespace": "r11" } });
    // empty maps are owned, but not stored: R9 has them
    let labels = texts(random, &["l1", "l2"]);
    if full(&labels) {
        object["metadata"]["labels"] = labels;
    }
    if kind.kind == "ConfigMap" {
        let data = texts(random, &["a", "b", "c"]);
        if full(&data) {
            object["data"] = data;
        }
        return object;
    }
    let names = random.some(&["a", "b", "c"]);
    let keyed: Vec<Value> = names
        .into_iter()
        .map(|name| {
            let mut item = texts(random, &["value"]);
            item["name"] = json!(name);
            if random.one_in(3) {
                item["inner"] = json!({ "x": random.below(2) });
            }
            item
        })
        .collect();
    let mut spec = json!({});
    let mut put = |random: &mut Random, key: &str, value: Value| {
        if !random.one_in(3) && full(&value) {
            spec[key] = value;
        }
    };
    put(random, "keyed", keyed.into());
    let set = random.some(&["x", "y", "z"]);
    put(random, "set", set.into());
    let whole = random.some(&["x", "y"]);
    put(random, "whole", whole.into());
    let labels = texts(random, &["l"]);
    put(random, "selector", json!({ "matchLabels": labels }));
    let granular = texts(random, &["b"]);
    put(random, "granular", granular);
    let one = texts(random, &["b"]);
    put(random, "structs", json!({ "one": one }));
    if spec.as_object().is_some_and(|spec| !spec.is_empty()) {
        object["spec"] = spec;
    }
    object
}

fn run_sequence(random: &mut Random, kind: &Kind, name: &str, custom: &Schemas, counts: &mut Counts) {
    let schema = schema(custom, kind);
    let path = kind.path("r11", name, None);
    let mut live: Option<Value> = None;
    for _ in 0..20 {
        counts.steps += 1;
        let who = *random.pick(WHO);
        let config = config(random, kind, name);
        let before = live.clone().unwrap_or_else(|| json!({ "metadata": {} }));
        let known = live.as_ref().map(entries).unwrap_or_default();
        // an object without any entry isn't tracked before the next apply, which then finds an owner of all that is there
        let untracked = live.is_some() && known.is_empty();
        if live.is_none() || !random.one_in(3) {
            let force = random.one_in(2);
            let url = format!("{path}?fieldManager={who}&force={force}");
            let answer = cluster().send("PATCH", &url, "application/apply-patch+yaml", &config.to_string());
            let mut known = known;
            let all = all_fields(&before, schema);
            if untracked && !all.is_empty() {
                known.insert(("before-first-apply".to_owned(), "Update".to_owned()), all);
            }
            live = Some(check_apply(&before, &known, &config, (who, force), answer, kind, schema, counts).unwrap_or(before));
            if live.as_ref().is_some_and(|live| live.get("kind").is_none()) {
                live = None;
            }
        } else {
            let mut body = config;
            if random.one_in(3) {
                // takes one of our maps away
                for key in ["data", "spec"] {
                    if body.get(key).is_some() {
                        body[key] = Value::Null;
                    }
                }
            }
            let url = format!("{path}?fieldManager={who}");
            let Ok(after) = cluster().send("PATCH", &url, "application/merge-patch+json", &body.to_string()) else {
                counts.refused += 1;
                continue;
            };
            counts.updates += 1;
            let (set, gone) = compare(&before, &after, schema);
            assert_eq!(
                plain(entries(&after), &after),
                plain(if untracked { known } else { predict(known, who, (&set, &gone), None) }, &after),
                "an update by {who}\nbefore {before}\nsent {body}\nafter {after}"
            );
            live = Some(after);
        }
        if let Some(live) = &live {
            check_owners(live, counts);
        }
    }
}

#[expect(clippy::too_many_arguments, reason = "one step with all of its surroundings")]
fn check_apply(
    before: &Value,
    known: &Entries,
    config: &Value,
    (who, force): (&str, bool),
    answer: Result<Value, String>,
    kind: &Kind,
    schema: SchemaRef<'_>,
    counts: &mut Counts,
) -> Option<Value> {
    let own = (who.to_owned(), "Apply".to_owned());
    let root = node(config, false, span());
    let sent = would_own(Wanted { root: &root, reveal: &open, schema: Some(schema) }, None, who).expect("known");
    let others = known.iter().filter(|(key, _)| **key != own).fold(Fields::default(), |all, (_, fields)| all.union(fields));
    let flat = kind.kind == "ConfigMap";
    if flat {
        let last = known.get(&own).cloned().unwrap_or_default();
        let predicted = predict_flat(before, config, &last, &others);
        let (set, _) = compare(before, &predicted, schema);
        // Whoever emptied a map by an update owns the map that isn't there, until somebody else makes it.
        let emptied = known.iter().filter(|(key, _)| **key != own && key.1 == "Update").any(|(_, fields)| {
            let mut paths = fields.paths().into_iter();
            paths.any(|path| is_omitted(&path) && at(before, &path).is_none() && set.at(&path).is_some())
        });
        let conflict = !force && (emptied || !others.intersection(&set).is_empty());
        assert_eq!(
            answer.as_ref().is_err_and(|why| why.starts_with("409")),
            conflict,
            "{who} {force}\nbefore {before}\nsent {config}\nanswer {answer:?}"
        );
        if let Ok(after) = &answer {
            assert_eq!(content(after), content(&predicted), "{who}\nbefore {before}\nsent {config}");
            counts.objects += 1;
        }
    }
    match answer {
        Ok(after) => {
            counts.applied += 1;
            counts.forced += usize::from(force);
            let (set, gone) = compare(before, &after, schema);
            assert_eq!(
                plain(entries(&after), &after),
                plain(predict(known.clone(), who, (&set, &gone), Some(sent.clone())), &after),
                "{who} {force}\nbefore {before}\nsent {config}\nafter {after}"
            );
            assert_eq!(entries(&after).get(&own).cloned().unwrap_or_default(), sent, "the applier's own entry, exactly");
            Some(after)
        }
        Err(why) if why.starts_with("409") => {
            counts.conflicts += 1;
            None
        }
        Err(_) => {
            counts.refused += 1;
            None
        }
    }
}

/// Maps that are stored as none when an update has emptied them, while its entry keeps them.
const OMITTED: [&[&str]; 3] = [&["data"], &["metadata", "labels"], &["metadata", "annotations"]];

fn is_omitted(path: &[Element]) -> bool {
    OMITTED.iter().any(|map| path.iter().cloned().eq(map.iter().copied().map(Element::field)))
}

/// Each value's owners are the entries that have its path; whole values count for what is in them.
fn check_owners(live: &Value, counts: &mut Counts) {
    assert_eq!(is_ours(live), entries(live).contains_key(&(MANAGER.to_owned(), "Apply".to_owned())));
    let mut all = Vec::new();
    steps(live, &mut Vec::new(), &mut all);
    for entry in managers(live) {
        let fields = entry.fields.expect("understood");
        for path in fields.paths().iter().filter(|path| fields.at(path).is_some_and(Fields::is_leaf)) {
            let emptied = entry.operation == "Update" && is_omitted(path);
            assert!(
                at(live, path).is_some() || emptied || live.pointer("/metadata/deletionTimestamp").is_some(),
                "an owner of nothing: {path:?} in {live}"
            );
        }
    }
    for path in all {
        let found: Vec<_> = owners(live, &path).into_iter().map(|owner| (owner.manager, owner.operation)).collect();
        counts.owners += found.len();
        if let [Step::Field(top), Step::Field(key)] = path.as_slice()
            && top == "data"
        {
            let path = [Element::field("data"), Element::field(key.clone())];
            let having: Vec<_> = managers(live)
                .into_iter()
                .filter(|entry| entry.fields.as_ref().unwrap().has(&path))
                .map(|entry| (entry.name, entry.operation))
                .collect();
            assert_eq!(found, having);
        }
    }
}

#[test]
fn what_kubectl_applied_becomes_ours() {
    namespace("migrated");
    let folder = "/api/v1/namespaces/migrated/configmaps";
    let kind = KINDS.iter().find(|kind| kind.kind == "ConfigMap").unwrap();
    let schema = schema(custom(), kind);
    let old = json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "m", "namespace": "migrated" }, "data": { "a": "1", "b": "2" } });
    let mut sent = old.clone();
    sent["metadata"]["annotations"] = json!({ LAST_APPLIED: old.to_string() });
    let created = format!("{folder}?fieldManager=kubectl-client-side-apply");
    cluster().send("POST", &created, "application/json", &sent.to_string()).unwrap();
    let stranger = json!({ "metadata": { "labels": { "stranger": "s" } } }).to_string();
    let live =
        cluster().send("PATCH", &format!("{folder}/m?fieldManager=stranger"), "application/merge-patch+json", &stranger).unwrap();

    let mut config = json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "m", "namespace": "migrated" }, "data": { "a": "one" } });
    // as every object of ours has: an entry that loses its last field is gone
    config["metadata"]["labels"] = json!({ "applyset.kubernetes.io/part-of": "x" });
    let root = node(&config, false, span());
    let wanted = Wanted { root: &root, reveal: &open, schema: Some(schema) };
    let found = migration(&live, wanted, MANAGER).unwrap();
    let removes: Vec<String> = found.removes.iter().map(|path| show_path(path)).collect();
    assert_eq!((removes.as_slice(), found.resets.len(), found.annotation), (["data.b".to_owned()].as_slice(), 0, true));

    let url = format!("{folder}/m?fieldManager={MANAGER}");
    let mut stale = found.patch.clone();
    stale[1]["value"] = json!("1");
    let refused = cluster().send("PATCH", &url, "application/json-patch+json", &stale.to_string()).unwrap_err();
    assert!(refused.starts_with("409"), "{refused}");
    let mut other = found.patch.clone();
    other[0]["value"] = json!("00000000-0000-0000-0000-000000000000");
    let refused = cluster().send("PATCH", &url, "application/json-patch+json", &other.to_string()).unwrap_err();
    assert!(refused.starts_with("422") && refused.contains("metadata.uid"), "{refused}");

    let migrated = cluster().send("PATCH", &url, "application/json-patch+json", &found.patch.to_string()).unwrap();
    assert_eq!((migrated["data"].clone(), migrated["metadata"].get("annotations")), (json!({ "a": "1", "b": "2" }), None));
    let names: Vec<String> = managers(&migrated).into_iter().map(|entry| format!("{} {}", entry.name, entry.operation)).collect();
    assert_eq!(names, ["plimsoll Apply", "stranger Update"]);
    assert_eq!(migration(&migrated, wanted, MANAGER), None);
    // no conflict, though the value is another one
    let applied =
        cluster().send("PATCH", &format!("{url}&force=false"), "application/apply-patch+yaml", &config.to_string()).unwrap();
    assert_eq!(
        (applied["data"].clone(), applied["metadata"]["labels"].clone()),
        (json!({ "a": "one" }), json!({ "applyset.kubernetes.io/part-of": "x", "stranger": "s" }))
    );
    let json = applied.to_string();
    assert_eq!(prove(wanted, &Stored::read(json.as_bytes()).unwrap(), MANAGER), Proof::Unchanged);
    let digest = looked_at(wanted, &applied, MANAGER);
    let label = cluster()
        .send(
            "PATCH",
            &format!("{folder}/m?fieldManager=stranger"),
            "application/merge-patch+json",
            &json!({ "metadata": { "labels": { "more": "m" } } }).to_string(),
        )
        .unwrap();
    assert_eq!(looked_at(wanted, &label, MANAGER), digest);
    let taken = cluster()
        .send(
            "PATCH",
            &format!("{folder}/m?fieldManager=stranger"),
            "application/merge-patch+json",
            &json!({ "data": { "a": "two" } }).to_string(),
        )
        .unwrap();
    assert_ne!(looked_at(wanted, &taken, MANAGER), digest);
    assert!(
        matches!(cause(&taken, &[Step::Field("data".into()), Step::Field("a".into())], MANAGER), Cause::Drift(owners) if owners[0].manager == "stranger")
    );
}
