//! What the benchmarks share: timing whole processes, and generated repositories.
#![allow(dead_code, reason = "each benchmark uses a part of it")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::seal;

/// Objects a unit: Deployment, Service, ServiceAccount, ConfigMap, Secret.
pub(crate) const PER_UNIT: usize = 5;

pub(crate) struct Sample {
    pub(crate) time: Duration,
    /// Peak resident memory in KiB.
    pub(crate) memory: u64,
}

impl std::fmt::Display for Sample {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.1} ms", self.time.as_secs_f64() * 1000.0)
    }
}

pub(crate) fn show(sample: Option<&Sample>) -> String {
    sample.map_or("–".to_owned(), Sample::to_string)
}

pub(crate) fn plimsoll() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_plimsoll"));
    command.env("NO_COLOR", "1");
    command
}

pub(crate) fn peer(name: &str) -> Option<PathBuf> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cluster/peers");
    let output = Command::new(script).arg(name).stderr(Stdio::inherit()).output().ok()?;
    let path = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (output.status.success() && !path.is_empty()).then(|| path.into())
}

/// The fastest of some runs: the others measure the machine's other work.
pub(crate) fn time(runs: usize, command: &mut Command) -> Sample {
    time_ending(runs, &[0], command)
}

/// The same for a program whose good end is another exit code.
pub(crate) fn time_ending(runs: usize, codes: &[i32], command: &mut Command) -> Sample {
    let mut best = Sample { time: Duration::MAX, memory: 0 };
    for _ in 0..runs {
        // A file: a pipe that nobody reads is full after a thousand lines of progress, and the program waits for ever.
        let mut stderr = tempfile::tempfile().expect("a temporary file");
        let start = Instant::now();
        let to = stderr.try_clone().expect("the same file");
        let mut child = command.stdout(Stdio::null()).stderr(to).spawn().expect("the program starts");
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
        if !status.code().is_some_and(|code| codes.contains(&code)) {
            let mut text = String::new();
            let _ = std::io::Seek::rewind(&mut stderr);
            let _ = std::io::Read::read_to_string(&mut stderr, &mut text);
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

pub(crate) fn write(path: PathBuf, text: &str) {
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    std::fs::write(path, text).expect("a file");
}

pub(crate) fn workload(unit: usize, replicas: &str, config: &str, secret: &str) -> String {
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

/// The repository: a template a unit, config objects from tables.
pub(crate) fn lay_out_plimsoll(folder: &Path, units: usize) {
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
