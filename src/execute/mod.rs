//! Doing what a plan says: ordered, each write only while what the plan saw still holds, and told as it happens.
//!
//! [`apply`] is the story. Knows the cluster and the plan, not the terminal: what happens is told as [`Event`]s to a [`Listen`]er, what has
//! happened is an [`Outcome`].

mod apply;
mod clock;
mod definitions;
mod delete;
pub mod diagnose;
pub mod history;
pub mod hold;
mod interrupt;
pub mod lease;
mod migrate;
mod miss;
pub mod order;
mod prune;
mod ready;
mod replace;
mod roles;
mod seen;
pub mod wait;
mod waves;
mod work;
mod write;

use std::time::Duration;

pub use apply::{NotBegun, apply};
pub use clock::Clock;
pub use interrupt::{Interrupt, Stop};

use self::hold::Purpose;
use crate::cluster::Cluster;
use crate::object::ObjectId;
use crate::plan::{Operation, Step};
use crate::secret::{Opened, Scrubber};

/// What a plan is carried out with.
pub struct Run<'a> {
    /// The cluster.
    pub cluster: &'a Cluster,
    /// The opened secrets: put in at the very end, into the bytes that are sent.
    pub opened: &'a Opened,
    /// Frees texts of the server and of pods from those secrets.
    pub scrubber: &'a Scrubber,
    /// Who is told what happens.
    pub listener: &'a dyn Listen,
    /// What for, for the Lease and the history.
    pub purpose: Purpose,
    /// Whether to stop.
    pub interrupt: Interrupt,
    /// What the user asked for.
    pub options: Options,
}

impl std::fmt::Debug for Run<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Run").field("cluster", &self.cluster).field("options", &self.options).finish_non_exhaustive()
    }
}

impl Run<'_> {
    /// Tells of warnings that the server gave with an answer.
    fn warn(&self, step: &Step, warnings: &[String]) {
        for warning in warnings {
            self.listener.hear(&Event::Note(self.scrubber.scrub(&format!("{}: the server warns: {warning}", step.id))));
        }
    }
}

/// What the user asked for.
#[derive(Debug, Clone)]
pub struct Options {
    /// Whether to wait until the objects are ready.
    pub wait: bool,
    /// Whether to delete what isn't in the bundle any more.
    pub prune: bool,
    /// Whether a failure may show containers' logs.
    pub logs: bool,
    /// How long to wait for readiness in all.
    pub timeout: Duration,
}

/// Something that happened while a plan was carried out.
#[derive(Debug, Clone)]
pub enum Event {
    /// So many objects are to be written and pruned.
    Begins {
        /// Writes.
        writes: usize,
        /// Deletions.
        prunes: usize,
    },
    /// A write or deletion is done.
    Done(Operation, ObjectId),
    /// One failed, or was left out because of another that failed.
    Failed(Failed),
    /// What is waited for, and what it lacks; told again whenever it changes.
    Waits(ObjectId, String),
    /// It has become what it should.
    Ready(ObjectId),
    /// Something else to tell, a sentence.
    Note(String),
}

/// Whoever wants to know what happens.
pub trait Listen: Send + Sync {
    /// Told in order.
    fn hear(&self, event: &Event);
}

/// A step that wasn't done.
#[derive(Debug, Clone)]
pub struct Failed {
    /// The object.
    pub id: ObjectId,
    /// What should have been done.
    pub operation: Operation,
    /// Why not, scrubbed of secrets.
    pub message: String,
    /// What kind of failure.
    pub reason: Reason,
    /// What a human would look at next: events, a container's last lines; scrubbed.
    pub details: Vec<String>,
}

/// Why a step wasn't done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// The object isn't what the plan saw; who changed it, if known.
    Moved(Option<String>),
    /// A right is missing: it is named.
    Forbidden(String),
    /// The server, a webhook or a quota said no.
    Refused,
    /// No good answer came, so nobody knows.
    Unknown,
    /// The server isn't reachable, or doesn't know us any more: not done.
    Unreachable,
    /// Another step that it needs failed.
    Skipped(ObjectId),
    /// It is written, but didn't become ready in time, or never will.
    NotReady,
    /// The run was interrupted before.
    Interrupted,
}

/// What became of a plan.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// What was done, in the order in which it was done.
    pub done: Vec<(Operation, ObjectId)>,
    /// What failed.
    pub failed: Vec<Failed>,
    /// What stays though it isn't in the bundle, with the reason.
    pub kept: Vec<crate::plan::Kept>,
    /// Whether the run was interrupted before it was through.
    pub interrupted: bool,
    /// Whether an object of the bundle was, or may have been, written.
    pub touched: bool,
    /// Whether the end of the run couldn't be written down: the record says `running`, the inventory stays wide.
    pub unrecorded: bool,
    /// What else there is to say, a sentence each.
    pub notes: Vec<String>,
}
