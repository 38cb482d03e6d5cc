//! What a live pod says of itself: the fields of the downward API, and how its containers are.

use std::fmt::Write;

use serde_json::Value;

use crate::effective::PodField;
use crate::template::Quantity;

/// A live pod.
#[derive(Debug, Clone)]
pub struct Facts(Value);

impl Facts {
    /// Of the pod's JSON.
    pub fn new(pod: Value) -> Self {
        Self(pod)
    }

    /// The pod's JSON.
    pub fn value(&self) -> &Value {
        &self.0
    }

    fn text(&self, pointer: &str) -> &str {
        self.0.pointer(pointer).and_then(Value::as_str).unwrap_or("")
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.text("/metadata/name")
    }

    /// Its namespace.
    pub fn namespace(&self) -> &str {
        self.text("/metadata/namespace")
    }

    /// Its phase, such as `Running`.
    pub fn phase(&self) -> &str {
        self.text("/status/phase")
    }

    /// Whether it is being deleted.
    pub fn is_ending(&self) -> bool {
        self.0.pointer("/metadata/deletionTimestamp").is_some()
    }

    /// Whether process 1 isn't the container's own.
    pub fn shares_processes(&self) -> bool {
        ["/spec/shareProcessNamespace", "/spec/hostPID"]
            .iter()
            .any(|at| self.0.pointer(at).and_then(Value::as_bool) == Some(true))
    }

    /// The names of its containers in a list of its spec.
    pub fn containers(&self, list: &str) -> impl Iterator<Item = &str> {
        let items = self.0.pointer(&format!("/spec/{list}")).and_then(Value::as_array);
        items.into_iter().flatten().filter_map(|container| container.get("name")?.as_str())
    }

    /// When a container began, how often it was started, and that it runs; or why it doesn't.
    ///
    /// # Errors
    /// In words, why it doesn't run.
    pub fn running(&self, list: &str, name: &str) -> Result<(String, u64), String> {
        let field = match list {
            "initContainers" => "initContainerStatuses",
            "ephemeralContainers" => "ephemeralContainerStatuses",
            _ => "containerStatuses",
        };
        let statuses = self.0.pointer(&format!("/status/{field}")).and_then(Value::as_array);
        let status = statuses.into_iter().flatten().find(|status| status.get("name").and_then(Value::as_str) == Some(name));
        let Some(status) = status else {
            let phase = self.phase();
            return Err(if phase.is_empty() {
                "it hasn't started".to_owned()
            } else {
                format!("it hasn't started (pod {phase})")
            });
        };
        if let Some(running) = status.pointer("/state/running") {
            let began = running.get("startedAt").and_then(Value::as_str).unwrap_or("").to_owned();
            return Ok((began, status.get("restartCount").and_then(Value::as_u64).unwrap_or(0)));
        }
        let reason = |state: &str| status.pointer(&format!("/state/{state}/reason")).and_then(Value::as_str);
        Err(match (reason("terminated"), reason("waiting")) {
            (Some("Completed"), _) => "it has ended (Completed)".to_owned(),
            (Some(reason), _) => format!("it has ended ({reason})"),
            (None, Some(reason)) => format!("it doesn't run ({reason})"),
            (None, None) => "it doesn't run".to_owned(),
        })
    }

    /// What the downward API gives a container; `None` where that can't be known from the pod.
    pub(super) fn downward(&self, field: &PodField, own: &str) -> Option<String> {
        match field {
            PodField::Field(path) => self.field(path),
            PodField::Resource { container, resource, divisor } => {
                self.resource(container.as_deref().unwrap_or(own), resource, divisor)
            }
        }
    }

    fn field(&self, path: &str) -> Option<String> {
        if let Some((map, key)) = path.strip_suffix("']").and_then(|path| path.split_once("['")) {
            let pointer = match map {
                "metadata.labels" => "/metadata/labels",
                "metadata.annotations" => "/metadata/annotations",
                _ => return None,
            };
            let map = self.map(pointer);
            return Some(map.and_then(|map| map.get(key)).and_then(Value::as_str).unwrap_or("").to_owned());
        }
        let list = |pointer: &str, item: &str| {
            let items = self.0.pointer(pointer).and_then(Value::as_array)?;
            let texts: Option<Vec<&str>> = items.iter().map(|address| address.get(item)?.as_str()).collect();
            Some(texts?.join(","))
        };
        match path {
            "metadata.name"
            | "metadata.namespace"
            | "metadata.uid"
            | "spec.nodeName"
            | "spec.serviceAccountName"
            | "status.hostIP"
            | "status.podIP" => {
                self.0.pointer(&format!("/{}", path.replace('.', "/"))).and_then(Value::as_str).map(str::to_owned)
            }
            "status.hostIPs" => list("/status/hostIPs", "ip"),
            "status.podIPs" => list("/status/podIPs", "ip"),
            "metadata.labels" => format_map(self.map("/metadata/labels")),
            "metadata.annotations" => format_map(self.map("/metadata/annotations")),
            _ => None,
        }
    }

