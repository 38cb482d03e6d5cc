use serde_json::{Value, json};

use super::*;
use crate::change::testing::bundle;
use crate::change::{Comparison, Matching, SecretChange, SecretDifference, compare};

fn example() -> Comparison {
    let params = |name: &str, level: &str, config: &str| {
        json!({
            "hashed": "params", "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": name, "namespace": "ai" },
            "immutable": true, "data": { "LOG_LEVEL": level, "server.toml": config },
        })
    };
    let server = |params: &str, replicas: i64, image: &str| {
        json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "server", "namespace": "ai" },
            "spec": { "replicas": replicas, "template": { "spec": { "containers": [
                { "name": "server", "image": image, "envFrom": [{ "configMapRef": { "name": params } }] },
            ] } } },
        })
    };
    let secret = |number: u8, host: &str| {
        let url = json!({ "$concat": ["postgres://u:", { "$secret": ["db.password", number] }, "@", host] });
        let both = json!({ "$base64": [{ "$secret": ["db.user", 7] }, ":", { "$secret": ["db.password", number] }] });
        json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "db", "namespace": "ai" },
            "stringData": { "url": url }, "data": { "login": both, "user": { "$base64": { "$secret": ["db.user", 7] } } },
        })
    };
    let small = |kind: &str, name: &str| json!({ "apiVersion": "v1", "kind": kind, "metadata": { "name": name } });
    let mut new_service = small("Service", "server");
    new_service["spec"] = json!({ "ports": [{ "port": 80, "name": "http" }], "clusterIP": "None", "selector": {} });
    let lines = |last: &str| format!("one\ntwo\nthree\nfour\nfive\nsix\n{last}\n");
    let old: Vec<Value> = vec![
        params("params-bbbbbbbbbb", "info", &lines("seven")),
        server("params-bbbbbbbbbb", 2, "server:1"),
        secret(1, "old"),
        small("ServiceAccount", "gone"),
        small("ServiceAccount", "same"),
    ];
    let new: Vec<Value> = vec![
        params("params-cccccccccc", "debug", &lines("7")),
        server("params-cccccccccc", 4, "server:1"),
        secret(2, "new"),
        new_service,
        small("ServiceAccount", "same"),
    ];
    compare(&bundle(&old).objects, &bundle(&new).objects, Matching::Identity)
}

#[test]
fn text_for_terminals() {
    insta::assert_snapshot!(text(&example(), false));
    assert!(text(&example(), true).contains("\u{1b}[31m- "));
    assert_eq!(text(&Comparison::default(), false), "no objects\n");
}

#[test]
fn markdown_for_comments() {
    let mut page = Markdown::default();
    markdown(&mut page, "`prod`", &example());
    insta::assert_snapshot!(page.finish());
}

#[test]
fn json_for_programs() {
    insta::assert_snapshot!(json(&example(), "prod", "git:HEAD~1"));
}

#[test]
fn a_comment_stays_below_the_limit_and_says_what_it_lacks() {
    let object = |at: usize, text: &str| json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": format!("c{at}") }, "data": { "a": text } });
    let old: Vec<Value> = (0..3000).map(|at| object(at, "old")).collect();
    let new: Vec<Value> = (0..3000).map(|at| object(at, "new")).collect();
    let found = compare(&bundle(&old).objects, &bundle(&new).objects, Matching::Identity);
    let mut page = Markdown::default();
    markdown(&mut page, "`prod`", &found);
    let text = page.finish();
    assert!(text.len() < 60_000, "{}", text.len());
    assert!(text.contains("This comment would be too long") && text.contains("more are not named"));
}

#[test]
fn a_text_cannot_close_its_fence() {
    let object =
        |text: &str| json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "c" }, "data": { "a": text } });
    let found = compare(&bundle(&[object("a\n````\n")]).objects, &bundle(&[object("b\n````\n")]).objects, Matching::Identity);
    let mut page = Markdown::default();
    markdown(&mut page, "x", &found);
    assert!(page.finish().contains("`````diff\n"));
}

#[test]
fn secrets_by_path() {
    let change = SecretChange {
        path: "db.password".into(),
        file: "environments/prod.secrets.age".into(),
        difference: SecretDifference::Changed,
    };
    let line = "~ secret db.password in environments/prod.secrets.age has another value\n";
    assert_eq!(text_secrets(std::slice::from_ref(&change), false), line);
    assert!(markdown_secrets(&[change]).contains("<code>db.password</code>"));
}
