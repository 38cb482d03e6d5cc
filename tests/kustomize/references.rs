//! Every row of kustomize's name-reference table, held against kustomize; and every row of our own.

use std::collections::BTreeMap;

use plimsoll::diagnostic::Diagnostics;
use plimsoll::environment;
use plimsoll::object::emit::{self, Form};
use plimsoll::object::{Bundle, MadeBy, parse};
use plimsoll::resolve::{KUSTOMIZE, MORE, Start, resolve};
use plimsoll::secret::Tokens;
use plimsoll::source::{Files, MemoryTree, RootPath, SourceKind};
use plimsoll::transform::transform;
use serde_json::{Value, json};

use super::witness;

/// One row: a target and a field that names it.
#[derive(Debug, Clone)]
struct Case {
    group: String,
    kind: String,
    from_group: String,
    from_kind: String,
    path: Vec<String>,
}

/// Rows that do nothing in kustomize 5.8.1, with the reason. Ours do.
const DEAD: &[(&str, &str)] = &[("IngressClass", "its row has the group `networking.k8s.io/v1`, which no object has")];

/// Reads the table out of kustomize's source: a YAML text in a Go constant.
fn kustomizes_rows() -> Vec<Case> {
    let go = witness::source("internal/konfig/builtinpluginconsts/namereference.go");
    let yaml = go.split('`').nth(1).unwrap();
    let table: serde_yaml::Value = serde_yaml::from_str(yaml).unwrap();
    let text = |value: &serde_yaml::Value, key: &str| value.get(key).and_then(|text| text.as_str()).unwrap_or("").to_owned();
    let mut rows = Vec::new();
    for target in table["nameReference"].as_sequence().unwrap() {
        for from in target["fieldSpecs"].as_sequence().unwrap() {
            rows.push(Case {
                group: text(target, "group"),
                kind: text(target, "kind"),
                from_group: text(from, "group"),
                from_kind: text(from, "kind"),
                path: segments(&text(from, "path")),
            });
        }
    }
    rows
}

/// A path's fields; `\/` is a slash in a field's name.
fn segments(path: &str) -> Vec<String> {
    path.replace("\\/", "\0").split('/').map(|segment| segment.replace('\0', "/")).collect()
}

fn our_rows() -> Vec<Case> {
    let text = |fields: &[&str]| fields.iter().map(|field| (*field).to_owned()).collect::<Vec<_>>();
    MORE.iter()
        .map(|row| {
            let (from_group, from_kind, path) = match row.start {
                Start::Pod => ("apps", "Deployment", [text(&["spec", "template", "spec"]), text(row.path)].concat()),
                Start::Kind(group, kind) => (group.unwrap_or(""), kind, text(row.path)),
            };
            Case {
                group: row.group.unwrap_or("").to_owned(),
                kind: row.kind.to_owned(),
                from_group: from_group.to_owned(),
                from_kind: from_kind.to_owned(),
                path,
            }
        })
        .collect()
}

/// The real group of a kind, where the table leaves it out.
fn group_of<'a>(group: &'a str, kind: &str) -> &'a str {
    match kind {
        _ if !group.is_empty() && !group.contains('/') => group,
        "Deployment" | "ReplicaSet" | "StatefulSet" | "DaemonSet" => "apps",
        "Job" | "CronJob" => "batch",
        "HorizontalPodAutoscaler" => "autoscaling",
        "Ingress" | "IngressClass" => "networking.k8s.io",
        "Role" | "ClusterRole" | "RoleBinding" | "ClusterRoleBinding" => "rbac.authorization.k8s.io",
        "StorageClass" => "storage.k8s.io",
        "Gateway" => "gateway.networking.k8s.io",
        "TriggerAuthentication" => "keda.sh",
        "SecretStore" => "external-secrets.io",
        "Issuer" => "cert-manager.io",
        _ => "",
    }
}

fn api_version(group: &str, kind: &str) -> String {
    let group = group_of(group, kind);
    if group.is_empty() { "v1".to_owned() } else { format!("{group}/v1") }
}

