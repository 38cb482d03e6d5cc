//! Rewrites every field that names an object of the bundle to that object's final name.
//!
//! The rows of the table become trees of fields, one a kind and one for pod specs, so that an object is walked once however
//! many rows it has. No field is visited twice: a name that is already final could be another object's source name.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::names::{Found, Named, Names, Wanted};
use super::references_table::{KUSTOMIZE, MORE, Row, Start};
use super::{AMBIGUOUS_REFERENCE, plural};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::object::podspec::pod_spec_paths;
use crate::object::{Data, FieldPath, Map, Node, Object, ObjectId, Step, Text};
use crate::source::Span;

/// Rows by the fields of their paths.
#[derive(Debug, Default)]
struct Tree {
    fields: BTreeMap<&'static str, Tree>,
    rows: Vec<&'static Row>,
}

impl Tree {
    fn add(&mut self, row: &'static Row) {
        let mut here = self;
        for field in row.path {
            here = here.fields.entry(field).or_default();
        }
        here.rows.push(row);
    }
}

static PODS: LazyLock<Tree> = LazyLock::new(|| {
    let mut tree = Tree::default();
    rows().filter(|row| row.start == Start::Pod).for_each(|row| tree.add(row));
    tree
});

/// Trees by kind; rows for several groups of one kind are told apart when they are used.
static KINDS: LazyLock<BTreeMap<&'static str, Tree>> = LazyLock::new(|| {
    let mut trees: BTreeMap<&str, Tree> = BTreeMap::new();
    for row in rows() {
        if let Start::Kind(_, kind) = row.start {
            trees.entry(kind).or_default().add(row);
        }
    }
    trees
});

fn rows() -> impl Iterator<Item = &'static Row> {
    KUSTOMIZE.iter().chain(MORE)
}

/// Rewrites the references of one object.
pub(super) fn rewrite(object: &mut Object, names: &Names, found: &mut Diagnostics) {
    let paths = pod_spec_paths(object);
    let kind_tree = KINDS.get(object.kind());
    if paths.is_empty() && kind_tree.is_none() {
        return;
    }
    let namespace = object.namespace().map(Text::from);
    let mut walk = Walk {
        names,
        id: &object.source.clone(),
        namespace: namespace.as_deref(),
        touches: Vec::new(),
        found,
        here: FieldPath::root(),
    };
    for path in paths {
        if let Some(node) = path.find_mut(&mut object.root) {
            walk.here = path;
            walk.node(node, &PODS);
        }
    }
    if let Some(tree) = kind_tree {
        walk.here = FieldPath::root();
        walk.node(&mut object.root, tree);
    }
    for (path, span) in walk.touches {
        object.touch(path, "resolve.reference", span);
    }
}

struct Walk<'a> {
    names: &'a Names,
    id: &'a ObjectId,
    namespace: Option<&'a str>,
    touches: Vec<(FieldPath, Span)>,
    found: &'a mut Diagnostics,
    here: FieldPath,
}

/// What stands beside a name and says more of what is meant.
#[derive(Debug, Default, Clone)]
struct Beside {
    kind: Option<Text>,
    group: Option<Text>,
    namespace: Option<Text>,
}

impl Beside {
    fn read(map: &Map) -> Self {
        let text = |field: &str| map.get(field).and_then(Node::as_str).map(Text::from);
        let of_version = || text("apiVersion").map(|version| Text::from(ObjectId::split_api_version(&version).0));
        let group = text("apiGroup").or_else(|| text("group")).or_else(of_version);
        Self { kind: text("kind"), group, namespace: text("namespace") }
    }
}

impl<'a> Walk<'a> {
    fn node(&mut self, node: &mut Node, tree: &'static Tree) {
        match &mut node.data {
            Data::List(items) => {
                for (at, item) in items.iter_mut().enumerate() {
                    self.here.push_index(at);
                    self.node(item, tree);
                    self.here.pop();
                }
            }
            Data::Map(map) => {
                for (field, below) in &tree.fields {
                    if !map.has(field) {
                        continue;
                    }
                    self.here.0.push(Step::Field(Text::const_new(field)));
                    self.field(map, field, below);
                    self.here.pop();
                }
            }
            _ => {}
        }
    }

    fn field(&mut self, map: &mut Map, field: &'static str, tree: &'static Tree) {
        if !tree.rows.is_empty() {
            if field == "resourceNames" {
                self.resource_names(map);
                return;
            }
            let beside = if field == "name" { Beside::read(map) } else { Beside::default() };
            if let Some(node) = map.get_mut(field) {
                self.leaf(node, &tree.rows, &beside);
            }
        }
        if let Some(node) = map.get_mut(field).filter(|_| !tree.fields.is_empty()) {
            self.node(node, tree);
        }
    }

