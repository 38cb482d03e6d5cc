//! An admission webhook of the tests' own, and an aggregated API that is down.
//!
//! The webhook is a TLS server on loopback with the API server's own certificate, so the cluster's authority is its `caBundle`. It is asked
//! about one namespace only: other tests of this process aren't disturbed. `sideEffects: Some`, a webhook that the API server never asks in a
//! dry-run, can't be registered any more (admissionregistration.k8s.io/v1 refuses it): what is left of "doesn't support dry-run" is one that answers
//! a dry-run with the message that the API server had for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use base64::Engine as _;
use http::Response;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::proxy::answer;
use crate::server::{Cluster, run};

const CONFIGURATIONS: &str = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations";
const SERVICES: &str = "/apis/apiregistration.k8s.io/v1/apiservices";

/// What a webhook does.
#[derive(Debug, Clone)]
pub enum Behaviour {
    /// Refuses with this message and 403.
    Deny(String),
    /// Nobody listens; the API server fails the request (`failurePolicy: Fail`).
    Down,
    /// Refuses dry-runs, admits the rest.
    NoDryRun,
    /// A JSON patch to each object.
    Mutate(Value),
    /// Admits after this time.
    Slow(Duration),
}

/// A registered webhook. Dropped, it is taken away again.
pub struct Webhook {
    cluster: &'static Cluster,
    name: String,
    calls: Arc<AtomicUsize>,
    accepts: Option<JoinHandle<()>>,
}

impl Drop for Webhook {
    fn drop(&mut self) {
        if let Some(accepts) = &self.accepts {
            accepts.abort();
        }
        let _ = self.cluster.send("DELETE", &format!("{CONFIGURATIONS}/{}", self.name), "application/json", "");
    }
}

impl Webhook {
    /// Registers it for creates and updates of these resources, such as `("apps", "deployments")`, in one namespace. Returns when the
    /// API server asks it.
    pub fn register(cluster: &'static Cluster, namespace: &str, (group, resource): (&str, &str), behaviour: Behaviour) -> Self {
        let calls = Arc::new(AtomicUsize::new(0));
        let is_down = matches!(behaviour, Behaviour::Down);
        let acceptor = crate::tls::acceptor_of(&cluster.certificate());
        let counted = Arc::clone(&calls);
        let (address, accepts) = run(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
            let address = listener.local_addr().expect("an address");
            let accepts = (!is_down).then(|| tokio::spawn(accept(listener, acceptor, Arc::new(behaviour), counted)));
            (address, accepts)
        });
        let name = format!("{resource}.{namespace}.example.org");
        // A second webhook, for ConfigMaps of one name, says when the API server has heard of the first.
        let hook = |name: String, group: &str, resource: &str, condition: Value| {
            json!({
                "name": name, "sideEffects": "None", "admissionReviewVersions": ["v1"], "timeoutSeconds": 10, "failurePolicy": "Fail",
                "clientConfig": {"url": format!("https://{address}/"), "caBundle": base64(cluster.ca())},
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
                "rules": [{"apiGroups": [group], "apiVersions": ["*"], "operations": ["CREATE", "UPDATE"], "resources": [resource]}],
                "matchConditions": condition,
            })
        };
        let probe = json!([{"name": "probe", "expression": "object.metadata.name == 'webhook-probe'"}]);
        let others = json!([{"name": "no-probe", "expression": "object.metadata.name != 'webhook-probe'"}]);
        let configuration = json!({
            "apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration", "metadata": {"name": name},
            "webhooks": [hook(name.clone(), group, resource, others), hook(format!("probe-{name}"), "", "configmaps", probe)],
        });
        cluster.send("POST", CONFIGURATIONS, "application/json", &configuration.to_string()).expect("a webhook");
        let webhook = Self { cluster, name, calls, accepts };
        webhook.await_effect(namespace);
        webhook
    }

    /// How often the API server asked, dry-runs too.
    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    /// Dry-runs a ConfigMap until the API server asks about it; that call isn't counted.
    fn await_effect(&self, namespace: &str) {
        let path = format!("/api/v1/namespaces/{namespace}/configmaps?dryRun=All");
        let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "webhook-probe"}}).to_string();
        let asked = (0..5000).any(|_| {
            let answer = self.cluster.send("POST", &path, "application/json", &map);
            self.calls.swap(0, Ordering::SeqCst) > 0 || answer.is_err()
        });
        assert!(asked, "the API server never asks the webhook");
    }
}

