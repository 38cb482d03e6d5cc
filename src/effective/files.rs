//! A container's mounts, and the files that ConfigMaps and Secrets put there.

use super::Part;
use super::data::{Configs, Value};
use crate::object::podspec::ConfigKind;
use crate::object::{Data, Node};
use crate::source::Span;

/// One mount.
#[derive(Debug, Clone)]
pub struct Mount {
    /// Where it is mounted.
    pub path: String,
    /// Whether the container can't write there.
    pub read_only: bool,
    /// The volume's name.
    pub volume: String,
    /// What is there.
    pub mounted: Mounted,
    /// The entry of `volumeMounts`.
    pub span: Span,
}

/// What a mount holds.
#[derive(Debug, Clone)]
pub enum Mounted {
    /// Files of ConfigMaps and Secrets.
    Files(Vec<MountedFile>),
    /// Something else, in words: `emptyDir`, `persistentVolumeClaim models`.
    Other(String),
}

/// One file.
#[derive(Debug, Clone)]
pub struct MountedFile {
    /// Its whole path.
    pub path: String,
    /// Its content.
    pub value: Part,
    /// Where it comes from: `ConfigMap/x, key y`.
    pub from: String,
}

/// The mounts of a container.
pub(super) fn of(container: &Node, spec: &Node, configs: &Configs<'_>) -> Vec<Mount> {
    let volumes = spec.get("volumes").and_then(Node::as_list).unwrap_or_default();
    let mut mounts = Vec::new();
    for mount in container.get("volumeMounts").and_then(Node::as_list).unwrap_or_default() {
        let text = |key: &str| mount.get(key).and_then(Node::as_str);
        let (Some(name), Some(path)) = (text("name"), text("mountPath")) else { continue };
        let volume = volumes.iter().find(|volume| volume.get("name").and_then(Node::as_str) == Some(name));
        let mounted = match volume {
            Some(volume) => at(content(volume, configs), path, text("subPath")),
            None => Mounted::Other("no such volume".to_owned()),
        };
        let read_only = mount.get("readOnly").and_then(Node::as_bool).unwrap_or(false);
        mounts.push(Mount { path: path.to_owned(), read_only, volume: name.to_owned(), mounted, span: mount.span });
    }
    mounts
}

/// A volume's content, paths relative to it.
fn content(volume: &Node, configs: &Configs<'_>) -> Mounted {
    for (field, name, kind) in [("configMap", "name", ConfigKind::ConfigMap), ("secret", "secretName", ConfigKind::Secret)] {
        if let Some(source) = volume.get(field) {
            return Mounted::Files(keys(source, name, kind, configs));
        }
    }
    if let Some(projected) = volume.get("projected") {
        let mut files: Vec<MountedFile> = Vec::new();
        for source in projected.get("sources").and_then(Node::as_list).unwrap_or_default() {
            let added = projected_source(source, configs);
            // A later source's file takes the place of an earlier one's.
            files.retain(|file| !added.iter().any(|new| new.path == file.path));
            files.extend(added);
        }
        return Mounted::Files(files);
    }
    let source = volume.as_map().into_iter().flat_map(crate::object::Map::iter).find(|(key, _)| key.as_str() != "name");
    Mounted::Other(source.map_or_else(
        || "emptyDir".to_owned(),
        |(kind, entry)| {
            let detail = ["claimName", "path", "driver", "server"].iter().find_map(|key| entry.node.get(key)?.as_str());
            detail.map_or_else(|| kind.to_string(), |detail| format!("{kind} {detail}"))
        },
    ))
}

fn projected_source(source: &Node, configs: &Configs<'_>) -> Vec<MountedFile> {
    for (field, kind) in [("configMap", ConfigKind::ConfigMap), ("secret", ConfigKind::Secret)] {
        if let Some(source) = source.get(field) {
            return keys(source, "name", kind, configs);
        }
    }
    let made = |path: &str, words: String, from: &str| MountedFile {
        path: path.to_owned(),
        value: Part::Cluster(words),
        from: from.to_owned(),
    };
    if let Some(token) = source.get("serviceAccountToken") {
        let path = token.get("path").and_then(Node::as_str).unwrap_or("token");
        return vec![made(path, "a token of the service account".to_owned(), "serviceAccountToken")];
    }
    let items = source.get("downwardAPI").and_then(|api| api.get("items")).and_then(Node::as_list).unwrap_or_default();
    items
        .iter()
        .filter_map(|item| {
            let field = item.get("fieldRef").and_then(|field| field.get("fieldPath"));
            let field = field.or_else(|| item.get("resourceFieldRef")?.get("resource"))?.as_str()?;
            Some(made(item.get("path")?.as_str()?, format!("the pod's {field}"), "downwardAPI"))
        })
        .collect()
}

/// The files of a ConfigMap or Secret source: each key, or those that `items` lists under the paths that it gives.
fn keys(source: &Node, name_field: &str, kind: ConfigKind, configs: &Configs<'_>) -> Vec<MountedFile> {
    let name = source.get(name_field).and_then(Node::as_str).unwrap_or("");
    let file = |path: &str, key: &str, value: Part| MountedFile {
        path: path.to_owned(),
        value,
        from: format!("{}/{name}, key {key}", kind.name()),
    };
    if let Some(items) = source.get("items").filter(|items| !matches!(items.data, Data::Null)) {
        let items = items.as_list().unwrap_or_default().iter();
        return items
            .filter_map(|item| {
                let key = item.get("key")?.as_str()?;
                Some(file(item.get("path")?.as_str()?, key, configs.key(kind, name, key)))
            })
            .collect();
    }
    let Some(values) = configs.keys(kind, name) else {
        let from = format!("{}/{name} (outside the bundle)", kind.name());
        return vec![MountedFile { path: "*".to_owned(), value: Part::Cluster("every key of it".to_owned()), from }];
    };
    values.into_iter().map(|Value { key, part }| file(key, key, part)).collect()
}

/// The content as it stands below the mount's path. With a `subPath` that is a file, the mount is that file; one that is a
/// folder is mounted alone.
fn at(mounted: Mounted, path: &str, sub_path: Option<&str>) -> Mounted {
    let Mounted::Files(files) = mounted else { return mounted };
    let path = path.trim_end_matches('/');
    let place = |mut file: MountedFile| {
        let below = match sub_path.filter(|sub| !sub.is_empty()) {
            None => Some(format!("{path}/{}", file.path)),
            Some(sub) if file.path == sub || file.path == "*" => Some(path.to_owned()),
            Some(sub) => file.path.strip_prefix(sub)?.strip_prefix('/').map(|rest| format!("{path}/{rest}")),
        };
        file.path = below?;
        Some(file)
    };
    Mounted::Files(files.into_iter().filter_map(place).collect())
}
