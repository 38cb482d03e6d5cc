//! Strategic merge, held against the API server's own: for random patches of real objects, what the server makes of the patch is what
//! it makes of our merged object.

use std::sync::OnceLock;

use http::Request;
use plimsoll::check::schema::Schemas;
use plimsoll::object::emit::{Form, json_object};
use plimsoll::object::{Data, MadeBy, Object, parse, parse_value};
use plimsoll::secret::Tokens;
use plimsoll::source::{SourceKind, SourceMap, Span};
use plimsoll::transform::strategic_merge;
use serde_json::{Map, Value, json};

use crate::random::Random;
use crate::server::{cluster, run};

const PATCHES: usize = 900;

/// The server's answer, without what differs from request to request.
type Answer = Result<Value, (u16, String)>;

fn send(method: &str, path: &str, kind: &str, body: &Value) -> Answer {
    let request =
        Request::builder().method(method).uri(path).header("Content-Type", kind).body(serde_json::to_vec(body).unwrap()).unwrap();
    match run(admin().request::<Value>(request)) {
        Ok(mut answer) => {
            let metadata = answer["metadata"].as_object_mut().unwrap();
            for field in ["managedFields", "resourceVersion", "generation"] {
                metadata.remove(field);
            }
            Ok(answer)
        }
        Err(kube::Error::Api(status)) => Err((status.code, status.message)),
        Err(error) => panic!("{method} {path}: {error}"),
    }
}

/// One client for all requests: a handshake each would be most of the time.
fn admin() -> &'static kube::Client {
    static ADMIN: OnceLock<kube::Client> = OnceLock::new();
    ADMIN.get_or_init(|| cluster().client("admin"))
}

/// Our merge of two JSON documents.
fn merged(present: &Value, patch: &Value) -> Result<Value, String> {
    let map = SourceMap::default();
    let tokens = Tokens::new([0; 16]);
    let file = map.add("present", present.to_string(), SourceKind::Other);
    let words =
        |said: plimsoll::diagnostic::Diagnostics| said.iter().map(|one| one.message.as_str()).collect::<Vec<_>>().join("; ");
    let mut object: Object = parse(&map, file, &tokens, MadeBy::Template(file)).map_err(words)?.remove(0);
    let text = patch.to_string();
    let file = map.add("patch", text.as_str(), SourceKind::Other);
    let node = parse_value(&map, Span::new(file, 0, text.len()), &text, &tokens).map_err(words)?;
    let Data::Map(patch) = node.data else { panic!("a patch is a map") };
    let said = strategic_merge(&mut object, patch, Schemas::builtin("1.37"));
    if said.has_errors() {
        return Err(words(said));
    }
    Ok(serde_json::from_str(&json_object(&object, Form::Masked).unwrap()).unwrap())
}

/// Refusals of the server that are its own: it leaves directives in items that are wholly new, and then finds unknown fields; it can't
/// order a list of which neither side has an item. We leave the one out, and the other alone.
fn is_peculiar(message: &str) -> bool {
    message.contains("unknown field") && message.contains(".$") || message.contains("no elements in any of the given slices")
}

/// The object under `path` is patched with random patches: each once by the server, once by us.
fn compare(random: &mut Random, path: &str, count: usize, draw: impl Fn(&mut Random, &Value) -> Value) -> [usize; 3] {
    let present = cluster().get(path);
    let dry_run = format!("{path}?dryRun=All&fieldValidation=Strict");
    let (mut same, mut refused, mut kinder) = (0, 0, 0);
    for _ in 0..count {
        let drawn = draw(random, &present);
        let theirs = send("PATCH", &dry_run, "application/strategic-merge-patch+json", &drawn);
        let ours = merged(&present, &drawn);
        match (theirs, ours) {
            (Ok(theirs), Ok(ours)) => {
                let ours = send("PUT", &dry_run, "application/json", &ours)
                    .unwrap_or_else(|(code, message)| panic!("{code} {message}\npatch {drawn}\nours {}", ours["spec"]));
                assert!(ours == theirs, "patch {drawn}\nours   {ours}\ntheirs {theirs}");
                same += 1;
            }
            (Err((_, message)), Ok(_)) if is_peculiar(&message) => kinder += 1,
            // what the server's validation refuses of its own merge, it refuses of ours
            (Err((code, message)), Ok(ours)) => {
                let answer = send("PUT", &dry_run, "application/json", &ours);
                assert!(
                    answer.is_err(),
                    "the server refuses the patch: {code} {message}\nbut takes ours\npatch {drawn}\nours {ours}"
                );
                refused += 1;
            }
            (Err(_), Err(_)) => refused += 1,
            (Ok(theirs), Err(said)) => panic!("we refuse: {said}\npatch {drawn}\ntheirs {theirs}"),
        }
    }
    [same, refused, kinder]
}

