//! Who one is to the cluster, and the way to it: login programs, several kubeconfig files, proxies; as kubectl has them.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::harness::child::Program;
use crate::harness::seal;
use crate::server::{cluster, node};
use crate::site::{CANARY, Site};

const PLAIN: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: plain}\ndata: {a: b}\n";
const SECRET: &str = "[secret.token]\nkeys = { TOKEN = \"app.password\" }\n";

/// The test cluster's kubeconfig, with edits, in a folder that no search for secrets looks through.
struct Kubeconfig {
    folder: tempfile::TempDir,
    value: Value,
}

impl Kubeconfig {
    fn new() -> Self {
        let text = fs::read_to_string(cluster().kubeconfig()).unwrap();
        Self { folder: tempfile::tempdir().unwrap(), value: serde_yaml::from_str(&text).unwrap() }
    }

    fn token(&self) -> String {
        self.value["users"][0]["user"]["token"].as_str().expect("a token").to_owned()
    }

    /// Lets the first user, admin, log in by a script; it finds `$FOLDER`, and a secret in its arguments and variables.
    fn program(&mut self, script: &str) {
        let folder = self.folder.path().to_str().unwrap();
        self.value["users"][0]["user"] = json!({ "exec": {
            "apiVersion": "client.authentication.k8s.io/v1",
            "command": "sh",
            "args": ["-c", script, "login", CANARY],
            "env": [{ "name": "FOLDER", "value": folder }, { "name": "PASSWORD", "value": CANARY }],
            "interactiveMode": "IfAvailable",
        } });
    }

    fn write(&self, name: &str, value: &Value) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, value.to_string()).unwrap();
        path
    }

    fn used_by(&self, site: &mut Site) {
        site.sandbox.set("KUBECONFIG", self.write("kubeconfig", &self.value));
    }
}

fn gives(token: &str) -> String {
    let credential =
        json!({ "apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": { "token": token } });
    format!("cat >> $FOLDER/stdin; echo '{credential}'")
}

#[test]
fn a_login_program_gets_no_key() {
    for (topic, secret) in [("login-sealed", SECRET), ("login-plain", "")] {
        let mut site = Site::new(topic, secret, PLAIN);
        let mut kubeconfig = Kubeconfig::new();
        kubeconfig.program(&gives(&kubeconfig.token()));
        kubeconfig.used_by(&mut site);
        let run = site.sandbox.plimsoll_with(&["diff", "dev", "--identity", "-"], seal::IDENTITY.as_bytes()).exits(1);
        assert!(run.out().contains("ConfigMap/plain"), "{}", run.said());
        let stdin = || fs::read_to_string(kubeconfig.folder.path().join("stdin")).unwrap();
        assert_eq!(stdin(), "", "{topic}");
        // Nor what else comes in, where nobody is there to be asked.
        let identity = site.sandbox.identity();
        site.sandbox.plimsoll_with(&["diff", "dev", "--identity", &identity], b"what a pipeline pipes").exits(1);
        assert_eq!(stdin(), "", "{topic}");
    }
}

#[test]
fn a_login_program_waits_for_a_sound_bundle() {
    let mut site = Site::new("login-later", "", "apiVersion: v1\nkind: [\n");
    let mut kubeconfig = Kubeconfig::new();
    kubeconfig.program(&gives(&kubeconfig.token()));
    kubeconfig.used_by(&mut site);
    site.run(&["diff", "dev"]).exits(2);
    assert!(!kubeconfig.folder.path().join("stdin").exists(), "nobody had to log in for that");
}

#[test]
fn a_login_program_that_fails_is_told_without_its_secrets() {
    let mut site = Site::new("login-fails", "", PLAIN);
    let mut kubeconfig = Kubeconfig::new();
    let said = |kubeconfig: &mut Kubeconfig, site: &mut Site, script: &str| {
        kubeconfig.program(script);
        kubeconfig.used_by(site);
        site.run(&["diff", "dev"]).exits(6).said()
    };
    let failed = said(&mut kubeconfig, &mut site, "echo \"$PASSWORD $1\"; echo 'session expired: log in again' >&2; exit 7");
    assert!(failed.contains("session expired: log in again") && failed.contains('7'), "{failed}");
    let garbage = said(&mut kubeconfig, &mut site, "echo \"{ $PASSWORD\"");
    assert!(garbage.contains("ExecCredential"), "{garbage}");
    let missing = said(&mut kubeconfig, &mut site, "exit 0");
    assert!(missing.contains("ExecCredential") || missing.contains("status"), "{missing}");
}

#[test]
fn several_files_are_one_kubeconfig() {
    let mut site = Site::new("login-files", "", PLAIN);
    let mut kubeconfig = Kubeconfig::new();
    let users = kubeconfig.value.as_object_mut().unwrap().remove("users").unwrap();
    let places = kubeconfig.write("places", &kubeconfig.value);
    let users = kubeconfig.write("users", &json!({ "apiVersion": "v1", "kind": "Config", "users": users }));
    let absent = kubeconfig.folder.path().join("absent");
    site.sandbox.set("KUBECONFIG", std::env::join_paths([&absent, &places, &users]).unwrap());
    assert!(site.run(&["diff", "dev"]).exits(1).out().contains("ConfigMap/plain"));
    let unknown = site.run(&["diff", "dev", "--context", "nobody"]).exits(6).said();
    assert!(unknown.contains("nobody") && unknown.contains("reviewer"), "{unknown}");
}

