//! Events, and the world that they make.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::Notify;

use super::watch::Source;

/// Which object. Groups matter and versions don't: an object has one life in all its versions.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub group: String,
    pub kind: String,
    pub namespace: String,
    pub name: String,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.namespace.as_str() {
            "" => write!(f, "{}/{}", self.kind, self.name),
            namespace => write!(f, "{}/{} in {namespace}", self.kind, self.name),
        }
    }
}

/// What happened to one object.
#[derive(Debug, Clone)]
pub struct Event {
    pub version: u64,
    pub place: Place,
    /// The object after it; `None` if it was deleted.
    pub object: Option<Value>,
}

/// The observed objects at one moment.
#[derive(Debug, Clone, Default)]
pub struct World(BTreeMap<Place, Value>);

impl World {
    /// Goes on by one event.
    pub fn apply(&mut self, event: &Event) {
        match &event.object {
            Some(object) => self.0.insert(event.place.clone(), object.clone()),
            None => self.0.remove(&event.place),
        };
    }

    pub fn objects(&self) -> impl Iterator<Item = (&Place, &Value)> {
        self.0.iter()
    }

    /// The objects of one kind of a group.
    pub fn of(&self, group: &str, kind: &str) -> impl Iterator<Item = (&Place, &Value)> {
        self.0.iter().filter(move |(place, _)| place.group == group && place.kind == kind)
    }

    pub fn has(&self, place: &Place) -> bool {
        self.0.contains_key(place)
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }
}

/// What the watches have seen so far.
pub(super) struct History {
    namespaces: Vec<String>,
    inner: Mutex<Inner>,
    /// Told at each event.
    pub(super) moved: Notify,
    /// Told when a CustomResourceDefinition changed.
    pub(super) kinds_moved: Notify,
}

#[derive(Default)]
struct Inner {
    before: World,
    now: World,
    events: Vec<Event>,
    started: bool,
    sources: Vec<Source>,
}

impl History {
    pub(super) fn new(namespaces: &[&str]) -> Self {
        Self {
            namespaces: namespaces.iter().map(|&name| name.to_owned()).collect(),
            inner: Mutex::default(),
            moved: Notify::new(),
            kinds_moved: Notify::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on what is listed is news.
    pub(super) fn started(&self) {
        let mut inner = self.lock();
        inner.started = true;
        inner.before = inner.now.clone();
        // A watch that began early may already have told something; it is in `now`.
        inner.events.clear();
    }

    pub(super) fn watches(&self, source: Source) {
        self.lock().sources.push(source);
    }

    /// Whether an object is one of those that are observed.
    pub(super) fn concerns(&self, place: &Place) -> bool {
        !place.namespace.is_empty() || self.namespaces.iter().any(|name| place.name.contains(name.as_str()))
    }

    /// An object of a LIST.
    pub(super) fn listed(&self, place: Place, object: Value) {
        let mut inner = self.lock();
        if inner.started {
            drop(inner);
            let version = version(&object);
            self.happened(Event { version, place, object: Some(object) });
        } else {
            inner.now.apply(&Event { version: 0, place, object: Some(object) });
        }
    }

    pub(super) fn happened(&self, event: Event) {
        let mut inner = self.lock();
        inner.now.apply(&event);
        inner.events.push(event);
        drop(inner);
        self.moved.notify_waiters();
    }

    pub(super) fn before(&self) -> World {
        self.lock().before.clone()
    }

    pub(super) fn in_order(&self) -> Vec<Event> {
        let mut events = self.lock().events.clone();
        events.sort_by_key(|event| event.version);
        events
    }

    /// Returns when the world of the events is the one that consistent LISTs show.
    pub(super) async fn caught_up(&self, client: &kube::Client) {
        let sources = self.lock().sources.clone();
        for source in sources {
            let wanted = source.versions(client, self).await;
            loop {
                let moved = self.moved.notified();
                tokio::pin!(moved);
                moved.as_mut().enable();
                let seen: BTreeMap<Place, u64> = self
                    .lock()
                    .now
                    .objects()
                    .filter(|(place, _)| source.holds(place))
                    .map(|(place, object)| (place.clone(), version(object)))
                    .collect();
                let behind = |(place, version): (&Place, &u64)| seen.get(place).is_none_or(|seen| seen < version);
                let gone = seen.keys().any(|place| !wanted.contains_key(place) && seen[place] <= source.listed_at());
                if !wanted.iter().any(behind) && !gone {
                    break;
                }
                moved.await;
            }
        }
        // What came and went again between two events leaves no trace in a LIST.
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// An object's version as a number.
pub(super) fn version(object: &Value) -> u64 {
    object["metadata"]["resourceVersion"].as_str().and_then(|text| text.parse().ok()).unwrap_or_default()
}
