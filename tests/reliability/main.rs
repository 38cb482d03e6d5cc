//! The reliability rows: each prints its counts, and fails below its floor.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::format_collect,
    unreachable_pub,
    reason = "all of it is tests"
)]

#[path = "../harness/mod.rs"]
mod harness;

mod r1_same_bytes;
mod r20_prune_rails;
mod r5_no_secret_outside;