/// A proxy for HTTP (CONNECT) and SOCKS 5 on a free loopback port. It ends with the test's process.
struct Proxy {
    address: String,
    /// What each connection began with: a CONNECT's head, or the SOCKS target.
    heads: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let proxy = Self { address: listener.local_addr().unwrap().to_string(), heads: Arc::default() };
        let heads = proxy.heads.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let heads = heads.clone();
                std::thread::spawn(move || converse(stream, &heads));
            }
        });
        proxy
    }

    fn heads(&self) -> Vec<String> {
        std::mem::take(&mut self.heads.lock().unwrap())
    }
}

fn converse(mut stream: TcpStream, heads: &Mutex<Vec<String>>) -> Option<()> {
    let mut first = [0; 1];
    stream.read_exact(&mut first).ok()?;
    let (head, target) = if first == [5] { socks(&mut stream)? } else { connect(&mut stream)? };
    heads.lock().unwrap().push(head);
    let mut server = TcpStream::connect(target).ok()?;
    let (mut from, mut to) = (stream.try_clone().ok()?, server.try_clone().ok()?);
    std::thread::spawn(move || std::io::copy(&mut from, &mut to));
    let _ = std::io::copy(&mut server, &mut stream);
    let _ = stream.shutdown(std::net::Shutdown::Both);
    Some(())
}

fn connect(stream: &mut TcpStream) -> Option<(String, String)> {
    let mut head = b"C".to_vec();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0; 1];
        stream.read_exact(&mut byte).ok()?;
        head.extend(byte);
    }
    let head = String::from_utf8(head).ok()?;
    let target = head.strip_prefix("CONNECT ")?.split(' ').next()?.to_owned();
    stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").ok()?;
    Some((head, target))
}

fn socks(stream: &mut TcpStream) -> Option<(String, String)> {
    let mut byte = [0; 1];
    stream.read_exact(&mut byte).ok()?;
    stream.read_exact(&mut vec![0; usize::from(byte[0])]).ok()?;
    stream.write_all(&[5, 0]).ok()?;
    let mut request = [0; 4];
    stream.read_exact(&mut request).ok()?;
    let host = if request[3] == 1 {
        let mut address = [0; 4];
        stream.read_exact(&mut address).ok()?;
        std::net::Ipv4Addr::from(address).to_string()
    } else {
        stream.read_exact(&mut byte).ok()?;
        let mut name = vec![0; usize::from(byte[0])];
        stream.read_exact(&mut name).ok()?;
        String::from_utf8(name).ok()?
    };
    let mut port = [0; 2];
    stream.read_exact(&mut port).ok()?;
    stream.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).ok()?;
    let target = format!("{host}:{}", u16::from_be_bytes(port));
    Some((format!("SOCKS {target}"), target))
}

#[test]
fn a_kubeconfigs_proxy_is_gone_through() {
    let mut site = Site::new("login-proxy", "", PLAIN);
    let proxy = Proxy::start();
    let mut kubeconfig = Kubeconfig::new();
    let server = kubeconfig.value["clusters"][0]["cluster"]["server"].as_str().unwrap().trim_start_matches("https://").to_owned();
    // What the kubeconfig names holds, whatever is excepted from the variables' proxies.
    site.sandbox.set("NO_PROXY", "*,");
    for (scheme, begin) in [("http", "CONNECT "), ("socks5", "SOCKS ")] {
        let user = if scheme == "http" { "user:word@" } else { "" };
        kubeconfig.value["clusters"][0]["cluster"]["proxy-url"] = json!(format!("{scheme}://{user}{}", proxy.address));
        kubeconfig.used_by(&mut site);
        assert!(site.run(&["diff", "dev"]).exits(1).out().contains("ConfigMap/plain"));
        let heads = proxy.heads();
        println!("{scheme}: {} connections through the proxy", heads.len());
        assert!(!heads.is_empty() && heads.iter().all(|head| head.starts_with(&format!("{begin}{server}"))), "{heads:?}");
        // `user:word` in base64
        assert!(scheme != "http" || heads.iter().all(|head| head.contains("Basic dXNlcjp3b3Jk")), "{heads:?}");
    }
    kubeconfig.value["clusters"][0]["cluster"]["proxy-url"] = json!(format!("socks4://user:{CANARY}@{}", proxy.address));
    kubeconfig.used_by(&mut site);
    let said = site.run(&["diff", "dev"]).exits(6).said();
    assert!(said.contains(&format!("`socks4://{}`", proxy.address)) && said.contains("`socks5://`"), "{said}");
}

