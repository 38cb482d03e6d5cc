//! Tests against a real API server (etcd and kube-apiserver of `tests/cluster/build`; Linux and Go, no root), and with a node where
//! this is root.
//!
//! The first run builds the servers, which takes minutes; later ones start in seconds. All tests of this binary share one; `README.md`
//! says more.

#![expect(clippy::disallowed_methods, reason = "tests read files, start processes and ask the environment themselves")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::format_collect,
    unreachable_pub,
    reason = "all of it is tests"
)]

mod apply;
mod cases;
mod diff;
mod failing;
#[path = "../harness/mod.rs"]
mod harness;
mod lease;
mod login;
mod masked;
mod node;
mod offline;
mod ownership;
mod pipeline;
mod plan;
mod proof;
mod r10;
mod r12;
mod random;
mod schemas;
mod seed;
mod server;
mod site;
mod strategic_merge;
mod trouble;
mod users;
mod verdicts;
mod verify;
mod wait;
