//! Sealed files against the outside: the shared vectors of age and its own binary (R6), tampering (R7), and processes that die or
//! disks that fill while files are written (R8). Each test prints what it counted and fails below its floor.
//!
//! Needs Go, for the vectors, the `age` binary and the fault injector; what is built is kept in a cache.

#![expect(clippy::disallowed_methods, reason = "tests read files, start processes and ask the environment themselves")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::format_collect,
    unreachable_pub,
    clippy::format_push_string,
    clippy::assigning_clones,
    reason = "all of it is tests"
)]

#[path = "../harness/mod.rs"]
mod harness;
mod interop;
mod repository;
mod tamper;
mod vectors;
mod whole;
