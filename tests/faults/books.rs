//! What an apply keeps in the cluster: the inventory, wide and narrow; the history; and the commands that read them.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::bundle::{Bundle, ENVIRONMENT, SECRETS};
use crate::equipment::namespace;
use crate::observer::{Observer, kinds};
use crate::proxy::{Class, Fault, Next, Proxy, Request, When};
use crate::server::cluster;
use crate::stack::Stack;

const KINDS: &str = "applyset.kubernetes.io/contains-group-kinds";
const NAMESPACES: &str = "applyset.kubernetes.io/additional-namespaces";

fn parent(namespace: &str) -> Value {
    cluster().get(&format!("/api/v1/namespaces/{namespace}/configmaps/plimsoll-{ENVIRONMENT}"))
}

fn annotation(parent: &Value, name: &str) -> Vec<String> {
    let text = parent["metadata"]["annotations"][name].as_str().unwrap_or_default();
    text.split(',').filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

fn history(bundle: &Bundle) -> Vec<Value> {
    let said = bundle.plimsoll(&["history", ENVIRONMENT, "--format", "json"]).exits(0).out();
    let document: Value = serde_json::from_str(&said).expect("JSON");
    document["runs"].as_array().expect("runs").clone()
}

fn books() -> (Proxy, Bundle, String) {
    let Stack { namespace, bundle, proxy } = Stack::new("books");
    (proxy, bundle, namespace)
}

#[test]
fn what_was_not_pruned_stays_in_the_inventory_whatever_a_list_says() {
    let Stack { namespace, bundle, proxy } = Stack::new("books-stale");
    let apply =
        |arguments: &[&str]| bundle.plimsoll(&[&["apply", ENVIRONMENT, "--yes", "--no-wait"], arguments].concat()).exits(0);
    apply(&[]);
    // The first lists by label are those after the prune: the proxy gives them again later.
    bundle.v2();
    apply(&[]);
    bundle.v1();
    apply(&[]);
    let policy = "NetworkPolicy.networking.k8s.io".to_owned();
    assert!(annotation(&parent(&namespace), KINDS).contains(&policy));
    proxy.inject(Fault::StaleList, When::call("GET", "labelSelector", 1).onwards());
    bundle.v2();
    apply(&["--no-prune"]);
    assert!(proxy.injected().contains_key(&Fault::StaleList), "{:?}", proxy.injected());
    let kinds = annotation(&parent(&namespace), KINDS);
    assert!(kinds.contains(&policy), "{kinds:?}");
    proxy.calm();
    apply(&[]);
    assert!(!annotation(&parent(&namespace), KINDS).contains(&policy));
}

/// A Job alone of its kind, in another namespace.
fn with_far_job(bundle: &Bundle, far: &str) {
    bundle.edit("namespace = ", &format!("namespaces = [\"{far}\"]\nnamespace = "));
    let job = format!(
        "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata:\n  name: far\n  namespace: {far}\nspec:\n  maxUnavailable: 1\n  selector:\n    matchLabels: {{a: b}}\n"
    );
    bundle.sandbox.write("templates/stack/far.yaml", job);
}

#[test]
fn wide_before_and_narrow_after() {
    let (proxy, bundle, own) = books();
    let far = namespace("books-far");
    with_far_job(&bundle, &far);
    // What a second client sees at the first write of an object.
    let seen: Arc<Mutex<Vec<Value>>> = Arc::default();
    let (eyes, place) = (seen.clone(), own.clone());
    proxy.before(When::of(Class::Write, 1).onwards(), move |request: &Request| {
        // The one exception: the namespace that the inventory lies in comes first.
        let is_namespace = request.path.starts_with(&format!("/api/v1/namespaces/{place}?"));
        // The inventory and the Lease are the only objects that are made by POST.
        if !is_namespace
            && request.method != "POST"
            && !request.path.contains("/leases")
            && !request.path.contains("/configmaps/plimsoll-")
        {
            eyes.lock().unwrap().push(parent(&place));
        }
        Next::Forward
    });
    bundle.plimsoll(&["apply", ENVIRONMENT, "--yes", "--no-wait"]).exits(0);
    let first = seen.lock().unwrap().first().expect("a write").clone();
    assert!(annotation(&first, KINDS).contains(&"PodDisruptionBudget.policy".to_owned()), "{first:#}");
    assert_eq!(annotation(&first, NAMESPACES), std::slice::from_ref(&far));
    assert_eq!(annotation(&first, "applyset.kubernetes.io/tooling"), ["plimsoll/v1"]);
    assert_eq!(history(&bundle).last().unwrap()["outcome"], "ok");

    // The far object goes: wide until it has gone, then narrow.
    seen.lock().unwrap().clear();
    std::fs::remove_file(bundle.sandbox.repo().join("templates/stack/far.yaml")).unwrap();
    let observer = Observer::start(cluster(), &kinds(), &[&own, &far]);
    bundle.plimsoll(&["apply", ENVIRONMENT, "--yes", "--no-wait"]).exits(0);
    let before_delete = seen.lock().unwrap().last().expect("a delete").clone();
    assert!(annotation(&before_delete, KINDS).contains(&"PodDisruptionBudget.policy".to_owned()));
    let after = parent(&own);
    assert!(!annotation(&after, KINDS).contains(&"PodDisruptionBudget.policy".to_owned()), "{after:#}");
    assert_eq!(annotation(&after, NAMESPACES), Vec::<String>::new());
    observer.finish().holds(|_, _| false);
    // Nothing to do: nothing is written, no run is noted.
    let runs = history(&bundle).len();
    proxy.forget();
    bundle.plimsoll(&["apply", ENVIRONMENT, "--yes", "--no-wait"]).exits(0);
    assert_eq!((proxy.count(Class::Write), history(&bundle).len()), (0, runs));
}

#[test]
fn a_run_that_was_cut_off_shows_and_the_next_one_narrows() {
    let (proxy, bundle, own) = books();
    let far = namespace("books-far");
    with_far_job(&bundle, &far);
    bundle.plimsoll(&["apply", ENVIRONMENT, "--yes", "--no-wait"]).exits(0);
    std::fs::remove_file(bundle.sandbox.repo().join("templates/stack/far.yaml")).unwrap();
    // The last write of the parent never arrives: as if killed between prune and narrow.
    let mut parents = 0;
    proxy.before(When::of(Class::Write, 1).onwards(), move |request: &Request| {
        parents += usize::from(request.path.contains("/configmaps/plimsoll-"));
        if parents >= 2 { Next::Drop } else { Next::Forward }
    });
    let cut = bundle.plimsoll(&["apply", ENVIRONMENT, "--yes", "--no-wait"]).exits(4);
    assert!(cut.said().contains("the inventory stays wide"), "{}", cut.said());
    proxy.calm();
    assert!(annotation(&parent(&own), KINDS).contains(&"PodDisruptionBudget.policy".to_owned()), "it stays wide");
    assert_eq!(history(&bundle).last().unwrap()["outcome"], "didn't end");
    // Something to do, so that there is a run; it is refused while the Lease of the cut one lasts only if that process is alive.
    bundle.edit("MODE = \"one\"", "MODE = \"two\"");
    bundle.plimsoll(&["apply", ENVIRONMENT, "--yes", "--no-wait"]).exits(0);
    assert!(!annotation(&parent(&own), KINDS).contains(&"PodDisruptionBudget.policy".to_owned()), "the next one narrows");
    let runs: Vec<Value> = history(&bundle).iter().map(|run| run["outcome"].clone()).collect();
    assert_eq!(runs, ["ok", "didn't end", "ok"]);
}

#[test]
fn over_the_budget_nothing_is_pruned() {
    let (proxy, bundle, own) = books();
    let many: String = (0..11)
        .map(|at| format!("---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: many-{at}\ndata: {{a: b}}\n"))
        .collect();
    bundle.sandbox.write("templates/stack/many.yaml", many);
    bundle.plimsoll(&["apply", ENVIRONMENT, "--yes", "--no-wait"]).exits(0);
    std::fs::remove_file(bundle.sandbox.repo().join("templates/stack/many.yaml")).unwrap();
    proxy.forget();
    let refused = bundle.plimsoll(&["apply", ENVIRONMENT, "--yes", "--no-wait"]).exits(3);
    assert!(refused.said().contains("prune-budget") && refused.said().contains("11 objects"), "{}", refused.said());
    assert_eq!(proxy.count(Class::Write), 0);
    bundle.edit("prune-budget = 10", "prune-budget = 11");
    bundle.plimsoll(&["apply", ENVIRONMENT, "--yes", "--no-wait"]).exits(0);
    let left = cluster().get(&format!("/api/v1/namespaces/{own}/configmaps"));
    let names: Vec<&str> = left["items"].as_array().unwrap().iter().filter_map(|map| map["metadata"]["name"].as_str()).collect();
    assert!(!names.iter().any(|name| name.starts_with("many-")), "{names:?}");
}

#[test]
fn a_guarded_kind_stays_unless_it_is_named() {
    let (_proxy, bundle, own) = books();
    let claim = "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata:\n  name: data\nspec:\n  accessModes: [ReadWriteOnce]\n  storageClassName: none\n  resources:\n    requests:\n      storage: 1Gi\n";
    bundle.sandbox.write("templates/stack/claim.yaml", claim);
    let first = bundle.plimsoll(&["apply", ENVIRONMENT, "--yes", "--no-wait"]);
    assert!(matches!(first.code, Some(0)), "{}", first.said());
    std::fs::remove_file(bundle.sandbox.repo().join("templates/stack/claim.yaml")).unwrap();
    bundle.edit("MODE = \"one\"", "MODE = \"two\"");
    let said = bundle.plimsoll(&["apply", ENVIRONMENT, "--yes", "--no-wait"]).exits(0).said();
    assert!(said.contains("prune-kinds"), "{said}");
    let path = format!("/api/v1/namespaces/{own}/persistentvolumeclaims/data");
    cluster().get(&path);
    assert!(annotation(&parent(&own), KINDS).contains(&"PersistentVolumeClaim".to_owned()), "what stays is not forgotten");
    bundle.edit("prune-kinds = [", "prune-kinds = [\"PersistentVolumeClaim\", ");
    bundle.plimsoll(&["apply", ENVIRONMENT, "--yes", "--no-wait"]).exits(0);
    let gone = cluster().send("GET", &path, "application/json", "");
    let is_going = gone.as_ref().is_ok_and(|claim| claim["metadata"]["deletionTimestamp"].is_string());
    assert!(gone.is_err() || is_going, "{gone:?}");
}

#[test]
fn a_foreign_parent_is_refused() {
    let (proxy, bundle, own) = books();
    let put = |metadata: Value| {
        let mut map = json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata });
        map["metadata"]["name"] = json!(format!("plimsoll-{ENVIRONMENT}"));
        let path = format!("/api/v1/namespaces/{own}/configmaps/plimsoll-{ENVIRONMENT}?fieldManager=kubectl&force=true");
        cluster().send("PATCH", &path, "application/apply-patch+yaml", &map.to_string()).expect("a ConfigMap")
    };
    let path = format!("/api/v1/namespaces/{own}/configmaps/plimsoll-{ENVIRONMENT}");
    bundle.edit("create = true", "create = false");
    let body = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": own } }).to_string();
    cluster().send("POST", "/api/v1/namespaces", "application/json", &body).unwrap();
    put(json!({}));
    proxy.forget();
    let said = bundle.plimsoll(&["apply", ENVIRONMENT, "--yes", "--no-wait"]).exits(3).said();
    assert!(said.contains("isn't an inventory"), "{said}");
    assert_eq!(proxy.count(Class::Write), 0);
    let said = bundle.plimsoll(&["status", ENVIRONMENT]).exits(3).said();
    assert!(said.contains("isn't an inventory"), "{said}");
    cluster().send("DELETE", &path, "application/json", "").unwrap();
    // Ours by name, kubectl's by its own word.
    bundle.plimsoll(&["apply", ENVIRONMENT, "--yes", "--no-wait"]).exits(0);
    let mut foreign = parent(&own);
    foreign["metadata"]["annotations"]["applyset.kubernetes.io/tooling"] = json!("kubectl/v1.37");
    cluster().send("PUT", &path, "application/json", &foreign.to_string()).unwrap();
    bundle.edit("MODE = \"one\"", "MODE = \"two\"");
    let said = bundle.plimsoll(&["apply", ENVIRONMENT, "--yes", "--no-wait"]).exits(3).said();
    assert!(said.contains("`kubectl/v1.37`"), "{said}");
}

