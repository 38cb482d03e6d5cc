//! The commands: one file each, a `…Args` whose doc is the help and a `run` that does it.
//!
//! Only this folder knows arguments, terminals and exit codes. A command reads through [`Context::files`], writes its result
//! with [`Context::write`] (stdout) and its messages with [`Context::say`] (stderr), and ends in an [`Exit`] or a [`Failure`].

mod affected;
mod against;
mod apply;
mod args;
mod carry_out;
mod check;
mod compile;
mod completions;
mod context;
mod delete;
mod diff;
mod exit;
mod explain;
mod failure;
mod help;
mod history;
mod host;
mod identities;
mod init;
mod live;
mod panic;
mod plan;
mod process;
mod progress;
mod rbac;
mod render;
mod review;
mod rollback;
mod schema;
mod scratch;
mod secrets;
mod status;
mod system;
mod touched;
mod verify;

use std::ffi::OsString;

use clap::Parser;

pub use args::{Cli, ColorChoice, Command, Format, Global};
pub use context::Context;
pub use exit::Exit;
pub use failure::Failure;
pub use system::{Streams, System};

/// The whole program: this process' command line, in this process' surroundings.
pub fn main() -> std::process::ExitCode {
    panic::silence();
    let (arguments, system) = System::of_process();
    run(arguments, system).into()
}

/// Runs one command line: `arguments` with the program's name first. All that it reads and writes goes through `system`.
pub fn run(arguments: Vec<OsString>, system: System) -> Exit {
    panic::guard(|| {
        let cli = match Cli::try_parse_from(&arguments) {
            Ok(cli) => cli,
            Err(error) => return args::refuse(error, &arguments, system),
        };
        let mut context = Context::new(system, cli.global);
        let ended = cli.command.run(&mut context);
        context.finish(ended)
    })
}

#[cfg(test)]
mod compile_tests;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