fn create(path: &str, object: &Value) -> String {
    let name = object["metadata"]["name"].as_str().unwrap();
    let request =
        Request::post(path).header("Content-Type", "application/json").body(serde_json::to_vec(object).unwrap()).unwrap();
    run(admin().request::<Value>(request)).unwrap();
    format!("{path}/{name}")
}

const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];

/// A random part of a list that is merged by `key`: present and new items, deletions, the whole replaced, an order.
fn keyed(random: &mut Random, field: &str, keys: &[Value], key: &str, body: impl Fn(&mut Random) -> Value) -> Map<String, Value> {
    let mut order = Vec::new();
    let mut items = Vec::new();
    for value in random.some(keys) {
        let mut item = body(random).as_object().unwrap().clone();
        item.insert(key.to_owned(), value.clone());
        if random.one_in(5) {
            item.clone_from(json!({key: value, "$patch": "delete"}).as_object().unwrap());
        } else {
            order.push(json!({key: value}));
        }
        items.push(Value::Object(item));
    }
    // the server refuses an order beside a replacement
    let replaces = random.one_in(12);
    if replaces {
        items.push(json!({"$patch": "replace"}));
    }
    let mut patch = Map::new();
    if random.one_in(4) && !replaces {
        let mut others: Vec<Value> = keys.iter().map(|value| json!({key: value})).filter(|item| !order.contains(item)).collect();
        while let (Some(item), true) = (others.pop(), !random.one_in(3)) {
            order.insert(random.below(order.len() + 1), item);
        }
        patch.insert(format!("$setElementOrder/{field}"), order.into());
    }
    if !random.one_in(10) || patch.is_empty() {
        patch.insert(field.to_owned(), items.into());
    }
    patch
}

fn texts(names: &[&str]) -> Vec<Value> {
    names.iter().map(|name| json!(name)).collect()
}

fn container(random: &mut Random) -> Value {
    let mut patch = json!({"image": format!("image:{}", random.below(5))}).as_object().unwrap().clone();
    if random.one_in(2) {
        patch.extend(keyed(
            random,
            "env",
            &texts(&["A", "B", "C", "D"]),
            "name",
            |random| json!({"value": random.below(9).to_string()}),
        ));
    }
    if random.one_in(3) {
        let ports: Vec<Value> = [80, 81, 82, 83].iter().map(|port| json!(port)).collect();
        patch.extend(keyed(random, "ports", &ports, "containerPort", |random| {
            if random.one_in(2) { json!({}) } else { json!({"protocol": "UDP"}) }
        }));
    }
    if random.one_in(3) {
        patch.extend(keyed(
            random,
            "volumeMounts",
            &texts(&["/a", "/b", "/c"]),
            "mountPath",
            |random| json!({"name": (*random.pick(&["v", "w"]))}),
        ));
    }
    if random.one_in(4) {
        patch.insert("args".into(), random.some(&texts(&NAMES)).into());
    }
    if random.one_in(4) {
        patch.insert(
            "resources".into(),
            random
                .pick(&[
                    json!(null),
                    json!({"limits": {"cpu": "1"}}),
                    json!({"$patch": "replace", "requests": {"cpu": "10m"}}),
                    json!({"$patch": "delete"}),
                ])
                .clone(),
        );
    }
    if random.one_in(5) {
        patch.insert(
            "livenessProbe".into(),
            random
                .pick(&[
                    json!(null),
                    json!({"$retainKeys": ["tcpSocket", "periodSeconds"], "tcpSocket": {"port": 80}}),
                    json!({"periodSeconds": 7}),
                    json!({"httpGet": {"port": 80, "path": "/x"}}),
                ])
                .clone(),
        );
    }
    if random.one_in(5) {
        patch.insert("envFrom".into(), json!([{"configMapRef": {"name": random.pick(&NAMES)}}]));
    }
    patch.into()
}