const LISTS: &[&str] = &[
    "volumes",
    "containers",
    "initContainers",
    "ephemeralContainers",
    "env",
    "envFrom",
    "sources",
    "imagePullSecrets",
    "rules",
    "tls",
    "paths",
    "webhooks",
    "subjects",
    "volumeClaimTemplates",
    "resourceClaims",
    "secrets",
    "backendRefs",
    "filters",
    "parentRefs",
    "listeners",
    "certificateRefs",
    "triggers",
    "secretTargetRef",
    "endpoints",
    "podMetricsEndpoints",
];

const CLUSTER: &[&str] = &[
    "Node",
    "ClusterRole",
    "ClusterRoleBinding",
    "StorageClass",
    "PersistentVolume",
    "APIService",
    "PriorityClass",
    "IngressClass",
    "ValidatingWebhookConfiguration",
    "MutatingWebhookConfiguration",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
    "MutatingAdmissionPolicy",
    "MutatingAdmissionPolicyBinding",
    "RuntimeClass",
    "GatewayClass",
    "CustomResourceDefinition",
];

impl Case {
    /// The two objects, named after the case's number.
    fn objects(&self, number: usize) -> [Value; 2] {
        let target = json!({
            "apiVersion": api_version(&self.group, &self.kind),
            "kind": self.kind,
            "metadata": metadata(&self.kind, &format!("target{number}")),
        });
        let mut from = json!({
            "apiVersion": api_version(&self.from_group, &self.from_kind),
            "kind": self.from_kind,
            "metadata": metadata(&self.from_kind, &format!("from{number}")),
        });
        self.fill(&mut from, &self.path, &format!("target{number}"));
        [target, from]
    }

    fn fill(&self, node: &mut Value, path: &[String], name: &str) {
        let (field, rest) = path.split_first().unwrap();
        let inside = if rest.is_empty() {
            leaf(field, name)
        } else {
            let mut inside = node.get(field).cloned().unwrap_or_else(|| json!({}));
            if field == "containers" || field == "initContainers" {
                inside = json!({"name": "c", "image": "i"});
            }
            if field == "rules" && rest[0] == "resourceNames" {
                inside = json!({"apiGroups": [""], "resources": [format!("{}s", self.kind.to_lowercase())], "verbs": ["get"]});
            }
            // Said here, since our transforms fill it from the target where kustomize wants to be asked.
            if rest == ["name"] && self.from_kind == "APIService" {
                inside = json!({"namespace": "ai"});
            }
            if rest == ["name"] && ["roleRef", "scaleTargetRef"].contains(&field.as_str()) {
                inside = json!({"apiGroup": group_of(&self.group, &self.kind), "kind": self.kind});
            }
            self.fill(&mut inside, rest, name);
            if LISTS.contains(&field.as_str()) && !(field == "tls" && rest[0] == "certificateRefs") {
                json!([inside])
            } else {
                inside
            }
        };
        node[field.as_str()] = inside;
    }
}

/// What stands in the field that names the target.
fn leaf(field: &str, name: &str) -> Value {
    match field {
        "resourceNames" => json!([name]),
        "subjects" => json!([{"kind": "ServiceAccount", "name": name, "namespace": "ai"}]),
        "service" | "configMap" => json!({"name": name, "namespace": "ai"}),
        _ => json!(name),
    }
}

fn metadata(kind: &str, name: &str) -> Value {
    if CLUSTER.contains(&kind) { json!({"name": name}) } else { json!({"name": name, "namespace": "ai"}) }
}

