//! Bad servers: what stands where an API server should. Each is on a free loopback port and has a kubeconfig that leads to it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::{Response, StatusCode};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::proxy::{answer, write_kubeconfig};
use crate::server::{Cluster, run};
use crate::tls;

/// What is wrong with a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weather {
    /// Nobody listens.
    Nobody,
    /// Connections are taken, and nothing is ever said, not even in TLS.
    Silent,
    /// TLS works, requests are taken, and no answer comes.
    Slow,
    /// The certificate signed itself.
    WrongCertificate,
    /// 401 for everything, in the API server's form.
    Unauthorized,
    /// 403 for everything, in the API server's form.
    Forbidden,
    /// 500 for everything, in the API server's form.
    InternalError,
    /// 503 for everything, in the API server's form.
    Unavailable,
    /// 429 with Retry-After for everything, in the API server's form.
    TooManyRequests,
    /// 200 for everything, and no JSON.
    Garbage,
    /// A login page with 200: HTML where JSON should be.
    LoginPage,
    /// Half of a body for everything.
    HalfBody,
    /// The connection ends in the middle of the headers.
    HalfHead,
}

impl Weather {
    pub const ALL: [Self; 13] = [
        Self::Nobody,
        Self::Silent,
        Self::Slow,
        Self::WrongCertificate,
        Self::Unauthorized,
        Self::Forbidden,
        Self::InternalError,
        Self::Unavailable,
        Self::TooManyRequests,
        Self::Garbage,
        Self::LoginPage,
        Self::HalfBody,
        Self::HalfHead,
    ];
}

/// A bad server. It ends when it is dropped.
pub struct BadServer {
    server: String,
    kubeconfig: PathBuf,
    _folder: tempfile::TempDir,
    connections: Arc<AtomicUsize>,
    accepts: Option<JoinHandle<()>>,
}

impl Drop for BadServer {
    fn drop(&mut self) {
        if let Some(accepts) = &self.accepts {
            accepts.abort();
        }
    }
}

impl BadServer {
    /// Starts it with the certificate of `cluster`, unless the certificate is what is wrong.
    pub fn start(cluster: &Cluster, weather: Weather) -> Self {
        let acceptor = match weather {
            Weather::WrongCertificate => tls::acceptor(tls::STRANGER.0, tls::STRANGER.1),
            _ => tls::acceptor_of(&cluster.certificate()),
        };
        let connections = Arc::new(AtomicUsize::new(0));
        let counter = connections.clone();
        let (server, accepts) = run(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
            let server = format!("https://{}", listener.local_addr().expect("an address"));
            let accepts = (weather != Weather::Nobody).then(|| {
                tokio::spawn(async move {
                    let mut connections = tokio::task::JoinSet::new();
                    while let Ok((stream, _)) = listener.accept().await {
                        counter.fetch_add(1, Ordering::Relaxed);
                        connections.spawn(converse(stream, acceptor.clone(), weather));
                    }
                })
            });
            (server, accepts)
        });
        let folder = tempfile::tempdir().expect("a temporary folder");
        let kubeconfig = folder.path().join("kubeconfig");
        write_kubeconfig(cluster, &server, &kubeconfig);
        Self { server, kubeconfig, _folder: folder, connections, accepts }
    }

    pub fn server(&self) -> &str {
        &self.server
    }

    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// How many connections it took.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}

async fn converse(stream: TcpStream, acceptor: tokio_rustls::TlsAcceptor, weather: Weather) {
    if weather == Weather::Silent {
        std::future::pending::<()>().await;
    }
    let Ok(mut stream) = acceptor.accept(stream).await else { return };
    match weather {
        Weather::HalfHead => half_head(&mut stream).await,
        _ => serve(stream, weather).await,
    }
}

async fn half_head(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut request = [0; 1024];
    let _ = stream.read(&mut request).await;
    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Ty").await;
    let _ = stream.flush().await;
}

async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin, weather: Weather) {
    let service = service_fn(move |_| async move { Ok::<_, std::convert::Infallible>(reply(weather).await) });
    let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

async fn reply(weather: Weather) -> Response<answer::Body> {
    match weather {
        Weather::Slow => std::future::pending().await,
        Weather::Unauthorized => answer::status(StatusCode::UNAUTHORIZED, "Unauthorized", "Unauthorized"),
        Weather::Forbidden => {
            let message = "forbidden: User \"stranger\" cannot get path \"/\"";
            answer::status(StatusCode::FORBIDDEN, "Forbidden", message)
        }
        Weather::InternalError => {
            let message = "Internal error occurred: etcdserver: no leader";
            answer::status(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", message)
        }
        Weather::Unavailable => {
            let message = "the server is currently unable to handle the request";
            answer::status(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable", message)
        }
        Weather::TooManyRequests => answer::too_many_requests(),
        Weather::LoginPage => {
            let page = "<!doctype html><title>Sign in</title><form action=\"/login\"></form>".to_owned();
            answer::respond(StatusCode::OK, "text/html", page)
        }
        Weather::HalfBody => {
            let body = bytes::Bytes::from_static(br#"{"kind":"APIGroupList","apiVersion":"v1","groups":[{"name":"apps"}]}"#);
            answer::cut(StatusCode::OK, http::HeaderMap::new(), &body)
        }
        _ => answer::respond(StatusCode::OK, "application/json", "\u{0}\u{1}{{ no JSON".to_owned()),
    }
}