fn pod_spec(random: &mut Random) -> Value {
    let mut patch = Map::new();
    if random.one_in(2) {
        patch.extend(keyed(random, "containers", &texts(&NAMES), "name", container));
    }
    if random.one_in(3) {
        patch.extend(keyed(random, "volumes", &texts(&["v", "w", "x"]), "name", |random| {
            random
                .pick(&[
                    json!({"emptyDir": {}}),
                    json!({"$retainKeys": ["name", "configMap"], "configMap": {"name": "c"}}),
                    json!({"configMap": {"name": "d"}, "emptyDir": null}),
                ])
                .clone()
        }));
    }
    if random.one_in(4) {
        patch.extend(keyed(random, "imagePullSecrets", &texts(&NAMES), "name", |_| json!({})));
    }
    if random.one_in(4) {
        patch.insert("tolerations".into(), json!([{"key": random.pick(&NAMES), "operator": "Exists"}]));
    }
    if random.one_in(4) {
        patch.insert(
            "nodeSelector".into(),
            random.pick(&[json!(null), json!({"a": null, "b": "2"}), json!({"$patch": "replace", "z": "1"})]).clone(),
        );
    }
    if random.one_in(5) {
        patch.extend(keyed(
            random,
            "hostAliases",
            &texts(&["10.0.0.1", "10.0.0.2"]),
            "ip",
            |random| json!({"hostnames": [random.pick(&NAMES)]}),
        ));
    }
    if random.one_in(5) {
        patch.extend(keyed(random, "topologySpreadConstraints", &texts(&["zone", "host"]), "topologyKey", |random| json!({"maxSkew": 1 + random.below(2), "whenUnsatisfiable": "ScheduleAnyway", "labelSelector": {"matchLabels": {"app": "x"}}})));
    }
    if random.one_in(5) {
        patch.insert("terminationGracePeriodSeconds".into(), random.pick(&[json!(null), json!(5)]).clone());
    }
    if random.one_in(6) {
        patch.insert("affinity".into(), json!({"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 1 + random.below(9), "preference": {"matchExpressions": [{"key": "k", "operator": "Exists"}]}}]}}));
    }
    patch.into()
}

fn metadata(random: &mut Random) -> Value {
    let mut patch = Map::new();
    if random.one_in(2) {
        patch.insert(
            "labels".into(),
            random
                .pick(&[
                    json!(null),
                    json!({"a": "1", "b": null}),
                    json!({"$patch": "delete"}),
                    json!({"$patch": "replace", "z": "9"}),
                ])
                .clone(),
        );
    }
    if random.one_in(3) {
        patch.insert("finalizers".into(), random.some(&texts(&["x.io/a", "x.io/b", "x.io/c"])).into());
    }
    if random.one_in(3) {
        // of a value that is added and deleted at once the server makes now this and now that
        let added = patch.get("finalizers").and_then(Value::as_array).cloned().unwrap_or_default();
        let unwanted = random.some(&texts(&["x.io/a", "x.io/b"])).into_iter().filter(|item| !added.contains(item));
        patch.insert("$deleteFromPrimitiveList/finalizers".into(), unwanted.collect());
    }
    if random.one_in(4) && patch.contains_key("finalizers") {
        let mut order = texts(&["x.io/a", "x.io/b", "x.io/c"]);
        order.reverse();
        let list = patch["finalizers"].as_array().unwrap().clone();
        order.sort_by_key(|item| list.iter().position(|other| other == item).unwrap_or(9));
        patch.insert("$setElementOrder/finalizers".into(), order.into());
    }
    patch.into()
}

#[test]
fn merges_as_the_api_server_does() {
    let mut random = Random::new(42);
    let pods = "/api/v1/namespaces/default";
    let apps = "/apis/apps/v1/namespaces/default";
    let deployment = create(
        &format!("{apps}/deployments"),
        &json!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "strategic-merge", "labels": {"a": "0", "b": "0"}, "finalizers": ["x.io/b", "x.io/a"]},
            "spec": {"selector": {"matchLabels": {"app": "x"}}, "template": {"metadata": {"labels": {"app": "x"}}, "spec": {
                "nodeSelector": {"a": "1"}, "imagePullSecrets": [{"name": "b"}, {"name": "a"}],
                "hostAliases": [{"ip": "10.0.0.1", "hostnames": ["x"]}],
                "topologySpreadConstraints": [{"topologyKey": "host", "maxSkew": 1, "whenUnsatisfiable": "ScheduleAnyway", "labelSelector": {"matchLabels": {"app": "x"}}}],
                "containers": [
                    {"name": "b", "image": "b", "env": [{"name": "C", "value": "1"}, {"name": "A", "value": "2"}], "ports": [{"containerPort": 81}, {"containerPort": 80}],
                     "volumeMounts": [{"name": "v", "mountPath": "/b"}], "livenessProbe": {"httpGet": {"port": 80}}, "resources": {"limits": {"cpu": "2", "memory": "1Gi"}}},
                    {"name": "d", "image": "d", "args": ["x"]},
                    {"name": "a", "image": "a"}],
                "volumes": [{"name": "w", "emptyDir": {}}, {"name": "v", "configMap": {"name": "c"}}]}}}
        }),
    );
    let service = create(
        &format!("{pods}/services"),
        &json!({
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": "strategic-merge", "labels": {"a": "0"}, "finalizers": ["x.io/c"]},
            "spec": {"selector": {"app": "x"}, "ports": [{"name": "a", "port": 80}, {"name": "b", "port": 81, "protocol": "UDP"}]}
        }),
    );
    let account = create(
        &format!("{pods}/serviceaccounts"),
        &json!({
            "apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "strategic-merge"},
            "imagePullSecrets": [{"name": "c"}, {"name": "a"}], "secrets": [{"name": "b"}]
        }),
    );
    let config = create(
        &format!("{pods}/configmaps"),
        &json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "strategic-merge", "labels": {"a": "1"}}, "data": {"a": "1", "b": "2"}
        }),
    );

    let mut counts = Vec::new();
    counts.push(compare(&mut random, &deployment, PATCHES, |random, _| {
        let mut spec = json!({"template": {"spec": pod_spec(random)}});
        if random.one_in(4) {
            spec["strategy"] = random
                .pick(&[
                    json!({"$retainKeys": ["type"], "type": "Recreate"}),
                    json!({"rollingUpdate": {"maxSurge": 2}}),
                    json!({"type": "Recreate"}),
                    json!(null),
                ])
                .clone();
        }
        if random.one_in(4) {
            spec["replicas"] = random.pick(&[json!(null), json!(3)]).clone();
        }
        json!({"metadata": metadata(random), "spec": spec})
    }));
    counts.push(compare(&mut random, &service, 120, |random, _| {
        let ports: Vec<Value> = [80, 81, 82].iter().map(|port| json!(port)).collect();
        let mut spec = keyed(
            random,
            "ports",
            &ports,
            "port",
            |random| json!({"name": random.pick(&NAMES), "targetPort": 1 + random.below(9)}),
        );
        if random.one_in(3) {
            spec.insert(
                "selector".into(),
                random.pick(&[json!(null), json!({"b": "c"}), json!({"$patch": "replace", "b": "c"})]).clone(),
            );
        }
        json!({"metadata": metadata(random), "spec": spec})
    }));
    counts.push(compare(&mut random, &account, 80, |random, _| {
        let mut patch = keyed(random, "secrets", &texts(&NAMES), "name", |_| json!({}));
        if random.one_in(3) {
            // here atomic, unlike in a pod (an order for it makes the server's handler panic)
            patch.insert("imagePullSecrets".into(), json!([{"name": random.pick(&NAMES)}]));
        }
        patch.into()
    }));
    counts.push(compare(&mut random, &config, 60, |random, _| {
        json!({"metadata": metadata(random), "data": random.pick(&[json!({"a": null, "c": "3"}), json!({"$patch": "delete"}), json!({"$patch": "replace", "d": "4"}), json!(null), json!({"a": {"$patch": "delete"}})])})
    }));
    let sum = |at: usize| counts.iter().map(|count| count[at]).sum::<usize>();
    let (same, refused, kinder) = (sum(0), sum(1), sum(2));
    println!(
        "strategic merge: {same} patches with the API server's own result, {refused} refused by both, {kinder} taken only here"
    );
    assert!(same >= 500, "only {same} patches were merged by both");
}
