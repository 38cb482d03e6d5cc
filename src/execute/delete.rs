//! One delete: of exactly the object that was seen.

use std::sync::Arc;
use std::time::Duration;

use super::Run;
use super::miss::Miss;
use super::seen::{At, changed_by};
use crate::cluster::{DeleteGuard, ErrorKind, Live, Resource};

const TRIES: u32 = 5;
const PAUSE: Duration = Duration::from_millis(100);

/// How an object went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Deleted {
    /// By our delete.
    Now,
    /// It was gone, or going, when we came.
    Before,
}

/// Deletes an object that must still have this uid and resourceVersion. If it has moved, `differs` says whether that matters; a status
/// that was written meanwhile doesn't.
///
/// An unknown outcome is looked at: if the object of that uid is gone or going, it is done.
pub(super) async fn delete(
    run: &Run<'_>,
    resource: &Arc<Resource>,
    namespace: Option<&str>,
    name: &str,
    seen: &At,
    differs: &(dyn Fn(&Live) -> Option<Miss> + Sync),
) -> Result<Deleted, Miss> {
    let mut at = seen.clone();
    let mut asked = false;
    let mut pause = PAUSE;
    for left in (0..TRIES).rev() {
        let guard = DeleteGuard { uid: &at.uid, resource_version: Some(&at.resource_version) };
        let error = match run.cluster.delete(resource, namespace, name, guard).await {
            Ok(()) => return Ok(Deleted::Now),
            Err(error) => error,
        };
        asked |= error.maybe_done;
        let gone = if asked { Deleted::Now } else { Deleted::Before };
        if error.is_not_found() {
            return Ok(gone);
        }
        if left == 0 || !(error.maybe_done || error.kind == ErrorKind::Moved) {
            return Err(error.into());
        }
        let Ok(live) = run.cluster.get(resource, namespace, name).await else { return Err(error.into()) };
        let Some(live) = live else { return Ok(gone) };
        if live.uid != at.uid {
            // Ours is gone; but unless it was we who deleted it, nothing here is done of what the plan meant by the name.
            let miss = || Miss::moved(changed_by(None, &live.value()), "it was deleted and made anew meanwhile");
            return if asked { Ok(gone) } else { Err(miss()) };
        }
        if live.value().pointer("/metadata/deletionTimestamp").is_some_and(|time| !time.is_null()) {
            return Ok(gone);
        }
        if live.resource_version != at.resource_version
            && let Some(miss) = differs(&live)
        {
            return Err(miss);
        }
        at.resource_version.clone_from(&live.resource_version);
        tokio::time::sleep(pause).await;
        pause *= 2;
    }
    Err(Miss::moved(None, "it moved each time that it was to be deleted"))
}
