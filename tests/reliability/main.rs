//! The reliability rows: each prints its counts, and fails below its floor.

#[path = "../harness/mod.rs"]
mod harness;

mod r1_same_bytes;
mod r5_no_secret_outside;
