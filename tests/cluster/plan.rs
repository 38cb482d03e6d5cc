//! `plan ENV -o FILE`: what is written down, and when it still holds.

use serde_json::{Value, json};

use crate::harness::canary::Canary;
use crate::site::{CANARY, Site, edit};

const TEMPLATE: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: plain }\ndata: { a: '1' }\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: { name: holds }\ndata: { url: 'https://{{ secrets.app.password }}@host' }\n";
const SECRET: &str = "[secret.login]\nkeys = { password = \"app.password\", other = \"app.other\" }\nimmutable = true\n[[allow]]\nrule = \"secret-in-configmap\"\nobjects = [\"ConfigMap/holds\"]\nreason = \"a test\"\n";

/// The written plan.
fn written(site: &Site) -> Value {
    site.run(&["plan", "dev", "-o", "dev.plan"]).exits(0);
    serde_json::from_slice(&site.sandbox.read("dev.plan")).unwrap()
}

#[test]
fn the_file_binds_what_was_seen_and_holds_no_secret() {
    let site = Site::new("plan-file", SECRET, TEMPLATE);
    let new = written(&site);
    assert_eq!((&new["schema"], new["steps"].as_array().unwrap().len()), (&json!("plimsoll.dev/plan/v1"), 3));
    site.apply_by_hand();
    assert_eq!(written(&site)["steps"], json!([]));
    edit(&site.core("configmaps", "plain"), "plimsoll", &json!({ "data": { "a": "2" } }));
    edit(&site.core("configmaps", "holds"), "plimsoll", &json!({ "data": { "url": "https://old@host" } }));
    let run = site.run(&["plan", "dev", "-o", "dev.plan"]);
    // An Update under our own name is another owner than our Apply.
    run.exits(3);
    site.environment(&format!("{SECRET}[[conflict]]\nobject = \"ConfigMap/*\"\nfield = \"data\"\npolicy = \"take\"\n"));
    let plan = written(&site);
    let steps = plan["steps"].as_array().unwrap();
    assert_eq!(steps.len(), 2, "{plan:#}");
    for step in steps {
        assert!(step["uid"].is_string() && step["resourceVersion"].is_string() && step["force"] == true, "{step:#}");
        assert_eq!(step["digest"].as_str().unwrap().len(), 64);
    }
    // Neither a value nor a hash of one: the sandbox searches for the value, this for the usual hashes of it.
    let text = String::from_utf8(site.sandbox.read("dev.plan")).unwrap();
    let canary = Canary::new(CANARY);
    assert_eq!(canary.found_in(text.as_bytes()), None);
    for value in [CANARY.to_owned(), format!("https://{CANARY}@host"), format!("{CANARY}\n")] {
        use sha2::{Digest, Sha256, Sha512};
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        for hash in [hex(&Sha256::digest(&value)), hex(&Sha512::digest(&value))] {
            assert!(!text.contains(&hash[..12]), "{text}");
        }
    }
}

#[test]
fn a_plan_needs_the_identity_and_a_refused_one_is_not_written() {
    let site = Site::new("plan-refused", SECRET, TEMPLATE);
    site.keyless(&["plan", "dev", "-o", "dev.plan"]).exits(3);
    assert!(!site.sandbox.exists("dev.plan"));
    site.apply_by_hand();
    edit(&site.core("configmaps", "plain"), "kubectl-edit", &json!({ "data": { "a": "9" } }));
    let said = site.run(&["plan", "dev", "-o", "dev.plan"]).exits(3).said();
    assert!(said.contains("kubectl-edit"), "{said}");
    assert!(!site.sandbox.exists("dev.plan"));
}
