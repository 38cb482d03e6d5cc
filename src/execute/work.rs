//! What has been done of a plan, and what may still be.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::hold::{Hold, NotHeld};
use super::miss::Miss;
use super::order::{Needs, Wave};
use super::seen::Before;
use super::{Event, Failed, Outcome, Reason, Run};
use crate::cluster::{Live, Resources};
use crate::inventory::{Action, InventoryError};
use crate::object::ObjectId;
use crate::plan::{Member, Operation, Plan, Step};
use crate::status;

/// A plan being carried out.
pub(super) struct Work<'a> {
    pub(super) run: &'a Run<'a>,
    pub(super) plan: &'a Plan,
    needs: Needs,
    /// The kinds that definitions of this plan brought.
    pub(super) resources: Resources,
    record: Mutex<Record>,
    /// The Lease and the inventory, as soon as we have them.
    hold: Option<Hold>,
}

#[derive(Default)]
struct Record {
    outcome: Outcome,
    /// Members whose step failed or was left out: what needs them is left out too.
    missed: BTreeSet<usize>,
    /// Whether the server is gone, so that nothing that comes after can succeed.
    lost: bool,
    /// Whether a write was sent whose outcome nobody knows, or whose effect is there though the step failed.
    touched: bool,
    /// What the server answered to each write of a member that has to become ready.
    live: BTreeMap<usize, Live>,
    /// Roles to be written once more when the rollouts are through: the step, and the state that the first write left.
    narrow: BTreeMap<usize, Before>,
}

impl<'a> Work<'a> {
    pub(super) fn new(plan: &'a Plan, run: &'a Run<'a>) -> Self {
        let record = Record { outcome: Outcome { kept: plan.kept.clone(), ..Outcome::default() }, ..Record::default() };
        Self {
            run,
            plan,
            needs: Needs::of(&plan.members),
            resources: Resources::default(),
            record: Mutex::new(record),
            hold: None,
        }
    }

    fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The writes of each wave, as places in the plan's steps.
    pub(super) fn waves(&self) -> BTreeMap<Wave, Vec<usize>> {
        let mut waves: BTreeMap<Wave, Vec<usize>> = BTreeMap::new();
        for (at, step) in self.plan.steps.iter().enumerate() {
            if let Some(member) = self.member(step) {
                waves.entry(Wave::of_object(&member.object)).or_default().push(at);
            }
        }
        waves
    }

