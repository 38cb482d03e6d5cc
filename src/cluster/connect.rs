//! Which cluster, and as whom: kubeconfig as kubectl reads it.

use std::path::{Path, PathBuf};

use http::Uri;
use hyper::rt::{Read, Write};
use hyper_timeout::TimeoutConnector;
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::{SocksV5, Tunnel};
use hyper_util::client::proxy::matcher::Intercept;
use hyper_util::rt::TokioExecutor;
use kube::client::{Body, ConfigExt};
use kube::config::{ExecInteractiveMode, KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use tower::{BoxError, ServiceBuilder};

use super::classify::chain;
use super::client::Cluster;
use super::error::ConnectError;
use super::proxy::{self, ProxyVariables};
use super::request::CONNECT_TIME;

/// What decides which cluster is meant.
#[derive(Debug, Clone, Default)]
pub struct Connection {
    /// The kubeconfig files, in order: of `KUBECONFIG`, or `~/.kube/config`. The first to say something holds. Empty: the service account of
    /// the pod that this runs in.
    pub files: Vec<PathBuf>,
    /// The context; the files' current one if none is named.
    pub context: Option<String>,
    /// Whether a login program may ask on the terminal. If not, it isn't given what comes in on standard input: a key, perhaps.
    pub interactive: bool,
    /// The proxies that the environment variables name.
    pub proxies: ProxyVariables,
}

/// Which cluster is meant, and as whom. Nobody was asked yet, nothing sent.
pub struct Access {
    config: Config,
    proxy: Option<Intercept>,
}

impl std::fmt::Debug for Access {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Access({})", self.config.cluster_url)
    }
}

impl Access {
    /// Reads the kubeconfig.
    ///
    /// # Errors
    /// There is nothing to connect to, or the kubeconfig isn't usable.
    pub async fn find(connection: &Connection) -> Result<Self, ConnectError> {
        let (mut config, own_proxy) =
            if connection.files.is_empty() { (in_cluster()?, None) } else { from_files(connection).await? };
        // Retries are ours: a write must not be sent twice by somebody who doesn't know what it is.
        config.default_retry = false;
        // Times are the requests' own; a watch has none.
        config.read_timeout = None;
        config.connect_timeout = Some(CONNECT_TIME);
        let proxy = proxy::choose(own_proxy.as_deref(), &connection.proxies, &config.cluster_url)?;
        Ok(Self { config, proxy })
    }

    /// Whether to log in runs a program, which may ask the user, or take its time.
    pub fn runs_a_program(&self) -> bool {
        self.config.auth_info.exec.is_some() || self.config.auth_info.auth_provider.is_some()
    }

    /// Connects. Nothing is sent to the cluster yet, but a login program may run.
    ///
    /// # Errors
    /// The login fails, or the kubeconfig isn't usable.
    pub fn connect(self) -> Result<Cluster, ConnectError> {
        let Self { config, proxy } = self;
        let url = config.cluster_url.to_string().trim_end_matches('/').to_owned();
        let is_loopback = proxy.is_none() && proxy::is_loopback(&config.cluster_url);
        let client = client(&config, proxy).map_err(|error| ConnectError::Kubeconfig(chain(&error)))?;
        Ok(Cluster::new(client, url, is_loopback))
    }
}

/// Finds the cluster and connects to it.
///
/// # Errors
/// As of [`Access::find`] and [`Access::connect`].
pub async fn connect(connection: &Connection) -> Result<Cluster, ConnectError> {
    Access::find(connection).await?.connect()
}

