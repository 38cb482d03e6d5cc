//! One container against what would be read in it.

use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::find::{Pods, Survey};
use super::*;
use crate::change::testing::{bundle, secret};
use crate::secret::{Opened, Sealed};

/// What stands in the sealed file.
const CANARY: &str = "canary-$(HOST)-\u{e9}\n";

fn opened() -> Opened {
    let Sealed::Secret(key) = secret("db.password", 1) else { unreachable!() };
    Opened::of([(&*key, CANARY.as_bytes())])
}

fn workload(container: &Value, volumes: &Value) -> Workload {
    let bundle = bundle(&[
        json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "params" },
            "data": { "LEVEL": "info", "HOST": "db", "EMPTY": "", "LINES": "a\nb\n" }, "binaryData": { "blob": "AP8=" } }),
        json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "login" },
            "data": { "password": { "$base64": { "$secret": ["db.password", 1] } } } }),
        json!({ "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "web" },
            "spec": { "template": { "spec": { "containers": [container], "volumes": volumes } } } }),
    ]);
    expectations(&bundle).pop().unwrap()
}

fn pod() -> Facts {
    Facts::new(
        json!({ "metadata": { "name": "web-1", "uid": "u", "annotations": { "note": "x" } }, "status": { "podIP": "10.0.0.7" } }),
    )
}

fn actual(environ: &[(&str, &str)], files: &[(&str, &[u8])]) -> Actual {
    let joined = environ.iter().map(|(name, value)| format!("{name}={value}\0")).collect::<Vec<_>>().concat();
    let bytes = || Some(Zeroizing::new(joined.clone().into_bytes()));
    let content = |bytes: &[u8]| Content::Bytes(Zeroizing::new(bytes.to_vec()));
    Actual {
        own: bytes(),
        given: bytes(),
        files: files.iter().map(|(path, bytes)| ((*path).to_owned(), content(bytes))).collect(),
    }
}

fn check(container: &Value, volumes: &Value, with: Option<&Opened>, actual: &Actual) -> Findings {
    let workload = workload(container, volumes);
    compare(&workload.shapes[0].containers[0], &pod(), with, actual)
}

fn differences(findings: &Findings) -> Vec<String> {
    let shown = format!("{findings:?}");
    assert!(!shown.contains("canary"), "{shown}");
    findings.differences.iter().map(|one| format!("{:?} {:?}", one.what, one.how)).collect()
}

fn environment() -> Value {
    json!({
        "name": "c",
        "envFrom": [{ "configMapRef": { "name": "params" } }, { "prefix": "P_", "configMapRef": { "name": "params" } }],
        "env": [
            { "name": "PASSWORD", "valueFrom": { "secretKeyRef": { "name": "login", "key": "password" } } },
            { "name": "URL", "value": "http://$(PASSWORD)@$(P_HOST)/$(NONE)/$$(HOST)?$(API_SERVICE_HOST)" },
            { "name": "LEVEL", "value": "debug" },
            { "name": "BOTH", "value": "$(LEVEL)" },
            { "name": "IP", "valueFrom": { "fieldRef": { "fieldPath": "status.podIP" } } },
            { "name": "OPTIONAL", "valueFrom": { "configMapKeyRef": { "name": "params", "key": "gone", "optional": true } } },
            { "name": "BLOB", "valueFrom": { "configMapKeyRef": { "name": "params", "key": "blob", "optional": true } } },
        ],
    })
}

fn sound() -> Vec<(&'static str, String)> {
    let url = format!("http://{CANARY}@db/$(NONE)/$(HOST)?10.96.0.9");
    let text = str::to_owned;
    vec![
        ("PATH", text("/bin")),
        ("HOST", text("db")),
        ("EMPTY", String::new()),
        ("LINES", text("a\nb\n")),
        ("P_LEVEL", text("info")),
        ("P_HOST", text("db")),
        ("P_EMPTY", String::new()),
        ("P_LINES", text("a\nb\n")),
        ("PASSWORD", text(CANARY)),
        ("URL", url),
        ("LEVEL", text("debug")),
        ("BOTH", text("debug")),
        ("IP", text("10.0.0.7")),
        ("API_SERVICE_HOST", text("10.96.0.9")),
    ]
}

