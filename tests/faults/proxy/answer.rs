//! Answers that the proxy makes itself, and answers that it spoils.

use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{self, Stream, StreamExt as _};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::Frame;
use serde_json::json;

use super::fault::Fault;
use super::state::Ticket;

/// What goes to a client; an error breaks its connection off.
pub(crate) type Body = UnsyncBoxBody<Bytes, io::Error>;

/// A body that is whole.
pub(crate) fn whole(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).map_err(|never: Infallible| match never {}).boxed_unsync()
}

/// A body of which half comes; then the connection breaks off.
pub(crate) fn half(bytes: &Bytes) -> Body {
    let first = bytes.slice(..bytes.len() / 2);
    let parts = stream::iter([Ok(Frame::data(first))]).chain(stream::once(async {
        // hyper writes what it has when the body makes it wait, and drops it when the body fails.
        tokio::time::sleep(Duration::from_millis(20)).await;
        Err(io::Error::other("cut by the test"))
    }));
    StreamBody::new(parts).boxed_unsync()
}

/// A body as it comes, each piece shown to `seen` first.
pub(crate) fn streamed(
    pieces: impl Stream<Item = Result<Bytes, hyper::Error>> + Send + 'static,
    mut seen: impl FnMut(usize) + Send + 'static,
) -> Body {
    let pieces: Pin<Box<dyn Stream<Item = _> + Send>> = Box::pin(pieces);
    let frames = pieces.map(move |piece| {
        let piece = piece.map_err(io::Error::other)?;
        seen(piece.len());
        Ok(Frame::data(piece))
    });
    StreamBody::new(frames).boxed_unsync()
}

/// The API server's form of a failure.
pub(crate) fn status(code: StatusCode, reason: &str, message: &str) -> Response<Body> {
    let status = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": message, "reason": reason, "code": code.as_u16(),
    });
    respond(code, "application/json", status.to_string())
}

/// An answer of any kind.
pub(crate) fn respond(code: StatusCode, content_type: &'static str, body: String) -> Response<Body> {
    let mut response = Response::new(whole(body));
    *response.status_mut() = code;
    response.headers_mut().insert(CONTENT_TYPE, http::HeaderValue::from_static(content_type));
    response
}

/// The answer that a fault gives in the server's place; `None` if the fault isn't of that sort.
pub(super) fn instead(fault: Fault, ticket: &Ticket) -> Option<Response<Body>> {
    Some(match fault {
        Fault::Conflict => status(
            StatusCode::CONFLICT,
            "Conflict",
            "Operation cannot be fulfilled: the object has been modified; please apply your changes to the latest version and try again",
        ),
        Fault::TooManyRequests => too_many_requests(),
        Fault::InternalError => {
            status(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", "Internal error occurred: etcdserver: no leader")
        }
        Fault::Unavailable => {
            status(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable", "the server is currently unable to handle the request")
        }
        Fault::Garbage => respond(StatusCode::OK, "application/json", "<html>\u{fffd}{{ this is no JSON".to_owned()),
        Fault::Gone => gone(ticket),
        Fault::StaleList => {
            let answer = ticket.stale.as_ref()?;
            let mut response = Response::new(whole(answer.body.clone()));
            *response.headers_mut() = answer.headers.clone();
            response
        }
        _ => return None,
    })
}

/// 429, with the time after which to come again.
pub(crate) fn too_many_requests() -> Response<Body> {
    let mut response = status(StatusCode::TOO_MANY_REQUESTS, "TooManyRequests", "too many requests, please try again later");
    response.headers_mut().insert(RETRY_AFTER, http::HeaderValue::from_static("1"));
    response
}

/// A watch hears of it in its stream, as from the API server; any other request by the status code.
fn gone(ticket: &Ticket) -> Response<Body> {
    if ticket.request.class != super::Class::Watch {
        let message = "The provided continue parameter is too old to display a consistent list result";
        return status(StatusCode::GONE, "Expired", message);
    }
    let event = json!({"type": "ERROR", "object": {
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": "too old resource version: 1 (2)", "reason": "Expired", "code": 410,
    }});
    respond(StatusCode::OK, "application/json", format!("{event}\n"))
}

/// The server's timeout, after it did what was asked.
pub(super) fn gateway_timeout() -> Response<Body> {
    status(StatusCode::GATEWAY_TIMEOUT, "Timeout", "Timeout: request did not complete within the allotted duration")
}

/// The server's answer with half of its body, and with its whole length promised where it was.
pub(crate) fn cut(code: StatusCode, headers: HeaderMap, body: &Bytes) -> Response<Body> {
    let mut response = Response::new(half(body));
    *response.status_mut() = code;
    *response.headers_mut() = headers;
    response.headers_mut().insert(CONTENT_LENGTH, body.len().into());
    response
}
