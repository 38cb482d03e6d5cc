//! Which cluster, and as whom: kubeconfig as kubectl reads it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use hyper_timeout::TimeoutConnector;
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use kube::client::{Body, ConfigExt};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use tower::ServiceBuilder;

use super::classify::chain;
use super::client::Cluster;

/// How long a connection may take. A server that is there takes one at once.
pub(super) const CONNECT_TIME: Duration = Duration::from_secs(5);

/// What decides which cluster is meant.
#[derive(Debug, Clone, Default)]
pub struct Connection {
    /// The kubeconfig files, in order: of `KUBECONFIG`, or `~/.kube/config`. The first to say something holds. Empty: the service account of
    /// the pod that this runs in.
    pub files: Vec<PathBuf>,
    /// The context; the files' current one if none is named.
    pub context: Option<String>,
}

/// Why no cluster is connected. Nothing was sent to any.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// There is no kubeconfig, and this isn't a pod.
    #[error("there is no kubeconfig: {0}")]
    Nothing(String),
    /// A kubeconfig can't be read or used.
    #[error("{0}")]
    Kubeconfig(String),
    /// The context isn't there; those that are.
    #[error("the kubeconfig has no context `{0}`")]
    NoContext(String, Vec<String>),
}

/// Connects. Nothing is sent yet, but a login program of the kubeconfig may run.
///
/// # Errors
/// There is nothing to connect to, or the kubeconfig isn't usable.
pub async fn connect(connection: &Connection) -> Result<Cluster, ConnectError> {
    let mut config = if connection.files.is_empty() { in_cluster()? } else { from_files(connection).await? };
    // Retries are ours: a write must not be sent twice by somebody who doesn't know what it is.
    config.default_retry = false;
    // Times are the requests' own; a watch has none.
    config.read_timeout = None;
    config.connect_timeout = Some(CONNECT_TIME);
    let url = config.cluster_url.to_string().trim_end_matches('/').to_owned();
    let client = if config.proxy_url.is_some() { Client::try_from(config) } else { direct(&config) };
    let client = client.map_err(|error| ConnectError::Kubeconfig(chain(&error)))?;
    Ok(Cluster::new(client, url))
}

/// A client as kube makes them, but for one thing: it doesn't wait for more to send. With Nagle's algorithm the first request of each
/// connection, which follows a handshake's last message, waits for the server's delayed acknowledgement: 40 ms.
fn direct(config: &Config) -> kube::Result<Client> {
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    let mut connector = TimeoutConnector::new(config.rustls_https_connector_with_connector(tcp)?);
    connector.set_connect_timeout(config.connect_timeout);
    let client = legacy::Builder::new(TokioExecutor::new()).build::<_, Body>(connector);
    let service = ServiceBuilder::new()
        .layer(config.base_uri_layer())
        .option_layer(config.auth_layer()?)
        .layer(config.extra_headers_layer()?)
        .map_err(tower::BoxError::from)
        .service(client);
    Ok(Client::new(service, config.default_namespace.clone()))
}

fn in_cluster() -> Result<Config, ConnectError> {
    Config::incluster().map_err(|error| ConnectError::Nothing(chain(&error)))
}

async fn from_files(connection: &Connection) -> Result<Config, ConnectError> {
    let mut merged: Option<Kubeconfig> = None;
    for file in &connection.files {
        let next = read(file)?;
        merged = Some(match merged {
            Some(before) => before.merge(next).map_err(|error| unusable(file, &error))?,
            None => next,
        });
    }
    let merged = merged.unwrap_or_default();
    if let Some(wanted) = &connection.context
        && !merged.contexts.iter().any(|context| context.name == *wanted)
    {
        let names = merged.contexts.iter().map(|context| context.name.clone()).collect();
        return Err(ConnectError::NoContext(wanted.clone(), names));
    }
    let options = KubeConfigOptions { context: connection.context.clone(), ..KubeConfigOptions::default() };
    let first = connection.files.first().cloned().unwrap_or_default();
    Config::from_custom_kubeconfig(merged, &options).await.map_err(|error| unusable(&first, &error))
}

fn read(file: &Path) -> Result<Kubeconfig, ConnectError> {
    Kubeconfig::read_from(file).map_err(|error| unusable(file, &error))
}

fn unusable(file: &Path, error: &kube::config::KubeconfigError) -> ConnectError {
    ConnectError::Kubeconfig(format!("the kubeconfig `{}` can't be used: {}", file.display(), chain(error)))
}