/// A client as kube makes them, but for one thing: it doesn't wait for more to send. With Nagle's algorithm the first request of each
/// connection, which follows a handshake's last message, waits for the server's delayed acknowledgement: 40 ms.
fn client(config: &Config, proxy: Option<Intercept>) -> kube::Result<Client> {
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    let Some(proxy) = proxy else { return client_over(config, tcp) };
    let url = proxy.uri().clone();
    let auth = proxy.basic_auth().cloned();
    match url.scheme_str() {
        Some("socks5" | "socks5h") => {
            let mut socks = SocksV5::new(url, tcp);
            if let Some((user, password)) = proxy.raw_auth() {
                socks = socks.with_auth(user.to_owned(), password.to_owned());
            }
            client_over(config, socks)
        }
        Some("https") => {
            let tunnel = Tunnel::new(url, config.rustls_https_connector_with_connector(tcp)?);
            client_over(config, auth.into_iter().fold(tunnel, Tunnel::with_auth))
        }
        _ => client_over(config, auth.into_iter().fold(Tunnel::new(url, tcp), Tunnel::with_auth)),
    }
}

fn client_over<C>(config: &Config, connector: C) -> kube::Result<Client>
where
    C: tower::Service<Uri> + Clone + Send + Sync + 'static,
    C::Response: legacy::connect::Connection + Read + Write + Send + Unpin,
    C::Future: Send + 'static,
    C::Error: Into<BoxError>,
{
    let mut connector = TimeoutConnector::new(config.rustls_https_connector_with_connector(connector)?);
    connector.set_connect_timeout(config.connect_timeout);
    let client = legacy::Builder::new(TokioExecutor::new()).build::<_, Body>(connector);
    let service = ServiceBuilder::new()
        .layer(config.base_uri_layer())
        .option_layer(config.auth_layer()?)
        .layer(config.extra_headers_layer()?)
        .map_err(BoxError::from)
        .service(client);
    Ok(Client::new(service, config.default_namespace.clone()))
}

fn in_cluster() -> Result<Config, ConnectError> {
    Config::incluster().map_err(|error| ConnectError::Nothing(chain(&error)))
}

/// What the files say, and the `proxy-url` of the cluster.
async fn from_files(connection: &Connection) -> Result<(Config, Option<String>), ConnectError> {
    let mut merged: Option<Kubeconfig> = None;
    for file in &connection.files {
        let next = read(file)?;
        merged = Some(match merged {
            Some(before) => before.merge(next).map_err(|error| unusable(file, &error))?,
            None => next,
        });
    }
    let mut merged = merged.unwrap_or_default();
    if let Some(wanted) = &connection.context
        && !merged.contexts.iter().any(|context| context.name == *wanted)
    {
        let names = merged.contexts.iter().map(|context| context.name.clone()).collect();
        return Err(ConnectError::NoContext(wanted.clone(), names));
    }
    if !connection.interactive {
        // As kubectl does: what is on standard input isn't for the program.
        let programs = merged.auth_infos.iter_mut().filter_map(|user| user.auth_info.as_mut()?.exec.as_mut());
        programs.for_each(|program| program.interactive_mode = Some(ExecInteractiveMode::Never));
    }
    let context = connection.context.as_ref().or(merged.current_context.as_ref());
    let context = merged.contexts.iter().find(|named| Some(&named.name) == context).and_then(|named| named.context.as_ref());
    let cluster = context.and_then(|context| merged.clusters.iter().find(|named| named.name == context.cluster));
    let proxy = cluster.and_then(|named| named.cluster.as_ref()?.proxy_url.clone());
    let options = KubeConfigOptions { context: connection.context.clone(), ..KubeConfigOptions::default() };
    let first = connection.files.first().cloned().unwrap_or_default();
    let config = Config::from_custom_kubeconfig(merged, &options).await.map_err(|error| unusable(&first, &error))?;
    Ok((config, proxy))
}

fn read(file: &Path) -> Result<Kubeconfig, ConnectError> {
    Kubeconfig::read_from(file).map_err(|error| unusable(file, &error))
}

fn unusable(file: &Path, error: &kube::config::KubeconfigError) -> ConnectError {
    ConnectError::Kubeconfig(format!("the kubeconfig `{}` can't be used: {}", file.display(), chain(error)))
}
