//! One API server for all tests of this process.

use std::collections::BTreeMap;
use std::future::Future;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Child;
use std::sync::OnceLock;

use crate::harness::child::Program;
use kube::{Client, Config};
use serde::Deserialize;
use serde_json::Value;
use tokio::runtime::Runtime;

/// A running API server. It ends when this process does, however that happens: `up` reads its input, and ends at the end of it.
pub(crate) struct Cluster {
    pub(crate) server: String,
    ca: String,
    tokens: BTreeMap<String, String>,
    kubeconfig: PathBuf,
    folder: PathBuf,
    admin: OnceLock<Client>,
    _up: Child,
}

#[derive(Deserialize)]
struct Ready {
    server: String,
    ca: String,
    tokens: BTreeMap<String, String>,
    kubeconfig: PathBuf,
    folder: PathBuf,
}

/// The server, started by whoever asks first.
///
/// # Panics
/// If it can't be started; all tests that need it fail then, they aren't skipped.
pub(crate) fn cluster() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(Cluster::start)
}

/// Runs a future on the one runtime that all clients of this process live on.
pub(crate) fn run<T>(future: impl Future<Output = T>) -> T {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| Runtime::new().expect("a runtime")).block_on(future)
}

impl Cluster {
    /// A server of the caller's own, for tests that break it for everybody. It ends when it is dropped.
    pub(crate) fn start() -> Self {
        let built = script("build", &[]);
        let part = |name: &str| {
            let line = built.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
            line.unwrap_or_else(|| panic!("build says where {name} is")).to_owned()
        };
        let mut child = Program::new(part("up")).args([part("assets")]).start();
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("a line");
        let ready: Ready = serde_json::from_str(&line).expect("the servers are ready; else up says above why not");
        Self {
            server: ready.server,
            ca: ready.ca,
            tokens: ready.tokens,
            kubeconfig: ready.kubeconfig,
            folder: ready.folder,
            admin: OnceLock::new(),
            _up: child,
        }
    }

    /// A client of `admin`, `deployer`, `reviewer` or `stranger`; only the first has any right by itself.
    pub(crate) fn client(&self, user: &str) -> Client {
        self.client_at(&self.server, user)
    }

    /// The same, through a server that stands before this one under its certificate.
    pub(crate) fn client_at(&self, server: &str, user: &str) -> Client {
        let mut config = Config::new(server.parse().expect("a URL"));
        config.root_cert = Some(vec![pem_bytes(&self.ca)]);
        config.auth_info.token = Some(self.tokens.get(user).expect("a user of up/cluster.go").clone().into());
        // A test wants to see what the server says the first time.
        config.default_retry = false;
        run(async { Client::try_from(config).expect("a client") })
    }

    /// A kubeconfig with a context a user, each named by it; the current one is `admin`.
    #[allow(dead_code, reason = "each test binary uses a part of it")]
    pub(crate) fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// The certificate of the server's authority, as PEM.
    #[allow(dead_code, reason = "each test binary uses a part of it")]
    pub(crate) fn ca(&self) -> &str {
        &self.ca
    }

    /// The server's own certificate (for 127.0.0.1) and its key, as PEM files: a test's server that uses them is trusted as this one is.
    #[allow(dead_code, reason = "each test binary uses a part of it")]
    pub(crate) fn certificate(&self) -> (PathBuf, PathBuf) {
        (self.folder.join("server.crt"), self.folder.join("server.key"))
    }

    /// The answer to a GET by `admin`, as JSON.
    pub(crate) fn get(&self, path: &str) -> Value {
        self.send("GET", path, "application/json", "").unwrap_or_else(|error| panic!("GET {path}: {error}"))
    }

    /// The answer to a request by `admin`, as JSON, or the status code and the server's message. A `path` with
    /// `?dryRun=All&fieldValidation=Strict` changes nothing and lets nothing pass; the content type says what `body` is:
    /// `application/yaml`, `application/apply-patch+yaml`, `application/strategic-merge-patch+json` …
    pub(crate) fn send(&self, method: &str, path: &str, content_type: &str, body: &str) -> Result<Value, String> {
        let request = http::Request::builder()
            .method(method)
            .uri(path)
            .header("Content-Type", content_type)
            .header("Accept", "application/json")
            .body(body.as_bytes().to_vec())
            .map_err(|error| error.to_string())?;
        let client = self.admin.get_or_init(|| self.client("admin"));
        run(client.request::<Value>(request)).map_err(|error| match error {
            kube::Error::Api(status) => format!("{}: {}", status.code, status.message),
            other => other.to_string(),
        })
    }
}

/// A script of this folder, run; its standard output.
pub(crate) fn script(name: &str, arguments: &[&str]) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cluster").join(name);
    Program::new(&path).args(arguments).run().exits(0).out().trim_end().to_owned()
}

/// The DER bytes of a PEM certificate.
fn pem_bytes(pem: &str) -> Vec<u8> {
    use base64::Engine;
    let body: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    base64::engine::general_purpose::STANDARD.decode(body).expect("PEM")
}
