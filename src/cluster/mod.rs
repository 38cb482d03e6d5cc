//! The one door to an API server.
//!
//! Nothing else in plimsoll imports kube. A [`Cluster`] is connected by [`connect`]; it answers with raw JSON (a LIST keeps each item as
//! it came and parses on demand) and fails with a [`ClusterError`] that says what was tried, what came back, and whether a write may
//! have happened. Requests are bounded in time, reads are tried again, writes are not: whether a write may be repeated is the caller's
//! knowledge.

mod classify;
mod client;
mod connect;
mod discovery;
mod error;
mod exec;
mod list;
mod live;
mod logs;
mod proxy;
mod request;
mod watch;
mod write;

pub use client::{Answer, Cluster, Counts};
pub use connect::{Access, Connection, connect};
pub use discovery::{Resource, Resources};
pub use error::{ClusterError, ConnectError, ErrorKind, FieldConflict};
pub use exec::{End, Executed, Place};
pub use list::Listed;
pub use live::Live;
pub use proxy::ProxyVariables;
pub use watch::Event;
pub use write::{DeleteGuard, Edit, Patch};
