//! What belongs to an environment in a cluster, and what was done there: an ApplySet (KEP-3659) whose parent, one ConfigMap in the target
//! namespace, also keeps the history of runs and the serials of sealed files.
//!
//! The inventory is widened before the first write of a run (all kinds and namespaces that have members or will have) and narrowed
//! after its last: whatever a run leaves behind, the next one finds. The parent is written as a compare-and-set, so no writer loses
//! what another wrote.

mod applyset;
mod door;
mod group_kind;
mod parent;
mod record;
mod seen;

pub use applyset::{ID, KINDS, NAMESPACES, OUR_TOOLING, PART_OF, TOOLING, id, parent_name, set_id};
pub use door::{InventoryError, who_am_i};
pub use group_kind::GroupKind;
pub use parent::{BadParent, Inventory, Parent};
pub use record::{Action, Counts, Ending, REMEMBERED, Record};
pub use seen::{Members, members};

#[cfg(test)]
mod tests;
