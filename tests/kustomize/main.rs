//! Tests with the real kustomize as witness (built once by `tests/cluster/peers`; Go is needed).

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
mod hashes;
#[path = "../cluster/random.rs"]
mod random;
mod references;
mod transforms;
mod witness;
