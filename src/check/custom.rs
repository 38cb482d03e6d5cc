//! The sets of schemas that an environment's objects are held against.

use super::Input;
use super::schema::{Schemas, custom_kinds};
use crate::diagnostic::Diagnostics;
use crate::object::{Data, MadeBy, Node, Object, parse};
use crate::source::RootPath;

/// The folder of the repository whose CRDs are known without being part of a bundle.
const FOLDER: &str = "crds";

/// One source of schemas.
#[derive(Debug)]
pub(super) struct SchemaSet {
    source: Source,
    /// Whether they come from CRDs.
    pub custom: bool,
}

#[derive(Debug)]
enum Source {
    BuiltIn(&'static Schemas),
    Own(Box<Schemas>),
}

impl SchemaSet {
    /// The kinds.
    pub(super) fn schemas(&self) -> &Schemas {
        match &self.source {
            Source::BuiltIn(schemas) => schemas,
            Source::Own(schemas) => schemas,
        }
    }
}

/// The sets, nearest first: CRDs of the bundle and of `crds/`, the API server's own kinds, those of the External Secrets
/// Operator. What is wrong with a file of `crds/` is reported.
pub(super) fn sets(input: &Input<'_>, found: &mut Diagnostics) -> Vec<SchemaSet> {
    let mut crds: Vec<serde_json::Value> =
        input.bundle.objects.iter().filter(|object| is_crd(object)).map(|crd| json(&crd.root)).collect();
    crds.extend(folder(input, found));
    let mut sets = Vec::new();
    if !crds.is_empty() {
        sets.push(SchemaSet { source: Source::Own(Box::new(custom_kinds(&crds))), custom: true });
    }
    let minor = input.environment.settings.target.kubernetes.as_ref().map_or("1.37", |minor| minor.as_str());
    let built_in = Schemas::builtin(minor).or_else(|| Schemas::builtin("1.37"));
    sets.extend(built_in.map(|schemas| SchemaSet { source: Source::BuiltIn(schemas), custom: false }));
    sets.extend(Schemas::external_secrets().map(|schemas| SchemaSet { source: Source::BuiltIn(schemas), custom: true }));
    sets
}

fn is_crd(object: &Object) -> bool {
    object.kind() == "CustomResourceDefinition" && object.source.group == "apiextensions.k8s.io"
}

/// The CRDs of `crds/*.yaml` and `*.json`.
fn folder(input: &Input<'_>, found: &mut Diagnostics) -> Vec<serde_json::Value> {
    let Ok(folder) = RootPath::new(FOLDER) else { return Vec::new() };
    let Ok(entries) = input.files.list(&folder, None) else { return Vec::new() };
    let mut crds = Vec::new();
    for entry in entries.iter().filter(|entry| [".yaml", ".yml", ".json"].iter().any(|end| entry.name.ends_with(end))) {
        let Some(file) = folder.join(&entry.name).ok().and_then(|path| found.take(input.files.text(&path, None))) else {
            continue;
        };
        let objects = found.take(parse(input.files.map(), file, input.secrets.tokens(), MadeBy::Template(file)));
        crds.extend(objects.into_iter().flatten().filter(is_crd).map(|crd| json(&crd.root)));
    }
    crds
}

/// A tree as JSON; a CRD holds no secrets, so a sealed text is nothing.
fn json(node: &Node) -> serde_json::Value {
    use serde_json::Value;
    match &node.data {
        Data::Null | Data::Sealed(_) => Value::Null,
        Data::Bool(truth) => Value::Bool(*truth),
        Data::Int(number) => Value::from(*number),
        Data::Float(number) => Value::from(*number),
        Data::Text(text) => Value::String(text.to_string()),
        Data::List(items) => Value::Array(items.iter().map(json).collect()),
        Data::Map(map) => Value::Object(map.iter().map(|(key, entry)| (key.to_string(), json(&entry.node))).collect()),
    }
}
