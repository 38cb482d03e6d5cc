//! Against a real API server, side by side with kubectl, in one run: `cargo bench --bench live`.
//!
//! The same objects, as Plimsoll renders them, go into two namespaces: one is kept by Plimsoll, the other by `kubectl apply --server-side`.
//! No controller runs, so nobody else writes. Requests are counted by the server itself (`/metrics`); times are whole processes.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::print_stdout,
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::format_collect,
    unreachable_pub,
    reason = "a benchmark starts processes, reads the clock and prints"
)]

#[path = "../tests/harness/mod.rs"]
mod harness;
#[path = "../tests/cluster/server.rs"]
mod server;
mod shared;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use futures_util::stream::{self, StreamExt};
use harness::seal;
use plimsoll::cluster::{Connection, Resource, connect};
use server::{Cluster, cluster, run, script};
use shared::{PER_UNIT, lay_out_plimsoll, plimsoll, time, time_ending};

/// What the bundle has: group, kind, and where it is listed.
const KINDS: [(&str, &str, &str); 5] = [
    ("apps", "Deployment", "/apis/apps/v1/namespaces/NS/deployments"),
    ("", "Service", "/api/v1/namespaces/NS/services"),
    ("", "ServiceAccount", "/api/v1/namespaces/NS/serviceaccounts"),
    ("", "ConfigMap", "/api/v1/namespaces/NS/configmaps"),
    ("", "Secret", "/api/v1/namespaces/NS/secrets"),
];

fn resource(group: &str, kind: &str, path: &str) -> Arc<Resource> {
    let plural = path.rsplit('/').next().unwrap_or_default().to_owned();
    let (group, kind) = (group.to_owned(), kind.to_owned());
    Arc::new(Resource { group, version: "v1".to_owned(), kind, plural, namespaced: true, verbs: Vec::new() })
}

/// The least of three times, in seconds.
fn best_of_three(work: impl Fn()) -> f64 {
    let times = (0..3).map(|_| {
        let start = Instant::now();
        work();
        start.elapsed().as_secs_f64()
    });
    times.fold(f64::MAX, f64::min)
}

fn main() {
    let cluster = cluster();
    let kubectl =
        PathBuf::from(script("build", &[]).lines().find_map(|line| line.strip_prefix("assets ")).unwrap()).join("kubectl");
    let folder = tempfile::tempdir().expect("a temporary folder");
    println!("| objects | work | plimsoll | requests | memory | kubectl --server-side | requests | ratio |");
    println!("|---|---|---|---|---|---|---|---|");
    for objects in [1_000, 5_000] {
        let bench = Bench::new(folder.path(), objects, cluster, &kubectl);
        bench.all();
    }
}

struct Bench<'a> {
    objects: usize,
    root: PathBuf,
    manifest: PathBuf,
    ours: String,
    theirs: String,
    cluster: &'a Cluster,
    kubectl: &'a Path,
    identity: PathBuf,
}

impl<'a> Bench<'a> {
    fn new(folder: &Path, objects: usize, cluster: &'a Cluster, kubectl: &'a Path) -> Self {
        let root = folder.join(objects.to_string());
        lay_out_plimsoll(&root, objects / PER_UNIT);
        let identity = root.join("identity");
        std::fs::write(&identity, seal::IDENTITY).expect("the identity");
        let (ours, theirs) = (format!("ours-{objects}"), format!("theirs-{objects}"));
        let path = root.join("environments/prod.toml");
        let text = std::fs::read_to_string(&path).unwrap().replace("namespace = \"bench\"", &format!("namespace = \"{ours}\""));
        std::fs::write(&path, text).unwrap();
        for name in [&ours, &theirs] {
            let body = format!("{{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{{\"name\":\"{name}\"}}}}");
            cluster.send("POST", "/api/v1/namespaces", "application/json", &body).expect("a namespace");
        }
        let manifest = root.join("manifest.yaml");
        Self { objects, root, manifest, ours, theirs, cluster, kubectl, identity }
    }

    fn all(&self) {
        // kubectl takes minutes for 5,000 objects.
        let runs = if self.objects > 1_000 { 1 } else { 3 };
        self.write_manifest();
        self.side_by_side("first apply", &[0], &[0], self.apply(), self.kubectl("apply"), 1);
        self.side_by_side("diff, nothing changed", &[0], &[0], self.diff(), self.kubectl("diff"), runs);
        self.lists();
        self.side_by_side("apply, nothing to do", &[0], &[0], self.apply(), self.kubectl("apply"), runs);
        self.change();
        self.side_by_side("diff, 1% changed", &[1], &[1], self.diff(), self.kubectl("diff"), runs);
    }

