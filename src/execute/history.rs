//! A run's hold on the inventory: wide before its first write, narrow after its last, its record in both.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::{Clock, Outcome, Reason};
use crate::cluster::{Cluster, ErrorKind};
use crate::inventory::{Action, Counts, Ending, GroupKind, Inventory, InventoryError, Members, Record, members};
use crate::object::ObjectId;
use crate::plan::{Operation, Plan};
use crate::planted;

/// How often the parent is read again because somebody wrote it at the same moment.
const TRIES: usize = 8;
/// How often, and how long apart, it is looked again at kinds that can't be listed for the moment.
const LOOKS: usize = 5;
const PAUSE: Duration = Duration::from_millis(400);

/// What a run is, for its record.
#[derive(Debug, Clone)]
pub struct Begin<'a> {
    /// What is to be done.
    pub plan: &'a Plan,
    /// Apply, rollback or delete.
    pub action: Action,
    /// Of a rollback: the commit of the working tree, whose secrets are applied.
    pub beside: Option<String>,
    /// Who: what [`crate::inventory::who_am_i`] says.
    pub who: String,
    /// The run's own random name; its Lease has it too.
    pub run: String,
    /// By sealed file: the serial that is applied.
    pub serials: BTreeMap<String, u64>,
    /// The clock.
    pub clock: Clock,
}

/// The inventory, wide, while a run is under way.
#[derive(Debug)]
pub struct Held {
    environment: String,
    inventory: Inventory,
    record: Record,
    /// Where the bundle's objects are, or will be.
    bundle: Places,
    /// What the plan prunes.
    prunes: Vec<ObjectId>,
    /// The last other run when this one began.
    before: Option<String>,
    clock: Clock,
}

/// Kinds and namespaces.
#[derive(Debug, Clone, Default)]
struct Places {
    kinds: BTreeSet<GroupKind>,
    namespaces: BTreeSet<String>,
}

impl Places {
    fn of(ids: impl Iterator<Item = ObjectId>) -> Self {
        let mut places = Self::default();
        for id in ids {
            places.kinds.insert(GroupKind::of(&id));
            places.namespaces.extend(id.namespace.as_deref().map(str::to_owned));
        }
        places
    }
}

/// Widens the inventory by all that the plan may write, and notes that a run has begun. Comes before the first write of the run, with one
/// exception: where the plan makes the target namespace, that comes first, because the inventory lies in it.
///
/// # Errors
/// It can't be written, isn't ours, or another run begins at the same moment. Nothing is done then.
pub async fn begin(cluster: &Cluster, begin: Begin<'_>) -> Result<Held, InventoryError> {
    let plan = begin.plan;
    let inventory = Inventory::read(cluster, &plan.environment, &plan.namespace).await?;
    let record = Record {
        number: inventory.next_number(),
        run: begin.run,
        action: begin.action,
        commit: plan.commit.clone(),
        beside: begin.beside,
        compiled: plan.compiled.clone(),
        who: begin.who,
        began: begin.clock.second(),
        ended: None,
        counts: Counts { unchanged: plan.unchanged(), ..Counts::default() },
        outcome: Ending::Running,
    };
    let mut held = Held {
        environment: plan.environment.clone(),
        before: inventory.last_other(&record.run).map(str::to_owned),
        inventory,
        record,
        bundle: Places::of(plan.members.iter().map(|member| member.object.id())),
        prunes: plan.steps.iter().filter(|step| step.operation == Operation::Prune).map(|step| step.id.clone()).collect(),
        clock: begin.clock,
    };
    let steps = Places::of(plan.steps.iter().map(|step| step.id.clone()));
    let wide = |held: &Held| {
        let mut wide = held.inventory.clone();
        if !planted::is("inventory-narrowed-early") {
            wide = wide.widened(&held.bundle.kinds, &held.bundle.namespaces).widened(&steps.kinds, &steps.namespaces);
        }
        wide.serials.extend(begin.serials.clone());
        wide.note(held.record.clone());
        wide
    };
    held.put(cluster, Overtaking::Refused, wide).await?;
    Ok(held)
}

/// What it means that another run has begun.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Overtaking {
    /// This one may not begin.
    Refused,
    /// This one has ended anyway.
    Noted,
}

impl Held {
    /// The run's number.
    pub fn number(&self) -> u64 {
        self.record.number
    }

    /// Whether no other run was in the history when this one began.
    pub fn is_first(&self) -> bool {
        self.before.is_none()
    }

    /// Notes what became of the run, and narrows the inventory to the kinds and namespaces that still have members, or will have. What is left
    /// of a failed prune, or can't be listed, stays in it; so does all if the run was interrupted or another has begun since.
    ///
    /// # Errors
    /// It can't be written: it stays wide then, and the record says `running`.
    pub async fn finish(mut self, cluster: &Cluster, outcome: &Outcome) -> Result<Record, InventoryError> {
        self.record.ended = Some(self.clock.second());
        self.record.outcome = ending(outcome);
        self.record.counts = counts(outcome, self.record.counts.unchanged);
        let narrow = if outcome.interrupted { None } else { self.narrow(cluster, outcome).await };
        let edit = |held: &Self| {
            let alone = held.inventory.last_other(&held.record.run) == held.before.as_deref();
            let mut next = match narrow.clone().filter(|_| alone) {
                Some(places) => held.inventory.narrowed(places.kinds, places.namespaces),
                None => held.inventory.clone(),
            };
            next.note(held.record.clone());
            next
        };
        self.put(cluster, Overtaking::Noted, edit).await?;
        Ok(self.record)
    }

