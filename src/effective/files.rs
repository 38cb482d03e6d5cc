//! A container's mounts, and the files that ConfigMaps and Secrets put there.

use super::data::{Configs, Value};
use super::variables::downward;
use super::{Part, Source};
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
    /// Whether it is a part of the volume (`subPath`): its files stay as they were when the container started.
    pub is_part: bool,
    /// The entry of `volumeMounts`.
    pub span: Span,
}

/// What a mount holds.
#[derive(Debug, Clone)]
pub enum Mounted {
    /// Files of ConfigMaps and Secrets.
    Files(Vec<MountedFile>),
    /// The part of such files that a `subPathExpr` names; the files' paths are those in the volume, and [`place`] puts them in theirs.
    Expression(String, Vec<MountedFile>),
    /// Something else, in words: `emptyDir`, `persistentVolumeClaim models`.
    Other(String),
}

/// One file.
#[derive(Debug, Clone)]
pub struct MountedFile {
    /// Its whole path; ends in `*` where it stands for many.
    pub path: String,
    /// Its content.
    pub value: Part,
    /// Where it comes from: `ConfigMap/x, key y`.
    pub from: String,
    /// The key that it is.
    pub source: Option<Source>,
    /// Whether the pod starts without it.
    pub optional: bool,
}

/// The mounts of a container.
pub(super) fn of(container: &Node, spec: &Node, configs: &Configs<'_>) -> Vec<Mount> {
    let volumes = spec.get("volumes").and_then(Node::as_list).unwrap_or_default();
    let mut mounts = Vec::new();
    for mount in container.get("volumeMounts").and_then(Node::as_list).unwrap_or_default() {
        let text = |key: &str| mount.get(key).and_then(Node::as_str);
        let (Some(name), Some(path)) = (text("name"), text("mountPath")) else { continue };
        let volume = volumes.iter().find(|volume| volume.get("name").and_then(Node::as_str) == Some(name));
        let (sub_path, expression) = (text("subPath").unwrap_or(""), text("subPathExpr").unwrap_or(""));
        let mounted = match volume.map(|volume| content(volume, configs)) {
            Some(Mounted::Files(files)) if !expression.is_empty() => Mounted::Expression(expression.to_owned(), files),
            Some(Mounted::Files(files)) => Mounted::Files(place(files, path, sub_path)),
            Some(other) => other,
            None => Mounted::Other("no such volume".to_owned()),
        };
        let read_only = mount.get("readOnly").and_then(Node::as_bool).unwrap_or(false);
        let is_part = !sub_path.is_empty() || !expression.is_empty();
        mounts.push(Mount { path: path.to_owned(), read_only, volume: name.to_owned(), mounted, is_part, span: mount.span });
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
    if let Some(source) = volume.get("downwardAPI") {
        return Mounted::Files(downward_files(source));
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
    if let Some(token) = source.get("serviceAccountToken") {
        let path = token.get("path").and_then(Node::as_str).unwrap_or("token");
        return vec![made(path, Part::Cluster("a token of the service account".to_owned()), "serviceAccountToken")];
    }
    for (field, words) in [("clusterTrustBundle", "certificates of the cluster"), ("podCertificate", "a certificate of the pod")]
    {
        if let Some(source) = source.get(field) {
            let paths = ["path", "credentialBundlePath", "keyPath", "certificateChainPath"];
            let paths = paths.iter().filter_map(|key| source.get(key)?.as_str());
            return paths.map(|path| made(path, Part::Cluster(words.to_owned()), field)).collect();
        }
    }
    source.get("downwardAPI").map(downward_files).unwrap_or_default()
}

/// The files of a downward API source or volume.
fn downward_files(source: &Node) -> Vec<MountedFile> {
    let items = source.get("items").and_then(Node::as_list).unwrap_or_default().iter();
    items.filter_map(|item| Some(made(item.get("path")?.as_str()?, Part::Pod(downward(item)?.0), "downwardAPI"))).collect()
}

fn made(path: &str, value: Part, from: &str) -> MountedFile {
    MountedFile { path: path.to_owned(), value, from: from.to_owned(), source: None, optional: false }
}

/// The files of a ConfigMap or Secret source: each key, or those that `items` lists under the paths that it gives.
fn keys(source: &Node, name_field: &str, kind: ConfigKind, configs: &Configs<'_>) -> Vec<MountedFile> {
    let name = source.get(name_field).and_then(Node::as_str).unwrap_or("");
    let optional = source.get("optional").and_then(Node::as_bool).unwrap_or(false);
    let file = |path: &str, key: &str, value: Part| {
        let source = configs.source(kind, name, key);
        MountedFile { path: path.to_owned(), value, from: source.to_string(), source: Some(source), optional }
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
        let value = Part::Outside("every key of it".to_owned());
        return vec![MountedFile { path: "*".to_owned(), value, from, source: None, optional }];
    };
    values.into_iter().map(|Value { key, part }| file(key, key, part)).collect()
}

/// A volume's files as they stand below the mount's path. With a `subPath` that is a file, the mount is that file; one that is a folder
/// is mounted alone.
pub fn place(files: Vec<MountedFile>, path: &str, sub_path: &str) -> Vec<MountedFile> {
    let path = path.trim_end_matches('/');
    let sub_path = sub_path.trim_end_matches('/');
    let put = |mut file: MountedFile| {
        let below = if sub_path.is_empty() {
            format!("{path}/{}", file.path)
        } else if file.path == sub_path || file.path == "*" {
            path.to_owned()
        } else {
            format!("{path}/{}", file.path.strip_prefix(sub_path)?.strip_prefix('/')?)
        };
        file.path = below;
        Some(file)
    };
    files.into_iter().filter_map(put).collect()
}
