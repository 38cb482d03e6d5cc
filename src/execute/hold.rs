//! What a run holds while it writes: the Lease, and the inventory widened.

use std::collections::BTreeMap;

use super::Outcome;
use super::history::{self, Begin, Held};
use super::lease::{self, Holder, Lease, LeaseError, Process, Surroundings};
use crate::cluster::{Cluster, ClusterError, ErrorKind};
use crate::inventory::{Action, InventoryError, Record, parent_name, who_am_i};
use crate::plan::{Plan, Refusal};
use crate::secret::run_name;

/// What is held for.
#[derive(Debug, Clone)]
pub struct Purpose {
    /// Apply, rollback or delete.
    pub action: Action,
    /// Of a rollback: the working tree's commit, whose secrets are applied.
    pub beside: Option<String>,
    /// By sealed file: the serial that is applied.
    pub serials: BTreeMap<String, u64>,
    /// This process, if the system tells of it.
    pub process: Option<Process>,
    /// Clock, and what can be known of other processes.
    pub surroundings: Surroundings,
}

/// The Lease and the inventory, until [`Hold::finish`].
#[derive(Debug)]
pub struct Hold {
    lease: Lease,
    held: Held,
}

/// Why a run may not begin. Nothing is written but, for a moment, the Lease.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotHeld {
    /// Another run has the Lease, or it can't be had.
    #[error(transparent)]
    Lease(#[from] LeaseError),
    /// The inventory isn't ours, or can't be written.
    #[error(transparent)]
    Inventory(#[from] InventoryError),
}

impl NotHeld {
    /// The cluster's error, if it is one; else this is a [`NotHeld::refusal`].
    pub fn cluster(&self) -> Option<&ClusterError> {
        match self {
            Self::Lease(LeaseError::Cluster(error)) | Self::Inventory(InventoryError::Cluster(error)) => Some(error),
            _ => None,
        }
    }

    /// The refusal that it is to a user.
    pub fn refusal(&self) -> Refusal {
        let hint = match self {
            Self::Lease(error) => error.hint(),
            Self::Inventory(error) => error.hint(),
        };
        Refusal { id: None, message: self.to_string(), hint }
    }
}

/// Takes the Lease and widens the inventory. The target namespace must be there: where the plan makes it, that is its first write.
///
/// # Errors
/// Somebody else is at work, or the cluster doesn't let us.
pub async fn take(cluster: &Cluster, plan: &Plan, purpose: Purpose) -> Result<Hold, NotHeld> {
    let who = who_am_i(cluster).await.map_err(LeaseError::from)?;
    let run = run_name().map_err(|error| {
        let doing = "name this run".to_owned();
        let message = format!("the system gives no random bits: {error}");
        LeaseError::Cluster(ClusterError { kind: ErrorKind::Unavailable, doing, message, maybe_done: false })
    })?;
    let Purpose { action, beside, serials, process, surroundings } = purpose;
    let clock = surroundings.clock.clone();
    let holder = Holder { run: run.clone(), who: who.clone(), action: action.to_string(), process };
    let lease = lease::acquire(cluster, &plan.namespace, &parent_name(&plan.environment), holder, surroundings).await?;
    match history::begin(cluster, Begin { plan, action, beside, who, run, serials, clock }).await {
        Ok(held) => Ok(Hold { lease, held }),
        Err(error) => {
            lease.release().await;
            Err(error.into())
        }
    }
}

impl Hold {
    /// Whether the Lease is still ours. Asked before every write.
    pub fn holds(&self) -> bool {
        self.lease.holds()
    }

    /// Whether no other run is in the history.
    pub fn is_first(&self) -> bool {
        self.held.is_first()
    }

    /// The run's number in the history.
    pub fn number(&self) -> u64 {
        self.held.number()
    }

    /// Writes down what became of the run, narrows the inventory, and gives the Lease back; that also where the first fails.
    ///
    /// # Errors
    /// The inventory can't be written: it stays wide.
    pub async fn finish(self, cluster: &Cluster, outcome: &Outcome) -> Result<Record, InventoryError> {
        let noted = self.held.finish(cluster, outcome).await;
        self.lease.release().await;
        noted
    }

    /// The end of a delete: where nothing is left, the inventory and the Lease go too, last. Gives the record that stays otherwise.
    ///
    /// # Errors
    /// As of [`Hold::finish`].
    pub async fn remove(self, cluster: &Cluster, outcome: &Outcome) -> Result<Option<Record>, InventoryError> {
        let left = self.held.remove(cluster, outcome).await;
        match &left {
            Ok(None) => self.lease.remove().await,
            _ => self.lease.release().await,
        }
        left
    }
}
