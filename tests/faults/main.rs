//! Tests with faults: a proxy between plimsoll and the real API server, a second client that watches, webhooks and bad servers.
//!
//! `equipment/` tests that equipment itself; the API server is that of `tests/cluster/`.

#![expect(clippy::disallowed_methods, reason = "tests read and write files themselves")]
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::format_collect,
    unreachable_pub,
    reason = "all of it is tests"
)]

mod adopt;
mod ahead;
mod bad;
mod books;
mod bundle;
mod controller;
mod equipment;
#[path = "../harness/mod.rs"]
mod harness;
mod observer;
mod proxy;
mod r17_foreign;
mod r18_mounts;
mod r19_two_at_once;
mod rights;
mod rows;
#[path = "../cluster/server.rs"]
mod server;
mod stack;
mod tls;
mod weather;
mod webhook;
