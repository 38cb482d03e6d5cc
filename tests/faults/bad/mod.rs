//! Bad weather: a server that isn't one, and a cluster that doesn't let us. Each has its exit code, and a message that says what to do.

mod between;
mod refusing;
mod servers;

use crate::bundle::ENVIRONMENT;
use crate::harness::process::Run;
use crate::server::cluster;
use crate::stack::{self, Stack, post};

/// A stack that is applied, its repository turned to version 2, and an empty log.
fn changed(topic: &str) -> Stack {
    let stack = Stack::new(topic);
    stack.apply().exits(0);
    stack.bundle.v2();
    stack.proxy.forget();
    stack
}

fn diff(stack: &Stack) -> Run {
    stack.bundle.plimsoll(&["diff", ENVIRONMENT])
}

/// Writes of the bundle's objects that the API server did.
fn written(stack: &Stack) -> Vec<String> {
    stack::written(&stack.proxy.requests())
}

/// Panics unless a run says all of these.
#[track_caller]
fn says(run: &Run, parts: &[&str]) {
    let said = run.said();
    for part in parts {
        assert!(said.contains(part), "`{part}` isn't in what {} said:\n{said}", run.command);
    }
}

#[track_caller]
fn delete(path: &str) {
    cluster().send("DELETE", path, "application/json", "").unwrap_or_else(|error| panic!("{path}: {error}"));
}
