//! Which kinds the server has.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

use super::client::Cluster;
use super::error::ClusterError;
use super::request::{Ask, Call};

/// A kind as the server serves it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Resource {
    /// The API group; empty for the core group.
    pub group: String,
    /// The version.
    pub version: String,
    /// The kind.
    pub kind: String,
    /// The plural name in URLs.
    pub plural: String,
    /// Whether its objects live in namespaces.
    pub namespaced: bool,
    /// What can be done with it: `list`, `patch`, …
    pub verbs: Vec<String>,
}

impl Resource {
    /// `v1`, `apps/v1`.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.clone() } else { format!("{}/{}", self.group, self.version) }
    }

    /// `deployments.apps`, as roles and messages name it; `secrets` in the core group.
    pub fn full_name(&self) -> String {
        if self.group.is_empty() { self.plural.clone() } else { format!("{}.{}", self.plural, self.group) }
    }

    /// Whether it is the same kind, in whatever version.
    pub fn is_kind(&self, other: &Self) -> bool {
        self.group == other.group && self.kind == other.kind
    }

    /// The path of an object, or of all in a namespace, or of all.
    pub(super) fn path(&self, namespace: Option<&str>, name: Option<&str>) -> String {
        let base = if self.group.is_empty() { "/api".to_owned() } else { format!("/apis/{}", self.group) };
        let mut path = format!("{base}/{}", self.version);
        if let Some(namespace) = namespace.filter(|_| self.namespaced) {
            path.push_str("/namespaces/");
            path.push_str(namespace);
        }
        path.push('/');
        path.push_str(&self.plural);
        if let Some(name) = name {
            path.push('/');
            path.push_str(&encode(name));
        }
        path
    }
}

/// A path segment or query value with everything encoded that isn't plainly allowed in one.
pub(super) fn encode(text: &str) -> String {
    use std::fmt::Write;
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b':') {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// The kinds that the server has.
#[derive(Debug, Clone, Default)]
pub struct Resources {
    /// By group and kind; the versions in the server's order of preference.
    kinds: BTreeMap<(String, String), Vec<Arc<Resource>>>,
    /// Group versions whose kinds couldn't be read, as `group/version`: an aggregated API that is down. What is missing there may exist.
    pub unknown: BTreeSet<String>,
}

impl Resources {
    /// The kind in exactly this version.
    pub fn exact(&self, group: &str, version: &str, kind: &str) -> Option<&Arc<Resource>> {
        self.versions(group, kind).iter().find(|resource| resource.version == version)
    }

    /// The kind in the version that the server prefers.
    pub fn preferred(&self, group: &str, kind: &str) -> Option<&Arc<Resource>> {
        self.versions(group, kind).first()
    }

    /// All versions of a kind, the preferred first.
    pub fn versions(&self, group: &str, kind: &str) -> &[Arc<Resource>] {
        self.kinds.get(&(group.to_owned(), kind.to_owned())).map_or(&[], Vec::as_slice)
    }

    /// Whether a group is one of those whose kinds couldn't be read.
    pub fn is_unknown(&self, group: &str) -> bool {
        self.unknown.iter().any(|unknown| unknown.split_once('/').map_or(unknown.as_str(), |(name, _)| name) == group)
    }

    /// All kinds, each in its preferred version.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Resource>> {
        self.kinds.values().filter_map(|versions| versions.first())
    }

    /// Adds the answer of `/api` or `/apis`.
    fn add(&mut self, list: &Value) {
        for group in items(list, "items") {
            let name = group.pointer("/metadata/name").and_then(Value::as_str).unwrap_or("");
            for version in items(group, "versions") {
                let number = text(version, "version");
                if text(version, "freshness") == "Stale" {
                    self.unknown.insert(format!("{name}/{number}"));
                }
                for resource in items(version, "resources") {
                    self.add_one(name, number, resource);
                }
            }
        }
    }

    fn add_one(&mut self, group: &str, version: &str, found: &Value) {
        let kind = found.get("responseKind").map_or("", |kind| text(kind, "kind"));
        let plural = text(found, "resource");
        if kind.is_empty() || plural.is_empty() {
            return;
        }
        let resource = Resource {
            group: group.to_owned(),
            version: version.to_owned(),
            kind: kind.to_owned(),
            plural: plural.to_owned(),
            namespaced: text(found, "scope") == "Namespaced",
            verbs: items(found, "verbs").filter_map(Value::as_str).map(str::to_owned).collect(),
        };
        self.kinds.entry((group.to_owned(), kind.to_owned())).or_default().push(Arc::new(resource));
    }
}

fn items<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value.get(key).and_then(Value::as_array).into_iter().flatten()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or("")
}

/// Aggregated discovery: all kinds of all groups in two answers (Kubernetes 1.30 and later; 1.27 with the older form).
const ACCEPT: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,\
    application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json";

impl Cluster {
    /// Asks which kinds the server has. A group whose own server is down is noted in [`Resources::unknown`] and fails nothing.
    ///
    /// # Errors
    /// The server doesn't answer.
    pub async fn discover(&self) -> Result<Resources, ClusterError> {
        let mut resources = Resources::default();
        for path in ["/api", "/apis"] {
            let ask = Ask::get(path).accept(ACCEPT);
            let answer = self.ask(Call::Discovery, "ask which kinds the server has", &ask).await?;
            resources.add(&answer.json("ask which kinds the server has")?);
        }
        Ok(resources)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn kinds_by_version_and_groups_that_are_down() {
        let mut resources = Resources::default();
        let resource = |plural: &str, kind: &str| json!({ "resource": plural, "responseKind": { "group": "x", "version": "y", "kind": kind }, "scope": "Namespaced", "verbs": ["list"] });
        resources.add(&json!({ "items": [
            { "metadata": { "name": "autoscaling" }, "versions": [
                { "version": "v2", "resources": [resource("horizontalpodautoscalers", "HorizontalPodAutoscaler")] },
                { "version": "v1", "resources": [resource("horizontalpodautoscalers", "HorizontalPodAutoscaler")] } ] },
            { "metadata": { "name": "metrics.k8s.io" }, "versions": [{ "version": "v1beta1", "freshness": "Stale" }] },
        ] }));
        assert_eq!(resources.preferred("autoscaling", "HorizontalPodAutoscaler").unwrap().version, "v2");
        assert_eq!(resources.exact("autoscaling", "v1", "HorizontalPodAutoscaler").unwrap().version, "v1");
        assert!(resources.is_unknown("metrics.k8s.io") && !resources.is_unknown("autoscaling"));
        let found = resources.preferred("autoscaling", "HorizontalPodAutoscaler").unwrap();
        assert_eq!(found.path(Some("a"), Some("x y")), "/apis/autoscaling/v2/namespaces/a/horizontalpodautoscalers/x%20y");
    }
}
