//! Waiting until objects are what was asked for, by `status::waits_for`, from watches.
//!
//! What is waited for is grouped by kind and namespace; each group costs one LIST, and one watch that goes on from the moment of that
//! LIST. Groups don't wait for each other. What an end of the wait means:
//!
//! - ready counts at once and stays: what happens to an object afterwards is another story;
//! - "never" is a verdict of the moment (a crash loop may end, an autoscaler may bring a node), so it counts only once it has
//!   lasted: 10 seconds, a minute for a pod that may still start, none for a Job or a pod that has failed for good (`member::grace`);
//! - a kind that is ready by being there (a ConfigMap, a Role) is neither asked for nor told of.

mod follow;
mod group;
mod member;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use jiff::Timestamp;

use self::group::Group;
use super::{Interrupt, Listen};
use crate::cluster::{Cluster, Live, Resource};
use crate::object::ObjectId;
use crate::secret::Scrubber;
use crate::status;

/// An object to wait for.
#[derive(Debug, Clone)]
pub struct Waited {
    /// How it is called in what is told.
    pub id: ObjectId,
    /// Its kind, as the server serves it.
    pub resource: Arc<Resource>,
    /// Its namespace, if it lives in one.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
    /// Its `metadata.uid`, where it is known: another object of that name isn't it.
    pub uid: Option<String>,
    /// Its state as it was read after its last change, where somebody has read it. If it is ready in that state, nobody asks again.
    pub seen: Option<Live>,
}

/// How an object was left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Waiting {
    /// It is what was asked for, or nothing that this apply does is left to wait for.
    Ready,
    /// The time is up, or nobody may look.
    NotReady {
        /// What is missing, scrubbed of secrets.
        message: String,
    },
    /// More time won't help.
    Never {
        /// What went wrong, scrubbed of secrets.
        message: String,
    },
    /// The run was interrupted before.
    Interrupted,
}

/// How to wait.
#[derive(Clone, Copy)]
pub struct Patience<'a> {
    /// Where.
    pub cluster: &'a Cluster,
    /// How long for all together.
    pub timeout: Duration,
    /// Who is told [`Event::Waits`](super::Event::Waits) when what is missing changes, and [`Event::Ready`](super::Event::Ready)
    /// once nothing is; of an object that is ready at first sight nobody is told.
    pub listener: &'a dyn Listen,
    /// Frees the server's words from secrets.
    pub scrubber: &'a Scrubber,
    /// The time, which the cluster's own times are compared with.
    pub clock: &'a (dyn Fn() -> Timestamp + Sync),
    /// Whether to stop.
    pub interrupt: &'a Interrupt,
}

impl std::fmt::Debug for Patience<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Patience").field("cluster", &self.cluster).field("timeout", &self.timeout).finish_non_exhaustive()
    }
}

/// Waits for all objects, and says of each how it was left, in the order of `wanted`. Fails never: what can't be seen isn't ready, with
/// the reason. Without anything to wait for no request is made.
pub async fn until_ready(wanted: &[Waited], patience: Patience<'_>) -> Vec<(ObjectId, Waiting)> {
    let mut groups = group::groups(wanted, (patience.clock)());
    let following = join_all(groups.iter_mut().map(|group| follow::follow(group, patience)));
    let ended = patience.interrupt.or(tokio::time::timeout(patience.timeout, following)).await;
    let mut left: Vec<Waiting> = vec![Waiting::Ready; wanted.len()];
    for member in groups.into_iter().flat_map(Group::into_members) {
        if let Some(place) = left.get_mut(member.place()) {
            *place = member.left(ended.is_none());
        }
    }
    wanted.iter().map(|wanted| wanted.id.clone()).zip(left).collect()
}

/// Whether an object has to be asked for at all.
fn is_open(wanted: &Waited, now: Timestamp) -> bool {
    let ready =
        |live: &Live| wanted.uid.as_ref().is_none_or(|uid| *uid == live.uid) && status::waits_for(&live.value(), now).is_over();
    !status::is_ready_by_being_there(&wanted.id.group, &wanted.id.kind) && !wanted.seen.as_ref().is_some_and(ready)
}
