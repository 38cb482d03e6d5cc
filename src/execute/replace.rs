//! An object whose immutable field changes: deleted and made anew.

use std::time::Duration;

use super::delete::{self, Deleted};
use super::miss::Miss;
use super::seen::{self, Before, Now};
use super::write::{self, Target};
use super::{Reason, Run};
use crate::cluster::Live;
use crate::plan::Operation;

/// How often it is looked whether the old object is gone, and the pause between, which doubles up to a limit: some two minutes in all.
const LOOKS: u32 = 30;
const PAUSE: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(5);

/// Deletes exactly the object that the plan saw, waits until its name is free, and creates the new one, which must be new (201).
///
/// From the delete on the object is missing until the create is through: whatever keeps it from being made is told as that.
pub(super) async fn replace(run: &Run<'_>, target: &Target<'_>) -> Result<Live, Miss> {
    let Some(before) = &target.before else { return Err(Miss::moved(None, "the plan didn't see what it replaces")) };
    remove(run, target, before).await?;
    let made = match gone(run, target, &before.at).await {
        Ok(()) => {
            let step =
                crate::plan::Step { operation: Operation::Create, seen: None, migrates: Vec::new(), ..target.step.clone() };
            let create = Target { step: &step, before: None, ..*target };
            write::write(run, &create).await
        }
        Err(miss) => Err(miss),
    };
    made.map_err(|mut miss| {
        miss.message =
            format!("it was DELETED to be made anew, and isn't there now: {}. Run the command again to make it", miss.message);
        miss
    })
}

async fn remove(run: &Run<'_>, target: &Target<'_>, before: &Before) -> Result<(), Miss> {
    let same = |live: &Live| {
        let value = live.value();
        let now = Now::of(target, &value);
        now.differs(run.opened).map(|what| Miss::moved(now.changed_by(), what))
    };
    match delete::delete(run, target.resource, target.namespace(), target.name(), &before.at, &same).await? {
        Deleted::Now => Ok(()),
        Deleted::Before => Err(Miss::moved(None, "it was deleted meanwhile")),
    }
}

/// Waits until the object of that uid is gone: what it owns, or its finalizers, may hold it for a while.
async fn gone(run: &Run<'_>, target: &Target<'_>, old: &seen::At) -> Result<(), Miss> {
    let mut pause = PAUSE;
    for _ in 0..LOOKS {
        match target.get(run).await? {
            None => return Ok(()),
            Some(live) if live.uid != old.uid => {
                return Err(Miss::moved(seen::changed_by(None, &live.value()), "somebody else made it anew meanwhile"));
            }
            Some(_) => {}
        }
        if run.interrupt.or(tokio::time::sleep(pause)).await.is_none() {
            return Err(Miss::new(Reason::Interrupted, "the run was interrupted while the old object was going"));
        }
        pause = (pause * 2).min(LONGEST);
    }
    Err(Miss::new(Reason::NotReady, "the old object doesn't go: something holds it (`metadata.finalizers`)"))
}
