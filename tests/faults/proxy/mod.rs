//! A proxy between a client and the real API server: it writes down every request, and makes go wrong what a test wants to go wrong.
//!
//! It serves under the API server's own certificate, so a client needs no more than another port. Each client connection has one
//! connection of its own to the server. HTTP/1.1 only, as a client without ALPN speaks it.

pub(crate) mod answer;
mod fault;
mod request;
mod serve;
mod state;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

pub use fault::{Fault, When};
pub use request::{Class, Request};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::server::{Cluster, run};
use state::State;

/// See [`Proxy::patience`].
const PATIENCE: Duration = Duration::from_secs(10);

/// What becomes of a request after a hook that ran before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// It goes on to the API server.
    Forward,
    /// The API server never hears of it, and the connection is reset.
    Drop,
}

/// A running proxy. It ends when it is dropped.
pub struct Proxy {
    state: Arc<State>,
    server: String,
    kubeconfig: PathBuf,
    _folder: tempfile::TempDir,
    accepts: JoinHandle<()>,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepts.abort();
    }
}

impl Proxy {
    /// A proxy before this server, on a free port, without faults.
    pub fn start(cluster: &Cluster) -> Self {
        let state = Arc::new(State::new(&cluster.server, cluster.ca(), PATIENCE));
        let acceptor = crate::tls::acceptor_of(&cluster.certificate());
        let (server, accepts) = run(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
            let server = format!("https://{}", listener.local_addr().expect("an address"));
            (server, tokio::spawn(serve::accept(listener, acceptor, Arc::clone(&state))))
        });
        let folder = tempfile::tempdir().expect("a temporary folder");
        let kubeconfig = folder.path().join("kubeconfig");
        write_kubeconfig(cluster, &server, &kubeconfig);
        Self { state, server, kubeconfig, _folder: folder, accepts }
    }

    /// The proxy's URL.
    pub fn server(&self) -> &str {
        &self.server
    }

    /// A kubeconfig as the cluster's own (a context a user, `admin` the current one) that leads through this proxy.
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// How long from now on a client waits at most for an answer that doesn't come; then its connection is reset. 10 s at the start.
    pub fn patience(&self, patience: Duration) {
        self.state.lock().patience = patience;
    }

    /// Arms a fault.
    pub fn inject(&self, fault: Fault, when: When) {
        self.state.lock().arm(fault, when);
    }

    /// From now on a request suffers with this probability one of the faults that it can suffer.
    pub fn seed(&self, seed: u64, probability: f64) {
        self.state.lock().sow(seed, probability);
    }

    /// Calls `hook` before such a request reaches the API server; it says what then becomes of it. The hook may block.
    pub fn before(&self, when: When, hook: impl FnMut(&Request) -> Next + Send + 'static) {
        self.state.lock().hook_before(when, Box::new(hook));
    }

    /// Calls `hook` when the API server has answered such a request wholly, and the client has heard nothing yet. The hook may block.
    pub fn after(&self, when: When, mut hook: impl FnMut(&Request) + Send + 'static) {
        let hook = move |request: &Request| {
            hook(request);
            Next::Forward
        };
        self.state.lock().hook_after(when, Box::new(hook));
    }

    /// Disarms all faults and hooks. The log, the counts and the first LISTs stay.
    pub fn calm(&self) {
        self.state.lock().calm();
    }

    /// Empties the log, so that numbers start from 1 again; counts of injected faults and the first LISTs stay.
    pub fn forget(&self) {
        self.state.lock().forget();
    }

    /// All requests since the start or `forget`.
    pub fn requests(&self) -> Vec<Request> {
        self.state.lock().requests()
    }

    /// How many requests of each class.
    pub fn counts(&self) -> BTreeMap<Class, usize> {
        let mut counts = BTreeMap::new();
        for request in self.requests() {
            *counts.entry(request.class).or_default() += 1;
        }
        counts
    }

    /// How many requests of one class.
    pub fn count(&self, class: Class) -> usize {
        self.requests().iter().filter(|request| request.class == class).count()
    }

    /// Faults that really happened, since the start.
    pub fn injected(&self) -> BTreeMap<Fault, usize> {
        self.state.lock().injected()
    }

    /// Deletes without a UID precondition (R17): there must be none.
    pub fn unguarded_deletes(&self) -> Vec<Request> {
        self.requests().into_iter().filter(|request| request.deletes() && !request.guards.uid).collect()
    }
}

/// A copy of the cluster's kubeconfig that leads to another server.
pub fn write_kubeconfig(cluster: &Cluster, server: &str, path: &Path) {
    let text = std::fs::read_to_string(cluster.kubeconfig()).expect("the cluster's kubeconfig");
    assert!(text.contains(&cluster.server), "the kubeconfig names the server");
    std::fs::write(path, text.replace(&cluster.server, server)).expect("a kubeconfig");
}
