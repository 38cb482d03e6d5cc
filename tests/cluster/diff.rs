//! `diff ENV` against the real API server: what it says is what the server would store.

use serde_json::json;

use crate::server::cluster;
use crate::site::{CANARY, Site, edit, patch, paths, post, step};

const CONFIG: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: plain }\ndata: { a: '1', b: '2' }\n";

const DEPLOYMENT: &str = "apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 2
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      containers:
        - { name: web, image: 'registry.example/web:1.0', env: [{ name: A, value: '1' }], resources: { limits: { cpu: 1000m } } }
";

const SECRET: &str = "[secret.login]\nkeys = { password = \"app.password\" }\n";

#[test]
fn everything_is_new_then_nothing_differs() {
    let site = Site::new("diff-new", SECRET, &format!("{CONFIG}---\n{DEPLOYMENT}"));
    let diff = site.diff(&[], 1);
    assert_eq!(diff["summary"]["created"], 3, "{diff:#}");
    assert_eq!(step(&diff, "Secret/login")["marks"], json!(["not-asked"]));
    assert_eq!(step(&diff, "ConfigMap/plain")["marks"], json!([]));
    site.apply_by_hand();
    let diff = site.diff(&[], 0);
    assert_eq!((&diff["summary"]["unchanged"], &diff["changed"]), (&json!(3), &json!(false)), "{diff:#}");
    // All is proven, the quantity that is stored in another form too.
    assert_eq!((&diff["requests"]["dryRun"], &diff["requests"]["write"]), (&json!(0), &json!(0)));
    let asked = site.diff(&["--dry-run-all"], 0);
    assert_eq!(asked["requests"]["dryRun"], 2, "{asked:#}");
    let text = site.run(&["diff", "dev"]).exits(0).out();
    assert_eq!(text, "3 unchanged\n");
}

#[test]
fn a_changed_value_shows_with_the_pods_that_it_replaces() {
    let site = Site::new("diff-update", SECRET, &format!("{CONFIG}---\n{DEPLOYMENT}"));
    site.apply_by_hand();
    site.template(&format!("{}---\n{}", CONFIG.replace("'1'", "'9'"), DEPLOYMENT.replace(":1.0", ":1.1").replace("1000m", "1")));
    let diff = site.diff(&[], 1);
    assert_eq!(paths(step(&diff, "ConfigMap/plain")), ["data.a"]);
    assert_eq!(paths(step(&diff, "Deployment/web")), ["spec.template.spec.containers[name=web].image"]);
    assert_eq!(diff["restarts"], json!(["Deployment/web"]));
    let text = site.run(&["diff", "dev"]).exits(1).out();
    assert!(text.contains("~ Deployment/web") && text.contains("its pods are replaced"), "{text}");
    assert!(text.contains("- registry.example/web:1.0") && text.contains("+ registry.example/web:1.1"), "{text}");
}

#[test]
fn a_secret_is_compared_here_and_shown_masked() {
    let site = Site::new("diff-secret", SECRET, CONFIG);
    site.apply_by_hand();
    edit(&site.core("secrets", "login"), "plimsoll", &json!({ "data": { "password": "b2xkIHZhbHVl" } }));
    let run = site.run(&["diff", "dev", "--format", "json"]);
    assert!(!run.said().contains("b2xkIHZhbHVl") && !run.said().contains(CANARY));
    let diff: serde_json::Value = serde_json::from_slice(&run.stdout).unwrap();
    assert_eq!(paths(step(&diff, "Secret/login")), ["data.password"]);
    assert_eq!(diff["requests"]["dryRun"], 0);
    // Without a key it isn't known whether the value differs.
    let run = site.keyless(&["diff", "dev", "--format", "json"]).exits(0);
    let diff: serde_json::Value = serde_json::from_slice(&run.stdout).unwrap();
    assert_eq!(step(&diff, "Secret/login")["marks"], json!(["not-compared"]));
    assert_eq!(diff["summary"]["notCompared"], 1);
}

