//! One client connection: its requests, one after the other, on one connection to the API server.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::StreamExt as _;
use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING, UPGRADE};
use http::request::Parts;
use http::{Request, Response};
use http_body_util::{BodyExt as _, BodyStream, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::SendRequest;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex, Notify};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::Next;
use super::answer::{self, Body};
use super::fault::Fault;
use super::request::Class;
use super::state::{Answer, Hook, State, Ticket};

/// One client's connection.
struct Link {
    state: Arc<State>,
    upstream: Mutex<Option<SendRequest<Full<Bytes>>>>,
    /// Told when the connection is to be reset.
    reset: Notify,
}

/// Takes connections until it is dropped; they end with it.
pub(super) async fn accept(listener: TcpListener, acceptor: TlsAcceptor, state: Arc<State>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        connections.spawn(connection(stream, acceptor.clone(), Arc::clone(&state)));
        while connections.try_join_next().is_some() {}
    }
}

async fn connection(stream: TcpStream, acceptor: TlsAcceptor, state: Arc<State>) {
    // A second handle of the socket: with it a close becomes a reset, whatever owns the first then.
    let Ok((stream, twin)) = twins(stream) else { return };
    let Ok(stream) = acceptor.accept(stream).await else { return };
    let link = Arc::new(Link { state, upstream: Mutex::new(None), reset: Notify::new() });
    let serving = Arc::clone(&link);
    let service = service_fn(move |request| {
        let link = Arc::clone(&serving);
        async move {
            // A task of its own: what the API server was asked is done and written down, also when the client gives up meanwhile.
            let handled = tokio::spawn(Arc::clone(&link).handle(request)).await;
            match handled {
                Ok(Some(response)) => Ok::<_, Infallible>(response),
                _ => link.reset().await,
            }
        }
    });
    let served = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).with_upgrades();
    tokio::select! {
        _ = served => {}
        () = link.reset.notified() => { let _ = twin.set_zero_linger(); }
    }
}

fn twins(stream: TcpStream) -> std::io::Result<(TcpStream, TcpStream)> {
    stream.set_nodelay(true)?;
    let stream = stream.into_std()?;
    let twin = TcpStream::from_std(stream.try_clone()?)?;
    Ok((TcpStream::from_std(stream)?, twin))
}

impl Link {
    /// Resets the connection; whatever awaits this is dropped with it.
    async fn reset(&self) -> Result<Response<Body>, Infallible> {
        self.reset.notify_one();
        std::future::pending().await
    }

    /// The answer; `None` if the connection is to be reset.
    async fn handle(self: Arc<Self>, mut request: Request<Incoming>) -> Option<Response<Body>> {
        let upgrade = request.headers().contains_key(UPGRADE).then(|| hyper::upgrade::on(&mut request));
        let (parts, body) = request.into_parts();
        let body = body.collect().await.ok()?.to_bytes();
        let ticket = self.state.lock().arrive(&parts, &body);
        if call(&ticket.before, &ticket).await == Next::Drop {
            return None;
        }
        if let Some(fault) = ticket.fault {
            if fault == Fault::ResetBefore {
                self.state.happened(&ticket, fault);
                return None;
            }
            if let Some(response) = answer::instead(fault, &ticket) {
                self.state.happened(&ticket, fault);
                self.state.note(&ticket, |request| {
                    request.code = Some(response.status().as_u16());
                });
                return Some(response);
            }
        }
        let answered = match upgrade {
            Some(client) => self.tunnel(parts, client).await,
            None => self.forward(parts, body).await,
        };
        let response = answered.ok()?;
        let code = response.status().as_u16();
        self.state.note(&ticket, |request| request.upstream = Some(code));
        self.pass_on(ticket, response).await
    }

    /// The server's answer on its way back, spoiled if it is to be.
    async fn pass_on(&self, ticket: Ticket, response: Response<Incoming>) -> Option<Response<Body>> {
        let (mut parts, body) = response.into_parts();
        if streams(&ticket) || parts.status.as_u16() == 101 {
            call(&ticket.after, &ticket).await;
            return self.stream(ticket, parts, body).await;
        }
        let body = body.collect().await.ok()?.to_bytes();
        let answer = Answer { headers: parts.headers.clone(), body: body.clone() };
        if let Some(key) = ticket.key.as_ref().filter(|_| parts.status.is_success()) {
            self.state.keep(key, &answer);
        }
        call(&ticket.after, &ticket).await;
        if self.goes_unheard(&ticket).await {
            return None;
        }
        let response = match ticket.fault {
            Some(Fault::GatewayTimeout) => answer::gateway_timeout(),
            Some(Fault::CutBody) => answer::cut(parts.status, answer.headers, &body),
            _ => {
                parts.headers.remove(TRANSFER_ENCODING);
                parts.headers.insert(CONTENT_LENGTH, body.len().into());
                Response::from_parts(parts, answer::whole(body.clone()))
            }
        };
        self.state.note(&ticket, |request| {
            request.code = Some(response.status().as_u16());
            request.answered = body.len();
        });
        Some(response)
    }

