//! One API server for all tests of this process, and one cluster with a node.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::future::Future;
use std::io::{BufRead, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};

use crate::harness::child::Program;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use serde::Deserialize;
use serde_json::Value;
use tokio::runtime::Runtime;

/// A kubeconfig of the user's own: tests that can talk to its cluster, and no server is started. Its current context is `admin`
/// where it has none of that name.
const OWN_KUBECONFIG: &str = "PLIMSOLL_TEST_KUBECONFIG";

/// A running API server, perhaps with a node. It ends when this is dropped or this process ends, however that happens:
/// `launch` reads its input, and ends at the end of it.
pub(crate) struct Cluster {
    pub(crate) server: String,
    kubeconfig: PathBuf,
    folder: Option<PathBuf>,
    ca: String,
    kubectl: PathBuf,
    node: Option<String>,
    seconds: f64,
    admin: OnceLock<Client>,
    launch: Option<Mutex<Launch>>,
}

/// The process that holds a cluster's servers.
struct Launch {
    process: Child,
    answers: BufReader<ChildStdout>,
}

impl Drop for Launch {
    fn drop(&mut self) {
        // At the end of its input it ends the servers; when it is gone, so are they and their folder.
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

/// The line of `launch`.
#[derive(Deserialize)]
struct Ready {
    server: String,
    kubeconfig: PathBuf,
    folder: PathBuf,
    node: Option<String>,
    seconds: f64,
}

/// The API server, started by whoever asks first.
///
/// # Panics
/// If it can't be started; all tests that need it fail then, they aren't skipped.
pub(crate) fn cluster() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(Cluster::start)
}

/// The cluster with a node, started by whoever asks first; that of `PLIMSOLL_TEST_KUBECONFIG`, if that is set. `None` where this
/// isn't root, or root without the right to make namespaces: then a line says that the test was not run.
///
/// # Panics
/// If it can't be started, and with `CI` set also where this isn't root.
pub(crate) fn node() -> Option<&'static Cluster> {
    static NODE: OnceLock<Option<Cluster>> = OnceLock::new();
    static NOT_RUN: AtomicUsize = AtomicUsize::new(0);
    let started = NODE.get_or_init(|| {
        if let Some(own) = own_cluster() {
            return Some(own);
        }
        if may_make_a_node() {
            return Some(Cluster::launch(true));
        }
        assert!(std::env::var_os("CI").is_none_or(|value| value.is_empty()), "CI is set, and tests that need a node need root");
        None
    });
    if started.is_none() {
        let count = NOT_RUN.fetch_add(1, Ordering::Relaxed) + 1;
        let test = std::thread::current().name().unwrap_or_default().to_owned();
        println!("not run (needs root): {test}; {count} so far");
    }
    started.as_ref()
}

/// Runs a future on the one runtime that all clients of this process live on.
pub(crate) fn run<T>(future: impl Future<Output = T>) -> T {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| Runtime::new().expect("a runtime")).block_on(future)
}

impl Cluster {
    /// An API server of the caller's own, for tests that break it for everybody.
    pub(crate) fn start() -> Self {
        Self::launch(false)
    }

    fn launch(node: bool) -> Self {
        let built = script("build", if node { &["node"] } else { &[] });
        let part = |name: &str| {
            let line = built.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
            line.unwrap_or_else(|| panic!("build says where {name} is")).to_owned()
        };
        let assets = PathBuf::from(part("assets"));
        let launch = Program::new(part("launch"));
        let launch = if node { launch.args(["-node", &part("node")]) } else { launch };
        let mut process = launch.args([&assets]).start();
        let mut answers = BufReader::new(process.stdout.take().expect("piped"));
        let mut line = String::new();
        answers.read_line(&mut line).expect("a line");
        let ready: Ready = serde_json::from_str(&line).expect("the servers are ready; else launch says above why not");
        Self {
            ca: std::fs::read_to_string(ready.folder.join("ca.crt")).expect("ca.crt"),
            server: ready.server,
            kubeconfig: ready.kubeconfig,
            folder: Some(ready.folder),
            kubectl: assets.join("kubectl"),
            node: ready.node,
            seconds: ready.seconds,
            admin: OnceLock::new(),
            launch: Some(Mutex::new(Launch { process, answers })),
        }
    }

    /// A client of `admin`, `deployer`, `reviewer` or `stranger`; only the first has any right by itself.
    pub(crate) fn client(&self, user: &str) -> Client {
        client(self.config(user))
    }

