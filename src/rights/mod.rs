//! The least roles that a deployer and a reviewer of an environment need, worked out from its bundle.
//!
//! Every grant says what it is for, so that a reader can judge it, and so that a missing right can be told from its consequence. The
//! deployer of a bundle may create pods, so it can read the Secrets of its namespaces anyway; the reviewer gets none. Taking away any
//! one verb makes a run fail: the tests do that, one by one, against a real API server.

mod manifest;

pub use manifest::{Subject, manifests};

use std::collections::{BTreeMap, BTreeSet};

use crate::check::schema::Schemas;
use crate::object::{Node, Object, ObjectId};
use crate::pipeline::Compiled;

/// Verbs on a resource, in one namespace or at the cluster's scope.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Grant {
    /// The namespace; `None` at the cluster's scope.
    pub namespace: Option<String>,
    /// The API group.
    pub group: String,
    /// The resource, with a subresource behind a slash: `pods/log`.
    pub resource: String,
    /// The objects that it is limited to; empty: all.
    pub names: BTreeSet<String>,
    /// The verbs, with what each is for.
    pub verbs: Verbs,
}

/// Who needs the rights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Runs `apply`, `verify`, `rollback` and `delete`.
    Deployer,
    /// Runs `diff`, `plan` and `status`. No Secrets, no writes, not even dry-runs.
    Reviewer,
}

impl Role {
    /// As it is written on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Deployer => "deployer",
            Self::Reviewer => "reviewer",
        }
    }
}

/// Rights, merged by what they are on.
#[derive(Debug, Default)]
struct Grants(BTreeMap<On, Verbs>);

/// Namespace, group, resource, names.
type On = (Option<String>, String, String, BTreeSet<String>);

/// Verbs, with what each is for.
pub type Verbs = BTreeMap<&'static str, &'static str>;

impl Grants {
    fn add(&mut self, namespace: Option<&str>, group: &str, resource: &str, verbs: &[(&'static str, &'static str)]) {
        self.add_named(namespace, group, resource, BTreeSet::new(), verbs);
    }

    fn add_named(
        &mut self,
        namespace: Option<&str>,
        group: &str,
        resource: &str,
        names: BTreeSet<String>,
        verbs: &[(&'static str, &'static str)],
    ) {
        let key = (namespace.map(str::to_owned), group.to_owned(), resource.to_owned(), names);
        self.0.entry(key).or_default().extend(verbs.iter().copied());
    }

    fn finish(self) -> Vec<Grant> {
        let grant = |((namespace, group, resource, names), verbs)| Grant { namespace, group, resource, names, verbs };
        self.0.into_iter().map(grant).collect()
    }
}

const READ: (&str, &str) = ("list", "diff compares what is there");
const FOLLOW: (&str, &str) = ("watch", "apply waits until it is ready");
const WRITES: [(&str, &str); 4] = [
    ("get", "apply reads again what moved meanwhile"),
    ("create", "apply makes what isn't there"),
    ("patch", "apply, and the server's dry-run for diff"),
    ("delete", "prune, and replacing what can't be changed"),
];

/// The rights that this role needs for this environment, sorted by namespace, group and resource.
pub fn needed(role: Role, compiled: &Compiled) -> Vec<Grant> {
    let mut grants = Grants::default();
    let kinds = Kinds::of(compiled);
    let mut namespaces: BTreeSet<&str> = compiled.bundle.objects.iter().filter_map(Object::namespace).collect();
    namespaces.extend(compiled.environment.settings.target.namespace.as_ref().map(|namespace| namespace.value.as_str()));
    for object in &compiled.bundle.objects {
        member(&mut grants, role, object, &kinds);
    }
    for namespace in &namespaces {
        surroundings(&mut grants, role, namespace);
    }
    let home = compiled.environment.settings.target.namespace.as_ref().map(|namespace| namespace.value.as_str());
    inventory(&mut grants, role, home);
    if role == Role::Deployer {
        escalation(&mut grants, &compiled.bundle.objects);
    }
    grants.finish()
}

