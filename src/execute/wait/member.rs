//! One object that is waited for, and what is known of it.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::super::Event;
use super::{Waited, Waiting};
use crate::secret::Scrubber;
use crate::status::{self, Wait};

/// When something is looked at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    /// By the clock.
    pub(super) now: Timestamp,
    /// Since the wait began.
    pub(super) passed: Duration,
}

/// The state in which an object was last seen.
#[derive(Debug)]
enum Seen {
    Never,
    Missing,
    There(Value),
}

/// One object that is waited for.
#[derive(Debug)]
pub(super) struct Member<'a> {
    wanted: &'a Waited,
    place: usize,
    seen: Seen,
    left: Waiting,
    is_over: bool,
    never_since: Option<Duration>,
    told: Option<String>,
}

impl<'a> Member<'a> {
    /// An object, and its place among all.
    pub(super) fn new(wanted: &'a Waited, place: usize) -> Self {
        let left = Waiting::NotReady { message: "nobody could look at it in time".to_owned() };
        Self { wanted, place, seen: Seen::Never, left, is_over: false, never_since: None, told: None }
    }

    pub(super) fn wanted(&self) -> &'a Waited {
        self.wanted
    }

    pub(super) fn place(&self) -> usize {
        self.place
    }

    pub(super) fn is_over(&self) -> bool {
        self.is_over
    }

    /// How it was left when the wait ended.
    pub(super) fn left(self, interrupted: bool) -> Waiting {
        if interrupted && !self.is_over { Waiting::Interrupted } else { self.left }
    }

    /// Takes note of its state; `None` if it isn't there. Gives what there is to tell.
    pub(super) fn see(&mut self, live: Option<Value>, moment: Moment, scrubber: &Scrubber) -> Option<Event> {
        self.seen = live.map_or(Seen::Missing, Seen::There);
        self.look(moment, scrubber)
    }

    /// Judges the same state again: some verdicts depend on the time that has passed.
    pub(super) fn look(&mut self, moment: Moment, scrubber: &Scrubber) -> Option<Event> {
        let live = match &self.seen {
            _ if self.is_over => return None,
            Seen::Never => return None,
            Seen::Missing => None,
            Seen::There(live) => Some(live),
        };
        match self.verdict(live, moment.now) {
            Wait::Done | Wait::Settled { .. } => {
                self.is_over = true;
                self.left = Waiting::Ready;
                self.told.is_some().then(|| Event::Ready(self.wanted.id.clone()))
            }
            Wait::Not { message } => {
                self.never_since = None;
                let message = scrubber.scrub(&message);
                self.left = Waiting::NotReady { message: message.clone() };
                self.tell(message)
            }
            Wait::Never { message } => {
                let grace = grace(live);
                let since = *self.never_since.get_or_insert(moment.passed);
                self.is_over = moment.passed.saturating_sub(since) >= grace;
                let message = scrubber.scrub(&message);
                self.left = Waiting::Never { message: message.clone() };
                self.tell(message)
            }
        }
    }

    /// It can't be seen for now; what was seen of it before stays.
    pub(super) fn unseen(&mut self, why: &str) -> Option<Event> {
        if self.is_over || !matches!(self.seen, Seen::Never) {
            return None;
        }
        self.left = Waiting::NotReady { message: why.to_owned() };
        self.tell(why.to_owned())
    }

    /// It can't be seen, and nobody tries again.
    pub(super) fn give_up(&mut self, why: &str) -> Option<Event> {
        if self.is_over {
            return None;
        }
        self.is_over = true;
        self.left = Waiting::NotReady { message: why.to_owned() };
        self.tell(why.to_owned())
    }

    fn verdict(&self, live: Option<&Value>, now: Timestamp) -> Wait {
        let wanted = self.wanted.uid.as_deref();
        let Some(live) = live else {
            return match wanted {
                Some(_) => Wait::Never { message: "was deleted by someone else".to_owned() },
                None => Wait::Not { message: status::Status::not_found().message },
            };
        };
        let uid = live.pointer("/metadata/uid").and_then(Value::as_str);
        if wanted.is_some() && wanted != uid {
            return Wait::Never { message: "was deleted by someone else and made anew".to_owned() };
        }
        status::waits_for(live, now)
    }

    fn tell(&mut self, message: String) -> Option<Event> {
        if self.told.as_ref() == Some(&message) {
            return None;
        }
        self.told = Some(message.clone());
        Some(Event::Waits(self.wanted.id.clone(), message))
    }
}

/// How long a "never" has to last before it counts. A Job and a pod that have failed stay so; a pod that can't start may still do so,
/// when an autoscaler brings a node, or when what it crashes without comes up; of anything else a controller may change its mind.
fn grace(live: Option<&Value>) -> Duration {
    let text = |pointer: &str| live.and_then(|live| live.pointer(pointer)).and_then(Value::as_str).unwrap_or_default();
    match (text("/apiVersion"), text("/kind"), text("/status/phase")) {
        ("batch/v1", "Job", _) | ("v1", "Pod", "Failed") if text("/metadata/deletionTimestamp").is_empty() => Duration::ZERO,
        ("v1", "Pod", _) => Duration::from_mins(1),
        _ => Duration::from_secs(10),
    }
}