/// Our objects by final kind and name, after a prefix.
fn ours(objects: &[Value]) -> BTreeMap<String, Value> {
    let mut tree = MemoryTree::default();
    tree.insert(
        RootPath::new("environments/prod.toml").unwrap(),
        "[target]\nnamespace = \"ai\"\n[transform]\nname-prefix = \"p-\"\n",
    );
    let files = Files::new(tree);
    let environment = environment::load(&files, "prod").unwrap();
    let yaml: Vec<String> = objects.iter().map(ToString::to_string).collect();
    let file = files.map().add("rendered", yaml.join("\n---\n"), SourceKind::Other);
    let mut parsed =
        parse(files.map(), file, &Tokens::new([0; 16]), MadeBy::Template(file)).unwrap_or_else(|found| panic!("{found:#?}"));
    // kustomize has no digests of what keeps its name.
    for object in &mut parsed {
        object.rolls_out = false;
    }
    let bundle = Bundle { objects: parsed, findings: Diagnostics::new() };
    let bundle = resolve(&environment, transform(&files, &environment, bundle).unwrap()).unwrap();
    let values =
        bundle.objects.iter().map(|object| serde_json::from_str(&emit::json_object(object, Form::Masked).unwrap()).unwrap());
    by_name(values)
}

fn by_name(objects: impl IntoIterator<Item = Value>) -> BTreeMap<String, Value> {
    let id = |object: &Value| format!("{}/{}", object["kind"].as_str().unwrap(), object["metadata"]["name"].as_str().unwrap());
    objects.into_iter().map(|object| (id(&object), object)).collect()
}

fn final_from(case: &Case, number: usize) -> String {
    let prefix = if ["APIService", "CustomResourceDefinition"].contains(&case.from_kind.as_str()) { "" } else { "p-" };
    format!("{}/{prefix}from{number}", case.from_kind)
}

#[test]
fn kustomizes_table_row_by_row() {
    let cases = kustomizes_rows();
    let objects: Vec<Value> = cases.iter().enumerate().flat_map(|(number, case)| case.objects(number)).collect();
    let mut yaml = String::new();
    for object in &objects {
        yaml.push_str(&object.to_string());
        yaml.push_str("\n---\n");
    }
    let kustomization = b"namePrefix: p-\nresources: [all.yaml]\n".to_vec();
    let theirs =
        by_name(witness::build(&[("all.yaml".to_owned(), yaml.into_bytes()), ("kustomization.yaml".to_owned(), kustomization)]));
    let ours = ours(&objects);
    let mut wrong = Vec::new();
    let mut dead = 0;
    for (number, case) in cases.iter().enumerate() {
        let id = final_from(case, number);
        let renamed = format!("p-target{number}");
        let followed = |object: &Value| object.to_string().contains(&format!("\"{renamed}\""));
        let (Some(our), Some(their)) = (ours.get(&id), theirs.get(&id)) else {
            wrong.push(format!("{id} is missing: {case:?}"));
            continue;
        };
        if DEAD.iter().any(|(kind, _)| *kind == case.kind) {
            dead += 1;
            assert!(!followed(their), "kustomize follows this row now: {case:?}");
        } else if our != their {
            wrong.push(format!("{case:?}\n  ours   {our}\n  theirs {their}"));
        }
        if !followed(our) {
            wrong.push(format!("not followed: {case:?}\n  {our}"));
        }
    }
    let rows = cases.len();
    println!(
        "name references: kustomize 5.8.1 has {rows} rows, {} joined ones of ours hold them, {} wrong, {dead} dead there",
        KUSTOMIZE.len(),
        wrong.len()
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(rows, 167, "the rows of 5.8.1");
}

#[test]
fn our_own_rows() {
    let cases = our_rows();
    let objects: Vec<Value> = cases.iter().enumerate().flat_map(|(number, case)| case.objects(number)).collect();
    let ours = ours(&objects);
    let followed =
        |(number, case): &(usize, &Case)| ours[&final_from(case, *number)].to_string().contains(&format!("\"p-target{number}\""));
    let wrong: Vec<_> = cases.iter().enumerate().filter(|row| !followed(row)).collect();
    println!("name references: {} rows that kustomize hasn't, {} wrong", cases.len(), wrong.len());
    assert!(wrong.is_empty(), "{wrong:#?}");
}
