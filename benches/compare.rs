//! Side by side with the peers, whole process, in one run: `cargo bench --bench compare`.
//!
//! The same objects are made three ways: by Plimsoll (templates, hashed ConfigMaps and Secrets from tables, prefix, namespace,
//! label, image tag), by kustomize (an overlay that does the same), and by helm (templates that print the same objects; helm
//! hashes nothing and checks nothing). kustomize beyond 1,000 objects takes minutes: `PLIMSOLL_BENCH_LARGE=1` asks for it.
//! The peers are built at pinned versions by `tests/cluster/peers`.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::print_stdout,
    clippy::expect_used,
    clippy::indexing_slicing,
    unreachable_pub,
    reason = "a benchmark starts processes, reads the clock and prints"
)]

#[path = "../tests/harness/seal.rs"]
mod seal;
mod shared;

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use shared::{PER_UNIT, Sample, lay_out_plimsoll, peer, plimsoll, show, time, workload, write};

fn main() {
    let large = std::env::var_os("PLIMSOLL_BENCH_LARGE").is_some();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let kustomize = peer("kustomize");
    let helm = peer("helm");
    println!(
        "| objects | plimsoll, all checks | plimsoll --no-check | kustomize | helm | kustomize ÷ checked | helm ÷ checked | helm ÷ unchecked |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for objects in [100, 1_000, 5_000] {
        let project = folder.path().join(objects.to_string());
        lay_out(&project, objects / PER_UNIT);
        let root = project.join("plimsoll").display().to_string();
        let checked = time(7, plimsoll().args(["-C", &root, "render", "prod"]));
        let unchecked = time(7, plimsoll().args(["-C", &root, "render", "prod", "--no-check"]));
        let overlay = project.join("kustomize/overlay").display().to_string();
        let kustomized = kustomize.as_ref().filter(|_| objects <= 1_000 || large).map(|program| {
            let runs = if objects > 1_000 { 1 } else { 3 };
            time(runs, Command::new(program).args(["build", &overlay]))
        });
        let chart = project.join("helm").display().to_string();
        let helmed = helm.as_ref().map(|program| time(5, Command::new(program).args(["template", "prod", &chart])));
        let ratio = |peer: Option<&Sample>, own: &Sample| {
            peer.map_or("–".to_owned(), |peer| format!("{:.1}", peer.time.as_secs_f64() / own.time.as_secs_f64()))
        };
        println!(
            "| {objects} | {checked} | {unchecked} | {} | {} | {} | {} | {} |",
            show(kustomized.as_ref()),
            show(helmed.as_ref()),
            ratio(kustomized.as_ref(), &checked),
            ratio(helmed.as_ref(), &checked),
            ratio(helmed.as_ref(), &unchecked),
        );
    }
    println!("\n| objects | plimsoll, all checks | peak memory |\n|---|---|---|");
    let mut times = Vec::new();
    for objects in [10_000, 100_000] {
        let project = folder.path().join(objects.to_string());
        lay_out_plimsoll(&project.join("plimsoll"), objects / PER_UNIT);
        let root = project.join("plimsoll").display().to_string();
        let sample = time(if objects > 10_000 { 2 } else { 3 }, plimsoll().args(["-C", &root, "render", "prod"]));
        println!("| {objects} | {:.2} s | {} MB |", sample.time.as_secs_f64(), sample.memory / 1024);
        times.push(sample.time.as_secs_f64());
    }
    println!("\nt(100,000) / t(10,000) = {:.1}", times[1] / times[0]);
    let reference = env!("CARGO_MANIFEST_DIR");
    let cold = time(15, plimsoll().args(["-C", reference, "render", "dev"]));
    println!("cold start, the reference stack: {cold}");
}

fn lay_out(folder: &Path, units: usize) {
    lay_out_plimsoll(&folder.join("plimsoll"), units);
    lay_out_kustomize(&folder.join("kustomize"), units);
    lay_out_helm(&folder.join("helm"), units);
}

fn lay_out_kustomize(folder: &Path, units: usize) {
    let mut base = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n".to_owned();
    let mut config = "configMapGenerator:\n".to_owned();
    let mut secret = "secretGenerator:\n".to_owned();
    for unit in 0..units {
        let _ = writeln!(base, "- app-{unit}.yaml");
        let _ = write!(
            config,
            "- name: app-{unit}-config\n  literals: [LOG_LEVEL=info, UNIT={unit}, \"config.toml=listen = 8080\"]\n"
        );
        let _ = write!(secret, "- name: app-{unit}-secret\n  literals: [token=token-of-{unit}]\n");
        let text = workload(unit, "3", &format!("app-{unit}-config"), &format!("app-{unit}-secret"));
        write(folder.join(format!("base/app-{unit}.yaml")), &text);
    }
    write(folder.join("base/kustomization.yaml"), &(base + &config + &secret));
    write(
        folder.join("overlay/kustomization.yaml"),
        "apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: bench
namePrefix: eu-
labels:
- pairs: {app.kubernetes.io/part-of: bench}
  includeTemplates: true
images:
- name: registry.example/app
  newTag: 2.0.0
resources: [../base]
",
    );
}

fn lay_out_helm(folder: &Path, units: usize) {
    write(folder.join("Chart.yaml"), "apiVersion: v2\nname: bench\nversion: 0.1.0\n");
    write(folder.join("values.yaml"), "replicas: 3\n");
    for unit in 0..units {
        let (config, secret) = (format!("app-{unit}-config"), format!("app-{unit}-secret"));
        let mut text = workload(unit, "{{ .Values.replicas }}", &config, &secret);
        let _ = write!(
            text,
            "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {config}\ndata:\n  LOG_LEVEL: info\n  UNIT: \"{unit}\"\n  config.toml: |\n    listen = 8080\n    unit = {unit}\n\
             ---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: {secret}\ndata:\n  token: {{{{ \"token-of-{unit}\" | b64enc }}}}\n"
        );
        write(folder.join(format!("templates/app-{unit}.yaml")), &text);
    }
}
