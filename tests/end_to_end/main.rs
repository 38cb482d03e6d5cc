//! The binary as a user runs it.
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

mod bad_input;
mod files;
mod git;
mod pipeline;
mod sealed_files;