#[test]
fn a_sound_environment_is_equal_and_each_change_of_it_is_found() {
    let sound = sound();
    let run = |environ: &[(&str, String)]| {
        let pairs: Vec<(&str, &str)> = environ.iter().map(|(name, value)| (*name, value.as_str())).collect();
        check(&environment(), &json!([]), Some(&opened()), &actual(&pairs, &[]))
    };
    let findings = run(&sound);
    assert_eq!(differences(&findings), [""; 0]);
    assert_eq!((findings.equal, findings.equal_secrets, findings.unknown.len()), (12, 2, 0));
    // The image's own and the services' are nobody's business here.
    for at in (0..sound.len()).filter(|at| !matches!(sound[*at].0, "PATH" | "API_SERVICE_HOST")) {
        let mut other = sound.clone();
        other[at].1.push('x');
        assert!(differences(&run(&other)).contains(&format!("Variable({:?}) Different", sound[at].0)));
        other.remove(at);
        assert!(differences(&run(&other)).contains(&format!("Variable({:?}) Missing", sound[at].0)));
    }
}

#[test]
fn without_an_identity_the_rest_is_compared() {
    let sound = sound();
    let pairs: Vec<(&str, &str)> = sound.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let findings = check(&environment(), &json!([]), None, &actual(&pairs, &[]));
    assert_eq!(findings.equal, 10);
    assert_eq!(findings.unknown.iter().filter(|unknown| unknown.not_opened).count(), 2, "PASSWORD, and URL made of it");
}

#[test]
fn what_an_object_outside_the_bundle_may_set_isnt_accused() {
    let container = json!({ "name": "c",
        "envFrom": [{ "configMapRef": { "name": "params" } }, { "secretRef": { "name": "corporate" } }],
        "env": [{ "name": "A", "value": "$(LEVEL)" }, { "name": "B", "value": "$(MINE)" }, { "name": "C", "value": "c" }] });
    let environ =
        [("LEVEL", "theirs"), ("HOST", "db"), ("EMPTY", ""), ("LINES", "a\nb\n"), ("A", "x"), ("B", "y"), ("C", "other")];
    let findings = check(&container, &json!([]), None, &actual(&environ, &[]));
    assert_eq!(differences(&findings), ["Variable(\"C\") Different"]);
    let why: Vec<&str> = findings.unknown.iter().map(|unknown| unknown.why.as_str()).collect();
    assert_eq!(why.len(), 4, "LEVEL, A, B, and the object: {why:?}");
    assert!(why.iter().all(|why| why.contains("Secret/corporate")), "{why:?}");
}

#[test]
fn a_program_that_writes_over_its_environment_is_told_from_one_that_changes_it() {
    let container = json!({ "name": "c", "env": [{ "name": "A", "value": "1" }] });
    let given = || Some(Zeroizing::new(b"HOSTNAME=h\0A=1\0".to_vec()));
    let with =
        |own: &[u8]| Actual { own: Some(Zeroizing::new(own.to_vec())), given: given(), files: std::collections::BTreeMap::new() };
    let findings = check(&container, &json!([]), None, &with(&[0; 40]));
    assert_eq!((findings.equal, findings.notes.len()), (1, 1));
    let findings = check(&container, &json!([]), None, &with(b"HOSTNAME=h\0A=2\0"));
    assert_eq!(differences(&findings), ["Variable(\"A\") Different"]);
    assert!(findings.differences[0].cause.as_ref().unwrap().contains("its own program"));
    let shared = Actual { own: None, given: given(), files: std::collections::BTreeMap::new() };
    assert_eq!(check(&container, &json!([]), None, &shared).equal, 1);
}

fn mounts() -> (Value, Value) {
    let container = json!({ "name": "c", "env": [{ "name": "PART", "value": "LEVEL" }], "volumeMounts": [
        { "name": "all", "mountPath": "/all" },
        { "name": "all", "mountPath": "/all/HOST", "subPath": "LINES" },
        { "name": "all", "mountPath": "/expr", "subPathExpr": "$(PART)" },
        { "name": "mix", "mountPath": "/mix" },
    ] });
    let volumes = json!([
        { "name": "all", "configMap": { "name": "params" } },
        { "name": "mix", "projected": { "sources": [
            { "configMap": { "name": "params", "items": [{ "key": "HOST", "path": "sub/host" }, { "key": "LEVEL", "path": "x" }] } },
            { "secret": { "name": "login", "items": [{ "key": "password", "path": "x" }] } },
            { "configMap": { "name": "params", "optional": true, "items": [{ "key": "gone", "path": "gone" }] } },
            { "serviceAccountToken": { "path": "token" } },
            { "downwardAPI": { "items": [{ "path": "notes", "fieldRef": { "fieldPath": "metadata.annotations" } }] } },
        ] } },
    ]);
    (container, volumes)
}

