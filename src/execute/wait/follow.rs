//! Following one group: a LIST, then a watch from that moment on; GETs where watching isn't allowed.

use std::pin::pin;
use std::time::Duration;

use futures_util::{Stream, StreamExt, stream};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

use super::super::Event as Told;
use super::Patience;
use super::group::Group;
use super::member::Moment;
use crate::cluster::{ClusterError, ErrorKind, Event};

/// Between two tries: after what fails again and again this is doubled, up to the longest.
const SHORTEST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(5);
/// How long a watch may take to open.
const OPENING: Duration = Duration::from_secs(30);
/// A server sends a bookmark each minute. A watch that is silent for longer than this has lost its connection without a word.
const SILENCE: Duration = Duration::from_secs(150);
/// How often what was seen is judged again as time passes. Asks nobody.
const TICK: Duration = Duration::from_secs(1);
/// Reads of objects that can't be watched: the pause between two rounds at first and at most, and how many rounds.
const FIRST_READ: Duration = Duration::from_secs(1);
const LAST_READ: Duration = Duration::from_secs(10);
const READS: usize = 360;
/// How many objects are read at once.
const SIDE_BY_SIDE: usize = 8;

/// What to do after something has ended.
enum Next {
    /// Nothing is left.
    Over,
    /// The same again, after a pause.
    Again(Option<ClusterError>),
    /// A new LIST: the moment that the watch should go on from is forgotten.
    List,
    /// Reading object by object: they can't be listed or watched.
    Read(ClusterError),
    /// The server doesn't know us any more.
    GiveUp(ClusterError),
}

/// Follows a group until nothing is left to wait for. Dropped when the time is up: what was seen stays in the group.
pub(super) async fn follow(group: &mut Group<'_>, patience: Patience<'_>) {
    let mut follower = Follower { group, patience, begun: Instant::now(), pause: SHORTEST };
    loop {
        let next = match follower.list().await {
            Ok(version) => follower.watch(version).await,
            Err(error) => after(error),
        };
        match next {
            Next::Over => return,
            Next::Again(error) => follower.unseen(error.as_ref()),
            Next::List => {}
            Next::Read(error) => return follower.read(&error).await,
            Next::GiveUp(error) => return follower.give_up(None, &error),
        }
        follower.rest().await;
    }
}

struct Follower<'a, 'b> {
    group: &'a mut Group<'b>,
    patience: Patience<'a>,
    begun: Instant,
    pause: Duration,
}

impl Follower<'_, '_> {
    /// Sees all objects; gives the moment of the LIST.
    async fn list(&mut self) -> Result<String, ClusterError> {
        let listed = self.patience.cluster.list(self.group.resource, self.group.namespace, None).await?;
        let events = self.group.see_all(&listed.items, self.moment(), self.patience.scrubber);
        self.tell(events);
        Ok(listed.resource_version)
    }

    /// Watches from `version` on, in as many streams as it takes.
    async fn watch(&mut self, mut version: String) -> Next {
        while !self.group.is_over() {
            let cluster = self.patience.cluster;
            let opening = cluster.watch(self.group.resource, self.group.namespace, None, &version);
            let next = match timeout(OPENING, opening).await {
                Ok(Ok(stream)) => self.hear(stream, &mut version).await,
                Ok(Err(error)) => after(error),
                Err(_) => Next::Again(None),
            };
            if !matches!(next, Next::Again(_)) {
                return next;
            }
            self.rest().await;
            let events = self.group.look(self.moment(), self.patience.scrubber);
            self.tell(events);
        }
        Next::Over
    }

    /// Hears one stream to its end, and keeps the version that it got to.
    async fn hear(&mut self, events: impl Stream<Item = Result<Event, ClusterError>>, version: &mut String) -> Next {
        let mut events = pin!(events);
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut heard = Instant::now();
        while !self.group.is_over() {
            tokio::select! {
                event = events.next() => match event {
                    Some(Ok(event)) => {
                        heard = Instant::now();
                        self.pause = SHORTEST;
                        *version = self.event(event);
                    }
                    Some(Err(error)) => return after(error),
                    None => return Next::Again(None),
                },
                _ = ticks.tick() => {
                    if heard.elapsed() > SILENCE {
                        return Next::Again(None);
                    }
                    let events = self.group.look(self.moment(), self.patience.scrubber);
                    self.tell(events);
                }
            }
        }
        Next::Over
    }

