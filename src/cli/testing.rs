//! A system of a test's own: no variables but those given, streams in memory.

use std::ffi::OsString;
use std::io::{self, Cursor, Write};
use std::path::Path;
use std::sync::{Arc, Mutex};

use super::{Exit, Streams, System, run};

/// What a command line gave.
pub(crate) struct Ran {
    pub(crate) exit: Exit,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs `plimsoll ARGUMENTS` in `folder`.
pub(crate) fn plimsoll(folder: &Path, arguments: &[&str]) -> Ran {
    plimsoll_with(folder, arguments, &[], "")
}

/// The same with variables and standard input.
pub(crate) fn plimsoll_with(folder: &Path, arguments: &[&str], variables: &[(&str, &str)], stdin: &str) -> Ran {
    let (stdout, stderr) = (Shared::default(), Shared::default());
    let streams = Streams {
        stdin: Box::new(Cursor::new(stdin.to_owned())),
        stdout: Box::new(stdout.clone()),
        stderr: Box::new(stderr.clone()),
        stdin_is_terminal: false,
        stdout_is_terminal: false,
        stderr_is_terminal: false,
    };
    let variables = variables.iter().map(|(name, value)| (OsString::from(name), OsString::from(value))).collect();
    let system = System::new(variables, folder.to_owned(), streams);
    let arguments = std::iter::once("plimsoll").chain(arguments.iter().copied()).map(OsString::from).collect();
    let exit = run(arguments, system);
    Ran { exit, stdout: stdout.take(), stderr: stderr.take() }
}

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Shared {
    fn take(&self) -> String {
        String::from_utf8(std::mem::take(&mut *self.0.lock().unwrap())).unwrap()
    }
}

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