#[test]
fn drift_is_told_with_who_and_when() {
    let site = Site::new("diff-drift", "", DEPLOYMENT);
    site.apply_by_hand();
    edit(&site.deployment("web"), "kubectl-edit", &json!({ "spec": { "replicas": 5 } }));
    let diff = site.diff(&[], 3);
    let web = step(&diff, "Deployment/web");
    assert_eq!(paths(web), ["spec.replicas"]);
    assert_eq!((&web["foreign"][0]["manager"], &web["foreign"][0]["fate"]), (&json!("kubectl-edit"), &json!("refused")));
    assert!(web["foreign"][0]["time"].is_string(), "{web:#}");
    let refused = diff["refusals"][0]["message"].as_str().unwrap();
    assert!(
        refused.contains("`spec.replicas` was set by `kubectl-edit`") && refused.contains("after the last apply"),
        "{refused}"
    );
    let policy =
        |policy: &str| format!("[[conflict]]\nobject = \"Deployment/*\"\nfield = \"spec.replicas\"\npolicy = \"{policy}\"\n");
    site.environment(&policy("take"));
    let diff = site.diff(&[], 1);
    assert_eq!(step(&diff, "Deployment/web")["foreign"][0]["fate"], "set-back");
    site.environment(&policy("leave"));
    let diff = site.diff(&[], 0);
    assert_eq!(diff["summary"]["unchanged"], 1, "{diff:#}");
}

#[test]
fn an_object_of_somebody_else_is_refused_until_adopted() {
    let site = Site::new("diff-adopt", "", CONFIG);
    let path = format!("/api/v1/namespaces/{}/configmaps?fieldManager=kubectl-create", site.namespace);
    post(
        &path,
        &json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "plain" }, "data": { "a": "1", "b": "3", "c": "4" } }),
    );
    let diff = site.diff(&[], 3);
    assert!(diff["refusals"].to_string().contains("isn't ours"), "{diff:#}");
    let diff = site.diff(&["--adopt"], 1);
    let plain = step(&diff, "ConfigMap/plain");
    assert_eq!((&plain["marks"], &plain["migrates"]), (&json!(["adopted"]), &json!(["kubectl-create"])), "{plain:#}");
    assert_eq!(paths(plain), ["metadata.labels", "data.b", "data.c"]);
}

#[test]
fn what_has_no_namespace_or_kind_yet_is_marked() {
    let crd = |group: &str| {
        format!(
            "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {{ name: things.{group} }}\nspec:\n  group: {group}\n  scope: Namespaced\n  \
             names: {{ kind: Thing, plural: things }}\n  versions: [{{ name: v1, served: true, storage: true, schema: {{ openAPIV3Schema: {{ type: object }} }} }}]\n"
        )
    };
    let thing = "apiVersion: not-there.example/v1\nkind: Thing\nmetadata: { name: one }\n";
    let toml = "[namespace]\ncreate = true\n";
    let site = Site::absent("diff-nothing", toml, &format!("{CONFIG}---\n{}---\n{thing}", crd("not-there.example")));
    let diff = site.diff(&[], 1);
    assert_eq!(step(&diff, "ConfigMap/plain")["marks"], json!(["namespace-not-there"]));
    assert_eq!(step(&diff, "Thing/one")["marks"], json!(["kind-not-there"]));
    assert_eq!(diff["summary"]["created"], 4, "{diff:#}");
    site.environment("");
    let diff = site.diff(&[], 3);
    assert!(diff["refusals"].to_string().contains("doesn't exist"), "{diff:#}");
    site.template(thing);
    let said = site.run(&["diff", "dev"]).exits(2).said();
    assert!(said.contains("no kind `Thing`"), "{said}");
    assert!(cluster().send("GET", &format!("/api/v1/namespaces/{}", site.namespace), "application/json", "").is_err());
}

#[test]
fn another_cluster_is_refused() {
    let site = Site::new("diff-other", "cluster-id = \"not-this-one\"\n", CONFIG);
    let said = site.run(&["diff", "dev"]).exits(3).said();
    assert!(said.contains("is another cluster") && said.contains("not-this-one"), "{said}");
    let id = cluster().get("/api/v1/namespaces/kube-system")["metadata"]["uid"].as_str().unwrap().to_owned();
    site.environment("");
    let said = site.run(&["diff", "dev"]).exits(1).err();
    assert!(said.contains(&format!("cluster-id = \"{id}\"")), "{said}");
    site.environment(&format!("cluster-id = \"{id}\"\n"));
    assert_eq!(site.run(&["diff", "dev"]).exits(1).err(), "");
    let said = site.run(&["diff", "dev", "--context", "nobody"]).exits(6).said();
    assert!(said.contains("no context `nobody`"), "{said}");
}