    /// Takes note of an event; gives its version.
    fn event(&mut self, event: Event) -> String {
        let (live, is_there) = match event {
            Event::Is(live) => (live, true),
            Event::Gone(live) => (live, false),
            Event::Mark(version) => return version,
        };
        let told = self.group.see(&live.name, is_there.then_some(&live), self.moment(), self.patience.scrubber);
        self.tell(told);
        live.resource_version.clone()
    }

    /// Reads object by object.
    async fn read(&mut self, why: &ClusterError) {
        let note = format!("what is missing is read object by object, as it can't be watched: {why}");
        self.tell([Told::Note(self.patience.scrubber.scrub(&note))]);
        let mut pause = FIRST_READ;
        for _ in 0..READS {
            let (cluster, resource, namespace) = (self.patience.cluster, self.group.resource, self.group.namespace);
            let reads =
                self.group.open().into_iter().map(async |wanted| (wanted, cluster.get(resource, namespace, &wanted.name).await));
            let read: Vec<_> = stream::iter(reads).buffered(SIDE_BY_SIDE).collect().await;
            for (wanted, result) in read {
                match result {
                    Ok(live) => {
                        let told = self.group.see(&wanted.name, live.as_ref(), self.moment(), self.patience.scrubber);
                        self.tell(told);
                    }
                    Err(error) if error.is_passing() => self.unseen(Some(&error)),
                    Err(error) => self.give_up(Some(&wanted.name), &error),
                }
            }
            if self.group.is_over() {
                return;
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LAST_READ);
        }
    }

    fn unseen(&mut self, error: Option<&ClusterError>) {
        let Some(error) = error else { return };
        let events = self.group.unseen(&self.patience.scrubber.scrub(&error.to_string()));
        self.tell(events);
    }

    fn give_up(&mut self, name: Option<&str>, error: &ClusterError) {
        let events = self.group.give_up(name, &self.patience.scrubber.scrub(&error.to_string()));
        self.tell(events);
    }

    fn moment(&self) -> Moment {
        Moment { now: (self.patience.clock)(), passed: self.begun.elapsed() }
    }

    async fn rest(&mut self) {
        tokio::time::sleep(self.pause).await;
        self.pause = (self.pause * 2).min(LONGEST);
    }

    fn tell(&self, events: impl IntoIterator<Item = Told>) {
        events.into_iter().for_each(|event| self.patience.listener.hear(&event));
    }
}

/// What to do after a failure.
fn after(error: ClusterError) -> Next {
    match error.kind {
        ErrorKind::Login => Next::GiveUp(error),
        ErrorKind::Expired => Next::List,
        // The kind isn't served: it may be gone, or not there yet.
        ErrorKind::NotFound => Next::Again(Some(error)),
        _ if error.is_passing() => Next::Again(Some(error)),
        _ => Next::Read(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(kind: ErrorKind) -> &'static str {
        let error = ClusterError { kind, doing: "watch it".to_owned(), message: "no".to_owned(), maybe_done: false };
        match after(error) {
            Next::Over => "over",
            Next::Again(_) => "again",
            Next::List => "list",
            Next::Read(_) => "read",
            Next::GiveUp(_) => "give up",
        }
    }

    #[test]
    fn what_a_failure_leads_to() {
        assert_eq!(next(ErrorKind::Expired), "list");
        assert_eq!(next(ErrorKind::Forbidden("watch jobs.batch".to_owned())), "read");
        assert_eq!(next(ErrorKind::Login), "give up");
        for passing in
            [ErrorKind::Unreachable, ErrorKind::Throttled, ErrorKind::Unavailable, ErrorKind::Garbage, ErrorKind::NotFound]
        {
            assert_eq!(next(passing), "again");
        }
    }
}
