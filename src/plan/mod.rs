//! What an apply would do, object by object: read by diff, plan, apply, status and delete alike, so that what is shown is what is done.
//!
//! A [`Plan`] is made from a compiled environment and what the cluster has. Making it writes nothing. `execute` consumes it: each
//! step carries what was seen of its object, and is done only while that still holds.

mod adopt;
mod ahead;
mod body;
mod compare;
mod digest;
mod error;
pub mod file;
mod foreign;
mod make;
mod members;
mod node;
mod observe;
mod policy;
mod predict;
pub mod prune;
mod rename;
mod restart;
mod schemas;
mod set;
mod settings;
#[cfg(test)]
pub(crate) mod testing;
pub mod uses;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use ahead::{Ahead, Home, facts, look_ahead};
pub use body::{body, opener};
pub use digest::compiled as compiled_digest;
pub use error::{PlanError, Problem};
pub use make::{Input, Options, make};
pub use settings::{duration, manager, namespace};

use crate::change::FieldChange;
use crate::cluster::{Live, Resource};
use crate::object::{Object, ObjectId};

/// What an apply would do.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The environment.
    pub environment: String,
    /// The namespace of the environment's inventory, history and Lease: `target.namespace`.
    pub namespace: String,
    /// The cluster that it is for.
    pub cluster: ClusterFacts,
    /// The commit that was compiled, if the root lies in a git repository with one.
    pub commit: Option<String>,
    /// SHA-256 over the bundle in its sealed form, in hexadecimal: equal sources give an equal one, and it says nothing of a secret but its
    /// fingerprint.
    pub compiled: String,
    /// All objects of the bundle, in its order, those that don't change too.
    pub members: Vec<Member>,
    /// What is to be done: writes in the bundle's order, then prunes. An object without a step is proven, or asked, to be as wanted.
    pub steps: Vec<Step>,
    /// Objects that are ours, aren't in the bundle any more, and stay: with the reason.
    pub kept: Vec<Kept>,
    /// Why an apply of this plan is refused (exit 3); empty if it isn't.
    pub refusals: Vec<Refusal>,
    /// What a user should know, a sentence each.
    pub warnings: Vec<String>,
    /// The workloads whose pods are replaced, as `Kind/name`, in order.
    pub restarts: Vec<String>,
    /// Field policies and limits of the environment, for `execute`.
    pub settings: Settings,
}

/// What an environment's `[apply]` says, with the defaults put in.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How long to wait for workloads.
    pub timeout: std::time::Duration,
    /// How many old hashed objects of one name are kept though nothing uses them.
    pub keep: usize,
    /// The most objects that one apply prunes.
    pub prune_budget: usize,
}

/// Which cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterFacts {
    /// The UID of the namespace kube-system: it stays the same for a cluster's life, whatever its URL. `None` if it may not be read.
    pub id: Option<String>,
    /// The server's version, such as `v1.37.2`.
    pub version: String,
}

/// An object of the bundle beside what the cluster has of it.
#[derive(Debug, Clone)]
pub struct Member {
    /// What is sent: the bundle's object with the ApplySet label, without fields that are left to others. Secrets sealed.
    pub object: Arc<Object>,
    /// Its kind as the server serves it; `None` if its CRD is in this bundle and not there yet.
    pub resource: Option<Arc<Resource>>,
    /// What the cluster has, if anything.
    pub live: Option<Live>,
}

/// What is done to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    /// It isn't there.
    Create,
    /// It is there with other values, or other owners of its fields.
    Update,
    /// An immutable field changes: it is deleted and made anew.
    Replace,
    /// It is ours and not in the bundle any more: it is deleted.
    Prune,
}

/// What was seen of an object when the plan was made. A write is done only to this object, in this state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// `metadata.uid`.
    pub uid: String,
    /// `metadata.resourceVersion`.
    pub resource_version: String,
    /// The digest of the fields that the plan looked at (`owned::looked_at`); `None` for a Secret, which is bound by uid and
    /// resourceVersion alone, so that nothing derived from its data is kept.
    pub digest: Option<String>,
}

