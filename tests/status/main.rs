//! kstatus itself (cli-utils, built once by `tests/cluster/peers`; Go is needed) as witness of `src/status/`.

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
mod kinds;
mod mutate;
#[path = "../cluster/random.rs"]
mod random;
mod witness;