#[test]
fn files_by_byte_and_what_covers_them() {
    let (container, volumes) = mounts();
    let notes = "kubernetes.io/config.seen=\"2026\"\nkubernetes.io/config.source=\"api\"\nnote=\"x\"";
    let sound: Vec<(&str, &[u8])> = vec![
        ("/all/LEVEL", b"info"),
        ("/all/EMPTY", b""),
        ("/all/LINES", b"a\nb\n"),
        ("/all/blob", b"\0\xff"),
        ("/all/HOST", b"a\nb\n"),
        ("/expr", b"info"),
        ("/mix/sub/host", b"db"),
        ("/mix/x", CANARY.as_bytes()),
        ("/mix/notes", notes.as_bytes()),
    ];
    let run = |files: &[(&str, &[u8])], gone: &[&str]| {
        let mut actual = actual(&[("PART", "LEVEL")], files);
        actual.files.extend(gone.iter().map(|path| ((*path).to_owned(), Content::Gone)));
        check(&container, &volumes, Some(&opened()), &actual)
    };
    let findings = run(&sound, &["/mix/gone"]);
    assert_eq!((differences(&findings), findings.unknown.as_slice()), (Vec::<String>::new(), [].as_slice()));
    assert_eq!((findings.equal, findings.equal_secrets), (11, 1), "9 files, one that must not be there, and a variable");
    for at in 0..sound.len() {
        let mut other = sound.clone();
        let (path, _) = other[at];
        other[at].1 = b"other";
        assert_eq!(differences(&run(&other, &["/mix/gone"])), [format!("File({path:?}) Different")]);
        other.remove(at);
        assert_eq!(differences(&run(&other, &["/mix/gone", path])), [format!("File({path:?}) Missing")]);
    }
    let mut more = sound.clone();
    more.push(("/mix/gone", b"old"));
    assert_eq!(differences(&run(&more, &[])), ["File(\"/mix/gone\") Extra"]);
    let findings = run(&sound[1..], &["/mix/gone"]);
    assert!(findings.unknown[0].unreadable, "what wasn't read isn't passed");
    let fixed: Vec<bool> = run(&[], &["/all/LEVEL", "/all/HOST"]).differences.iter().map(|one| one.is_fixed).collect();
    assert_eq!(fixed, [false, true], "a subPath stays as it was");
}

#[test]
fn pods_are_found_by_their_owners_and_old_ones_told() {
    let owned = |kind: &str, uid: &str, owner: &str, more: Value| {
        let mut object = json!({ "kind": kind, "metadata": { "uid": uid, "name": uid, "namespace": "ns",
            "ownerReferences": [{ "uid": owner, "controller": true }] }, "status": { "phase": "Running" } });
        for (key, value) in more.as_object().unwrap() {
            object["metadata"][key] = value.clone();
        }
        object
    };
    let revision = |number: &str| json!({ "annotations": { "deployment.kubernetes.io/revision": number } });
    let deployment = json!({ "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": { "uid": "d", "name": "web", "namespace": "ns", "generation": 4 }, "status": { "observedGeneration": 4 } });
    let objects = vec![
        deployment.clone(),
        owned("ReplicaSet", "rs9", "d", revision("9")),
        owned("ReplicaSet", "rs10", "d", revision("10")),
        owned("Pod", "old", "rs9", json!({})),
        owned("Pod", "new", "rs10", json!({})),
        owned("Pod", "web-stranger", "other", json!({})),
    ];
    let workload = workload(&json!({ "name": "c" }), &json!([]));
    let seen = |objects: Vec<Value>| match Survey::of(objects).pods(&workload, "ns") {
        Pods::Some(found) => found.iter().map(|one| (one.facts.name().to_owned(), one.is_old)).collect(),
        other => vec![(format!("{other:?}"), false)],
    };
    assert_eq!(seen(objects.clone()), [("new".to_owned(), false), ("old".to_owned(), true)]);
    let mut unseen = objects.clone();
    unseen[0]["metadata"]["generation"] = json!(5);
    assert!(seen(unseen).iter().all(|(_, is_old)| *is_old), "the controller hasn't begun");
    assert!(seen(vec![deployment.clone()])[0].0.starts_with("None"));
    let mut none = deployment;
    none["spec"] = json!({ "replicas": 0 });
    assert!(seen(vec![none])[0].0.starts_with("Idle"));
    assert_eq!(seen(Vec::new())[0].0, "NoObject");
}
