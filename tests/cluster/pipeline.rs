//! The GitHub stage's own script against a cluster, with the host's variables set: `diff`, `plan`, `apply` and, on the node, `verify`.

use crate::harness::github::{host, stage, told};
use crate::harness::process::Sandbox;
use crate::harness::seal;
use crate::seed::Seed;
use crate::server::node;
use crate::site::{Site, edit};

const CONFIG: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: plain }\ndata: { mode: 'one' }\n";
const SECRET: &str = "[secret.token]\nkeys = { TOKEN = \"app.password\" }\n";

/// A job of the environment `dev`; the identity comes as a secret of the host.
fn job(sandbox: &mut Sandbox) {
    host(sandbox);
    sandbox.set("PLIMSOLL_ENVIRONMENT", "dev");
    sandbox.set("PLIMSOLL_KEY", seal::IDENTITY);
}

#[test]
fn a_change_goes_through_diff_plan_and_apply() {
    let mut site = Site::new("stage", SECRET, CONFIG);
    job(&mut site.sandbox);
    stage(&mut site.sandbox, "diff").exits(0);
    let (outputs, summary) = told(&site.sandbox);
    assert!(outputs.contains("changed=true"), "{outputs}");
    assert!(summary.contains("ConfigMap/plain") && summary.contains("Secret/token"), "{summary}");

    // Nothing is applied that nobody has seen.
    let refused = stage(&mut site.sandbox, "apply").exits(2).out();
    assert!(refused.starts_with("::error title=plimsoll::"), "{refused}");
    site.sandbox.set("PLIMSOLL_PLAN", "dev.plan");
    stage(&mut site.sandbox, "plan").exits(0);
    assert!(told(&site.sandbox).0.contains("changed=true"));
    stage(&mut site.sandbox, "apply").exits(0);
    stage(&mut site.sandbox, "diff").exits(0);
    assert!(told(&site.sandbox).0.contains("changed=false"));

    // A plan that is stale by the time of its apply is refused, and says which object moved.
    site.template(&CONFIG.replace("one", "two"));
    stage(&mut site.sandbox, "plan").exits(0);
    edit(&site.core("configmaps", "plain"), "someone-else", &serde_json::json!({ "data": { "mode": "three" } }));
    let stale = stage(&mut site.sandbox, "apply").exits(3).said();
    let annotation = stale.lines().find(|line| line.starts_with("::error title=plimsoll apply dev::")).expect("an annotation");
    assert!(annotation.contains("ConfigMap/plain") && annotation.contains("someone-else"), "{stale}");
}

#[test]
fn verify_fails_the_step_when_a_pod_has_another_value() {
    let Some(cluster) = node() else { return };
    let mut seed = Seed::new(cluster, "stage-verify", "on-change = \"none\"");
    job(&mut seed.sandbox);
    seed.sandbox.set("PLIMSOLL_KUBECONFIG", cluster.kubeconfig());
    let identity = seed.identity.clone();
    seed.sandbox.plimsoll(&["apply", "dev", "--adopt", "--yes", "--identity", &identity]).exits(0);
    stage(&mut seed.sandbox, "verify").exits(0);
    seed.says(&["set", "env", "deployment/web", "LOG_LEVEL=wrong"]);
    seed.says(&["rollout", "status", "deployment/web", "--timeout=90s"]);
    let failed = stage(&mut seed.sandbox, "verify").exits(1).said();
    let annotation = failed.lines().find(|line| line.starts_with("::error title=plimsoll verify dev::")).expect("an annotation");
    assert!(annotation.contains("LOG_LEVEL"), "{failed}");
    // What a container has is between these two: no line of it is the host's command. The annotation comes after.
    let lines: Vec<&str> = failed.lines().collect();
    let at = |what: &str| lines.iter().position(|line| line.starts_with(what)).unwrap_or_else(|| panic!("`{what}`: {failed}"));
    let stopped = at("::stop-commands::");
    let token = lines[stopped].trim_start_matches("::stop-commands::");
    let resumed = lines.iter().position(|line| *line == format!("::{token}::")).expect("commands are taken again");
    let told = lines.iter().position(|line| line.contains("LOG_LEVEL") && !line.starts_with("::error")).expect("what differs");
    assert!(stopped < told && told < resumed && resumed < at("::error title=plimsoll verify dev::"), "{failed}");
}
