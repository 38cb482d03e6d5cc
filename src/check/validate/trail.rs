//! The way down to a place during a walk, kept on the stack: a path is built only for a finding.

use crate::object::FieldPath;

/// A place, by the way from the object's root.
#[derive(Debug, Clone, Copy)]
pub(super) struct Trail<'a> {
    up: Option<&'a Trail<'a>>,
    step: Step<'a>,
}

#[derive(Debug, Clone, Copy)]
enum Step<'a> {
    Root,
    Field(&'a str),
    Index(usize),
}

impl<'a> Trail<'a> {
    /// The object itself.
    pub(super) fn root() -> Self {
        Self { up: None, step: Step::Root }
    }

    /// A field below.
    pub(super) fn field(&'a self, name: &'a str) -> Self {
        Self { up: Some(self), step: Step::Field(name) }
    }

    /// An item below.
    pub(super) fn index(&'a self, index: usize) -> Self {
        Self { up: Some(self), step: Step::Index(index) }
    }

    /// Whether it is the object itself.
    pub(super) fn is_root(&self) -> bool {
        self.up.is_none()
    }

    /// The name of the field that it ends in; of an item, the list's.
    pub(super) fn name(&self) -> &'a str {
        match (self.step, self.up) {
            (Step::Field(name), _) => name,
            (Step::Index(_), Some(up)) => up.name(),
            _ => "",
        }
    }

    /// Whether the field above this one has that name.
    pub(super) fn is_under(&self, name: &str) -> bool {
        self.up.is_some_and(|up| up.name() == name)
    }

    /// The object's own field that it lies in.
    pub(super) fn first(&self) -> Option<&'a str> {
        let mut here = *self;
        while let Some(up) = here.up {
            if up.is_root() {
                return Some(here.name());
            }
            here = *up;
        }
        None
    }

    /// As a path.
    pub(super) fn path(&self) -> FieldPath {
        let mut path = self.up.map_or_else(FieldPath::root, Trail::path);
        match self.step {
            Step::Root => {}
            Step::Field(name) => path.push_field(name),
            Step::Index(index) => path.push_index(index),
        }
        path
    }
}
