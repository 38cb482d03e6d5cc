//! What the connections of one proxy share: the log, what is armed, the first answers.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http::request::Parts;
use tokio_rustls::TlsConnector;

use super::Next;
use super::fault::{Armed, Fault, Seed, When};
use super::request::{Class, Request, parameter};

/// A hook of a test.
pub(super) type Hook = Arc<Mutex<Box<dyn FnMut(&Request) -> Next + Send>>>;

/// Shared by all connections.
pub(super) struct State {
    pub(super) address: String,
    pub(super) connector: TlsConnector,
    inner: Mutex<Inner>,
}

pub(super) struct Inner {
    pub(super) patience: Duration,
    log: Vec<Request>,
    /// How often the log was emptied: an answer that comes later isn't written into another request's line.
    era: usize,
    faults: Vec<(Armed, Fault)>,
    before: Vec<(Armed, Hook)>,
    after: Vec<(Armed, Hook)>,
    seed: Option<Seed>,
    occurrences: BTreeMap<(String, String), usize>,
    injected: BTreeMap<Fault, usize>,
    lists: BTreeMap<String, Answer>,
}

/// A whole answer of the API server.
#[derive(Clone)]
pub(super) struct Answer {
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// What is to be done with a request that arrived.
pub(super) struct Ticket {
    pub(super) request: Request,
    pub(super) era: usize,
    pub(super) fault: Option<Fault>,
    pub(super) before: Vec<Hook>,
    pub(super) after: Vec<Hook>,
    /// Under which its answer is kept, if it is a LIST.
    pub(super) key: Option<String>,
    pub(super) stale: Option<Answer>,
}

impl State {
    pub(super) fn new(server: &str, ca: &str, patience: Duration) -> Self {
        let address = server.strip_prefix("https://").expect("an https URL").trim_end_matches('/').to_owned();
        Self { address, connector: crate::tls::connector(ca), inner: Mutex::new(Inner::new(patience)) }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Changes the log's line of a request.
    pub(super) fn note(&self, ticket: &Ticket, change: impl FnOnce(&mut Request)) {
        let mut inner = self.lock();
        if inner.era == ticket.era
            && let Some(request) = inner.log.get_mut(ticket.request.number - 1)
        {
            change(request);
        }
    }

    /// Counts a fault that really happens.
    pub(super) fn happened(&self, ticket: &Ticket, fault: Fault) {
        *self.lock().injected.entry(fault).or_default() += 1;
        self.note(ticket, |request| request.fault = Some(fault));
    }

    pub(super) fn keep(&self, key: &str, answer: &Answer) {
        self.lock().lists.entry(key.to_owned()).or_insert_with(|| answer.clone());
    }
}

impl Inner {
    fn new(patience: Duration) -> Self {
        Self {
            patience,
            log: Vec::new(),
            era: 0,
            faults: Vec::new(),
            before: Vec::new(),
            after: Vec::new(),
            seed: None,
            occurrences: BTreeMap::new(),
            injected: BTreeMap::new(),
            lists: BTreeMap::new(),
        }
    }

    pub(super) fn arm(&mut self, fault: Fault, when: When) {
        self.faults.push((Armed::new(when), fault));
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a probability")]
    pub(super) fn sow(&mut self, seed: u64, probability: f64) {
        self.seed = Some(Seed { seed, per_million: (probability.clamp(0.0, 1.0) * 1e6) as u64 });
        self.occurrences.clear();
    }

    pub(super) fn hook_before(&mut self, when: When, hook: Box<dyn FnMut(&Request) -> Next + Send>) {
        self.before.push((Armed::new(when), Arc::new(Mutex::new(hook))));
    }

    pub(super) fn hook_after(&mut self, when: When, hook: Box<dyn FnMut(&Request) -> Next + Send>) {
        self.after.push((Armed::new(when), Arc::new(Mutex::new(hook))));
    }

    pub(super) fn calm(&mut self) {
        self.faults.clear();
        self.before.clear();
        self.after.clear();
        self.seed = None;
    }

    pub(super) fn forget(&mut self) {
        self.log.clear();
        self.era += 1;
    }

    pub(super) fn requests(&self) -> Vec<Request> {
        self.log.clone()
    }

    pub(super) fn injected(&self) -> BTreeMap<Fault, usize> {
        self.injected.clone()
    }

    /// Writes a request down, and says what is to happen to it.
    pub(super) fn arrive(&mut self, parts: &Parts, body: &[u8]) -> Ticket {
        let request = Request::new(self.log.len() + 1, parts, body);
        self.log.push(request.clone());
        let key = (request.class == Class::List).then(|| list_key(parts));
        let stale = key.as_ref().and_then(|key| self.lists.get(key)).cloned();
        let mut fault = None;
        // All counts go on, though the first that strikes is the one that happens.
        for (armed, kind) in &mut self.faults {
            let possible = kind.suits(&request) && (*kind != Fault::StaleList || stale.is_some());
            if armed.strikes(&request) && possible {
                fault = fault.or(Some(*kind));
            }
        }
        if let Some(seed) = self.seed {
            let seen = self.occurrences.entry((request.method.clone(), request.path.clone())).or_default();
            *seen += 1;
            let suits = |fault: &Fault| fault.suits(&request) && (*fault != Fault::StaleList || stale.is_some());
            let possible: Vec<Fault> = Fault::ALL.into_iter().filter(suits).collect();
            fault = fault.or(seed.pick(&request, *seen, &possible));
        }
        let before = struck(&mut self.before, &request);
        let after = struck(&mut self.after, &request);
        Ticket { request, era: self.era, fault, before, after, key, stale }
    }
}

fn struck(hooks: &mut [(Armed, Hook)], request: &Request) -> Vec<Hook> {
    hooks.iter_mut().filter_map(|(armed, hook)| armed.strikes(request).then(|| Arc::clone(hook))).collect()
}

/// What makes two LISTs the same question: the path, the form of the answer, and the query but for versions and time limits.
fn list_key(parts: &Parts) -> String {
    let accept = parts.headers.get(http::header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let query = parts.uri.query().unwrap_or_default();
    let kept: Vec<&str> =
        query.split('&').filter(|pair| !pair.starts_with("resourceVersion") && !pair.starts_with("timeoutSeconds")).collect();
    debug_assert!(parameter(query, "watch").is_none());
    format!("{accept} {}?{}", parts.uri.path(), kept.join("&"))
}