/// One object's part of a plan.
#[derive(Debug, Clone)]
pub struct Step {
    /// What is done.
    pub operation: Operation,
    /// The object, under its final name.
    pub id: ObjectId,
    /// Which member of the plan; `None` for a prune.
    pub member: Option<usize>,
    /// Its kind as the server serves it; `None` as in [`Member::resource`].
    pub resource: Option<Arc<Resource>>,
    /// What was seen of it; `None` if it wasn't there.
    pub seen: Option<Seen>,
    /// Of a hashed object: the one whose successor it is.
    pub renamed_from: Option<ObjectId>,
    /// What changes, field by field, secrets masked; empty where only the owners of fields change.
    pub fields: Vec<FieldChange>,
    /// The immutable fields that make it a replace.
    pub immutable: Vec<String>,
    /// Fields of other managers that the step meets.
    pub foreign: Vec<Foreign>,
    /// kubectl's client-side managers whose fields are taken over first (`owned::migration`).
    pub migrates: Vec<String>,
    /// Whether others' fields are taken: only if the environment says `take` for each of them.
    pub force: bool,
    /// What a reader must know of how this was found out.
    pub marks: Vec<Mark>,
    /// The workloads whose pods it replaces, as `Kind/name`.
    pub restarts: Vec<String>,
}

/// A field that somebody else owns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Foreign {
    /// The field.
    pub path: String,
    /// The manager, as the server names it.
    pub manager: String,
    /// When it wrote last, as the server notes it.
    pub time: Option<String>,
    /// What follows.
    pub fate: Fate,
}

/// What happens to somebody else's field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Someone changed a field that was ours (drift): it is set back.
    SetBack,
    /// The environment says `take`.
    Taken,
    /// The environment says `leave`: it isn't sent.
    Left,
    /// The environment says nothing: refused.
    Refused,
}

/// How a step was found out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    /// A Secret: compared here, not sent to the server's dry-run.
    NotAsked,
    /// Its namespace comes with this bundle: validated offline only.
    NamespaceNotThere,
    /// Its kind comes with this bundle: validated offline only.
    KindNotThere,
    /// A Secret whose sealed file isn't open, or that may not be read: not compared.
    NotCompared,
    /// A webhook that can't do a dry-run, or no right to: predicted here.
    NotDryRun,
    /// An object that somebody else made, and that is taken over (`--adopt`).
    Adopted,
}

/// An object that is ours, isn't in the bundle, and stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The object.
    pub id: ObjectId,
    /// Why it stays, in words: `ReplicaSet/web-5d4f uses it`.
    pub why: String,
}

/// Why an apply is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The object, if it is about one.
    pub id: Option<ObjectId>,
    /// What is refused and why, one sentence without a full stop.
    pub message: String,
    /// What to do next.
    pub hint: Option<String>,
}

impl Step {
    /// Whether the object is known to differ from what is wanted.
    pub fn differs(&self) -> bool {
        let is_known = self.operation != Operation::Update || !self.marks.contains(&Mark::NotCompared);
        is_known || !self.fields.is_empty() || !self.migrates.is_empty() || self.marks.contains(&Mark::Adopted)
    }
}

impl Plan {
    /// How many objects have this done to them.
    pub fn count(&self, operation: Operation) -> usize {
        self.steps.iter().filter(|step| step.operation == operation).count()
    }

    /// How many objects of the bundle are as wanted.
    pub fn unchanged(&self) -> usize {
        self.members.len() - self.steps.iter().filter(|step| step.member.is_some()).count()
    }

    /// Whether anything is known to differ: a Secret that couldn't be compared isn't.
    pub fn differs(&self) -> bool {
        self.steps.iter().any(Step::differs)
    }

    /// Whether nothing is to be done.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// The counts by operation, those that are zero left out.
    pub fn counts(&self) -> BTreeMap<Operation, usize> {
        let mut counts = BTreeMap::new();
        for step in &self.steps {
            *counts.entry(step.operation).or_default() += 1;
        }
        counts
    }
}
