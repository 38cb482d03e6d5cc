//! Objects and the bundle of them.

use rayon::prelude::*;

use super::id::ObjectId;
use super::node::{Data, Map, Node, Text};
use super::path::FieldPath;
use crate::diagnostic::Diagnostics;
use crate::source::{FileId, Span};

/// Who made an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MadeBy {
    /// A document that this template rendered.
    Template(FileId),
    /// A table of the environment, such as `[configmap.x]`: the table's name is the words.
    Generator(&'static str),
}

/// One edit that a stage made to an object, for `explain`.
#[derive(Debug, Clone, PartialEq)]
pub struct Touch {
    /// The field that was set, added to or removed.
    pub path: FieldPath,
    /// The stage, in the words of the environment file: `inject`, `patch`, `transform.labels`, `resolve.hash`, …
    pub by: &'static str,
    /// The setting that asked for it.
    pub span: Span,
}

/// One object of the bundle.
#[derive(Debug, Clone)]
pub struct Object {
    /// As the source names it, before prefix, suffix, hash and default namespace: what selectors match.
    pub source: ObjectId,
    /// The tree; its root is always a map.
    pub root: Node,
    /// The document or table that made it.
    pub span: Span,
    /// Who made it.
    pub made_by: MadeBy,
    /// What the stages did to it, in order.
    pub touches: Vec<Touch>,
    /// Whether its name gets a content hash (`immutable = true` of a generator).
    pub hashed: bool,
    /// Whether a change of its content must roll out the workloads that use it (`on-change`); config objects only.
    pub rolls_out: bool,
}

impl Object {
    /// An object from a tree that has apiVersion, kind and metadata.name; `None` if one is missing or not text.
    pub fn new(root: Node, span: Span, made_by: MadeBy) -> Option<Self> {
        let source = Self::read_id(&root)?;
        Some(Self { source, root, span, made_by, touches: Vec::new(), hashed: false, rolls_out: true })
    }

    /// The id that the tree names.
    pub fn read_id(root: &Node) -> Option<ObjectId> {
        let (group, version) = ObjectId::split_api_version(root.get("apiVersion")?.as_str()?);
        let metadata = root.get("metadata")?;
        Some(ObjectId {
            group: group.into(),
            version: version.into(),
            kind: root.get("kind")?.as_str()?.into(),
            namespace: metadata.get("namespace").and_then(Node::as_str).map(Into::into),
            name: metadata.get("name")?.as_str()?.into(),
        })
    }

    /// The id as the tree has it now: after the transforms this differs from [`Object::source`].
    pub fn id(&self) -> ObjectId {
        Self::read_id(&self.root).unwrap_or_else(|| self.source.clone())
    }

    /// The kind.
    pub fn kind(&self) -> &str {
        &self.source.kind
    }

    /// The name as it is now.
    pub fn name(&self) -> &str {
        self.root.get("metadata").and_then(|metadata| metadata.get("name")).and_then(Node::as_str).unwrap_or(&self.source.name)
    }

    /// The namespace as it is now.
    pub fn namespace(&self) -> Option<&str> {
        self.root.get("metadata")?.get("namespace")?.as_str()
    }

    /// The root map.
    pub fn map(&self) -> Option<&Map> {
        self.root.as_map()
    }

    /// The root map, to edit.
    pub fn map_mut(&mut self) -> Option<&mut Map> {
        self.root.as_map_mut()
    }

    /// Sets `metadata.name`.
    pub fn rename(&mut self, name: impl Into<Text>, span: Span) {
        let name = name.into();
        if let Some(metadata) = self.map_mut().and_then(|root| root.child_map("metadata", span)) {
            metadata.set("name", Node::new(Data::Text(name), span));
        }
    }

    /// Notes an edit, for `explain`.
    pub fn touch(&mut self, path: FieldPath, by: &'static str, span: Span) {
        self.touches.push(Touch { path, by, span });
    }
}

/// All objects of an environment, in order: templates by path, then generators in the order of the environment's tables.
#[derive(Debug, Clone, Default)]
pub struct Bundle {
    /// The objects.
    pub objects: Vec<Object>,
    /// Warnings that stages before `check` had to say.
    pub findings: Diagnostics,
}

/// So many objects are worth a thread's trouble.
const PART: usize = 64;

impl Bundle {
    /// Edits all objects, side by side if that pays. What is found is in the objects' order either way.
    pub fn edit_all(&mut self, found: &mut Diagnostics, edit: impl Fn(&mut Object, &mut Diagnostics) + Sync) {
        let part = |objects: &mut [Object]| {
            let mut found = Diagnostics::new();
            for object in objects {
                edit(object, &mut found);
            }
            found
        };
        let parts: Vec<Diagnostics> = self.objects.par_chunks_mut(PART).map(part).collect();
        for part in parts {
            found.extend(part);
        }
    }

    /// What each object gives, in order; worked out side by side if that pays.
    pub fn map_all<T: Send>(&self, map: impl Fn(usize, &Object) -> T + Sync) -> Vec<T> {
        self.objects.par_iter().with_min_len(PART).enumerate().map(|(at, object)| map(at, object)).collect()
    }
}
