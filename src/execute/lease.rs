//! The Lease that keeps two runs on one environment apart.
//!
//! It is taken over only where its holder is known to be gone: the process isn't there any more (on this machine), or it hasn't renewed
//! the Lease for its whole duration *while we looked*, so that clocks that differ do no harm. A holder that was stopped longer than that
//! finds out before its next write ([`Lease::holds`]); what was in flight is fenced by the compare-and-set of every write.

mod object;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use super::Clock;
use crate::cluster::{Cluster, ClusterError, DeleteGuard, ErrorKind};
pub use object::{Holder, Process};
use object::{Seen, edit, leases};

/// A Lease this old is nobody's, however wrong a clock is.
const LONG_AGO: Duration = Duration::from_hours(1);
/// How often it is tried again when somebody else is faster.
const TRIES: usize = 10;

/// How long things take.
#[derive(Debug, Clone, Copy)]
pub struct Timing {
    /// How long a Lease lasts that isn't renewed: whole seconds.
    pub duration: Duration,
    /// How often it is renewed.
    pub renewal: Duration,
    /// How often a Lease is looked at whose holder may be gone, and how soon a renewal that failed is tried again.
    pub look: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self { duration: Duration::from_secs(20), renewal: Duration::from_secs(5), look: Duration::from_secs(1) }
    }
}

/// What a Lease needs to know of the world.
#[derive(Clone)]
pub struct Surroundings {
    /// The clock.
    pub clock: Clock,
    /// Whether a process is running; `None` if that can't be known from here: it is another machine's.
    pub is_running: fn(&Process) -> Option<bool>,
    /// Told, in a sentence, what is waited for.
    pub note: Arc<dyn Fn(String) + Send + Sync>,
    /// How long things take.
    pub timing: Timing,
}

impl std::fmt::Debug for Surroundings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Surroundings")
    }
}

/// Why a Lease can't be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LeaseError {
    /// Another run has it: refused.
    #[error("another {what} is under way: {by}, since {since}")]
    Held {
        /// `apply`, `rollback`, `delete`.
        what: String,
        /// Whose, where: `alice on host ci-7`.
        by: String,
        /// Since when, as the Lease says.
        since: String,
        /// The Lease, as `namespace/name`.
        lease: String,
        /// How many seconds after its last renewal it lapses.
        lapses: u64,
    },
    /// The server doesn't give it.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
}

impl LeaseError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Held { lease, lapses, .. } => Some(format!(
                "wait until it has ended; if it was killed, its Lease `{lease}` lapses {lapses} seconds after its last renewal"
            )),
            Self::Cluster(_) => None,
        }
    }
}

/// A Lease that is ours, renewed until it is released or dropped.
#[derive(Debug)]
pub struct Lease {
    hold: Arc<Hold>,
    renewal: JoinHandle<()>,
}

struct Hold {
    cluster: Cluster,
    holder: Holder,
    surroundings: Surroundings,
    /// The object as we wrote it last.
    seen: Mutex<Seen>,
    /// When the last renewal that worked was begun, by both clocks: one stands still while the machine sleeps, the other may be set.
    renewed: std::sync::Mutex<(Instant, jiff::Timestamp)>,
    lost: AtomicBool,
}

impl std::fmt::Debug for Hold {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Hold({})", self.holder.run)
    }
}