#[test]
fn a_field_that_another_applier_owns_is_refused_and_named() {
    let site = Site::new("diff-conflict", "", CONFIG);
    let theirs = json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "plain", "namespace": site.namespace }, "data": { "a": "theirs" } });
    patch(&theirs, "someone-else", false);
    let ours = json!({ "apiVersion": "v1", "kind": "ConfigMap", "data": { "b": "2" },
        "metadata": { "name": "plain", "namespace": site.namespace, "labels": { plimsoll::inventory::PART_OF: plimsoll::inventory::set_id("dev", &site.namespace) } } });
    patch(&ours, "plimsoll", false);
    let diff = site.diff(&[], 3);
    let plain = step(&diff, "ConfigMap/plain");
    assert_eq!(
        (&plain["foreign"][0]["path"], &plain["foreign"][0]["manager"]),
        (&json!("data.a"), &json!("someone-else")),
        "{plain:#}"
    );
    let hint = diff["refusals"][0]["hint"].as_str().unwrap();
    assert!(hint.contains("[[conflict]] object = \"ConfigMap/plain\", field = 'data.a'"), "{hint}");
    site.environment("[[conflict]]\nobject = \"ConfigMap/plain\"\nfield = \"data.a\"\npolicy = \"leave\"\n");
    site.diff(&[], 0);
}

#[test]
fn kubectls_own_fields_are_taken_over_and_what_that_removes_is_shown() {
    let site = Site::new("diff-migrate", "", CONFIG);
    let applied =
        json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "plain" }, "data": { "a": "1", "old": "x" } });
    let mut object = applied.clone();
    object["metadata"]["annotations"] = json!({ "kubectl.kubernetes.io/last-applied-configuration": applied.to_string() });
    post(&format!("/api/v1/namespaces/{}/configmaps?fieldManager=kubectl-client-side-apply", site.namespace), &object);
    site.apply_by_hand();
    let diff = site.diff(&[], 1);
    let plain = step(&diff, "ConfigMap/plain");
    assert_eq!(plain["migrates"], json!(["kubectl-client-side-apply"]), "{plain:#}");
    assert_eq!(paths(plain), ["metadata.annotations", "data.old"]);
}

#[test]
fn an_immutable_field_is_named_and_replaces_only_what_the_environment_lists() {
    let job = "apiVersion: batch/v1\nkind: Job\nmetadata: { name: once }\nspec: { template: { spec: { restartPolicy: Never, containers: [{ name: a, image: 'registry.example/a:1' }] } } }\n";
    let site = Site::new("diff-replace", "", job);
    site.apply_by_hand();
    site.template(&job.replace(":1'", ":2'"));
    let diff = site.diff(&[], 3);
    assert!(diff["refusals"].to_string().contains("can't be changed"), "{diff:#}");
    site.environment("[apply]\nreplace = [\"Job\"]\n");
    let diff = site.diff(&[], 1);
    let once = step(&diff, "Job/once");
    assert_eq!((&once["operation"], &once["immutable"]), (&json!("replace"), &json!(["spec.template"])), "{once:#}");
    assert!(paths(once).contains(&"spec.template.spec.containers[name=a].image"), "{once:#}");
}

#[test]
fn a_hashed_object_shows_as_one_change_of_one_object() {
    let toml = |value: &str| {
        format!(
            "[configmap.params]\nliterals = {{ LEVEL = \"{value}\" }}\nimmutable = true\n[[inject]]\ninto = \"Deployment/web\"\nenv-from = [\"configmap/params\"]\n"
        )
    };
    let site = Site::new("diff-hashed", &toml("info"), DEPLOYMENT);
    site.apply_by_hand();
    site.environment(&toml("debug"));
    let diff = site.diff(&[], 1);
    let renamed = diff["steps"].as_array().unwrap().iter().find(|step| step["object"]["kind"] == "ConfigMap").unwrap();
    assert_eq!((&renamed["operation"], &renamed["restarts"]), (&json!("create"), &json!(["Deployment/web"])), "{renamed:#}");
    assert_eq!(paths(renamed), ["metadata.name", "data.LEVEL"]);
    assert!(renamed["renamedFrom"]["name"].as_str().unwrap().starts_with("params-"));
}

