//! The one way in which tests start processes; `clippy.toml` bans every other. Both streams and argv are captured, and searched for
//! planted secrets.
#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "this is the tests' door to processes")]

use std::ffi::{OsStr, OsString};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use super::canary::Canary;

/// Runs of one test binary that were searched, and the bytes.
pub static RUNS: AtomicUsize = AtomicUsize::new(0);
pub static SEARCHED: AtomicUsize = AtomicUsize::new(0);

/// A process to be started.
#[derive(Debug)]
pub struct Program {
    command: Command,
    arguments: Vec<OsString>,
    input: Vec<u8>,
    canaries: Vec<Canary>,
    reveals: bool,
    victim: Victim,
}

/// A run that somebody else may signal while it lasts, by its process id. One for each run.
#[derive(Debug, Clone, Default)]
pub struct Victim(Arc<OnceLock<u32>>);

impl Victim {
    /// Sends a signal, such as `KILL` or `INT`; waits for the process to start, if it hasn't. Must be called while it runs.
    pub fn signal(&self, name: &str) {
        let id = self.0.wait().to_string();
        let sent = Command::new("kill").args(["-s", name, &id]).status().expect("kill");
        assert!(sent.success(), "process {id} can't be sent {name}");
    }
}

/// What a run left.
#[derive(Debug)]
pub struct Run {
    pub code: Option<i32>,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
    pub command: String,
}

impl Program {
    pub fn new(program: impl AsRef<OsStr>) -> Self {
        let program = program.as_ref();
        let arguments = vec![Path::new(program).file_name().unwrap_or_default().to_owned()];
        Self {
            command: Command::new(program),
            arguments,
            input: Vec::new(),
            canaries: Vec::new(),
            reveals: false,
            victim: Victim::default(),
        }
    }

    pub fn args(mut self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        for argument in arguments {
            self.arguments.push(argument.as_ref().to_owned());
            self.command.arg(argument);
        }
        self
    }

    pub fn folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.command.current_dir(folder.into());
        self
    }

    /// Takes the environment away, and gives this one.
    pub fn environment(mut self, variables: impl IntoIterator<Item = (impl AsRef<OsStr>, impl AsRef<OsStr>)>) -> Self {
        self.command.env_clear().envs(variables);
        self
    }

    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    pub fn input(mut self, input: impl Into<Vec<u8>>) -> Self {
        self.input = input.into();
        self
    }

    /// What may not stand in a stream or in argv; in stdout only if the run reveals.
    pub fn searched(mut self, canaries: &[Canary], reveals: bool) -> Self {
        self.canaries = canaries.to_vec();
        self.reveals = reveals;
        self
    }

    /// Whoever has the other `Victim` can signal this run.
    pub fn victim(mut self, victim: &Victim) -> Self {
        self.victim = victim.clone();
        self
    }

    /// Runs it to its end.
    pub fn run(mut self) -> Run {
        let command = format!("$ {}", self.arguments.join(OsStr::new(" ")).display());
        let mut child = self
            .command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{command}: {error}"));
        let _ = self.victim.0.set(child.id());
        let mut stdin = child.stdin.take().expect("a piped stdin");
        let input = self.input;
        let writer = std::thread::spawn(move || {
            // A program that ends without reading closes the pipe; that isn't an error of the test.
            let _ = stdin.write_all(&input);
        });
        let output = child.wait_with_output().expect("the program's output");
        writer.join().expect("the writer");
        let run = Run { code: output.status.code(), stdout: output.stdout, stderr: output.stderr, command };
        RUNS.fetch_add(1, Ordering::Relaxed);
        search("stderr", &run.stderr, &self.canaries, &run.command);
        search("argv", run.command.as_bytes(), &self.canaries, &run.command);
        if !self.reveals {
            search("stdout", &run.stdout, &self.canaries, &run.command);
        }
        run
    }

    /// Starts a server: it reads from a pipe that closes when the handle is dropped, and writes its first words to another.
    pub fn start(mut self) -> Child {
        let shown = format!("{:?}", self.arguments);
        self.command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap_or_else(|error| panic!("{shown}: {error}"))
    }
}

/// Panics where `bytes` hold one of the canaries.
pub fn search(place: &str, bytes: &[u8], canaries: &[Canary], command: &str) {
    SEARCHED.fetch_add(bytes.len(), Ordering::Relaxed);
    for canary in canaries {
        if let Some(encoding) = canary.found_in(bytes) {
            panic!("LEAK: {place} holds the planted secret as {encoding}, after {command}");
        }
    }
}

impl Run {
    pub fn out(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    pub fn err(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }

    /// Both streams: results go to stdout, messages to stderr, and a finding is either.
    pub fn said(&self) -> String {
        self.out() + &self.err()
    }

    /// Panics with everything unless the exit code is `code`.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}\n--- stdout\n{}\n--- stderr\n{}", self.command, self.out(), self.err());
        self
    }
}