    /// Counts a fault that comes after the effect; whether it is one that leaves the client without an answer.
    async fn goes_unheard(&self, ticket: &Ticket) -> bool {
        if let Some(fault) = ticket.fault {
            self.state.happened(ticket, fault);
        }
        if ticket.fault == Some(Fault::TimeoutAfter) {
            let patience = self.state.lock().patience;
            tokio::time::sleep(patience).await;
        }
        matches!(ticket.fault, Some(Fault::TimeoutAfter | Fault::ResetAfter))
    }

    /// A watch, a log that is followed, or the head of a tunnel.
    async fn stream(&self, ticket: Ticket, parts: http::response::Parts, body: Incoming) -> Option<Response<Body>> {
        if self.goes_unheard(&ticket).await {
            return None;
        }
        if ticket.fault == Some(Fault::GatewayTimeout) {
            return Some(answer::gateway_timeout());
        }
        self.state.note(&ticket, |request| request.code = Some(parts.status.as_u16()));
        let mut pieces = BodyStream::new(body)
            .filter_map(|frame| std::future::ready(frame.map(|frame| frame.into_data().ok()).transpose()))
            .boxed();
        let body = match ticket.fault {
            Some(Fault::CutBody) => match pieces.next().await {
                Some(Ok(first)) => answer::half(&first),
                _ => answer::half(&Bytes::new()),
            },
            Some(Fault::WatchEnd) => answer::streamed(pieces.take(1), |_| {}),
            _ => {
                let state = Arc::clone(&self.state);
                answer::streamed(pieces, move |length| state.note(&ticket, |request| request.answered += length))
            }
        };
        Some(Response::from_parts(parts, body))
    }

    /// Asks the API server on this connection's own connection to it, or on a new one if that is gone.
    async fn forward(&self, parts: Parts, body: Bytes) -> Result<Response<Incoming>, hyper::Error> {
        let mut upstream = self.upstream.lock().await;
        let mut sender = match upstream.take() {
            Some(sender) => sender,
            None => self.connect().await?,
        };
        if sender.ready().await.is_err() {
            sender = self.connect().await?;
        }
        let response = sender.send_request(Request::from_parts(parts, Full::new(body))).await;
        *upstream = Some(sender);
        response
    }

    /// Asks for another protocol; if the server agrees, bytes go both ways until one side ends.
    async fn tunnel(&self, parts: Parts, client: hyper::upgrade::OnUpgrade) -> Result<Response<Incoming>, hyper::Error> {
        let mut sender = self.connect().await?;
        let mut response = sender.send_request(Request::from_parts(parts, Full::default())).await?;
        if response.status().as_u16() == 101 {
            let server = hyper::upgrade::on(&mut response);
            tokio::spawn(async move {
                let _sender = sender;
                if let (Ok(client), Ok(server)) = (client.await, server.await) {
                    let _ = tokio::io::copy_bidirectional(&mut TokioIo::new(client), &mut TokioIo::new(server)).await;
                }
            });
        }
        Ok(response)
    }

    async fn connect(&self) -> Result<SendRequest<Full<Bytes>>, hyper::Error> {
        let stream = TcpStream::connect(&self.state.address).await.expect("the API server listens");
        let _ = stream.set_nodelay(true);
        let name = rustls::pki_types::ServerName::try_from("127.0.0.1").expect("an address");
        let stream = self.state.connector.connect(name, stream).await.expect("the API server's certificate");
        let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection.with_upgrades());
        Ok(sender)
    }
}

/// Answers that have no end by themselves.
fn streams(ticket: &Ticket) -> bool {
    ticket.request.class == Class::Watch || ticket.request.parameter("follow").is_some_and(|value| value != "false")
}

/// Runs the hooks where they may block.
async fn call(hooks: &[Hook], ticket: &Ticket) -> Next {
    let mut next = Next::Forward;
    for hook in hooks {
        let (hook, request) = (Arc::clone(hook), ticket.request.clone());
        let called = tokio::task::spawn_blocking(move || {
            let mut hook = hook.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            hook(&request)
        });
        if called.await.unwrap_or(Next::Drop) == Next::Drop {
            next = Next::Drop;
        }
    }
    next
}