#[test]
fn status_and_history_tell() {
    let (_proxy, bundle, _) = books();
    let said = bundle.plimsoll(&["status", ENVIRONMENT]).exits(0).out();
    assert!(said.contains("was never applied"), "{said}");
    let said = bundle.plimsoll(&["history", ENVIRONMENT]).exits(0).out();
    assert!(said.contains("was never applied"), "{said}");
    bundle.plimsoll(&["apply", ENVIRONMENT, "--yes", "--no-wait"]).exits(0);
    let run = bundle.plimsoll(&["status", ENVIRONMENT]);
    let said = run.out();
    assert!(said.starts_with("last: apply 1 of "), "{said}");
    assert!(said.contains("Deployment/api") && said.contains("Widget/one"), "{said}");
    let document: Value = serde_json::from_str(&bundle.plimsoll(&["status", ENVIRONMENT, "--format", "json"]).out()).unwrap();
    assert_eq!(document["schema"], "plimsoll.dev/status/v1");
    assert!(document["objects"].as_array().unwrap().len() >= 25, "{document:#}");
    let runs = history(&bundle);
    assert_eq!(runs[0]["who"], "admin", "as the server knows us");
    assert_eq!(runs[0]["commit"].as_str().unwrap().len(), 40);
    assert!(runs[0]["counts"]["created"].as_u64().unwrap() >= 25, "{runs:?}");
}

