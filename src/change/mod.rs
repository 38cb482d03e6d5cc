//! What differs between two bundles. Knows no cluster, no terminal, no format: `report::change` writes it out.
//!
//! [`compare`] pairs the objects of both sides and gives each pair's differences by field. Secrets are compared by their
//! fingerprints; a difference never holds a value, also none of a Secret that holds it in the open.

mod align;
mod fields;
mod hide;
mod masked;
mod pair;
mod restart;
mod sealed;
mod secrets;

pub use fields::{Difference, FieldChange, fields};
pub use hide::hide;
pub use masked::{shorten, unmask};
pub use pair::{Matching, strip_hash};
pub use restart::{replaces_pods, used_config};
pub use sealed::{SealedChange, sealed_files};
pub use secrets::{SecretChange, SecretDifference, secrets};

use crate::object::{Object, ObjectId};

/// What happens to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    /// Only the new side has it.
    Create,
    /// Both have it.
    Update,
    /// Only the old side has it.
    Delete,
}

/// One object that differs.
#[derive(Debug, Clone)]
pub struct Change {
    /// What happens to it.
    pub operation: Operation,
    /// Its id on the new side; of a deleted one on the old.
    pub id: ObjectId,
    /// Its id on the old side, where the two differ: a hashed name, or another environment's.
    pub renamed_from: Option<ObjectId>,
    /// Each field that differs, in the order of the new side. Of a created or deleted object one, at the root.
    pub fields: Vec<FieldChange>,
    /// The workloads whose pods this change replaces, as `Kind/name`: itself, or those that use it.
    pub restarts: Vec<String>,
}

/// How two bundles differ.
#[derive(Debug, Clone, Default)]
pub struct Comparison {
    /// The objects that differ: created and changed ones in the new side's order, then the deleted.
    pub changes: Vec<Change>,
    /// How many are the same.
    pub unchanged: usize,
    /// The workloads whose pods are replaced, as `Kind/name`, in order.
    pub restarts: Vec<String>,
}

impl Comparison {
    /// Whether there is no difference.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// How many objects have this happen to them.
    pub fn count(&self, operation: Operation) -> usize {
        self.changes.iter().filter(|change| change.operation == operation).count()
    }
}

/// Compares two bundles. The order of the objects means nothing.
pub fn compare(old: &[Object], new: &[Object], matching: Matching) -> Comparison {
    let pairs = pair::pair(old, new, matching);
    let mut comparison = Comparison::default();
    let mut differing: Vec<(Change, Option<&Object>)> = Vec::new();
    for (old, new) in pairs.both {
        let fields = fields(&old.root, &new.root);
        if fields.is_empty() {
            comparison.unchanged += 1;
            continue;
        }
        let (old_id, id) = (old.id(), new.id());
        let renamed = old_id.name != id.name || old_id.namespace != id.namespace;
        let renamed_from = renamed.then_some(old_id);
        differing.push((Change { operation: Operation::Update, id, renamed_from, fields, restarts: Vec::new() }, Some(new)));
    }
    for new in pairs.created {
        differing.push((whole(Operation::Create, new), None));
    }
    comparison.restarts = restart::mark(&mut differing);
    let mut changes: Vec<Change> = differing.into_iter().map(|(change, _)| change).collect();
    let place: std::collections::BTreeMap<ObjectId, usize> =
        new.iter().enumerate().map(|(at, object)| (object.id(), at)).collect();
    changes.sort_by_key(|change| place.get(&change.id).copied());
    changes.extend(pairs.deleted.into_iter().map(|old| whole(Operation::Delete, old)));
    for change in &mut changes {
        hide::hide(&change.id, &mut change.fields);
    }
    comparison.changes = changes;
    comparison
}

fn whole(operation: Operation, object: &Object) -> Change {
    let node = object.root.clone();
    let difference = if operation == Operation::Create { Difference::Added(node) } else { Difference::Removed(node) };
    let field = FieldChange { path: String::new(), difference };
    Change { operation, id: object.id(), renamed_from: None, fields: vec![field], restarts: Vec::new() }
}

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
