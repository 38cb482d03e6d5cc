//! Volumes: one source is a volume of its kind, several are one projected volume.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use super::Pod;
use super::source::{Mount, Part, fields};
use crate::object::podspec::ConfigKind;
use crate::object::{Data, FieldPath, Map, Node};
use crate::source::Span;

/// A DNS label's length (RFC 1123), which a volume's name is.
const MAX_NAME: usize = 63;

/// Adds a volume for each mount, or finds the same one in the pod. Gives their names, `None` where the sources aren't there.
pub(super) fn add_volumes(spec: &mut Map, mounts: &[Mount], pod: &mut Pod<'_>) -> Vec<Option<String>> {
    let mut names = Vec::new();
    for mount in mounts {
        if !all_there(mount, pod) {
            names.push(None);
            continue;
        }
        let Some(volumes) = spec.child_list("volumes", mount.span) else {
            names.push(None);
            continue;
        };
        let (field, content) = content(mount);
        let name = free_name(volumes, mount, field, &content);
        if !volumes.iter().any(|volume| name_of(volume) == Some(name.as_str())) {
            pod.touched.push((pod.path.child("volumes").index(volumes.len()), mount.span));
            volumes.push(fields(mount.span, [("name", Node::text(name.as_str(), mount.span)), (field, content)]));
        }
        names.push(Some(name));
    }
    names
}

/// Mounts the volumes in a container.
pub(super) fn add_mounts(container: &mut Map, mounts: &[Mount], volumes: &[Option<String>], path: &FieldPath, pod: &mut Pod<'_>) {
    for (mount, volume) in mounts.iter().zip(volumes) {
        let Some(volume) = volume else { continue };
        let Some(list) = container.child_list("volumeMounts", mount.span) else { continue };
        let same_path = |item: &&Node| {
            item.get("mountPath").and_then(Node::as_str).is_some_and(|there| trimmed(there) == trimmed(&mount.path))
        };
        if let Some(old) = list.iter().find(same_path) {
            let is_same = old.get("name").and_then(Node::as_str) == Some(volume.as_str()) && old.get("subPath").is_none();
            if !is_same {
                let message = format!("`{}` already mounts something at `{}`", pod.object, mount.path);
                let finding = pod.conflict(message, mount.span, old.span).field(path.child("volumeMounts").to_string());
                pod.found.push(finding.hint("several sources in one entry of `mount` share a path"));
            }
            continue;
        }
        pod.touched.push((path.child("volumeMounts").index(list.len()), mount.span));
        let truth = Node::new(Data::Bool(true), mount.span);
        list.push(fields(
            mount.span,
            [
                ("name", Node::text(volume.as_str(), mount.span)),
                ("mountPath", Node::text(mount.path.as_str(), mount.span)),
                ("readOnly", truth),
            ],
        ));
    }
}

fn trimmed(path: &str) -> &str {
    path.trim_end_matches('/')
}

/// Whether all sources and keys are there, and no two bring the same file; says what isn't so.
fn all_there(mount: &Mount, pod: &mut Pod<'_>) -> bool {
    let mut fine = true;
    let mut files: Vec<(String, Span)> = Vec::new();
    for part in &mount.parts {
        for (key, span) in &part.keys {
            fine &= pod.held.has_key(&part.source, key, *span, pod.namespace, pod.found);
        }
        if part.keys.is_empty() && !pod.held.has(&part.source, pod.namespace, pod.found) {
            fine = false;
            continue;
        }
        for (file, span) in files_of(part, pod) {
            if let Some((_, first)) = files.iter().find(|(there, _)| *there == file) {
                let message = format!("two sources bring the file `{}/{file}`", trimmed(&mount.path));
                let mut finding = pod.conflict(message, span, *first).hint("name the keys that you want, as `kind/name#key`");
                finding.object = None;
                pod.found.push(finding);
                fine = false;
            }
            files.push((file, span));
        }
    }
    fine
}