    pub(super) fn step(&self, at: usize) -> Option<&'a Step> {
        self.plan.steps.get(at)
    }

    pub(super) fn member(&self, step: &Step) -> Option<&'a Member> {
        self.plan.members.get(step.member?)
    }

    /// From here on nothing is written when the Lease isn't ours any more.
    pub(super) fn hold(&mut self, hold: Hold) {
        self.hold = Some(hold);
    }

    /// Whether an earlier run may have made what this one's plan takes for missing.
    pub(super) fn may_have_made_it(&self) -> bool {
        self.hold.as_ref().is_some_and(|hold| !hold.is_first())
    }

    /// Gives back what is held, with a record of what became of the run.
    pub(super) async fn let_go(&mut self, outcome: &Outcome) -> Result<(), InventoryError> {
        let Some(hold) = self.hold.take() else { return Ok(()) };
        match self.run.purpose.action {
            Action::Delete => hold.remove(self.run.cluster, outcome).await.map(|_| ()),
            _ => hold.finish(self.run.cluster, outcome).await.map(|_| ()),
        }
    }

    /// The target namespace is made, and then the Lease can't be had.
    pub(super) fn not_held(&self, error: &NotHeld) {
        self.note(format!("nothing but the namespace is written: {error}"));
        self.record().lost = true;
    }

    /// Why a step isn't begun: the run was interrupted, the Lease or the server is gone, or something that it needs failed.
    pub(super) fn veto(&self, step: &Step) -> Option<Miss> {
        if self.run.interrupt.is_set() {
            return Some(Miss::interrupted());
        }
        if self.hold.as_ref().is_some_and(|hold| !hold.holds()) {
            let message = "not begun: the Lease isn't ours any more, so another run may be under way; run the command again";
            return Some(Miss::moved(None, message));
        }
        let record = self.record();
        if record.lost {
            return Some(Miss::new(Reason::Unreachable, "not begun: the run couldn't go on"));
        }
        let missed = self.needs.of_member(step.member?).find(|need| record.missed.contains(need))?;
        let id = self.plan.members.get(missed)?.object.id();
        Some(Miss::new(Reason::Skipped(id.clone()), format!("not begun: it needs {id}, which failed")))
    }

    /// The state that a write has left.
    pub(super) fn keep(&self, step: &Step, live: &Live) {
        if let Some(member) = step.member.filter(|_| !status::is_ready_by_being_there(&step.id.group, &step.id.kind)) {
            self.record().live.insert(member, live.clone());
        }
    }

    /// The state of a member after its write.
    pub(super) fn live(&self, member: usize) -> Option<Live> {
        self.record().live.get(&member).cloned()
    }

    /// Whether the run couldn't go on.
    pub(super) fn is_lost(&self) -> bool {
        self.record().lost
    }

    pub(super) fn done(&self, step: &Step) {
        let event = Event::Done(step.operation, step.id.clone());
        let mut record = self.record();
        record.outcome.done.push((step.operation, step.id.clone()));
        // Told under the lock, so that it is told in the order in which it is noted.
        self.run.listener.hear(&event);
    }

    pub(super) fn failed(&self, step: &Step, miss: Miss) {
        let is_final = miss.is_final();
        let failed = miss.failed(step, self.run);
        let mut record = self.record();
        record.lost |= is_final;
        record.touched |= failed.reason == Reason::Unknown || failed.message.contains("DELETED");
        record.missed.extend(step.member);
        self.run.listener.hear(&Event::Failed(failed.clone()));
        record.outcome.failed.push(failed);
    }

    /// A member without a step, or whose step is done, turns out to be no ground for others.
    pub(super) fn member_failed(&self, member: usize, failed: Failed) {
        let mut record = self.record();
        record.missed.insert(member);
        self.run.listener.hear(&Event::Failed(failed.clone()));
        record.outcome.failed.push(failed);
    }

    /// An object that is written, and isn't ready.
    pub(super) fn not_ready(&self, failed: Failed) {
        let mut record = self.record();
        self.run.listener.hear(&Event::Failed(failed.clone()));
        record.outcome.failed.push(failed);
    }

    /// A prune that turns out not to be: the object stays.
    pub(super) fn kept(&self, id: &ObjectId, why: String) {
        self.record().outcome.kept.push(crate::plan::Kept { id: id.clone(), why });
    }

    pub(super) fn note(&self, note: impl Into<String>) {
        let note = self.run.scrubber.scrub(&note.into());
        let mut record = self.record();
        self.run.listener.hear(&Event::Note(note.clone()));
        record.outcome.notes.push(note);
    }

    /// Notes that the Role of a step is to be narrowed later, and whether it was widened for that.
    pub(super) fn narrow_later(&self, step: usize, before: Before, is_written: bool) {
        let mut record = self.record();
        record.narrow.insert(step, before);
        record.touched |= is_written;
    }

    pub(super) fn take_narrow(&self) -> BTreeMap<usize, Before> {
        std::mem::take(&mut self.record().narrow)
    }

    /// The members that are as the bundle wants them, as far as writing goes.
    pub(super) fn written(&self) -> Vec<(usize, &'a Member)> {
        let record = self.record();
        let members = self.plan.members.iter().enumerate();
        members.filter(|(at, _)| !record.missed.contains(at)).collect()
    }

    /// Whether everything so far went as planned.
    pub(super) fn is_clean(&self) -> bool {
        let record = self.record();
        record.outcome.failed.is_empty() && !self.run.interrupt.is_set()
    }

    pub(super) fn outcome(&self) -> Outcome {
        let record = self.record();
        let interrupted =
            self.run.interrupt.is_set() && record.outcome.failed.iter().any(|failed| failed.reason == Reason::Interrupted);
        Outcome { interrupted, touched: record.touched || !record.outcome.done.is_empty(), ..record.outcome.clone() }
    }

    /// How many writes and prunes the plan has.
    pub(super) fn begins(&self) -> Event {
        let prunes = self.plan.count(Operation::Prune);
        Event::Begins { writes: self.plan.steps.len() - prunes, prunes: if self.run.options.prune { prunes } else { 0 } }
    }
}
