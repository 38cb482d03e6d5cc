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

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Objects a unit: Deployment, Service, ServiceAccount, ConfigMap, Secret.
const PER_UNIT: usize = 5;

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

struct Sample {
    time: Duration,
    /// Peak resident memory in KiB.
    memory: u64,
}

impl std::fmt::Display for Sample {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.1} ms", self.time.as_secs_f64() * 1000.0)
    }
}

fn show(sample: Option<&Sample>) -> String {
    sample.map_or("–".to_owned(), Sample::to_string)
}

fn plimsoll() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_plimsoll"));
    command.env("NO_COLOR", "1");
    command
}

fn peer(name: &str) -> Option<PathBuf> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cluster/peers");
    let output = Command::new(script).arg(name).stderr(Stdio::inherit()).output().ok()?;
    let path = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (output.status.success() && !path.is_empty()).then(|| path.into())
}

/// The fastest of some runs: the others measure the machine's other work.
fn time(runs: usize, command: &mut Command) -> Sample {
    let mut best = Sample { time: Duration::MAX, memory: 0 };
    for _ in 0..runs {
        let start = Instant::now();
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the program starts");
        let id = child.id();
        let mut memory = 0;
        // A running process's peak can be read only while it runs; the last reading is the peak but for its last millisecond.
        let status = loop {
            if let Some(status) = child.try_wait().expect("the program's state") {
                break status;
            }
            memory = peak(id).unwrap_or(memory).max(memory);
            std::thread::sleep(Duration::from_micros(200));
        };
        let elapsed = start.elapsed();
        if !status.success() {
            let mut text = String::new();
            let _ = std::io::Read::read_to_string(&mut child.stderr.take().expect("stderr"), &mut text);
            panic!("{command:?}: {status}\n{text}");
        }
        if elapsed < best.time {
            best.time = elapsed;
        }
        best.memory = best.memory.max(memory);
    }
    best
}

fn peak(id: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

fn write(path: PathBuf, text: &str) {
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    std::fs::write(path, text).expect("a file");
}

fn lay_out(folder: &Path, units: usize) {
    lay_out_plimsoll(&folder.join("plimsoll"), units);
    lay_out_kustomize(&folder.join("kustomize"), units);
    lay_out_helm(&folder.join("helm"), units);
}

fn workload(unit: usize, replicas: &str, config: &str, secret: &str) -> String {
    let name = format!("app-{unit}");
    format!(
        "apiVersion: apps/v1
kind: Deployment
metadata:
  name: {name}
  labels:
    app.kubernetes.io/name: {name}
spec:
  # The number of replicas comes from the environment.
  replicas: {replicas}
  selector:
    matchLabels:
      app.kubernetes.io/name: {name}
  template:
    metadata:
      labels:
        app.kubernetes.io/name: {name}
    spec:
      serviceAccountName: {name}
      automountServiceAccountToken: false
      securityContext:
        runAsNonRoot: true
        runAsUser: 10001
        seccompProfile: {{type: RuntimeDefault}}
      containers:
        - name: server
          image: registry.example/app:1.0.0
          args: [\"--listen=0.0.0.0:8080\", \"--config=/etc/app/config.toml\"]
          ports:
            - name: http
              containerPort: 8080
          envFrom:
            - configMapRef:
                name: {config}
          env:
            - name: TOKEN
              valueFrom:
                secretKeyRef:
                  name: {secret}
                  key: token
          readinessProbe:
            httpGet: {{path: /healthz, port: http}}
            periodSeconds: 5
          resources:
            requests: {{cpu: 100m, memory: 128Mi}}
            limits: {{memory: 256Mi}}
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities: {{drop: [ALL]}}
          volumeMounts:
            - name: config
              mountPath: /etc/app
      volumes:
        - name: config
          configMap:
            name: {config}
---
apiVersion: v1
kind: Service
metadata:
  name: {name}
spec:
  selector:
    app.kubernetes.io/name: {name}
  ports:
    - name: http
      port: 80
      targetPort: http
---
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {name}
automountServiceAccountToken: false
"
    )
}

/// As kustomize has it: a file a unit, config objects from tables.
fn lay_out_plimsoll(folder: &Path, units: usize) {
    let mut environment = "[target]
namespace = \"bench\"
bundles = [\"app\"]
kubernetes = \"1.37\"

[values]
replicas = 3

[transform]
name-prefix = \"eu-\"
labels = { \"app.kubernetes.io/part-of\" = \"bench\" }
[[transform.image]]
name = \"registry.example/app\"
tag = \"2.0.0\"

[sealed.\"prod.secrets.age\"]
recipients = [RECIPIENT]
"
    .to_owned();
    let mut sealed = "[app]\n".to_owned();
    for unit in 0..units {
        let _ = write!(
            environment,
            "\n[configmap.app-{unit}-config]\nimmutable = true\nliterals = {{ LOG_LEVEL = \"info\", UNIT = \"{unit}\", \"config.toml\" = \"listen = 8080\\nunit = {unit}\\n\" }}\n\
             \n[secret.app-{unit}-secret]\nimmutable = true\nkeys = {{ token = \"app.token-{unit}\" }}\n"
        );
        let _ = writeln!(sealed, "token-{unit} = \"token-of-{unit}\"");
        let text = workload(unit, "{{ values.replicas }}", &format!("app-{unit}-config"), &format!("app-{unit}-secret"));
        write(folder.join(format!("templates/app/app-{unit}.yaml")), &text);
    }
    let recipient = format!("{:?}", seal::RECIPIENT);
    write(folder.join("environments/prod.toml"), &environment.replace("RECIPIENT", &recipient));
    for (path, bytes) in seal::seal("environments/prod.secrets.age", &sealed) {
        std::fs::write(folder.join(path), bytes).expect("a sealed file");
    }
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