#[test]
fn the_variables_proxy_is_not_for_this_machines_loopback() {
    let mut site = Site::new("login-loopback", "", PLAIN);
    let proxy = Proxy::start();
    site.sandbox.set("HTTPS_PROXY", format!("http://{}", proxy.address));
    assert!(site.run(&["diff", "dev"]).exits(1).out().contains("ConfigMap/plain"));
    assert_eq!(proxy.heads(), Vec::<String>::new());
}

#[test]
fn a_delete_is_only_for_a_cluster_that_is_known() {
    let site = Site::new("login-unknown", "cluster-id = \"1d4c1a35-6f3b-4a43-9d53-9a3ef3b8c3c1\"\n", PLAIN);
    // Who may not read the namespace kube-system can't tell.
    let said = site.run(&["delete", "dev", "--yes", "--context", "deployer"]).exits(3).said();
    assert!(said.contains("nobody can tell") && said.contains("get namespaces"), "{said}");
    let said = site.run(&["delete", "dev", "--yes"]).exits(3).said();
    assert!(said.contains("another cluster"), "{said}");
}

/// What the dynamic loader needs to start plimsoll from a folder in which the machine's root is mounted.
fn loader() -> (String, String) {
    let listed = Program::new("ldd").args([env!("CARGO_BIN_EXE_plimsoll")]).run().exits(0).out();
    // A link that begins at the root leads elsewhere there.
    let path = |name: &str| -> String {
        let line = listed.lines().find(|line| line.contains(name)).unwrap_or_else(|| panic!("no {name}: {listed}"));
        let path = line.split_whitespace().find(|word| word.starts_with('/')).expect("a path");
        fs::canonicalize(path).unwrap().to_str().unwrap().to_owned()
    };
    let libraries = path("libc.so").rsplit_once('/').unwrap().0.to_owned();
    (path("ld-linux"), libraries)
}

#[test]
fn in_a_pod_it_is_its_service_account() {
    let Some(cluster) = node() else { return };
    let site = Site::absent("login-pod", "", PLAIN);
    let namespace = &site.namespace;
    cluster.kubectl_says(&["create", "namespace", namespace]);
    let account = json!({ "apiVersion": "v1", "kind": "ServiceAccount", "metadata": { "name": "pipeline" } });
    let role = json!({ "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": { "name": "pipeline" },
        "rules": [{ "apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list", "create", "patch"] }] });
    let binding = json!({ "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": { "name": "pipeline" },
        "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "pipeline" },
        "subjects": [{ "kind": "ServiceAccount", "name": "pipeline", "namespace": namespace }] });
    // Without a kube-proxy nobody answers at the Service's address: the one at which the kubelet finds the server stands in for it.
    let kubelet = fs::read_to_string(cluster.folder().join("kubelet.kubeconfig")).unwrap();
    let kubelet: Value = serde_yaml::from_str(&kubelet).unwrap();
    let server = kubelet["clusters"][0]["cluster"]["server"].as_str().unwrap().trim_start_matches("https://");
    let (host, port) = server.rsplit_once(':').unwrap();
    let pod = json!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "pipeline" }, "spec": {
        "serviceAccountName": "pipeline",
        "terminationGracePeriodSeconds": 0,
        "containers": [{
            "name": "main",
            "image": "plimsoll.test/busybox:1",
            "env": [{ "name": "KUBERNETES_SERVICE_HOST", "value": host }, { "name": "KUBERNETES_SERVICE_PORT", "value": port }],
            "volumeMounts": [{ "name": "machine", "mountPath": "/machine", "readOnly": true }],
        }],
        "volumes": [{ "name": "machine", "hostPath": { "path": "/" } }],
    } });
    let core = format!("/api/v1/namespaces/{namespace}");
    let rbac = format!("/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}");
    let paths = [
        (format!("{core}/serviceaccounts"), account),
        (format!("{rbac}/roles"), role),
        (format!("{rbac}/rolebindings"), binding),
        (format!("{core}/pods"), pod),
    ];
    for (path, object) in paths {
        cluster.send("POST", &path, "application/json", &object.to_string()).unwrap_or_else(|error| panic!("{path}: {error}"));
    }
    cluster.kubectl_says(&["-n", namespace, "wait", "pod/pipeline", "--for=condition=Ready", "--timeout=120s"]);
    let (loader, libraries) = loader();
    let on_machine = |path: &str| format!("/machine{path}");
    let repository = on_machine(site.sandbox.repo().to_str().unwrap());
    let inside = |arguments: &[&str]| {
        let run = Program::new(cluster.kubectl()).args(["--kubeconfig"]).args([cluster.kubeconfig()]);
        let run = run.args(["-n", namespace, "exec", "pipeline", "--", &on_machine(&loader)]);
        let run = run.args(["--library-path", &on_machine(&libraries), &on_machine(env!("CARGO_BIN_EXE_plimsoll"))]);
        run.args(["--root", &repository]).args(arguments).run()
    };
    let run = inside(&["diff", "dev"]).exits(1);
    assert!(run.out().contains("ConfigMap/plain"), "{}", run.said());
    let status = inside(&["status", "dev"]);
    assert!(!status.said().contains("kubeconfig"), "{}", status.said());
    cluster.send("DELETE", &core, "application/json", "").expect("the namespace goes");
}