    /// After a delete that left nothing: the inventory itself goes. Gives what is left of it otherwise.
    ///
    /// # Errors
    /// As of [`Held::finish`].
    pub async fn remove(mut self, cluster: &Cluster, outcome: &Outcome) -> Result<Option<Record>, InventoryError> {
        let mut left = if ending(outcome) == Ending::Ok { self.narrow(cluster, outcome).await } else { None };
        for _ in 1..LOOKS {
            if !outcome.kept.is_empty() || left.as_ref().is_none_or(|left| left.kinds.is_empty()) {
                break;
            }
            // What is deleted may need a moment to be gone.
            tokio::time::sleep(PAUSE).await;
            left = self.narrow(cluster, outcome).await;
        }
        if left.is_none_or(|left| !left.kinds.is_empty()) {
            return self.finish(cluster, outcome).await.map(Some);
        }
        match self.inventory.delete(cluster).await {
            Ok(()) => Ok(None),
            Err(error) if error.is_not_found() => Ok(None),
            Err(_) => {
                // Somebody wrote it, or nobody knows: then it stays, with the record.
                self.inventory = Inventory::read(cluster, &self.environment, &self.inventory.namespace).await?;
                if self.inventory.parent.is_none() { Ok(None) } else { self.finish(cluster, outcome).await.map(Some) }
            }
        }
    }

    /// Where members are, or will be; `None` if it isn't known that anything can be left out. What was to be pruned and wasn't counts, whatever the
    /// lists say: a list that comes from before it was made would lose it.
    async fn narrow(&self, cluster: &Cluster, outcome: &Outcome) -> Option<Places> {
        let pruned: BTreeSet<&ObjectId> =
            outcome.done.iter().filter(|(operation, _)| *operation == Operation::Prune).map(|(_, id)| id).collect();
        let stays = self.prunes.iter().filter(|id| !pruned.contains(id)).chain(outcome.kept.iter().map(|kept| &kept.id));
        let stays = Places::of(stays.cloned());
        let mut places = self.bundle.clone();
        places.kinds.extend(stays.kinds);
        places.namespaces.extend(stays.namespaces);
        places.namespaces.remove(&self.inventory.namespace);
        if places.kinds.is_superset(&self.inventory.kinds) && places.namespaces.is_superset(&self.inventory.namespaces) {
            return Some(places);
        }
        let found = self.look(cluster).await?;
        let seen = Places::of(found.live.iter().map(crate::cluster::Live::id));
        places.kinds.extend(seen.kinds);
        places.namespaces.extend(seen.namespaces);
        if !found.unlisted.is_empty() {
            places.kinds.extend(found.unlisted);
            places.namespaces.extend(self.inventory.namespaces.iter().cloned());
        }
        Some(places)
    }

    /// All members that the cluster has. A definition that was just deleted can't say for a moment what is left of its objects.
    async fn look(&self, cluster: &Cluster) -> Option<Members> {
        let mut left = LOOKS;
        loop {
            let resources = cluster.discover().await.ok()?;
            let found = members(cluster, &resources, &self.inventory, |_, _| None).await.ok()?;
            left -= 1;
            if !found.passing || left == 0 {
                return Some(found);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Writes the parent; if somebody was faster, or nobody knows whether it was written, reads it again and decides anew.
    async fn put(
        &mut self,
        cluster: &Cluster,
        overtaking: Overtaking,
        edit: impl Fn(&Self) -> Inventory,
    ) -> Result<(), InventoryError> {
        let mut left = TRIES;
        loop {
            let next = edit(self);
            let error = match next.write(cluster).await {
                Ok(live) => {
                    self.inventory = Inventory::of_live(&self.environment, &next.namespace, &live)?;
                    return Ok(());
                }
                Err(error) => error,
            };
            let undecided = error.maybe_done
                || matches!(error.kind, ErrorKind::Moved | ErrorKind::Exists)
                || (error.is_not_found() && self.inventory.parent.is_some());
            left -= 1;
            if !undecided || left == 0 {
                return Err(error.into());
            }
            self.inventory = Inventory::read(cluster, &self.environment, &next.namespace).await?;
            if self.inventory.record(&self.record.run) == Some(&self.record) {
                return Ok(());
            }
            if overtaking == Overtaking::Refused
                && let Some(other) = self.overtaken_by()
            {
                return Err(other);
            }
        }
    }

    fn overtaken_by(&self) -> Option<InventoryError> {
        let last = self.inventory.last_other(&self.record.run)?;
        let record = self.inventory.record(last).filter(|_| Some(last) != self.before.as_deref())?;
        Some(InventoryError::Overtaken { number: record.number, who: record.who.clone() })
    }
}

/// What became of a run, in a word.
pub fn ending(outcome: &Outcome) -> Ending {
    let waits_only = outcome.failed.iter().all(|failed| failed.reason == Reason::NotReady);
    match (outcome.interrupted, outcome.failed.is_empty(), waits_only, outcome.done.is_empty()) {
        (true, ..) => Ending::Interrupted,
        (_, true, ..) => Ending::Ok,
        (_, _, true, _) => Ending::TimedOut,
        (_, _, _, true) => Ending::Failed,
        _ => Ending::Partial,
    }
}

fn counts(outcome: &Outcome, unchanged: usize) -> Counts {
    let done = |operation| outcome.done.iter().filter(|(done, _)| *done == operation).count();
    Counts {
        created: done(Operation::Create),
        updated: done(Operation::Update),
        replaced: done(Operation::Replace),
        pruned: done(Operation::Prune),
        failed: outcome.failed.len(),
        unchanged,
    }
}