#[test]
fn a_rollback_takes_the_commit_and_keeps_the_secrets() {
    let (_proxy, bundle, own) = books();
    bundle.plimsoll(&["apply", ENVIRONMENT, "--yes", "--no-wait"]).exits(0);
    let refused = bundle.plimsoll(&["rollback", ENVIRONMENT, "--yes", "--no-wait"]).exits(3);
    assert!(refused.said().contains("no good run of another commit"), "{}", refused.said());
    bundle.v2();
    bundle.plimsoll(&["apply", ENVIRONMENT, "--yes", "--no-wait"]).exits(0);
    let [first, second] = &history(&bundle)[..] else { panic!("two runs") };

    let unknown = bundle.plimsoll(&["rollback", ENVIRONMENT, "--to", "77", "--yes"]).exits(2);
    assert!(unknown.said().contains("no run 77") && unknown.said().contains("1, 2"), "{}", unknown.said());
    bundle.plimsoll(&["rollback", ENVIRONMENT]).exits(3);
    let said = bundle.plimsoll(&["rollback", ENVIRONMENT, "--yes", "--no-wait"]).exits(0).said();
    assert!(said.contains(first["commit"].as_str().unwrap()), "{said}");
    let get = |path: &str| cluster().get(&format!("/api/v1/namespaces/{own}/{path}"));
    assert_eq!(get("configmaps/params")["data"]["MODE"], "one");
    assert_eq!(get("configmaps/legacy")["data"]["note"], "goes in the second version");
    let token = get("secrets/token")["data"]["token"].as_str().unwrap().to_owned();
    let plain = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, token).unwrap();
    assert_eq!(plain, SECRETS[1].as_bytes(), "today's secret, not that of then");
    let runs = history(&bundle);
    let last = runs.last().unwrap();
    assert_eq!((&last["action"], &last["commit"], &last["secretsOf"]), (&json!("rollback"), &first["commit"], &second["commit"]));
    assert_eq!(last["outcome"], "ok");
    // Git has moved on: the next diff says so; the other way works too.
    bundle.plimsoll(&["diff", ENVIRONMENT]).exits(1);
    bundle.plimsoll(&["rollback", ENVIRONMENT, "--to", second["commit"].as_str().unwrap(), "--yes", "--no-wait"]).exits(0);
    assert_eq!(get("configmaps/params")["data"]["MODE"], "two");
}