async fn accept(listener: TcpListener, acceptor: tokio_rustls::TlsAcceptor, behaviour: Arc<Behaviour>, calls: Arc<AtomicUsize>) {
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let (acceptor, behaviour, calls) = (acceptor.clone(), Arc::clone(&behaviour), Arc::clone(&calls));
        connections.spawn(async move {
            let Ok(stream) = acceptor.accept(stream).await else { return };
            let service = service_fn(move |request: http::Request<Incoming>| {
                let (behaviour, calls) = (Arc::clone(&behaviour), Arc::clone(&calls));
                async move {
                    calls.fetch_add(1, Ordering::SeqCst);
                    Ok::<_, hyper::Error>(review(&behaviour, &request.into_body().collect().await?.to_bytes()).await)
                }
            });
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn review(behaviour: &Behaviour, body: &[u8]) -> Response<answer::Body> {
    let asked: Value = serde_json::from_slice(body).unwrap_or_default();
    let request = &asked["request"];
    let mut response = json!({"uid": request["uid"], "allowed": true});
    match behaviour {
        Behaviour::Deny(message) => {
            response["allowed"] = json!(false);
            response["status"] = json!({"code": 403, "reason": "Forbidden", "message": message});
        }
        Behaviour::NoDryRun if request["dryRun"] == true => {
            response["allowed"] = json!(false);
            response["status"] = json!({"code": 400, "reason": "BadRequest", "message": "the webhook does not support dry run"});
        }
        Behaviour::Mutate(patch) => {
            response["patchType"] = json!("JSONPatch");
            response["patch"] = json!(base64(&patch.to_string()));
        }
        Behaviour::Slow(time) => tokio::time::sleep(*time).await,
        Behaviour::Down | Behaviour::NoDryRun => {}
    }
    let review = json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response});
    answer::respond(http::StatusCode::OK, "application/json", review.to_string())
}

/// An aggregated API whose service doesn't exist. It breaks the discovery of the whole server, so it wants a server of its own
/// (`Cluster::start`), which other tests don't use. Dropped, it is taken away again.
pub struct BrokenApi<'a> {
    cluster: &'a Cluster,
    name: String,
}

impl Drop for BrokenApi<'_> {
    fn drop(&mut self) {
        let _ = self.cluster.send("DELETE", &format!("{SERVICES}/{}", self.name), "application/json", "");
    }
}

impl<'a> BrokenApi<'a> {
    /// Registers version v1 of `group`. Returns when the API server answers 503 for it.
    pub fn register(cluster: &'a Cluster, group: &str) -> Self {
        let name = format!("v1.{group}");
        let service = json!({
            "apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "metadata": {"name": name},
            "spec": {
                "group": group, "version": "v1", "groupPriorityMinimum": 1000, "versionPriority": 15, "insecureSkipTLSVerify": true,
                "service": {"namespace": "default", "name": "nobody"},
            },
        });
        cluster.send("POST", SERVICES, "application/json", &service.to_string()).expect("an APIService");
        let path = format!("/apis/{group}/v1");
        let is_down = (0..5000).any(|_| {
            let answer = cluster.send("GET", &path, "application/json", "");
            answer.is_err_and(|error| error.starts_with("503"))
        });
        assert!(is_down, "the broken API is never asked");
        Self { cluster, name }
    }
}

fn base64(text: &str) -> String {
    base64::engine::general_purpose::STANDARD.encode(text)
}
