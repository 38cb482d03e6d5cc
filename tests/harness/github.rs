//! The GitHub stage's own script, as a runner starts it.
#![expect(clippy::disallowed_methods, reason = "the host's files lie on the disk")]

use super::process::{Run, Sandbox};

const STAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/pipelines/github/stage");
/// The files that the host reads when a step is through, named by the variables of these names.
const FILES: [&str; 2] = ["GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"];

/// Sets what the runner sets for every step.
pub fn host(sandbox: &mut Sandbox) {
    sandbox.set("PLIMSOLL_BINARY", env!("CARGO_BIN_EXE_plimsoll"));
    for name in FILES {
        let file = sandbox.path().join(name);
        sandbox.set(name, file);
    }
}

/// Runs one step; the host's files are empty at its start.
pub fn stage(sandbox: &mut Sandbox, name: &str) -> Run {
    for file in FILES {
        std::fs::write(sandbox.path().join(file), "").expect("the host's file");
    }
    sandbox.set("PLIMSOLL_STAGE", name);
    sandbox.program(STAGE, &[])
}

/// The outputs of the last step, and its summary.
pub fn told(sandbox: &Sandbox) -> (String, String) {
    let [outputs, summary] = FILES.map(|file| std::fs::read_to_string(sandbox.path().join(file)).expect("the host's file"));
    (outputs, summary)
}