/// What is done to an object of the bundle.
fn member(grants: &mut Grants, role: Role, object: &Object, kinds: &Kinds) {
    let id = object.id();
    let (group, resource) = (id.group.as_str(), kinds.resource(&id));
    let namespace = object.namespace();
    let is_secret = group.is_empty() && id.kind.as_str() == "Secret";
    if role == Role::Reviewer {
        if !is_secret {
            read(grants, object, group, &resource);
        }
        return;
    }
    read(grants, object, group, &resource);
    if namespace.is_some() {
        grants.add(namespace, group, &resource, &WRITES);
        grants.add(namespace, group, &resource, &[FOLLOW]);
    } else {
        let name = BTreeSet::from([id.name.to_string()]);
        // A name can't narrow creation: the server doesn't know it yet.
        grants.add(None, group, &resource, &[WRITES[1]]);
        grants.add_named(None, group, &resource, name, &[WRITES[0], WRITES[2], WRITES[3]]);
        grants.add(None, group, &resource, &[FOLLOW]);
    }
}

fn read(grants: &mut Grants, object: &Object, group: &str, resource: &str) {
    grants.add(object.namespace(), group, resource, &[READ]);
}

/// What diff, wait, prune and verify look at beside the bundle's own objects.
fn surroundings(grants: &mut Grants, role: Role, namespace: &str) {
    let place = Some(namespace);
    let users: &[(&str, &str)] =
        &[("", "pods"), ("apps", "replicasets"), ("apps", "controllerrevisions"), ("batch", "jobs"), ("batch", "cronjobs")];
    for (group, resource) in users {
        grants.add(place, group, resource, &[("list", "what still uses an old ConfigMap or Secret keeps it from being pruned")]);
    }
    if role == Role::Deployer {
        grants.add(place, "", "pods", &[("get", "verify"), FOLLOW]);
        grants.add(place, "", "events", &[("list", "why something doesn't become ready")]);
        grants.add(place, "", "pods/log", &[("get", "the last lines of a container that fails")]);
        let exec = [("get", "verify reads a container's environment and files"), ("create", "the same, since Kubernetes 1.35")];
        grants.add(place, "", "pods/exec", &exec);
    }
}

/// The inventory, the history, the Lease, and the cluster's identity.
fn inventory(grants: &mut Grants, role: Role, home: Option<&str>) {
    let identity = BTreeSet::from(["kube-system".to_owned()]);
    grants.add_named(None, "", "namespaces", identity, &[("get", "its UID is the cluster's identity (`target.cluster-id`)")]);
    let Some(home) = home else { return };
    grants.add(Some(home), "", "configmaps", &[("get", "the inventory and the history"), READ]);
    if role == Role::Deployer {
        let verbs = [
            ("create", "the inventory"),
            ("patch", "the inventory"),
            ("update", "the inventory"),
            ("delete", "`delete` ends with it"),
        ];
        grants.add(Some(home), "", "configmaps", &verbs);
        let lease = [
            ("get", "one apply at a time"),
            ("create", "one apply at a time"),
            ("update", "one apply at a time"),
            ("delete", "`delete` ends with it"),
        ];
        grants.add(Some(home), "coordination.k8s.io", "leases", &lease);
    }
}

