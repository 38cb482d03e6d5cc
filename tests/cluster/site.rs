//! A repository with one environment, `dev`, for a namespace of its own, and what plimsoll and others do to the cluster from there.

use serde_json::{Value, json};

use crate::harness::process::{Run, Sandbox};
use crate::harness::seal;
use crate::server::cluster;

/// The secret that stands sealed in every site: no run may show it.
pub(crate) const CANARY: &str = "canary-sesame-31415926";

/// The sandbox of a test.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) sandbox: Sandbox,
    pub(crate) namespace: String,
}

impl Site {
    /// A repository whose `dev.toml` holds `toml` behind its `[target]`, which may be continued by it, and whose bundle is `template`. The
    /// namespace is made, unless `absent`.
    pub(crate) fn new(topic: &str, toml: &str, template: &str) -> Self {
        let site = Self::absent(topic, toml, template);
        let namespace = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": site.namespace } });
        post("/api/v1/namespaces", &namespace);
        site
    }

    /// The same without its namespace.
    pub(crate) fn absent(topic: &str, toml: &str, template: &str) -> Self {
        let namespace = format!("{topic}-{}", std::process::id());
        let mut sandbox = Sandbox::new().plant(CANARY);
        sandbox.set("KUBECONFIG", cluster().kubeconfig());
        let site = Self { sandbox, namespace };
        site.environment(toml);
        site.template(template);
        let sealed = format!("[app]\npassword = \"{CANARY}\"\nother = \"open-{CANARY}\"\n");
        site.sandbox.seal("environments/dev.secrets.age", &sealed);
        site
    }

    /// Replaces `dev.toml`.
    pub(crate) fn environment(&self, toml: &str) {
        let sealed = format!("[sealed.\"dev.secrets.age\"]\nrecipients = [\"{}\"]\n", seal::RECIPIENT);
        let target = format!("[target]\nnamespace = \"{}\"\nbundles = [\"app\"]\nkubernetes = \"1.37\"\n", self.namespace);
        self.sandbox.write("environments/dev.toml", format!("{target}{toml}\n{sealed}"));
    }

    /// Replaces the bundle's one template.
    pub(crate) fn template(&self, yaml: &str) {
        self.sandbox.write("templates/app/all.yaml", yaml);
    }

    /// Runs plimsoll with the identity that opens the secrets.
    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        let identity = self.sandbox.identity();
        self.sandbox.plimsoll(&[arguments, &["--identity", &identity]].concat())
    }

    /// Runs it without any identity.
    pub(crate) fn keyless(&self, arguments: &[&str]) -> Run {
        self.sandbox.plimsoll(arguments)
    }

    /// The live diff as JSON, and its exit code.
    #[track_caller]
    pub(crate) fn diff(&self, arguments: &[&str], code: i32) -> Value {
        let run = self.run(&[&["diff", "dev", "--format", "json"], arguments].concat()).exits(code);
        serde_json::from_slice(&run.stdout).unwrap_or_else(|error| panic!("{error}: {}", run.said()))
    }

    /// Applies the rendered bundle by hand, as plimsoll's field manager with the set's label: what `apply` would leave.
    pub(crate) fn apply_by_hand(&self) {
        let identity = self.sandbox.identity();
        let arguments = ["render", "dev", "--format", "json", "--reveal", "--identity", &identity];
        let run = self.sandbox.plimsoll_revealing(&arguments).exits(0);
        let rendered: Value = serde_json::from_slice(&run.stdout).expect("JSON");
        for mut object in rendered["items"].as_array().expect("a list").clone() {
            let set = plimsoll::inventory::set_id("dev", &self.namespace);
            object["metadata"]["labels"][plimsoll::inventory::PART_OF] = set.into();
            patch(&object, "plimsoll", false);
        }
    }

    /// `/api/v1/namespaces/NS/configmaps/NAME`
    pub(crate) fn core(&self, plural: &str, name: &str) -> String {
        format!("/api/v1/namespaces/{}/{plural}/{name}", self.namespace)
    }

    /// `/apis/apps/v1/namespaces/NS/deployments/NAME`
    pub(crate) fn deployment(&self, name: &str) -> String {
        format!("/apis/apps/v1/namespaces/{}/deployments/{name}", self.namespace)
    }
}

/// A server-side apply by another manager.
pub(crate) fn patch(object: &Value, manager: &str, force: bool) -> Value {
    let path = format!("{}?fieldManager={manager}&force={force}", path_of(object));
    let sent = cluster().send("PATCH", &path, "application/apply-patch+yaml", &object.to_string());
    sent.unwrap_or_else(|error| panic!("apply {path}: {error}"))
}

/// A merge patch by another manager, as `kubectl edit` makes them.
pub(crate) fn edit(path: &str, manager: &str, patch: &Value) -> Value {
    let path = format!("{path}?fieldManager={manager}");
    let sent = cluster().send("PATCH", &path, "application/merge-patch+json", &patch.to_string());
    sent.unwrap_or_else(|error| panic!("edit {path}: {error}"))
}

pub(crate) fn post(path: &str, object: &Value) -> Value {
    let sent = cluster().send("POST", path, "application/json", &object.to_string());
    sent.unwrap_or_else(|error| panic!("create {path}: {error}"))
}

fn path_of(object: &Value) -> String {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let base = if text("/apiVersion").contains('/') { "/apis" } else { "/api" };
    let plural = match text("/kind") {
        "Ingress" => "ingresses".to_owned(),
        "NetworkPolicy" => "networkpolicies".to_owned(),
        kind => format!("{}s", kind.to_lowercase()),
    };
    let namespace = match text("/metadata/namespace") {
        "" => String::new(),
        namespace => format!("/namespaces/{namespace}"),
    };
    format!("{base}/{}{namespace}/{plural}/{}", text("/apiVersion"), text("/metadata/name"))
}

/// The step of a diff about `Kind/name`.
#[track_caller]
pub(crate) fn step<'a>(diff: &'a Value, object: &str) -> &'a Value {
    let (kind, name) = object.split_once('/').expect("Kind/name");
    let mut steps = diff["steps"].as_array().expect("steps").iter();
    let is_it = |step: &&Value| step["object"]["kind"] == kind && step["object"]["name"] == name;
    steps.find(is_it).unwrap_or_else(|| panic!("no step about {object}: {diff:#}"))
}

/// The paths of a step's fields.
pub(crate) fn paths(step: &Value) -> Vec<&str> {
    step["fields"].as_array().expect("fields").iter().map(|field| field["path"].as_str().expect("a path")).collect()
}