    /// The same, through a server that stands before this one and shows its certificate.
    pub(crate) fn client_at(&self, server: &str, user: &str) -> Client {
        let mut config = self.config(user);
        config.cluster_url = server.parse().expect("a URL");
        client(config)
    }

    fn config(&self, user: &str) -> Config {
        let file = Kubeconfig::read_from(&self.kubeconfig).expect("a kubeconfig");
        let named = file.contexts.iter().any(|context| context.name == user);
        assert!(named || user == "admin", "`{}` has no context `{user}`", self.kubeconfig.display());
        let options = KubeConfigOptions { context: named.then(|| user.to_owned()), ..KubeConfigOptions::default() };
        let mut config = run(Config::from_custom_kubeconfig(file, &options)).expect("a usable kubeconfig");
        // A test wants to see what the server says the first time.
        config.default_retry = false;
        config
    }

    /// The bearer token of `admin`, `deployer`, `reviewer` or `stranger`.
    pub(crate) fn token(&self, user: &str) -> String {
        use age::secrecy::ExposeSecret as _;
        self.config(user).auth_info.token.expect("a user with a token").expose_secret().to_owned()
    }

    /// A kubeconfig with a context for each user, named by it; the current one is `admin`.
    pub(crate) fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// kubectl, as it was built or provided with the servers.
    pub(crate) fn kubectl(&self) -> &Path {
        &self.kubectl
    }

    /// What kubectl prints as `admin`; it has to exit 0.
    #[track_caller]
    pub(crate) fn kubectl_says(&self, arguments: &[&str]) -> String {
        let kubectl = Program::new(&self.kubectl).args(["--kubeconfig"]).args([&self.kubeconfig]).args(arguments);
        kubectl.run().exits(0).out().trim_end().to_owned()
    }

    /// The name of its node, if it has one of the tests' own.
    pub(crate) fn node(&self) -> Option<&str> {
        self.node.as_deref()
    }

    /// How long it took from the start until all was ready.
    pub(crate) fn seconds(&self) -> f64 {
        self.seconds
    }

    /// The servers' folder: data, certificates, logs.
    ///
    /// # Panics
    /// If the cluster is the user's own.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.as_deref().expect("a cluster that the tests started")
    }

    /// The certificate of the server's authority, as PEM.
    pub(crate) fn ca(&self) -> &str {
        assert!(!self.ca.is_empty(), "a cluster that the tests started");
        &self.ca
    }

    /// The server's own certificate (for 127.0.0.1, and the node's cable where there is one) and its key, as PEM files: a test's
    /// server that uses them is trusted as this one is.
    pub(crate) fn certificate(&self) -> (PathBuf, PathBuf) {
        (self.folder().join("server.crt"), self.folder().join("server.key"))
    }

    /// Ends the API server in the middle of whatever it does. For a cluster of the test's own (`Cluster::start`).
    pub(crate) fn kill_api_server(&self) {
        self.order("kill");
    }

    /// Starts it again, with the same address, data and users, and returns when it is ready.
    pub(crate) fn start_api_server(&self) {
        self.order("start");
    }

    fn order(&self, line: &str) {
        let mut launch = self.launch.as_ref().expect("a cluster that the tests started").lock().expect("no test panicked here");
        writeln!(launch.process.stdin.as_ref().expect("piped"), "{line}").expect("launch lives");
        let mut answer = String::new();
        launch.answers.read_line(&mut answer).expect("an answer");
        assert_eq!(answer.trim_end(), "done");
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

fn client(config: Config) -> Client {
    run(async { Client::try_from(config).expect("a client") })
}

/// The cluster of a kubeconfig of the user's own, if one is named.
fn own_cluster() -> Option<Cluster> {
    let kubeconfig = PathBuf::from(std::env::var_os(OWN_KUBECONFIG).filter(|path| !path.is_empty())?);
    let built = script("build", &[]);
    let assets = built.lines().find_map(|line| line.strip_prefix("assets ")).expect("build says where kubectl is");
    let mut cluster = Cluster {
        server: String::new(),
        kubeconfig,
        folder: None,
        ca: String::new(),
        kubectl: Path::new(assets).join("kubectl"),
        node: None,
        seconds: 0.0,
        admin: OnceLock::new(),
        launch: None,
    };
    cluster.server = cluster.config("admin").cluster_url.to_string();
    Some(cluster)
}

/// Whether this process may make the namespaces that a node lives in: root may, but not in every container.
fn may_make_a_node() -> bool {
    Program::new("unshare").args(["--mount", "--net", "--pid", "--fork", "true"]).run().code == Some(0)
}
