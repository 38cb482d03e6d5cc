//! The events about one object, of either API: `v1` and `events.k8s.io/v1`.

use jiff::Timestamp;
use serde_json::Value;

use super::field::text_or;

/// What is used of an event.
#[derive(Debug, Clone, Copy)]
pub(super) struct Event<'a> {
    pub(super) reason: &'a str,
    pub(super) message: &'a str,
    /// `spec.containers{NAME}`, where it is about one container.
    path: &'a str,
    /// When it was last seen.
    pub(super) time: Option<Timestamp>,
}

impl Event<'_> {
    /// Whether it is about this container; an event that names none may be about any.
    pub(super) fn is_of(&self, container: &str) -> bool {
        let named = self.path.split_once('{').and_then(|(_, rest)| rest.strip_suffix('}'));
        named.is_none_or(|name| name == container)
    }
}

/// The events that are about `object`, the oldest first. Those of an earlier object of the same name have another UID.
pub(super) fn about<'a>(object: &Value, events: &'a [Value]) -> Vec<Event<'a>> {
    let is = |event: &Value, field: &str| {
        let own = object.get("metadata").and_then(|metadata| metadata.get(field)).or_else(|| object.get(field));
        let regarded = regarding(event).and_then(|regarding| regarding.get(field));
        own.is_none() || regarded.is_none() || own == regarded
    };
    let mut found: Vec<Event> =
        events.iter().filter(|event| ["uid", "name", "kind"].iter().all(|field| is(event, field))).map(read).collect();
    found.sort_by_key(|event| event.time);
    found
}

/// The reasons and texts of the newest warnings about an object, the oldest of them first.
pub fn warnings(object: &Value, events: &[Value], most: usize) -> Vec<(String, String)> {
    let warnings: Vec<Value> = events.iter().filter(|event| text_or(event, "type", "") == "Warning").cloned().collect();
    let found = about(object, &warnings);
    let newest = found.get(found.len().saturating_sub(most)..).unwrap_or_default();
    newest.iter().map(|event| (event.reason.to_owned(), event.message.to_owned())).collect()
}

fn regarding(event: &Value) -> Option<&Value> {
    event.get("involvedObject").or_else(|| event.get("regarding"))
}

fn read(event: &Value) -> Event<'_> {
    let times =
        ["series.lastObservedTime", "lastTimestamp", "deprecatedLastTimestamp", "eventTime", "metadata.creationTimestamp"];
    Event {
        reason: text_or(event, "reason", ""),
        message: text_or(event, "message", text_or(event, "note", "")),
        path: regarding(event).map_or("", |regarding| text_or(regarding, "fieldPath", "")),
        time: times.iter().filter_map(|path| text_or(event, path, "").parse().ok()).max(),
    }
}