/// The server lets nobody grant what he doesn't have: the rules of the bundle's roles, and what its bindings bind.
fn escalation(grants: &mut Grants, objects: &[Object]) {
    const WHY: &str = "a Role of the bundle grants it, and nobody can grant what he doesn't have";
    for object in objects.iter().filter(|object| object.source.group.as_str() == "rbac.authorization.k8s.io") {
        match object.kind() {
            "Role" | "ClusterRole" => {
                let place = if object.kind() == "Role" { object.namespace() } else { None };
                for rule in object.root.get("rules").and_then(Node::as_list).unwrap_or_default() {
                    passed_on(grants, place, rule, WHY);
                }
            }
            "RoleBinding" | "ClusterRoleBinding" => {
                let Some(reference) = object.root.get("roleRef") else { continue };
                let text = |key| reference.get(key).and_then(Node::as_str).unwrap_or("");
                let is_own = objects.iter().any(|other| other.kind() == text("kind") && other.name() == text("name"));
                if !is_own {
                    let resource = if text("kind") == "Role" { "roles" } else { "clusterroles" };
                    let place = if text("kind") == "Role" { object.namespace() } else { None };
                    let name = BTreeSet::from([text("name").to_owned()]);
                    grants.add_named(
                        place,
                        "rbac.authorization.k8s.io",
                        resource,
                        name,
                        &[("bind", "a binding of the bundle binds it")],
                    );
                }
            }
            _ => {}
        }
    }
}

/// The verbs that a rule may have; others are left out, and the server then says what is missing.
const VERBS: [&str; 9] = ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection", "*"];

fn passed_on(grants: &mut Grants, place: Option<&str>, rule: &Node, why: &'static str) {
    let texts = |key: &str| -> Vec<&str> {
        rule.get(key).and_then(Node::as_list).unwrap_or_default().iter().filter_map(Node::as_str).collect()
    };
    let names: BTreeSet<String> = texts("resourceNames").into_iter().map(str::to_owned).collect();
    let verbs: Vec<(&'static str, &'static str)> =
        VERBS.into_iter().filter(|verb| texts("verbs").contains(verb)).map(|verb| (verb, why)).collect();
    for group in texts("apiGroups") {
        for resource in texts("resources") {
            grants.add_named(place, group, resource, names.clone(), &verbs);
        }
    }
}

/// The plural names of kinds.
struct Kinds {
    /// Group and kind of the bundle's own CRDs, with their plural.
    custom: BTreeMap<(String, String), String>,
    builtin: BTreeMap<(String, String), String>,
}

impl Kinds {
    fn of(compiled: &Compiled) -> Self {
        let minor = compiled.environment.settings.target.kubernetes.as_ref().map(|minor| minor.value.as_str());
        let newest = Schemas::minors().last().copied().unwrap_or_default();
        let schemas = minor.and_then(Schemas::builtin).or_else(|| Schemas::builtin(newest));
        let kinds = schemas.map(Schemas::kinds).unwrap_or_default();
        let builtin = kinds.into_iter().map(|kind| ((kind.group.to_string(), kind.kind.to_string()), kind.resource.to_string()));
        let custom = compiled.bundle.objects.iter().filter_map(|object| {
            let spec = object.root.get("spec").filter(|_| object.kind() == "CustomResourceDefinition")?;
            let text = |node: Option<&Node>| node.and_then(Node::as_str).map(str::to_owned);
            let names = spec.get("names")?;
            Some(((text(spec.get("group"))?, text(names.get("kind"))?), text(names.get("plural"))?))
        });
        Self { custom: custom.collect(), builtin: builtin.collect() }
    }

    /// The plural of a kind: of the bundle's CRDs, of Kubernetes, else as kubebuilder makes them.
    fn resource(&self, id: &ObjectId) -> String {
        let key = (id.group.to_string(), id.kind.to_string());
        self.custom.get(&key).or_else(|| self.builtin.get(&key)).cloned().unwrap_or_else(|| plural(&id.kind))
    }
}

/// Lower case, in the plural that English makes.
fn plural(kind: &str) -> String {
    let word = kind.to_lowercase();
    let vowel_y = ["ay", "ey", "oy", "uy"].iter().any(|end| word.ends_with(end));
    match word.strip_suffix('y') {
        Some(stem) if !vowel_y => format!("{stem}ies"),
        _ if word.ends_with(['s', 'x']) || word.ends_with("ch") || word.ends_with("sh") => format!("{word}es"),
        _ => format!("{word}s"),
    }
}