    fn leaf(&mut self, node: &mut Node, rows: &[&'static Row], beside: &Beside) {
        match &mut node.data {
            Data::Text(_) => self.scalar(node, rows, beside),
            Data::Map(map) => self.mapping(map, rows),
            Data::List(items) => {
                for (at, item) in items.iter_mut().enumerate() {
                    self.here.push_index(at);
                    self.leaf(item, rows, beside);
                    self.here.pop();
                }
            }
            _ => {}
        }
    }

    fn scalar(&mut self, node: &mut Node, rows: &[&'static Row], beside: &Beside) {
        let Some(written) = node.as_str() else { return };
        // Annotations of ingress controllers take `namespace/name` too.
        let (prefix, name) = written.split_once('/').map_or((None, written), |(namespace, name)| (Some(namespace), name));
        let namespace = prefix.or(beside.namespace.as_deref()).or(self.namespace);
        let Some(named) = self.find(node.span, rows, beside, name, namespace) else { return };
        let new = prefix.map_or_else(|| named.name.clone(), |prefix| Text::from(format!("{prefix}/{}", named.name)));
        if new != written {
            self.touches.push((self.here.clone(), named.span));
            node.data = Data::Text(new);
        }
    }

    /// A map with `name` and `namespace`: both are set, as kustomize does.
    fn mapping(&mut self, map: &mut Map, rows: &[&'static Row]) {
        let beside = Beside::read(map);
        let Some(node) = map.get("name") else { return };
        let (Some(written), span) = (node.as_str(), node.span) else { return };
        let namespace = beside.namespace.as_deref().or(self.namespace);
        let Some(named) = self.find(span, rows, &beside, written, namespace) else { return };
        let (new, there) = (named.name.clone(), named.namespace.clone());
        let at = named.span;
        if new != written
            && let Some(node) = map.get_mut("name")
        {
            node.data = Data::Text(new);
            self.touches.push((self.here.child("name"), at));
        }
        if let Some(there) = there.filter(|_| beside.namespace.is_none()) {
            map.set("namespace", Node::text(there, span));
            self.touches.push((self.here.child("namespace"), at));
        }
    }

    /// The object that a name means by one of these rows.
    fn find(
        &mut self,
        span: Span,
        rows: &[&'static Row],
        beside: &Beside,
        name: &str,
        namespace: Option<&str>,
    ) -> Option<&'a Named> {
        let names = self.names;
        for row in rows {
            if !self.starts_here(row) {
                continue;
            }
            let (kind, group) = match beside.kind.as_deref() {
                Some(kind) if row.any_kind => (kind, None),
                Some(kind) if kind != row.kind => continue,
                _ => (row.kind, row.group),
            };
            let wanted = Wanted { group, kind, name, namespace };
            match names.find(wanted) {
                Found::Nothing => {}
                Found::One(target) => return Some(target),
                Found::Several(first, second) => {
                    let by_group = beside.group.as_deref().map(|group| names.find(Wanted { group: Some(group), ..wanted }));
                    if let Some(Found::One(target)) = by_group {
                        return Some(target);
                    }
                    self.ambiguous(span, kind, name, first, second);
                    return None;
                }
            }
        }
        None
    }

    fn starts_here(&self, row: &Row) -> bool {
        match row.start {
            Start::Pod => true,
            Start::Kind(group, _) => group.is_none_or(|group| group == self.id.group),
        }
    }

    /// `resourceNames` name objects of the rule's `resources`, one name possibly of several kinds.
    fn resource_names(&mut self, rule: &mut Map) {
        let resources = rule.get("resources").and_then(Node::as_list).unwrap_or_default();
        let resources: Vec<Text> = resources.iter().filter_map(Node::as_str).map(Text::from).collect();
        let everything = resources.iter().any(|resource| resource == "*");
        let is_meant = |kind: &&str| {
            let plural = plural(kind);
            everything || resources.iter().any(|resource| resource.split('/').next() == Some(plural.as_str()))
        };
        let names = self.names;
        let kinds: Vec<&str> = names.kinds().filter(is_meant).collect();
        let Some(list) = rule.get_mut("resourceNames").and_then(Node::as_list_mut) else { return };
        let mut new: Vec<Node> = Vec::new();
        for (at, node) in std::mem::take(list).into_iter().enumerate() {
            let mut finals: Vec<Text> = Vec::new();
            for kind in &kinds {
                let Some(name) = node.as_str() else { break };
                match names.find(Wanted { group: None, kind, name, namespace: self.namespace }) {
                    Found::One(target) if !finals.contains(&target.name) => {
                        if target.name != name {
                            self.touches.push((self.here.index(at), target.span));
                        }
                        finals.push(target.name.clone());
                    }
                    Found::Several(first, second) => self.ambiguous(node.span, kind, name, first, second),
                    _ => {}
                }
            }
            if finals.is_empty() {
                new.push(node);
            } else {
                new.extend(finals.into_iter().map(|name| Node::text(name, node.span)));
            }
        }
        *list = new;
    }

    fn ambiguous(&mut self, span: Span, kind: &str, name: &str, first: &Named, second: &Named) {
        let both = format!("`{kind}/{name}` can be two objects, `{}` and `{}`", first.name, second.name);
        self.found.push(
            Diagnostic::new(&AMBIGUOUS_REFERENCE, both)
                .at(span, "which one?")
                .also(first.span, format!("`{}`", first.name))
                .also(second.span, format!("`{}`", second.name))
                .on(self.id.to_string())
                .field(self.here.to_string())
                .hint("give the reference a namespace, or one of the objects another name"),
        );
    }
}
