//! Events as they happen.

use std::sync::Arc;

use futures_util::{Stream, StreamExt};
use kube::core::WatchEvent;
use serde_json::Value;

use super::client::Cluster;
use super::discovery::{Resource, encode};
use super::error::{ClusterError, ErrorKind};
use super::live::Live;
use super::request::{Ask, Call};

/// Something that happened to an object.
#[derive(Debug, Clone)]
pub enum Event {
    /// It is there, in this state.
    Is(Live),
    /// It is gone; its last state.
    Gone(Live),
    /// Nothing happened up to this resource version.
    Mark(String),
}

impl Cluster {
    /// The events of a kind's objects after `version`. The stream ends when the server ends it (it does so every few minutes): go on
    /// from the last version seen, and after [`ErrorKind::Expired`] with a new LIST.
    ///
    /// # Errors
    /// It can't be opened. The stream's own errors end it.
    pub async fn watch(
        &self,
        resource: &Arc<Resource>,
        namespace: Option<&str>,
        selector: Option<&str>,
        version: &str,
    ) -> Result<impl Stream<Item = Result<Event, ClusterError>> + use<>, ClusterError> {
        let doing = format!("watch {}", resource.full_name());
        let selector = selector.map(|selector| format!("&labelSelector={}", encode(selector))).unwrap_or_default();
        let path = format!(
            "{}?watch=true&allowWatchBookmarks=true&resourceVersion={}{selector}",
            resource.path(namespace, None),
            encode(version)
        );
        self.count(Call::Watch);
        let request = Ask::get(path).request().map_err(|error| broken(&doing, &error.to_string()))?;
        let (parts, _) = request.into_parts();
        let request = http::Request::from_parts(parts, Vec::new());
        let events = self.client.request_events::<Value>(request).await.map_err(|error| failed(&doing, &error))?;
        let resource = resource.clone();
        Ok(events.filter_map(move |event| {
            let event = match event {
                Ok(WatchEvent::Added(value) | WatchEvent::Modified(value)) => {
                    Live::of(resource.clone(), &value).map(|live| Ok(Event::Is(live)))
                }
                Ok(WatchEvent::Deleted(value)) => Live::of(resource.clone(), &value).map(|live| Ok(Event::Gone(live))),
                Ok(WatchEvent::Bookmark(mark)) => Some(Ok(Event::Mark(mark.metadata.resource_version))),
                Ok(WatchEvent::Error(status)) => Some(Err(of_status(&doing, status.code, &status.message))),
                Err(error) => Some(Err(failed(&doing, &error))),
            };
            futures_util::future::ready(event)
        }))
    }
}

fn broken(doing: &str, message: &str) -> ClusterError {
    ClusterError::new(ErrorKind::Unreachable, doing, message)
}

fn of_status(doing: &str, code: u16, message: &str) -> ClusterError {
    let kind = match code {
        401 => ErrorKind::Login,
        403 => ErrorKind::Forbidden(doing.to_owned()),
        404 => ErrorKind::NotFound,
        410 => ErrorKind::Expired,
        429 => ErrorKind::Throttled,
        _ => ErrorKind::Unavailable,
    };
    ClusterError::new(kind, doing, message)
}

fn failed(doing: &str, error: &kube::Error) -> ClusterError {
    match error {
        kube::Error::Api(status) => of_status(doing, status.code, &status.message),
        error => broken(doing, &super::classify::chain(error)),
    }
}