#[test]
fn a_delete_leaves_what_is_guarded_or_nothing() {
    let (proxy, bundle, own) = books();
    bundle.plimsoll(&["apply", ENVIRONMENT, "--yes", "--no-wait"]).exits(0);
    proxy.forget();
    bundle.plimsoll(&["delete", ENVIRONMENT]).exits(3);
    assert_eq!(proxy.count(Class::Write), 0, "nobody has agreed");
    // The Namespace is guarded: it stays, and the inventory with it.
    let said = bundle.plimsoll(&["delete", ENVIRONMENT, "--yes"]).exits(0).said();
    assert!(said.contains(&format!("Namespace/{own}")), "{said}");
    assert_eq!(annotation(&parent(&own), KINDS), ["Namespace"]);
    assert_eq!(history(&bundle).last().unwrap()["action"], "delete");
    let left = cluster().get(&format!("/apis/apps/v1/namespaces/{own}/deployments"));
    assert_eq!(left["items"], json!([]));
    assert!(proxy.unguarded_deletes().is_empty());
    // And everything comes back.
    bundle.plimsoll(&["apply", ENVIRONMENT, "--yes", "--no-wait"]).exits(0);
    bundle.plimsoll(&["diff", ENVIRONMENT]).exits(0);
}

#[test]
fn a_delete_of_all_takes_the_inventory_too() {
    let (_proxy, bundle, own) = books();
    bundle.edit("create = true", "create = false");
    let body = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": own } }).to_string();
    cluster().send("POST", "/api/v1/namespaces", "application/json", &body).unwrap();
    bundle.plimsoll(&["apply", ENVIRONMENT, "--yes", "--no-wait"]).exits(0);
    bundle.plimsoll(&["delete", ENVIRONMENT, "--yes"]).exits(0);
    let maps = cluster().get(&format!("/api/v1/namespaces/{own}/configmaps"));
    let leases = cluster().get(&format!("/apis/coordination.k8s.io/v1/namespaces/{own}/leases"));
    assert_eq!((&maps["items"], &leases["items"]), (&json!([]), &json!([])));
    let again = bundle.plimsoll(&["delete", ENVIRONMENT, "--yes"]).exits(0);
    assert!(again.said().contains("nothing in the cluster"), "{}", again.said());
}

