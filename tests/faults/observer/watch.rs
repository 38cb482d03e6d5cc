//! The watch of one kind in one namespace.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::{AsyncBufReadExt as _, StreamExt as _};
use kube::Client;
use serde_json::Value;

use super::Kind;
use super::history::{Event, History, Place, version};

/// One kind in one namespace, or in none.
#[derive(Clone)]
pub(super) struct Source {
    kind: Kind,
    namespace: Option<String>,
    path: String,
    history: Arc<History>,
    listed: Arc<AtomicU64>,
}

impl Source {
    pub(super) fn new(kind: &Kind, namespace: Option<&str>, history: &Arc<History>) -> Self {
        let root = kind.root();
        let path = match namespace {
            Some(namespace) => format!("{root}/namespaces/{namespace}/{}", kind.plural),
            None => format!("{root}/{}", kind.plural),
        };
        Self {
            kind: kind.clone(),
            namespace: namespace.map(str::to_owned),
            path,
            history: Arc::clone(history),
            listed: Arc::default(),
        }
    }

    /// Whether an object would come from here.
    pub(super) fn holds(&self, place: &Place) -> bool {
        place.group == self.kind.group
            && place.kind == self.kind.name
            && place.namespace == self.namespace.as_deref().unwrap_or_default()
    }

    /// The version of the last LIST for `versions`.
    pub(super) fn listed_at(&self) -> u64 {
        self.listed.load(Ordering::Relaxed)
    }

    /// LISTs what is there; the version from which to watch, or `None` if the kind isn't served.
    pub(super) async fn begin(&self, client: &Client) -> Option<u64> {
        let list = self.list(client).await?;
        for item in list["items"].as_array().into_iter().flatten() {
            let place = self.place(item);
            if self.history.concerns(&place) {
                self.history.listed(place, item.clone());
            }
        }
        Some(version(&list))
    }

    /// Watches from that version until it is stopped.
    pub(super) async fn follow(self, client: Client, mut from: Option<u64>) {
        while from.is_none() {
            let moved = self.history.kinds_moved.notified();
            tokio::pin!(moved);
            moved.as_mut().enable();
            from = self.begin(&client).await;
            if from.is_none() {
                // Served may come a little after the last event of the definition.
                let _ = tokio::time::timeout(Duration::from_millis(200), moved).await;
            }
        }
        let mut from = from.unwrap_or_default();
        loop {
            let query = format!("watch=true&resourceVersion={from}&timeoutSeconds=3600");
            let Ok(stream) = client.request_stream(get(&format!("{}?{query}", self.path))).await else { continue };
            let mut lines = stream.lines();
            while let Some(Ok(line)) = lines.next().await {
                let event: Value = serde_json::from_str(&line).expect("the API server's event");
                assert_ne!(event["type"], "ERROR", "{}: {event}", self.path);
                from = version(&event["object"]);
                self.take(&event);
            }
        }
    }

    fn take(&self, event: &Value) {
        let object = &event["object"];
        let place = self.place(object);
        if place.kind == "CustomResourceDefinition" {
            self.history.kinds_moved.notify_waiters();
        }
        if self.history.concerns(&place) {
            let object_after = (event["type"] != "DELETED").then(|| object.clone());
            self.history.happened(Event { version: version(object), place, object: object_after });
        }
    }

    /// The objects that are there now, with their versions.
    pub(super) async fn versions(&self, client: &Client, history: &History) -> BTreeMap<Place, u64> {
        let list = self.list(client).await.unwrap_or_default();
        self.listed.store(version(&list), Ordering::Relaxed);
        let items = list["items"].as_array().into_iter().flatten();
        items.map(|item| (self.place(item), version(item))).filter(|(place, _)| history.concerns(place)).collect()
    }

    /// `None` if the kind isn't served.
    async fn list(&self, client: &Client) -> Option<Value> {
        loop {
            match client.request::<Value>(get(&self.path)).await {
                Ok(list) => return Some(list),
                Err(kube::Error::Api(status)) if status.code == 404 => return None,
                // A definition's storage is being made, which takes a moment.
                Err(kube::Error::Api(status)) if matches!(status.code, 429 | 503) => {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                Err(error) => panic!("{}: {error}", self.path),
            }
        }
    }

    fn place(&self, object: &Value) -> Place {
        let of = |name: &str| object["metadata"][name].as_str().unwrap_or_default().to_owned();
        Place { group: self.kind.group.clone(), kind: self.kind.name.clone(), namespace: of("namespace"), name: of("name") }
    }
}

fn get(path: &str) -> http::Request<Vec<u8>> {
    http::Request::get(path).header("Accept", "application/json").body(Vec::new()).expect("a request")
}