/// Rights as the reviewer has them: get and list, no Secrets, no patch.
fn let_review(site: &Site) {
    let name = format!("review-{}", site.namespace);
    let rules = json!([
        { "apiGroups": ["", "apps"], "resources": ["configmaps", "deployments"], "verbs": ["get", "list"] },
        { "apiGroups": [""], "resources": ["namespaces"], "verbs": ["get"] },
    ]);
    post(
        "/apis/rbac.authorization.k8s.io/v1/clusterroles",
        &json!({ "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": { "name": name }, "rules": rules }),
    );
    post(
        "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
        &json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": { "name": name },
            "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name },
            "subjects": [{ "apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "reviewer" }],
        }),
    );
}

#[test]
fn a_reviewer_without_secrets_and_patches_sees_a_prediction() {
    let site = Site::new("diff-reviewer", SECRET, &format!("{CONFIG}---\n{DEPLOYMENT}"));
    site.apply_by_hand();
    let_review(&site);
    let diff = site.diff(&["--context", "reviewer"], 0);
    assert_eq!(step(&diff, "Secret/login")["marks"], json!(["not-compared"]), "{diff:#}");
    site.template(&format!("{}---\n{}", CONFIG.replace("a: '1', ", "c: '3', "), DEPLOYMENT.replace(":1.0", ":1.1")));
    let diff = site.diff(&["--context", "reviewer"], 1);
    let plain = step(&diff, "ConfigMap/plain");
    assert_eq!((&plain["marks"], paths(plain)), (&json!(["not-dry-run"]), vec!["data.c", "data.a"]), "{plain:#}");
    let seen = diff.to_string();
    let asked = site.diff(&[], 1);
    for object in ["ConfigMap/plain", "Deployment/web"] {
        let mut predicted: Vec<&str> = paths(step(&diff, object));
        let mut told: Vec<&str> = paths(step(&asked, object));
        predicted.sort_unstable();
        told.sort_unstable();
        assert_eq!(predicted, told, "{object}: {seen}");
    }
    let run = site.run(&["diff", "dev", "--context", "stranger"]).exits(6).said();
    assert!(run.contains("the right that is missing"), "{run}");
}

/// An admission policy for the site's ConfigMaps that says no, and echoes what it was given. Waits until the server has it.
fn echo(site: &Site) {
    let name = format!("echo-{}", site.namespace);
    let group = "/apis/admissionregistration.k8s.io/v1";
    post(
        &format!("{group}/validatingadmissionpolicies"),
        &json!({
            "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy", "metadata": { "name": name },
            "spec": {
                "matchConstraints": { "resourceRules": [{ "apiGroups": [""], "apiVersions": ["v1"], "operations": ["*"], "resources": ["configmaps"] }] },
                "validations": [{ "expression": "!has(object.data) || !('url' in object.data)", "messageExpression": "'no url: ' + object.data.url" }],
            },
        }),
    );
    post(
        &format!("{group}/validatingadmissionpolicybindings"),
        &json!({
            "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicyBinding", "metadata": { "name": name },
            "spec": { "policyName": name, "validationActions": ["Deny"],
                "matchResources": { "namespaceSelector": { "matchLabels": { "kubernetes.io/metadata.name": site.namespace } } } },
        }),
    );
    let probe =
        json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "probe" }, "data": { "url": "x" } }).to_string();
    let path = format!("/api/v1/namespaces/{}/configmaps?dryRun=All", site.namespace);
    let is_there = (0..20_000).any(|_| cluster().send("POST", &path, "application/json", &probe).is_err());
    assert!(is_there, "the server doesn't take the policy up");
}

