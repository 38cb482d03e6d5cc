//! What the tests share.
#![allow(dead_code, reason = "each test binary uses a part of it")]

pub mod archive;
pub mod canary;
pub mod child;
pub mod process;
pub mod seal;
