//! Fields that kubectl applied client-side become ours, so that what the bundle drops goes away.

use super::Run;
use super::miss::Miss;
use super::seen::{At, Now};
use super::write::Target;
use crate::cluster::{ClusterError, Edit, ErrorKind, Live};
use crate::owned::{self, MANAGER};
use crate::plan::opener;

/// How often the object may move under the migration.
const TRIES: usize = 5;

/// Gives the entries of kubectl's client-side managers to ours; the object's values stay. A JSON patch that names uid and resourceVersion, so
/// that it is a compare-and-set too. Gives the state that it leaves.
///
/// A patch that was answered badly is looked at: what is migrated already has nothing left to migrate.
pub(super) async fn migrate(run: &Run<'_>, target: &Target<'_>, at: Option<At>) -> Result<Option<At>, Miss> {
    let Some(mut at) = at else { return Ok(None) };
    let known = target.before.as_ref().and_then(|before| before.live.clone());
    let mut live = match known {
        Some(live) if live.resource_version == at.resource_version => live,
        _ => look(run, target, &at).await?,
    };
    let reveal = opener(Some(run.opened));
    let managers: Vec<&str> = target.step.migrates.iter().map(String::as_str).collect();
    for _ in 0..TRIES {
        let wanted = owned::Wanted { root: &target.object.root, reveal: &reveal, schema: None };
        let Some(migration) = owned::migration_of(&live.value(), wanted, MANAGER, &managers) else { return Ok(Some(at)) };
        let (resource, namespace, body) = (target.resource, target.namespace(), &migration.patch);
        match run.cluster.json_patch(Edit { resource, namespace, name: target.name(), body, manager: MANAGER }).await {
            Ok(live) => return Ok(Some(At::of(&live))),
            Err(error) if is_open(&error) => live = look(run, target, &at).await?,
            Err(error) => return Err(error.into()),
        }
        at = At::of(&live);
    }
    Err(Miss::moved(None, "it moved each time that kubectl's fields were to be taken over"))
}

fn is_open(error: &ClusterError) -> bool {
    error.maybe_done || error.kind == ErrorKind::Moved
}

/// The object as it is, if the step still holds for it.
async fn look(run: &Run<'_>, target: &Target<'_>, at: &At) -> Result<Live, Miss> {
    let Some(live) = target.get(run).await? else { return Err(Miss::moved(None, "it was deleted meanwhile")) };
    let value = live.value();
    let now = Now::of(target, &value);
    if live.uid != at.uid {
        return Err(Miss::moved(now.changed_by(), "it was deleted and made anew meanwhile"));
    }
    match now.differs(run.opened) {
        Some(what) if live.resource_version != at.resource_version => Err(Miss::moved(now.changed_by(), what)),
        _ => Ok(live),
    }
}