#[test]
fn what_the_server_refuses_and_echoes_holds_no_secret() {
    let toml = "[[allow]]\nrule = \"secret-in-configmap\"\nobjects = [\"ConfigMap/holds\"]\nreason = \"a test\"\n";
    let holds =
        "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: holds }\ndata: { url: 'https://{{ secrets.app.password }}@host' }\n";
    let site = Site::new("diff-echo", toml, holds);
    echo(&site);
    let diff = site.diff(&[], 3);
    let said = diff["refusals"][0]["message"].as_str().unwrap();
    assert!(said.contains("no url: https://«secret: app.password»@host"), "{said}");
}

/// A policy of the API server that puts a key into every ConfigMap of a namespace.
struct Policy {
    name: String,
}

impl Policy {
    const GROUP: &str = "/apis/admissionregistration.k8s.io/v1";

    fn new(namespace: &str) -> Self {
        let name = format!("adds-{namespace}");
        let rule =
            json!({ "apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"], "resources": ["configmaps"] });
        let selector = json!({ "matchLabels": { "kubernetes.io/metadata.name": namespace } });
        let policy = json!({
            "apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingAdmissionPolicy", "metadata": { "name": name },
            "spec": {
                "matchConstraints": { "resourceRules": [rule], "namespaceSelector": selector },
                "reinvocationPolicy": "Never", "failurePolicy": "Fail",
                "mutations": [{
                    "patchType": "ApplyConfiguration",
                    "applyConfiguration": { "expression": "Object{data: {'added': 'by-policy'}}" },
                }],
            },
        });
        let binding = json!({
            "apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingAdmissionPolicyBinding", "metadata": { "name": name },
            "spec": { "policyName": name },
        });
        post(&format!("{}/mutatingadmissionpolicies", Self::GROUP), &policy);
        post(&format!("{}/mutatingadmissionpolicybindings", Self::GROUP), &binding);
        Self { name }
    }
}

impl Drop for Policy {
    fn drop(&mut self) {
        for plural in ["mutatingadmissionpolicybindings", "mutatingadmissionpolicies"] {
            let _ = cluster().send("DELETE", &format!("{}/{plural}/{}", Self::GROUP, self.name), "application/json", "");
        }
    }
}

#[test]
fn what_a_policy_would_add_shows_when_all_is_asked() {
    let site = Site::new("diff-policy", "", CONFIG);
    site.apply_by_hand();
    let _policy = Policy::new(&site.namespace);
    // The server takes a moment to load it.
    let asked = (0..60).find_map(|_| {
        std::thread::sleep(std::time::Duration::from_millis(500));
        let run = site.run(&["diff", "dev", "--dry-run-all", "--format", "json"]);
        (run.code == Some(1)).then(|| serde_json::from_slice::<serde_json::Value>(&run.stdout).expect("JSON"))
    });
    let asked = asked.expect("the policy works in half a minute");
    assert_eq!(paths(step(&asked, "ConfigMap/plain")), ["data.added"]);
    // What is stored shows no policy, so the proof can't know of it: that is what the option is for.
    site.diff(&[], 0);
}

#[test]
fn what_another_engine_applies_is_compared_as_that_engine() {
    for (engine, manager) in [("flux", "kustomize-controller"), ("argocd", "argocd-controller")] {
        let site = Site::new(&format!("diff-{engine}"), &format!("engine = \"{engine}\"\n"), CONFIG);
        let object = json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "plain", "namespace": site.namespace },
            "data": { "a": "1", "b": "2" },
        });
        let new = site.diff(&[], 1);
        assert_eq!(new["summary"]["created"], 1, "{engine}: {new:#}");
        patch(&object, manager, false);
        let same = site.diff(&[], 0);
        assert_eq!((&same["summary"]["unchanged"], &same["requests"]["dryRun"]), (&json!(1), &json!(0)), "{engine}: {same:#}");
        site.template(&CONFIG.replace("'1'", "'9'"));
        let changed = site.diff(&[], 1);
        assert_eq!(paths(step(&changed, "ConfigMap/plain")), ["data.a"], "{engine}: {changed:#}");
        // Prunes are that engine's own.
        assert_eq!(changed["summary"]["pruned"], 0, "{engine}: {changed:#}");
        site.run(&["apply", "dev", "--yes"]).exits(3);
    }
}
