//! One write: a compare-and-set, and what to do when it doesn't go through.
//!
//! A write names what the object must still be (`metadata.uid`, `metadata.resourceVersion`). If the server says that it isn't, or if no
//! good answer came, the object is read, and only what is read decides: done already, still as the plan saw it (then it is written
//! again), or moved. Nothing is ever sent a second time without such a look.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::Run;
use super::miss::Miss;
use super::seen::{At, Before, Now};
use crate::cluster::{ClusterError, ErrorKind, Live, Patch, Resource};
use crate::object::Object;
use crate::owned::{self, MANAGER};
use crate::plan::{Member, Operation, Step, body, opener};
use crate::planted;

/// How often one object is written before the step is given up, and how long to wait before the second time; doubled each time.
const TRIES: u32 = 5;
const PAUSE: Duration = Duration::from_millis(100);

/// What is written.
pub(super) struct Target<'a> {
    pub(super) step: &'a Step,
    /// What is sent: the member's object, or another form of it.
    pub(super) object: &'a Object,
    pub(super) resource: &'a Arc<Resource>,
    /// What the plan saw of it; `None` if the name was free.
    pub(super) before: Option<Before>,
}

impl<'a> Target<'a> {
    /// A member as the plan has it.
    pub(super) fn new(step: &'a Step, member: &'a Member, object: &'a Object, resource: &'a Arc<Resource>) -> Self {
        Self { step, object, resource, before: Before::of(step, member) }
    }

    pub(super) fn namespace(&self) -> Option<&str> {
        self.object.namespace()
    }

    pub(super) fn name(&self) -> &str {
        self.object.name()
    }

    pub(super) async fn get(&self, run: &Run<'_>) -> Result<Option<Live>, ClusterError> {
        run.cluster.get(self.resource, self.namespace(), self.name()).await
    }
}

/// Writes an object that is created or updated.
pub(super) async fn write(run: &Run<'_>, target: &Target<'_>) -> Result<Live, Miss> {
    let mut at = target.before.as_ref().map(|before| before.at.clone());
    if target.step.operation == Operation::Update && at.is_none() {
        at = Some(uncompared(run, target).await?);
    }
    if !target.step.migrates.is_empty() {
        at = super::migrate::migrate(run, target, at).await?;
    }
    let mut pause = PAUSE;
    for left in (0..TRIES).rev() {
        let error = match run.cluster.apply(patch(run, target, at.as_ref())?).await {
            Ok((live, answer)) => {
                run.warn(target.step, &answer.warnings);
                return if at.is_some() || answer.created() || planted::is("taken-name-accepted") {
                    Ok(live)
                } else {
                    Err(taken(run, target, &live).await)
                };
            }
            Err(error) => error,
        };
        // The server looks for conflicts before it looks at the resourceVersion, so a conflict may be a move too.
        let is_open = error.maybe_done || matches!(error.kind, ErrorKind::Moved | ErrorKind::Exists | ErrorKind::Conflict(_));
        if !is_open || left == 0 {
            return Err(error.into());
        }
        match look(run, target, at.as_ref(), error).await? {
            Look::Done(live) => return Ok(live),
            Look::Again(again) => at = again,
        }
        tokio::time::sleep(pause).await;
        pause *= 2;
    }
    Err(Miss::moved(None, "it moved each time that it was written"))
}

/// What a look at the object after a failed write says.
enum Look {
    /// What we sent is there.
    Done(Live),
    /// It isn't, and nothing speaks against writing it, to the object in this state.
    Again(Option<At>),
}

async fn look(run: &Run<'_>, target: &Target<'_>, at: Option<&At>, error: ClusterError) -> Result<Look, Miss> {
    let unknown = error.maybe_done;
    // If it can't be read, nobody knows whether the write took effect, and that is the news.
    let Ok(live) = target.get(run).await else { return Err(error.into()) };
    let Some(live) = live else {
        return if at.is_none() { Ok(Look::Again(None)) } else { Err(Miss::moved(None, "it was deleted meanwhile")) };
    };
    let value = live.value();
    match at {
        _ if unknown && planted::is("unknown-is-done") => Ok(Look::Done(live)),
        None if unknown && owned::is_ours(&value) && others(&value).is_none() => {
            // Applying once more changes nothing if what is there is what we sent, and mends it if it isn't.
            Ok(Look::Again(Some(At::of(&live))))
        }
        None => Err(name_taken(others(&value))),
        Some(at) if live.uid != at.uid => {
            Err(Miss::moved(Now::of(target, &value).changed_by(), "it was deleted and made anew meanwhile"))
        }
        Some(at) if live.resource_version == at.resource_version => again(error, At::of(&live)),
        Some(_) if unknown && is_as_sent(run, target, &live).await? => Ok(Look::Done(live)),
        Some(_) => match Now::of(target, &value).differs(run.opened) {
            None => again(error, At::of(&live)),
            Some(what) => Err(Miss::moved(Now::of(target, &value).changed_by(), what)),
        },
    }
}

