use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::*;

fn record(run: &str, number: u64) -> Record {
    Record {
        number,
        run: run.to_owned(),
        action: Action::Apply,
        commit: Some("0123abc".to_owned()),
        beside: None,
        compiled: "ff".to_owned(),
        who: "alice".to_owned(),
        began: "2026-11-25T01:02:03.456Z".parse().unwrap(),
        ended: None,
        counts: Counts { created: 2, ..Counts::default() },
        outcome: Ending::Running,
    }
}

fn kinds(names: &str) -> BTreeSet<GroupKind> {
    GroupKind::parse_list(names)
}

fn read_back(inventory: &Inventory) -> Inventory {
    let mut body = inventory.to_body();
    body["metadata"]["uid"] = "u1".into();
    body["metadata"]["resourceVersion"] = "7".into();
    Inventory::of("prod", "shop", body).unwrap()
}

#[test]
fn what_is_written_is_what_is_read() {
    let mut inventory = Inventory::empty("prod", "shop");
    inventory = inventory.widened(&kinds("Secret,Deployment.apps"), &["shop".to_owned(), "other".to_owned()].into());
    inventory.note(record("a", 1));
    inventory.serials.insert("environments/prod.secrets.age".to_owned(), 4);
    insta::assert_snapshot!(serde_json::to_string_pretty(&inventory.to_body()).unwrap(), @r#"
    {
      "apiVersion": "v1",
      "kind": "ConfigMap",
      "metadata": {
        "name": "plimsoll-prod",
        "namespace": "shop",
        "labels": {
          "applyset.kubernetes.io/id": "applyset-fX97EReoqy2IDOxqRutJKFxYiH3zgislP8kQxDIkqlg-v1",
          "app.kubernetes.io/managed-by": "plimsoll"
        },
        "annotations": {
          "applyset.kubernetes.io/tooling": "plimsoll/v1",
          "applyset.kubernetes.io/contains-group-kinds": "Deployment.apps,Secret",
          "applyset.kubernetes.io/additional-namespaces": "other"
        }
      },
      "data": {
        "history": "{\n  \"version\": 1,\n  \"records\": [\n    {\n      \"number\": 1,\n      \"run\": \"a\",\n      \"action\": \"apply\",\n      \"commit\": \"0123abc\",\n      \"compiled\": \"ff\",\n      \"who\": \"alice\",\n      \"began\": \"2026-11-25T01:02:03Z\",\n      \"counts\": {\n        \"created\": 2\n      },\n      \"outcome\": \"running\"\n    }\n  ]\n}",
        "serials": "{\n  \"version\": 1,\n  \"files\": {\n    \"environments/prod.secrets.age\": 4\n  }\n}"
      }
    }
    "#);
    let again = read_back(&inventory);
    assert_eq!(again.kinds, inventory.kinds);
    assert_eq!(again.namespaces, ["other".to_owned()].into());
    assert_eq!(again.serials, inventory.serials);
    assert_eq!(again.history[0].counts, inventory.history[0].counts);
    assert_eq!(again.parent.as_ref().unwrap().uid, "u1");
    let narrow = again.narrowed(kinds("Secret"), BTreeSet::new());
    assert_eq!(read_back(&narrow).kinds, kinds("Secret"));
    assert_eq!(narrow.to_body()["metadata"]["resourceVersion"], "7");
}

#[test]
fn others_labels_on_the_parent_stay() {
    let mut body = Inventory::empty("prod", "shop").to_body();
    body["metadata"]["labels"]["team"] = "a".into();
    body["data"]["note"] = "x".into();
    let again = Inventory::of("prod", "shop", body).unwrap().to_body();
    assert_eq!(again["metadata"]["labels"]["team"], "a");
    assert_eq!(again["data"]["note"], "x");
}

#[test]
fn what_isn_t_ours_is_refused() {
    let ours = Inventory::empty("prod", "shop").to_body();
    let refused = |edit: &dyn Fn(&mut Value)| {
        let mut body = ours.clone();
        edit(&mut body);
        Inventory::of("prod", "shop", body).unwrap_err().to_string()
    };
    let said = [
        refused(&|body| body["metadata"]["labels"] = json!({})),
        refused(&|body| body["metadata"]["labels"][ID] = "applyset-x-v1".into()),
        refused(&|body| body["metadata"]["annotations"][TOOLING] = "kubectl/v1.37".into()),
        refused(&|body| body["data"]["history"] = "{".into()),
        refused(&|body| body["data"]["history"] = r#"{"version":2,"records":[]}"#.into()),
    ];
    insta::assert_snapshot!(said.join("\n"), @"
    it isn't an inventory: it has no label `applyset.kubernetes.io/id`
    it is the inventory of another set: its label `applyset.kubernetes.io/id` is `applyset-x-v1`
    it is managed by `kubectl/v1.37`, not by `plimsoll/v1`
    its `data.history` can't be read: EOF while parsing an object at line 1 column 1
    its `data.history` can't be read: it is in version 2 of its form, and this plimsoll reads 1
    ");
}

#[test]
fn history_is_bounded_and_a_run_has_one_record() {
    let mut inventory = Inventory::empty("prod", "shop");
    for number in 1..=25 {
        let next = inventory.next_number();
        assert_eq!(next, number);
        inventory.note(record(&format!("run {number}"), next));
        let mut ended = record(&format!("run {number}"), next);
        ended.outcome = Ending::Ok;
        inventory.note(ended);
    }
    assert_eq!(inventory.history.len(), REMEMBERED);
    assert!(inventory.history.iter().all(|record| record.outcome == Ending::Ok));
    assert_eq!(inventory.history.first().unwrap().number, 6);
}