fn files_of(part: &Part, pod: &Pod<'_>) -> Vec<(String, Span)> {
    if !part.keys.is_empty() {
        return part.keys.clone();
    }
    let keys = pod.held.keys(&part.source, pod.namespace).ok().flatten().unwrap_or_default();
    keys.iter().map(|key| (key.to_string(), part.source.span)).collect()
}

/// The volume's field with its content.
fn content(mount: &Mount) -> (&'static str, Node) {
    if let [part] = mount.parts.as_slice() {
        let name_field = match part.source.kind {
            ConfigKind::ConfigMap => "name",
            ConfigKind::Secret => "secretName",
        };
        return (volume_field(part.source.kind), source_node(part, name_field));
    }
    let wrapped = |part: &Part| fields(part.source.span, [(volume_field(part.source.kind), source_node(part, "name"))]);
    let sources = mount.parts.iter().map(wrapped).collect();
    ("projected", fields(mount.span, [("sources", Node::list(sources, mount.span))]))
}

fn volume_field(kind: ConfigKind) -> &'static str {
    match kind {
        ConfigKind::ConfigMap => "configMap",
        ConfigKind::Secret => "secret",
    }
}

fn source_node(part: &Part, name_field: &str) -> Node {
    let span = part.source.span;
    let mut map = Map::new();
    map.set(name_field, Node::text(part.source.name.as_str(), span));
    if !part.keys.is_empty() {
        let item = |(key, span): &(String, Span)| {
            fields(*span, [("key", Node::text(key.as_str(), *span)), ("path", Node::text(key.as_str(), *span))])
        };
        map.set("items", Node::list(part.keys.iter().map(item).collect(), span));
    }
    Node::map(map, span)
}

fn name_of(volume: &Node) -> Option<&str> {
    volume.get("name").and_then(Node::as_str)
}

/// A name that tells what the volume holds: `configmap-NAME`, `secret-NAME`, or the mount path's words. Where that is too long,
/// isn't a DNS label, or is taken by another volume, a few digits of the content's digest make it one of its own.
fn free_name(volumes: &[Node], mount: &Mount, field: &str, content: &Node) -> String {
    let wanted = match mount.parts.as_slice() {
        [part] => format!("{}-{}", part.source.kind.word(), part.source.name),
        _ => trimmed(&mount.path).trim_start_matches('/').to_owned(),
    };
    let label = as_label(&wanted);
    let is_free = |name: &str| {
        let same_name = volumes.iter().find(|volume| name_of(volume) == Some(name));
        same_name.is_none_or(|volume| volume.get(field).is_some_and(|there| there.same(content)))
    };
    // A path becomes words by itself; a name that had to be changed could meet another's.
    let unchanged = label == wanted || mount.parts.len() > 1;
    if unchanged && label.len() <= MAX_NAME && !label.is_empty() && is_free(&label) {
        return label;
    }
    let digest = digest(mount);
    let keep = label.get(..label.len().min(MAX_NAME - 11)).unwrap_or(&label).trim_end_matches('-');
    if keep.is_empty() { format!("volume-{digest}") } else { format!("{keep}-{digest}") }
}

fn as_label(text: &str) -> String {
    let lower = text.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' });
    let mut label = String::new();
    for c in lower {
        if c != '-' || !label.ends_with('-') {
            label.push(c);
        }
    }
    label.trim_matches('-').to_owned()
}

fn digest(mount: &Mount) -> String {
    let mut hasher = Sha256::new();
    let mut add = |text: &str| {
        hasher.update(text.len().to_be_bytes());
        hasher.update(text);
    };
    for part in &mount.parts {
        add(&part.source.words());
        add(&part.keys.len().to_string());
        part.keys.iter().for_each(|(key, _)| add(key));
    }
    let mut digest = String::new();
    for byte in hasher.finalize().iter().take(5) {
        let _ = write!(digest, "{byte:02x}");
    }
    digest
}