/// Nothing that matters has moved: once more, unless it is a conflict, which stays one.
fn again(error: ClusterError, at: At) -> Result<Look, Miss> {
    if matches!(error.kind, ErrorKind::Conflict(_)) { Err(error.into()) } else { Ok(Look::Again(Some(at))) }
}

/// Whether what is there is what we sent: applying it to exactly this state would change nothing, the server says.
async fn is_as_sent(run: &Run<'_>, target: &Target<'_>, live: &Live) -> Result<bool, Miss> {
    let patch = patch(run, target, Some(&At::of(live)))?;
    match run.cluster.dry_run(patch).await {
        Ok((predicted, _)) => Ok(timeless(predicted.value()) == timeless(live.value())),
        Err(error) if error.kind == ErrorKind::Moved => Ok(false),
        Err(error) => Err(Miss::new(super::Reason::Unknown, error.to_string())),
    }
}

/// An object without what moves by itself.
fn timeless(mut value: Value) -> Value {
    for entry in value.pointer_mut("/metadata/managedFields").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(entry) = entry.as_object_mut() {
            entry.shift_remove("time");
        }
    }
    value
}

/// An update of what the plan couldn't see (the right to list it was missing): it must at least be readable now.
async fn uncompared(run: &Run<'_>, target: &Target<'_>) -> Result<At, Miss> {
    match target.get(run).await? {
        Some(live) => Ok(At::of(&live)),
        None => Err(Miss::moved(None, "it isn't there; the plan couldn't see that. Run the command again")),
    }
}

/// Somebody else's manager that has a say in the object itself, not only in its status.
fn others(live: &Value) -> Option<String> {
    let managers = owned::managers(live);
    managers.into_iter().find(|manager| manager.name != MANAGER && manager.subresource.is_empty()).map(|manager| manager.name)
}

fn name_taken(by: Option<String>) -> Miss {
    let who = by.as_deref().unwrap_or("somebody");
    let message = format!("`{who}` took the name meanwhile; `--adopt` takes the object over");
    Miss::moved(by, message)
}

/// Looks whether the name of a planned create is free. A LIST from an old cache may lack an object that an earlier run made; a create would
/// be merged into it, and what is then taken back would be the object's own content.
pub(super) async fn is_free(run: &Run<'_>, target: &Target<'_>) -> Result<(), Miss> {
    let Some(live) = target.get(run).await? else { return Ok(()) };
    let value = live.value();
    if owned::is_ours(&value) {
        let message = "an earlier run has made it: the list that the plan was made from was old. Run the command again";
        return Err(Miss::moved(None, message));
    }
    Err(name_taken(others(&value)))
}

/// A planned create that was merged into an object that somebody made meanwhile. What we added is taken back: an apply of nothing gives
/// up our fields, and those that nobody else has go. Without force no field of the other was changed.
async fn taken(run: &Run<'_>, target: &Target<'_>, live: &Live) -> Miss {
    let empty = json!({
        "apiVersion": target.resource.api_version(),
        "kind": target.resource.kind,
        "metadata": { "name": live.name, "namespace": live.namespace, "uid": live.uid, "resourceVersion": live.resource_version },
    });
    let back = run.cluster.apply(bare(target, Zeroizing::new(empty.to_string().into_bytes()))).await;
    let mut miss = name_taken(others(&live.value()));
    let what = match back {
        Ok(_) => "what this run merged into it was taken back".to_owned(),
        Err(error) => format!("this run's fields were merged into it, and couldn't be taken back: {}", error.message),
    };
    miss.message = format!("{}; {what}", miss.message);
    miss
}

fn bare<'a>(target: &'a Target<'_>, body: Zeroizing<Vec<u8>>) -> Patch<'a> {
    let (namespace, name) = (target.namespace(), target.name());
    Patch { resource: target.resource, namespace, name, body, manager: MANAGER, force: false }
}

fn patch<'a>(run: &Run<'_>, target: &'a Target<'_>, at: Option<&At>) -> Result<Patch<'a>, Miss> {
    let seen = at.map(|at| (at.uid.as_str(), at.resource_version.as_str()));
    let body = body(target.object, seen, &opener(Some(run.opened)))
        .map_err(|error| Miss::new(super::Reason::Refused, format!("it can't be written out: {error}")))?;
    Ok(Patch { force: target.step.force, ..bare(target, body) })
}
