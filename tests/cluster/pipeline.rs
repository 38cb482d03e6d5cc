//! The GitHub stage's own script against a cluster, with the host's variables set: `diff`, `plan`, `apply` and, on the node, `verify`.

use crate::harness::process::{Run, Sandbox};
use crate::harness::seal;
use crate::seed::Seed;
use crate::server::node;
use crate::site::{Site, edit};

const STAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/pipelines/github/stage");
const CONFIG: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: plain }\ndata: { mode: 'one' }\n";
const SECRET: &str = "[secret.token]\nkeys = { TOKEN = \"app.password\" }\n";

/// What the runner sets for a job of the environment `dev`; the identity comes as a secret of the host.
fn host(sandbox: &mut Sandbox) {
    sandbox.set("PLIMSOLL_BINARY", env!("CARGO_BIN_EXE_plimsoll"));
    sandbox.set("PLIMSOLL_ENVIRONMENT", "dev");
    sandbox.set("PLIMSOLL_KEY", seal::IDENTITY);
    for name in ["GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"] {
        let file = sandbox.path().join(name);
        sandbox.set(name, file);
    }
}

fn stage(sandbox: &mut Sandbox, name: &str) -> Run {
    for file in ["GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"] {
        std::fs::write(sandbox.path().join(file), "").expect("the host's file");
    }
    sandbox.set("PLIMSOLL_STAGE", name);
    sandbox.program(STAGE, &[])
}

fn host_file(sandbox: &Sandbox, name: &str) -> String {
    std::fs::read_to_string(sandbox.path().join(name)).expect("the host's file")
}

#[test]
fn a_change_goes_through_diff_plan_and_apply() {
    let mut site = Site::new("stage", SECRET, CONFIG);
    host(&mut site.sandbox);
    stage(&mut site.sandbox, "diff").exits(0);
    assert!(host_file(&site.sandbox, "GITHUB_OUTPUT").contains("changed=true"));
    let summary = host_file(&site.sandbox, "GITHUB_STEP_SUMMARY");
    assert!(summary.contains("ConfigMap/plain") && summary.contains("Secret/token"), "{summary}");

    // Nothing is applied that nobody has seen.
    let refused = stage(&mut site.sandbox, "apply").exits(2).out();
    assert!(refused.starts_with("::error title=plimsoll::"), "{refused}");
    site.sandbox.set("PLIMSOLL_PLAN", "dev.plan");
    stage(&mut site.sandbox, "plan").exits(0);
    assert!(host_file(&site.sandbox, "GITHUB_OUTPUT").contains("changed=true"));
    stage(&mut site.sandbox, "apply").exits(0);
    stage(&mut site.sandbox, "diff").exits(0);
    assert!(host_file(&site.sandbox, "GITHUB_OUTPUT").contains("changed=false"));

    // A plan that is stale by the time of its apply is refused, and says which object moved.
    site.template(&CONFIG.replace("one", "two"));
    stage(&mut site.sandbox, "plan").exits(0);
    edit(&site.core("configmaps", "plain"), "someone-else", &serde_json::json!({ "data": { "mode": "three" } }));
    let stale = stage(&mut site.sandbox, "apply").exits(3).said();
    assert!(stale.contains("ConfigMap/plain") && stale.contains("someone-else"), "{stale}");
}

#[test]
fn verify_fails_the_step_when_a_pod_has_another_value() {
    let Some(cluster) = node() else { return };
    let mut seed = Seed::new(cluster, "stage-verify", "on-change = \"none\"");
    host(&mut seed.sandbox);
    seed.sandbox.set("PLIMSOLL_KUBECONFIG", cluster.kubeconfig());
    let identity = seed.identity.clone();
    seed.sandbox.plimsoll(&["apply", "dev", "--adopt", "--yes", "--identity", &identity]).exits(0);
    stage(&mut seed.sandbox, "verify").exits(0);
    seed.says(&["set", "env", "deployment/web", "LOG_LEVEL=wrong"]);
    seed.says(&["rollout", "status", "deployment/web", "--timeout=90s"]);
    let failed = stage(&mut seed.sandbox, "verify").exits(1).said();
    assert!(failed.contains("LOG_LEVEL"), "{failed}");
}
