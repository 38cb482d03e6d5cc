//! Requests, their tries, and their count.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use http_body_util::BodyExt;
use serde::de::{DeserializeOwned, IgnoredAny};

use super::classify::{self, Refusal};
use super::error::{ClusterError, ErrorKind};
use super::request::{Ask, Call};

/// How long one request may take.
const TIME: Duration = Duration::from_secs(30);
/// How often a request is tried.
const TRIES: u32 = 5;
/// How often one is tried of which nothing is heard at all. Once more helps against a connection that broke without a word; somebody waits
/// for each.
const SILENT_TRIES: u32 = 2;
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// The server may ask for a longer pause than this; then the request has failed.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// A connected API server. Cheap to clone.
#[derive(Clone)]
pub struct Cluster {
    pub(super) client: kube::Client,
    url: String,
    is_loopback: bool,
    counts: Arc<Counters>,
}

impl std::fmt::Debug for Cluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Cluster({})", self.url)
    }
}

#[derive(Default)]
struct Counters {
    list: AtomicUsize,
    get: AtomicUsize,
    discovery: AtomicUsize,
    dry_run: AtomicUsize,
    write: AtomicUsize,
    watch: AtomicUsize,
    pod: AtomicUsize,
}

/// How many requests of each kind were made, tries included.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Pages of LISTs.
    pub list: usize,
    /// Single objects and other reads.
    pub get: usize,
    /// Discovery.
    pub discovery: usize,
    /// Dry-runs.
    pub dry_run: usize,
    /// Writes.
    pub write: usize,
    /// Watches opened.
    pub watch: usize,
    /// Commands in containers, and logs.
    pub pod: usize,
}

/// A good answer.
#[derive(Clone)]
pub struct Answer {
    /// 200, 201, 202.
    pub status: StatusCode,
    /// The texts of its `Warning` headers.
    pub warnings: Vec<String>,
    body: Bytes,
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Answer({}, {} bytes)", self.status, self.body.len())
    }
}

impl Answer {
    /// The body as JSON.
    ///
    /// # Errors
    /// It isn't what was expected. Its text isn't in the message: it may hold a secret.
    pub fn json<T: DeserializeOwned>(&self, doing: &str) -> Result<T, ClusterError> {
        serde_json::from_slice(&self.body).map_err(|error| garbage(doing, &error))
    }

    /// The body's bytes.
    pub fn bytes(&self) -> &Bytes {
        &self.body
    }
}

fn garbage(doing: &str, error: &serde_json::Error) -> ClusterError {
    let place = format!("line {} column {}", error.line(), error.column());
    ClusterError::new(ErrorKind::Garbage, doing, format!("the answer isn't the JSON that the API gives (it breaks at {place})"))
}

impl Cluster {
    pub(super) fn new(client: kube::Client, url: String, is_loopback: bool) -> Self {
        Self { client, url, is_loopback, counts: Arc::default() }
    }

    /// The server's URL, for messages.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Whether the server is on this machine's loopback interface, and not on a proxy's.
    pub fn is_loopback(&self) -> bool {
        self.is_loopback
    }

    /// How many requests were made so far.
    pub fn counts(&self) -> Counts {
        let read = |counter: &AtomicUsize| counter.load(Ordering::Relaxed);
        let counts = &self.counts;
        Counts {
            list: read(&counts.list),
            get: read(&counts.get),
            discovery: read(&counts.discovery),
            dry_run: read(&counts.dry_run),
            write: read(&counts.write),
            watch: read(&counts.watch),
            pod: read(&counts.pod),
        }
    }

    pub(super) fn count(&self, call: Call) {
        let counts = &self.counts;
        let counter = match call {
            Call::List => &counts.list,
            Call::Get => &counts.get,
            Call::Discovery => &counts.discovery,
            Call::DryRun => &counts.dry_run,
            Call::Write => &counts.write,
            Call::Watch => &counts.watch,
            Call::Pod => &counts.pod,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// Makes a request. A read is tried again when it may well succeed a moment later; a write only when the server says that it didn't
    /// take it (429), or when no connection came about.
    pub(super) async fn ask(&self, call: Call, doing: &str, ask: &Ask) -> Result<Answer, ClusterError> {
        let whole = |answer: Answer| match call {
            Call::Pod => Ok(answer),
            _ => serde_json::from_slice::<IgnoredAny>(&answer.body).map(|_| answer),
        };
        self.ask_for(call, doing, ask, whole).await
    }

    /// The same, with what is read from a good answer. One that can't be read comes from something that isn't an API server, or was cut: a
    /// read is tried again.
    pub(super) async fn ask_for<T>(
        &self,
        call: Call,
        doing: &str,
        ask: &Ask,
        read: impl Fn(Answer) -> Result<T, serde_json::Error>,
    ) -> Result<T, ClusterError> {
        let mut pause = FIRST_PAUSE;
        let mut silences = 0;
        for left in (0..TRIES).rev() {
            let garbled = |error| garbage(doing, &error).maybe_done(!call.is_read()).into();
            let answer = self.once(call, doing, ask).await;
            let refusal: Refusal = match answer.and_then(|answer| read(answer).map_err(garbled)) {
                Ok(found) => return Ok(found),
                Err(refusal) => refusal,
            };
            let again = refusal.not_taken || (call.is_read() && refusal.error.is_passing());
            let wait = refusal.retry_after.unwrap_or(pause);
            silences += u32::from(refusal.silent);
            if left == 0 || !again || silences == SILENT_TRIES || wait > LONGEST_PAUSE {
                return Err(refusal.error);
            }
            tokio::time::sleep(wait).await;
            pause *= 2;
        }
        Err(ClusterError::new(ErrorKind::Unavailable, doing, "no try is left"))
    }

    async fn once(&self, call: Call, doing: &str, ask: &Ask) -> Result<Answer, Refusal> {
        self.count(call);
        let request = ask.request().map_err(|error| {
            Refusal::from(ClusterError::new(ErrorKind::Invalid, doing, format!("the request can't be made: {error}")))
        })?;
        let Ok(sent) = tokio::time::timeout(TIME, self.client.send(request)).await else {
            return Err(no_answer(call, doing));
        };
        let response = sent.map_err(|error| classify::connection(call, doing, &self.url, &error))?;
        let (parts, body) = response.into_parts();
        let body = match tokio::time::timeout(TIME, body.collect()).await {
            Ok(Ok(body)) => body.to_bytes(),
            Ok(Err(error)) => {
                let message = format!("the answer broke off: {}", classify::chain(&error));
                return Err(ClusterError::new(ErrorKind::Garbage, doing, message).maybe_done(!call.is_read()).into());
            }
            Err(_) => return Err(no_answer(call, doing)),
        };
        if parts.status.is_success() {
            return Ok(Answer { status: parts.status, warnings: warnings(&parts.headers), body });
        }
        Err(classify::status(call, doing, parts.status, &parts.headers, &body))
    }
}

fn no_answer(call: Call, doing: &str) -> Refusal {
    let error = ClusterError::new(ErrorKind::Unreachable, doing, format!("no answer in {} seconds", TIME.as_secs()));
    Refusal { silent: true, ..error.maybe_done(!call.is_read()).into() }
}

/// `299 - "text"`, as RFC 7234 has it.
fn warnings(headers: &HeaderMap) -> Vec<String> {
    let texts = headers.get_all("Warning").iter().filter_map(|value| value.to_str().ok());
    texts.map(|text| text.split_once('"').map_or(text, |(_, rest)| rest.trim_end_matches('"')).to_owned()).collect()
}