    fn ours(&self, command: &str) -> Command {
        let mut program = plimsoll();
        program.arg("-C").arg(&self.root).arg("--identity").arg(&self.identity).args([command, "prod"]);
        program.env("KUBECONFIG", self.cluster.kubeconfig());
        program
    }

    fn diff(&self) -> Command {
        self.ours("diff")
    }

    fn apply(&self) -> Command {
        let mut program = self.ours("apply");
        program.args(["--yes", "--no-wait"]);
        program
    }

    fn kubectl(&self, command: &str) -> Command {
        let mut program = Command::new(self.kubectl);
        program.args([command, "--server-side", "-f"]).arg(&self.manifest).env("KUBECONFIG", self.cluster.kubeconfig());
        program
    }

    /// What Plimsoll sends, for the other namespace.
    fn write_manifest(&self) {
        let mut program = plimsoll();
        program.arg("-C").arg(&self.root).arg("--identity").arg(&self.identity).args([
            "render",
            "prod",
            "--reveal",
            "--no-check",
        ]);
        let text = String::from_utf8(program.output().expect("render").stdout).expect("text");
        std::fs::write(
            &self.manifest,
            text.replace(&format!("namespace: {}", self.ours), &format!("namespace: {}", self.theirs)),
        )
        .unwrap();
    }

    /// Another value in every hundredth object: a label of its Service, which makes nothing else change.
    fn change(&self) {
        for unit in (0..self.objects / PER_UNIT).step_by(100 / PER_UNIT) {
            let path = self.root.join(format!("templates/app/app-{unit}.yaml"));
            let text = std::fs::read_to_string(&path).unwrap().replace("      port: 80\n", "      port: 81\n");
            std::fs::write(path, text).unwrap();
        }
        self.write_manifest();
    }

    fn side_by_side(&self, work: &str, own: &[i32], peer: &[i32], mut ours: Command, mut theirs: Command, runs: usize) {
        let before = self.requests();
        let sample = time_ending(runs, own, &mut ours);
        let between = self.requests();
        let other = time_ending(runs, peer, &mut theirs);
        let after = self.requests();
        let ratio = other.time.as_secs_f64() / sample.time.as_secs_f64();
        println!(
            "| {} | {work} | {:.2} s | {} | {} MB | {:.2} s | {} | {ratio:.1} |",
            self.objects,
            sample.time.as_secs_f64(),
            (between - before) / runs,
            sample.memory / 1024,
            other.time.as_secs_f64(),
            (after - between) / runs,
        );
    }

    /// The bare LISTs, bodies dropped: the pages one after the other on an open connection, and from the kubeconfig to the last page by the
    /// client that a diff uses.
    fn lists(&self) {
        let client = self.cluster.client("admin");
        let open = best_of_three(|| {
            run(async {
                for (_, _, path) in KINDS {
                    let mut next = String::new();
                    loop {
                        let path = format!("{path}?limit=500{next}").replace("NS", &self.ours);
                        let request = http::Request::get(path).body(Vec::new()).unwrap();
                        let text = client.request_text(request).await.expect("a page");
                        let token = text.split("\"continue\":\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or("");
                        if token.is_empty() {
                            break;
                        }
                        next = format!("&continue={token}");
                    }
                }
            });
        });
        let whole = best_of_three(|| {
            run(async {
                let files = vec![self.cluster.kubeconfig().to_owned()];
                let cluster = connect(&Connection { files, ..Connection::default() }).await.expect("a cluster");
                let lists = KINDS.map(|(group, kind, path)| {
                    let (cluster, resource) = (cluster.clone(), resource(group, kind, path));
                    async move { cluster.list(&resource, Some(&self.ours), None).await.expect("a list") }
                });
                stream::iter(lists).buffer_unordered(3).for_each(|_| async {}).await;
            });
        });
        let diff = time(5, &mut self.diff()).time.as_secs_f64();
        println!(
            "| {} | the bare LISTs: {open:.3} s on an open connection, {whole:.3} s with connecting; diff {diff:.3} s: {:.1} and {:.1} times | | | | | | |",
            self.objects,
            diff / open,
            diff / whole
        );
    }

    /// All requests that the server has answered, its own clients' too.
    fn requests(&self) -> usize {
        let client = self.cluster.client("admin");
        let request = http::Request::get("/metrics").body(Vec::new()).unwrap();
        let text = run(client.request_text(request)).expect("metrics");
        let lines = text.lines().filter(|line| line.starts_with("apiserver_request_total{"));
        // The server's own loops read leases, services and the like all the time.
        let foreign = lines.filter(|line| !line.contains("resource=\"leases\"") || line.contains("verb=\"PATCH\""));
        let count: f64 = foreign.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum();
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count")]
        let count = count as usize;
        count
    }
}