    fn map(&self, pointer: &str) -> Option<&serde_json::Map<String, Value>> {
        self.0.pointer(pointer).and_then(Value::as_object)
    }

    /// A request or limit, counted in a divisor and rounded up. A limit that isn't set is what the node has, which the pod doesn't say.
    fn resource(&self, container: &str, resource: &str, divisor: &str) -> Option<String> {
        let lists = ["containers", "initContainers"].into_iter();
        let mut all = lists.filter_map(|list| self.0.pointer(&format!("/spec/{list}"))?.as_array()).flatten();
        let container = all.find(|found| found.get("name").and_then(Value::as_str) == Some(container))?;
        let (list, name) = resource.split_once('.')?;
        let Some(amount) = container.pointer(&format!("/resources/{list}")).and_then(|list| list.get(name)?.as_str()) else {
            return (list == "requests").then(|| "0".to_owned());
        };
        let divisor = if divisor == "0" { "1" } else { divisor };
        let count = Quantity::read(amount).ok()?.times(Quantity::read(divisor).ok()?)?;
        Some(count.to_string())
    }
}

/// As the kubelet writes a map of labels or annotations into a file: sorted lines of `key="value"`, quoted as Go does it. `None` where
/// that depends on Go's table of characters that can be printed.
fn format_map(map: Option<&serde_json::Map<String, Value>>) -> Option<String> {
    let mut pairs: Vec<(&str, &str)> =
        map.into_iter().flatten().filter_map(|(key, value)| Some((key.as_str(), value.as_str()?))).collect();
    pairs.sort_unstable();
    let lines: Option<Vec<String>> = pairs.iter().map(|(key, value)| Some(format!("{key}={}", quote(value)?))).collect();
    Some(lines?.join("\n"))
}

fn quote(text: &str) -> Option<String> {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{b}' => out.push_str("\\v"),
            '\u{c}' => out.push_str("\\f"),
            c if c.is_ascii_control() => {
                let _ = write!(out, "\\x{:02x}", u32::from(c));
            }
            c if c.is_ascii() || c.is_alphanumeric() => out.push(c),
            _ => return None,
        }
    }
    out.push('"');
    Some(out)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_downward_api_as_the_kubelet_gives_it() {
        let facts = Facts::new(json!({
            "metadata": { "name": "p", "uid": "u", "labels": { "b": "2", "a": "x\"y" } },
            "spec": { "containers": [{ "name": "c", "resources": { "limits": { "cpu": "1500m", "memory": "1Gi" } } }] },
            "status": { "podIPs": [{ "ip": "10.0.0.1" }, { "ip": "fd00::1" }] },
        }));
        let field = |path: &str| facts.downward(&PodField::Field(path.to_owned()), "c");
        assert_eq!(field("metadata.name").as_deref(), Some("p"));
        assert_eq!(field("metadata.labels['a']").as_deref(), Some("x\"y"));
        assert_eq!(field("metadata.labels['none']").as_deref(), Some(""));
        assert_eq!(field("metadata.labels").as_deref(), Some("a=\"x\\\"y\"\nb=\"2\""));
        assert_eq!(field("metadata.annotations").as_deref(), Some(""));
        assert_eq!(field("status.podIPs").as_deref(), Some("10.0.0.1,fd00::1"));
        assert_eq!(field("spec.nodeName"), None);
        let resource = |name: &str, divisor: &str| {
            let field = PodField::Resource { container: None, resource: name.to_owned(), divisor: divisor.to_owned() };
            facts.downward(&field, "c")
        };
        assert_eq!(resource("limits.cpu", "0").as_deref(), Some("2"));
        assert_eq!(resource("limits.cpu", "1m").as_deref(), Some("1500"));
        assert_eq!(resource("limits.memory", "1Mi").as_deref(), Some("1024"));
        assert_eq!(resource("requests.cpu", "1").as_deref(), Some("0"));
        assert_eq!(resource("limits.ephemeral-storage", "1"), None, "that is what the node has");
    }
}
