use serde_json::json as value;

use super::*;
use crate::change::testing::bundle;
use crate::change::{Matching, SecretDifference, compare};

fn example() -> Review {
    let object = |text: &str| {
        bundle(&[value!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "c" }, "data": { "a": text } })])
    };
    let reviewed = |name: &str, outcome: Outcome| {
        let rule = crate::diagnostic::rules()[0];
        let found: Diagnostics = crate::diagnostic::Diagnostic::new(rule, "something is `wrong`").into();
        let fresh = if matches!(outcome, Outcome::Broken) { found.clone() } else { Diagnostics::new() };
        Reviewed {
            name: name.to_owned(),
            why: vec!["environments/base.toml".to_owned()],
            outcome,
            found,
            fresh,
            sources: Arc::default(),
        }
    };
    let secret =
        SecretChange { path: "db.password".into(), file: "prod.secrets.age".into(), difference: SecretDifference::Changed };
    let sealed = SealedChange {
        file: "prod.secrets.age".into(),
        rekeyed: true,
        gained: vec!["age1new".into()],
        lost: vec!["age1old".into()],
    };
    let objects = compare(&object("1").objects, &object("2").objects, Matching::Identity);
    Review {
        base: "origin/main".into(),
        commit: "0123456789abcdef".into(),
        environments: vec![
            reviewed("dev", Outcome::Changed { objects: Comparison::default(), secrets: Vec::new(), sealed: Vec::new() }),
            reviewed("prod", Outcome::Changed { objects, secrets: vec![secret], sealed: vec![sealed] }),
            reviewed("staging", Outcome::Broken),
        ],
        untouched: vec!["other".into()],
        unread: vec!["README.md".into()],
    }
}

#[test]
fn text_for_terminals() {
    insta::assert_snapshot!(text(&example(), false));
}

#[test]
fn markdown_for_comments() {
    insta::assert_snapshot!(markdown(&example()));
}

#[test]
fn json_for_programs() {
    let document: serde_json::Value = serde_json::from_str(&json(&example())).unwrap();
    assert_eq!(document["environments"][1]["secrets"][0]["operation"], "change");
    assert_eq!(document["environments"][1]["diff"]["summary"]["changed"], 1);
    let outcomes: Vec<&str> =
        document["environments"].as_array().unwrap().iter().filter_map(|one| one["outcome"].as_str()).collect();
    assert_eq!(outcomes, ["same", "changed", "broken"]);
    assert_eq!(document["environments"][2]["newFindings"]["findings"].as_array().unwrap().len(), 1);
}
