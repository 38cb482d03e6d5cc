//! A request as plimsoll makes them.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request};
use kube::client::Body;

/// How long a connection may take. A server that is there takes one at once.
pub(super) const CONNECT_TIME: Duration = Duration::from_secs(5);

/// What a request is for: decides its time, whether it is tried again, and how it is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Call {
    /// A page of a LIST.
    List,
    /// One object, or anything else that is only read.
    Get,
    /// Which kinds there are.
    Discovery,
    /// A write that the server doesn't keep.
    DryRun,
    /// A write.
    Write,
    /// A stream of events.
    Watch,
    /// A command in a container, or its log.
    Pod,
}

impl Call {
    /// Whether the request changes nothing, so that it may be made again.
    pub(super) fn is_read(self) -> bool {
        self != Self::Write
    }
}

/// A request, to be made once or more often.
#[derive(Debug, Clone)]
pub(super) struct Ask {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) accept: &'static str,
    pub(super) content_type: &'static str,
    pub(super) body: Bytes,
}

impl Ask {
    pub(super) fn get(path: impl Into<String>) -> Self {
        Self::new(Method::GET, path, "application/json", Bytes::new())
    }

    pub(super) fn new(method: Method, path: impl Into<String>, content_type: &'static str, body: Bytes) -> Self {
        Self { method, path: path.into(), accept: "application/json", content_type, body }
    }

    pub(super) fn accept(mut self, accept: &'static str) -> Self {
        self.accept = accept;
        self
    }

    /// The request for the client below. The body is shared, not copied.
    pub(super) fn request(&self) -> Result<Request<Body>, http::Error> {
        let mut builder = Request::builder().method(self.method.clone()).uri(&self.path).header("Accept", self.accept);
        if !self.body.is_empty() {
            builder = builder.header("Content-Type", self.content_type);
        }
        builder.body(Body::from(self.body.clone()))
    }
}