#[test]
fn what_keeps_an_environment_from_being_written_keeps_every_command() {
    let (proxy, bundle, _own) = books();
    bundle.plimsoll(&["apply", ENVIRONMENT, "--yes", "--no-wait"]).exits(0);
    let commands: [&[&str]; 3] = [
        &["apply", ENVIRONMENT, "--yes"],
        &["delete", ENVIRONMENT, "--yes"],
        &["rollback", ENVIRONMENT, "--to", "HEAD", "--yes"],
    ];
    let all_refused = |commands: &[&[&str]], why: &str| {
        proxy.forget();
        for command in commands {
            let said = bundle.plimsoll(command).exits(3).said();
            assert!(said.contains(why), "{command:?}: {said}");
        }
        assert_eq!(proxy.count(Class::Write), 0);
    };
    bundle.edit("namespace = ", "require-clean = true\nnamespace = ");
    all_refused(&commands, "no remote branch holds ");
    bundle.sandbox.git(&["update-ref", "refs/remotes/origin/main", "HEAD"]).exits(0);
    bundle.plimsoll(&["apply", ENVIRONMENT, "--yes", "--no-wait"]).exits(0);
    // What is only in the working tree: a rollback doesn't compile that.
    bundle.sandbox.edit("environments/dev.toml", "MODE = \"one\"", "MODE = \"three\"");
    all_refused(&commands[..2], "`environments/dev.toml` isn't what HEAD holds");
    bundle.plimsoll(&["rollback", ENVIRONMENT, "--to", "HEAD", "--yes", "--no-wait"]).exits(0);
    // But its sealed files are the working tree's.
    let sealed = bundle.sandbox.read("environments/dev.secrets.age");
    bundle.v2();
    bundle.edit("namespace = ", "require-clean = true\nnamespace = ");
    bundle.sandbox.git(&["update-ref", "refs/remotes/origin/main", "HEAD"]).exits(0);
    bundle.sandbox.write("environments/dev.secrets.age", sealed);
    let said = bundle.plimsoll(commands[2]);
    assert!(matches!(said.code, Some(2 | 3)), "{}", said.said());
    bundle.v1();
    bundle.edit("namespace = ", "engine = \"flux\"\nnamespace = ");
    all_refused(&commands, "is applied by flux");
}
