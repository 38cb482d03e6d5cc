//! The binary as a user runs it.

#[path = "../harness/mod.rs"]
mod harness;

mod bad_input;
mod files;
mod git;
mod sealed_files;