/// Takes the Lease `name` in `namespace`. Waits where its holder may be gone, until that is known.
///
/// # Errors
/// Another run has it, or the server doesn't answer or let us.
pub async fn acquire(
    cluster: &Cluster,
    namespace: &str,
    name: &str,
    holder: Holder,
    surroundings: Surroundings,
) -> Result<Lease, LeaseError> {
    let mut left = TRIES;
    let duration = surroundings.timing.duration;
    loop {
        let found = cluster.get(&leases(), Some(namespace), name).await?;
        let seen = found.as_ref().map(Seen::of);
        if let Some(seen) = seen.as_ref().filter(|seen| seen.run() != Some(holder.run.as_str())) {
            free(cluster, seen, &surroundings).await?;
        }
        // Not earlier: `free` may have waited as long as a Lease lasts.
        let begun = (Instant::now(), surroundings.clock.now());
        let written = match seen {
            None => {
                let new = Seen::new(namespace, name).held_by(&holder, begun.1, duration);
                cluster.create(edit(&leases(), namespace, name, &new)).await
            }
            Some(seen) => {
                let next = seen.held_by(&holder, begun.1, duration);
                cluster.replace(edit(&leases(), namespace, name, &next)).await
            }
        };
        left -= 1;
        match written {
            Ok(live) => return Ok(Lease::new(cluster, holder, surroundings, Seen::of(&live), begun)),
            Err(error) if left > 0 && is_undecided(&error) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

fn is_undecided(error: &ClusterError) -> bool {
    error.maybe_done || matches!(error.kind, ErrorKind::Moved | ErrorKind::Exists)
}

/// Comes back when the Lease, in the state that was seen, is nobody's.
async fn free(cluster: &Cluster, seen: &Seen, surroundings: &Surroundings) -> Result<(), LeaseError> {
    let Some(identity) = seen.identity() else { return Ok(()) };
    let own = surroundings.timing.duration;
    let duration = seen.duration().unwrap_or(own).min(own * 3);
    let holder = seen.holder();
    let held = || LeaseError::Held {
        what: holder.as_ref().map_or_else(|| "apply".to_owned(), |holder| holder.action.clone()),
        by: holder.as_ref().map_or_else(|| identity.to_owned(), ToString::to_string),
        since: seen.since(),
        lease: format!("{}/{}", seen.namespace(), seen.name()),
        lapses: duration.as_secs(),
    };
    let age = seen.renewed().map(|at| surroundings.clock.now().duration_since(at).unsigned_abs());
    match holder.as_ref().and_then(|holder| (surroundings.is_running)(holder.process.as_ref()?)) {
        Some(false) => {
            (surroundings.note)(format!("the run that held the Lease is gone ({identity}): it is taken over"));
            return Ok(());
        }
        // A process of this machine has our clock; one that is stopped doesn't renew.
        Some(true) if age.is_some_and(|age| age < duration) => return Err(held()),
        _ => {}
    }
    if age.is_some_and(|age| age > LONG_AGO) {
        return Ok(());
    }
    watch(cluster, seen, surroundings, duration).await?.then_some(()).ok_or_else(held)
}

/// Looks for as long as a Lease lasts whether it is renewed; gives whether it is free.
async fn watch(cluster: &Cluster, seen: &Seen, surroundings: &Surroundings, duration: Duration) -> Result<bool, ClusterError> {
    let (identity, seconds) = (seen.identity().unwrap_or_default(), duration.as_secs());
    (surroundings.note)(format!(
        "{identity} holds the Lease: waiting up to {seconds} seconds to see whether it is still at work"
    ));
    let until = Instant::now() + duration;
    while Instant::now() < until {
        sleep(surroundings.timing.look).await;
        let Some(live) = cluster.get(&leases(), Some(seen.namespace()), seen.name()).await? else { return Ok(true) };
        let now = Seen::of(&live);
        if now.identity().is_none() {
            return Ok(true);
        }
        if now.version() != seen.version() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The run that has the Lease; `None` if nobody has, or whoever had it is known to be gone.
///
/// # Errors
/// It can't be read.
pub async fn running(
    cluster: &Cluster,
    namespace: &str,
    name: &str,
    is_running: fn(&Process) -> Option<bool>,
) -> Result<Option<String>, ClusterError> {
    let found = cluster.get(&leases(), Some(namespace), name).await?;
    let Some(seen) = found.as_ref().map(Seen::of) else { return Ok(None) };
    let is_gone = seen.holder().and_then(|holder| is_running(&holder.process?)) == Some(false);
    Ok(seen.run().filter(|_| !is_gone).map(str::to_owned))
}

impl Lease {
    fn new(cluster: &Cluster, holder: Holder, surroundings: Surroundings, seen: Seen, begun: (Instant, jiff::Timestamp)) -> Self {
        let hold = Arc::new(Hold {
            cluster: cluster.clone(),
            holder,
            surroundings,
            seen: Mutex::new(seen),
            renewed: std::sync::Mutex::new(begun),
            lost: AtomicBool::new(false),
        });
        let renewal = tokio::spawn({
            let hold = hold.clone();
            async move {
                let Timing { renewal, look, .. } = hold.surroundings.timing;
                let mut pause = renewal;
                while !hold.is_lost() {
                    sleep(pause).await;
                    // A renewal that fails is tried again soon: there is time for some before it is too late.
                    pause = if hold.renew().await { renewal } else { look };
                }
            }
        });
        Self { hold, renewal }
    }

    /// Whether it is still ours for sure. Asked before every write: a run that was stopped too long doesn't write any more.
    pub fn holds(&self) -> bool {
        !self.hold.is_lost()
    }

    /// Gives it back. Where that fails it lapses by itself.
    pub async fn release(self) {
        self.renewal.abort();
        let seen = self.hold.seen.lock().await;
        if !self.hold.is_lost() {
            let free = seen.released(self.hold.surroundings.clock.now());
            let _ = self.hold.cluster.replace(edit(&leases(), seen.namespace(), seen.name(), &free)).await;
        }
    }

    /// Deletes it, after a delete of the whole environment.
    pub async fn remove(self) {
        self.renewal.abort();
        let seen = self.hold.seen.lock().await;
        if !self.hold.is_lost() {
            let guard = DeleteGuard { uid: seen.uid(), resource_version: Some(seen.version()) };
            let _ = self.hold.cluster.delete(&leases(), Some(seen.namespace()), seen.name(), guard).await;
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.renewal.abort();
    }
}

impl Hold {
    fn is_lost(&self) -> bool {
        let (at, by_clock) = *self.renewed.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let passed = self.surroundings.clock.now().duration_since(by_clock);
        let duration = self.surroundings.timing.duration;
        if at.elapsed() >= duration || passed.unsigned_abs() >= duration {
            self.lost.store(true, Ordering::SeqCst);
        }
        self.lost.load(Ordering::SeqCst)
    }

    /// Renews it; gives whether that worked.
    async fn renew(&self) -> bool {
        let begun = (Instant::now(), self.surroundings.clock.now());
        let mut seen = self.seen.lock().await;
        let next = seen.held_by(&self.holder, begun.1, self.surroundings.timing.duration);
        let (kind, namespace, name) = (leases(), seen.namespace().to_owned(), seen.name().to_owned());
        let patience = self.surroundings.timing.renewal;
        let write = self.cluster.replace(edit(&kind, &namespace, &name, &next));
        match timeout(patience, write).await {
            Ok(Ok(live)) => {
                *seen = Seen::of(&live);
                *self.renewed.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = begun;
                return true;
            }
            Ok(Err(error)) if error.is_not_found() => self.lost.store(true, Ordering::SeqCst),
            _ => {
                // Moved, or nobody knows: what is there says whose it is.
                match timeout(patience, self.cluster.get(&kind, Some(&namespace), &name)).await {
                    Ok(Ok(Some(live))) => {
                        let now = Seen::of(&live);
                        if now.run() == Some(self.holder.run.as_str()) {
                            *seen = now;
                        } else {
                            self.lost.store(true, Ordering::SeqCst);
                        }
                    }
                    Ok(Ok(None)) => self.lost.store(true, Ordering::SeqCst),
                    _ => {}
                }
            }
        }
        false
    }
}
