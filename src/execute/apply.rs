//! The story of an apply.

use super::hold::{self, Hold, NotHeld};
use super::work::Work;
use super::{Outcome, Run, prune, ready, waves};
use crate::cluster::ClusterError;
use crate::plan::{Plan, Refusal};

/// Why nothing was begun. Nothing is written.
#[derive(Debug, Clone, thiserror::Error)]
pub enum NotBegun {
    /// The plan says so, or another apply is under way.
    #[error("refused")]
    Refused(Vec<Refusal>),
    /// The cluster doesn't answer, or doesn't let us.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
}

/// Does what a plan says.
///
/// A plan without steps writes nothing at all: no Lease, no history. What it finds not ready it still waits for.
///
/// # Errors
/// Nothing was begun. What fails later is in the [`Outcome`]: one failure doesn't stop what doesn't need it.
pub async fn apply(plan: Plan, run: Run<'_>) -> Result<Outcome, NotBegun> {
    if !plan.refusals.is_empty() {
        return Err(NotBegun::Refused(plan.refusals));
    }
    let mut work = Work::new(&plan, &run);
    run.listener.hear(&work.begins());
    if plan.is_empty() {
        ready::wait(&work).await;
        return Ok(work.outcome());
    }
    // The Lease and the inventory lie in the target namespace, so that one comes before them.
    if waves::target_namespace(&work).await {
        match hold::take(run.cluster, &plan, run.purpose.clone()).await {
            Ok(hold) => return Ok(held(&mut work, hold).await),
            Err(error) if work.outcome().done.is_empty() => return Err(error.into()),
            Err(error) => work.not_held(&error),
        }
    }
    waves::leave_out(&work);
    Ok(work.outcome())
}

/// What is done under the Lease, the inventory wide.
async fn held(work: &mut Work<'_>, hold: Hold) -> Outcome {
    work.hold(hold);
    waves::all(work).await;
    ready::wait(work).await;
    waves::narrow(work).await;
    prune::prune(work).await;
    let mut outcome = work.outcome();
    if let Err(error) = work.let_go(&outcome).await {
        outcome.unrecorded = true;
        outcome.notes.push(
            work.run
                .scrubber
                .scrub(&format!("the history isn't written, and the inventory stays wide, until the next run: {error}")),
        );
    }
    outcome
}

impl From<NotHeld> for NotBegun {
    fn from(error: NotHeld) -> Self {
        match error.cluster() {
            Some(error) => Self::Cluster(error.clone()),
            None => Self::Refused(vec![error.refusal()]),
        }
    }
}
