//! How two trees differ, field by field.

use std::fmt::Write;

use super::align::{Step, align};
use crate::object::{Data, Map, Node};

/// One field that differs.
#[derive(Debug, Clone)]
pub struct FieldChange {
    /// Its path; items of lists of named things by name (`spec.containers[name=server].image`), others by their place on the
    /// new side, or the old for what is gone. The whole object is the empty path.
    pub path: String,
    /// How it differs.
    pub difference: Difference,
}

/// How a field differs.
#[derive(Debug, Clone)]
pub enum Difference {
    /// Only the new side has it.
    Added(Node),
    /// Only the old side has it.
    Removed(Node),
    /// Both have it, with other values.
    Changed(Node, Node),
    /// A list of named things has the same names in another order: the names before and after.
    Reordered(Vec<String>, Vec<String>),
}

/// The fields that differ, in the order of the new side; what is gone stands last in its map.
pub fn fields(old: &Node, new: &Node) -> Vec<FieldChange> {
    let mut walk = Walk { path: String::new(), changes: Vec::new() };
    walk.node(old, new);
    walk.changes
}

struct Walk {
    path: String,
    changes: Vec<FieldChange>,
}

impl Walk {
    fn node(&mut self, old: &Node, new: &Node) {
        match (&old.data, &new.data) {
            (Data::Map(old), Data::Map(new)) => self.map(old, new),
            (Data::List(old), Data::List(new)) => self.list(old, new),
            _ if old.same(new) => {}
            _ => self.push(Difference::Changed(old.clone(), new.clone())),
        }
    }

    fn map(&mut self, old: &Map, new: &Map) {
        for (key, entry) in new.iter() {
            self.below(
                |path| push_field(path, key),
                |walk| match old.get(key) {
                    Some(old) => walk.node(old, &entry.node),
                    None => walk.push(Difference::Added(entry.node.clone())),
                },
            );
        }
        for (key, entry) in old.iter().filter(|(key, _)| !new.has(key)) {
            self.below(|path| push_field(path, key), |walk| walk.push(Difference::Removed(entry.node.clone())));
        }
    }

    fn list(&mut self, old: &[Node], new: &[Node]) {
        let aligned = align(old, new);
        for step in aligned.steps {
            let name = match &step {
                Step::Both(_, new, name) => (new, name),
                Step::Added(at, name) | Step::Removed(at, name) => (at, name),
            };
            let part = name.1.clone().unwrap_or_else(|| name.0.to_string());
            self.below(
                |path| {
                    let _ = write!(path, "[{part}]");
                },
                |walk| match step {
                    Step::Both(old_at, new_at, _) => {
                        if let (Some(old), Some(new)) = (old.get(old_at), new.get(new_at)) {
                            walk.node(old, new);
                        }
                    }
                    Step::Added(at, _) => walk.changes_of(new.get(at), Difference::Added),
                    Step::Removed(at, _) => walk.changes_of(old.get(at), Difference::Removed),
                },
            );
        }
        if let Some((old, new)) = aligned.reordered {
            self.push(Difference::Reordered(old, new));
        }
    }

    fn changes_of(&mut self, node: Option<&Node>, difference: impl Fn(Node) -> Difference) {
        if let Some(node) = node {
            self.push(difference(node.clone()));
        }
    }

    fn push(&mut self, difference: Difference) {
        self.changes.push(FieldChange { path: self.path.clone(), difference });
    }

    fn below(&mut self, step: impl FnOnce(&mut String), work: impl FnOnce(&mut Self)) {
        let length = self.path.len();
        step(&mut self.path);
        work(self);
        self.path.truncate(length);
    }
}

/// As [`FieldPath`](crate::object::FieldPath) writes it.
fn push_field(path: &mut String, field: &str) {
    let _ = if field.is_empty() || field.contains(['.', '[', ']', '"', '/', ' ']) {
        write!(path, "[\"{field}\"]")
    } else if path.is_empty() {
        path.write_str(field)
    } else {
        write!(path, ".{field}")
    };
}
