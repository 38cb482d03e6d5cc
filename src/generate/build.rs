//! The frame of a generated object.

use crate::environment::{Pair, Spanned};
use crate::object::{Data, MadeBy, Map, Node, Object, ObjectId};
use crate::source::Span;

/// What every generated object has.
pub(super) struct Frame<'a> {
    /// `v1`, `rbac.authorization.k8s.io/v1`
    pub(super) api_version: &'static str,
    pub(super) kind: &'static str,
    pub(super) name: &'a Spanned<String>,
    pub(super) namespace: Option<&'a Spanned<String>>,
    pub(super) labels: &'a [Pair<String>],
    pub(super) annotations: &'a [Pair<String>],
    /// The table.
    pub(super) span: Span,
    /// The table's name in the environment file.
    pub(super) table: &'static str,
}

impl Frame<'_> {
    /// The object, with what `fill` adds behind its metadata.
    pub(super) fn object(self, fill: impl FnOnce(&mut Map)) -> Object {
        let span = self.name.span();
        let mut metadata = Map::new();
        metadata.set("name", text(self.name));
        if let Some(namespace) = self.namespace {
            metadata.set("namespace", text(namespace));
        }
        for (field, pairs) in [("labels", self.labels), ("annotations", self.annotations)] {
            if let (Some((first, _)), false) = (pairs.first(), pairs.is_empty()) {
                metadata.insert(field, first.span(), Node::map(texts(pairs), first.span()));
            }
        }
        let mut root = Map::new();
        root.set("apiVersion", Node::text(self.api_version, self.span));
        root.set("kind", Node::text(self.kind, self.span));
        root.set("metadata", Node::map(metadata, span));
        fill(&mut root);
        let (group, version) = ObjectId::split_api_version(self.api_version);
        let source = ObjectId {
            group: group.into(),
            version: version.into(),
            kind: self.kind.into(),
            namespace: self.namespace.map(|namespace| namespace.value.as_str().into()),
            name: self.name.value.as_str().into(),
        };
        Object {
            source,
            root: Node::map(root, self.span),
            span: self.span,
            made_by: MadeBy::Generator(self.table),
            touches: Vec::new(),
            hashed: false,
            rolls_out: true,
        }
    }
}

/// A text with its place.
pub(super) fn text(written: &Spanned<String>) -> Node {
    Node::text(written.value.as_str(), written.span())
}

/// A truth value at a place.
pub(super) fn truth(value: bool, span: Span) -> Node {
    Node::new(Data::Bool(value), span)
}

/// Keys with texts.
pub(super) fn texts(pairs: &[Pair<String>]) -> Map {
    let mut map = Map::new();
    for (key, value) in pairs {
        map.insert(key.value.as_str(), key.span(), text(value));
    }
    map
}

/// A map of fields, all at one place.
pub(super) fn fields<const N: usize>(span: Span, fields: [(&str, Node); N]) -> Node {
    let mut map = Map::new();
    for (key, node) in fields {
        map.insert(key, span, node);
    }
    Node::map(map, span)
}
