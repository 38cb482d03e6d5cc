//! What the tests share.
#![allow(dead_code, reason = "each test binary uses a part of it")]

pub mod archive;
pub mod canary;
pub mod child;
pub mod github;
pub mod process;
pub mod seal;

/// How much a row of the scoreboard tries: in CI, and with `PLIMSOLL_LONG` set to anything but nothing.
#[expect(clippy::disallowed_methods, reason = "the size is asked of the environment")]
pub fn size<T>(short: T, long: T) -> T {
    if std::env::var_os("PLIMSOLL_LONG").is_some_and(|value| !value.is_empty()) { long } else { short }
}
