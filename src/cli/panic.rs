//! What a bug looks like: exit 70, and a message that can't hold anyone's data.

use std::io::Write;
use std::panic::{self, AssertUnwindSafe};

use super::Exit;

/// Has a panic say the place in plimsoll's own source only: its payload could hold a secret.
pub(super) fn silence() {
    panic::set_hook(Box::new(|info| {
        let place = info.location().map_or_else(String::new, |at| format!(" ({}:{})", at.file(), at.line()));
        let version = env!("CARGO_PKG_VERSION");
        // Nothing is left to be done if stderr is gone.
        let _ = writeln!(std::io::stderr(), "a bug in plimsoll {version}{place}: please report it with the command that you ran");
    }));
}

/// Runs `work`; a panic in it is exit 70.
pub(super) fn guard(work: impl FnOnce() -> Exit) -> Exit {
    panic::catch_unwind(AssertUnwindSafe(work)).unwrap_or(Exit::Bug)
}
