//! Paths to fields.

use std::fmt;

use super::node::{Data, Node, Text};

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// A field of a map.
    Field(Text),
    /// An item of a list, from 0.
    Index(usize),
}

/// A path from an object's root to a field. Shown as `spec.containers[0].image`; a field with dots or other special
/// characters as `metadata.annotations["a.b/c"]`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct FieldPath(pub Vec<Step>);

/// A field path that can't be read: what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadPath(pub String);

impl FieldPath {
    /// The object itself.
    pub fn root() -> Self {
        Self::default()
    }

    /// This path and a field below it.
    #[must_use]
    pub fn child(&self, field: impl Into<Text>) -> Self {
        let mut path = self.clone();
        path.0.push(Step::Field(field.into()));
        path
    }

    /// This path and an item below it.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        let mut path = self.clone();
        path.0.push(Step::Index(index));
        path
    }

    /// Adds a field, in place.
    pub fn push_field(&mut self, field: impl Into<Text>) {
        self.0.push(Step::Field(field.into()));
    }

    /// Adds an item, in place.
    pub fn push_index(&mut self, index: usize) {
        self.0.push(Step::Index(index));
    }

    /// Takes the last step off, in place.
    pub fn pop(&mut self) {
        self.0.pop();
    }

    /// Whether this lies at or below `other`.
    pub fn starts_with(&self, other: &Self) -> bool {
        self.0.starts_with(&other.0)
    }

    /// The path of plain fields: `FieldPath::of(&["spec", "replicas"])`.
    pub fn of(fields: &[&str]) -> Self {
        Self(fields.iter().map(|field| Step::Field((*field).into())).collect())
    }

    /// Follows the path down from `node`.
    pub fn find<'a>(&self, node: &'a Node) -> Option<&'a Node> {
        self.0.iter().try_fold(node, |node, step| match (step, &node.data) {
            (Step::Field(field), Data::Map(map)) => map.get(field),
            (Step::Index(index), Data::List(items)) => items.get(*index),
            _ => None,
        })
    }

    /// Follows the path down from `node`, to edit.
    pub fn find_mut<'a>(&self, node: &'a mut Node) -> Option<&'a mut Node> {
        self.0.iter().try_fold(node, |node, step| match (step, &mut node.data) {
            (Step::Field(field), Data::Map(map)) => map.get_mut(field),
            (Step::Index(index), Data::List(items)) => items.get_mut(*index),
            _ => None,
        })
    }

    /// Reads a path as a user writes it, against the object it is meant for: besides what `Display` writes, a list item may be
    /// named by a field's value (`containers[name=server]`), or by its name alone where items have names (`containers[server]`).
    pub fn read(written: &str, node: &Node) -> Result<Self, BadPath> {
        let mut path = Self::root();
        let mut here = Some(node);
        let mut rest = written;
        while !rest.is_empty() {
            rest = rest.strip_prefix('.').unwrap_or(rest);
            let step = if let Some(after) = rest.strip_prefix('[') {
                let close = after.find(']').ok_or_else(|| BadPath(format!("`[` without `]` in `{written}`")))?;
                let (inside, tail) = after.split_at(close);
                rest = tail.strip_prefix(']').unwrap_or(tail);
                Self::read_bracket(inside, here, &path)?
            } else {
                let end = rest.find(['.', '[']).unwrap_or(rest.len());
                let (field, tail) = rest.split_at(end);
                if field.is_empty() {
                    return Err(BadPath(format!("an empty step in `{written}`")));
                }
                rest = tail;
                Step::Field(field.into())
            };
            here = here.and_then(|node| Self(vec![step.clone()]).find(node));
            path.0.push(step);
        }
        Ok(path)
    }

    fn read_bracket(inside: &str, here: Option<&Node>, path: &Self) -> Result<Step, BadPath> {
        if let Some(quoted) = inside.strip_prefix('"').and_then(|inside| inside.strip_suffix('"')) {
            return Ok(Step::Field(quoted.into()));
        }
        if let Ok(index) = inside.parse() {
            return Ok(Step::Index(index));
        }
        let (key, value) = inside.split_once('=').unwrap_or(("name", inside));
        let items = here.and_then(Node::as_list).unwrap_or_default();
        items
            .iter()
            .position(|item| item.get(key).and_then(Node::as_str) == Some(value))
            .map(Step::Index)
            .ok_or_else(|| BadPath(format!("no item of `{path}` has {key} `{value}`")))
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, step) in self.0.iter().enumerate() {
            match step {
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::Field(field) if field.is_empty() || field.contains(['.', '[', ']', '"', '/', ' ']) => {
                    write!(f, "[\"{field}\"]")?;
                }
                Step::Field(field) if at == 0 => f.write_str(field)?,
                Step::Field(field) => write!(f, ".{field}")?,
            }
        }
        Ok(())
    }
}
