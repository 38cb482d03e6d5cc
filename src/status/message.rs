//! What the texts of the kubelet and of the API server name. They are written by Go code that has no other way to tell; the shapes here
//! are those of Kubernetes 1.37, and a text of another shape only costs the detail, never the message.

use serde_json::Value;

use super::field::text_or;
use super::trouble::Cause;

/// How a kind is spelled in "not found", and how it is called.
const KINDS: [(&str, &str); 6] = [
    ("configmap", "ConfigMap"),
    ("secret", "Secret"),
    ("serviceaccount", "ServiceAccount"),
    ("persistentvolumeclaim", "PersistentVolumeClaim"),
    ("storageclass.storage.k8s.io", "StorageClass"),
    ("runtimeclass.node.k8s.io", "RuntimeClass"),
];

/// The text between the first `before` and the `after` that follows it.
pub(super) fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(before)?;
    rest.split_once(after).map(|(found, _)| found)
}

/// The object, or the key of one, that a text says is missing. `pod` tells which object a volume's key was sought in.
pub(super) fn missing(text: &str, pod: &Value) -> Option<Cause> {
    missing_object(text).or_else(|| missing_variable(text)).or_else(|| missing_file(text, pod))
}

/// `configmap "x" not found`
fn missing_object(text: &str) -> Option<Cause> {
    KINDS.iter().find_map(|(spelled, kind)| {
        let (_, rest) = text.split_once(&format!("{spelled} \""))?;
        let (name, rest) = rest.split_once('"')?;
        rest.starts_with(" not found").then(|| Cause::MissingConfig { kind, name: name.to_owned(), key: None })
    })
}

/// `couldn't find key K in ConfigMap NAMESPACE/NAME`
fn missing_variable(text: &str) -> Option<Cause> {
    let (_, rest) = text.split_once("couldn't find key ")?;
    let (key, rest) = rest.split_once(" in ")?;
    let (kind, rest) = rest.split_once(' ')?;
    let kind = KINDS.iter().map(|(_, kind)| *kind).find(|known| *known == kind)?;
    let name = rest.split_once('/')?.1.split_whitespace().next()?;
    Some(Cause::MissingConfig { kind, name: name.to_owned(), key: Some(key.to_owned()) })
}

/// `MountVolume.SetUp failed for volume "V" : configmap references non-existent config key: K`; of a Secret, `references non-existent secret
/// key: K`. Neither names the object: the volume does.
fn missing_file(text: &str, pod: &Value) -> Option<Cause> {
    let wants = |before: &str| text.split_once(before).map(|(_, rest)| rest.trim_end_matches(']').trim());
    let (key, kind, field) = match wants("references non-existent config key: ") {
        Some(key) => (key, "ConfigMap", "configMap"),
        None => (wants("references non-existent secret key: ")?, "Secret", "secret"),
    };
    let volume = between(text, "for volume \"", "\"")?;
    let volumes = pod.pointer("/spec/volumes")?.as_array()?;
    let volume = volumes.iter().find(|entry| text_or(entry, "name", "") == volume)?;
    let projected = volume.pointer("/projected/sources").and_then(Value::as_array);
    let sources = std::iter::once(volume).chain(projected.into_iter().flatten());
    let source = sources.filter_map(|source| source.get(field)).find(|source| asks_for(source, key))?;
    let name = text_or(source, "name", text_or(source, "secretName", ""));
    Some(Cause::MissingConfig { kind, name: name.to_owned(), key: Some(key.to_owned()) })
}

fn asks_for(source: &Value, key: &str) -> bool {
    let items = source.get("items").and_then(Value::as_array);
    items.is_some_and(|items| items.iter().any(|item| text_or(item, "key", "") == key))
}

/// Why the API server refused a pod, from the text of its answer.
pub(super) fn refusal(text: &str) -> Cause {
    let quoted = |before: &str| between(text, before, "\"").map(str::to_owned);
    if let Some(quota) = between(text, "exceeded quota: ", ",").or_else(|| between(text, "failed quota: ", ":")) {
        return Cause::Quota { quota: quota.to_owned() };
    }
    if let Some(webhook) = quoted("failed calling webhook \"") {
        return Cause::WebhookDown { webhook };
    }
    if let Some(level) = quoted("violates PodSecurity \"") {
        return Cause::Forbidden { by: format!("the pod-security level `{level}`") };
    }
    if let Some(webhook) = quoted("admission webhook \"") {
        return Cause::Forbidden { by: format!("the webhook `{webhook}`") };
    }
    if let Some(policy) = between(text, "ValidatingAdmissionPolicy '", "'") {
        return Cause::Forbidden { by: format!("the policy `{policy}`") };
    }
    if let Some(missing) = missing_object(text) {
        return missing;
    }
    if let Some(name) = between(text, "no PriorityClass with name ", " was found") {
        return Cause::MissingConfig { kind: "PriorityClass", name: name.to_owned(), key: None };
    }
    if text.contains(" usage per ") || text.contains(" to request ratio per ") {
        return Cause::Forbidden { by: "a LimitRange".to_owned() };
    }
    if text.contains(" is forbidden: ") { Cause::Forbidden { by: "the API server".to_owned() } } else { Cause::CannotCreate }
}
