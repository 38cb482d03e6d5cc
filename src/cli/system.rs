//! The door to the process: environment variables, folders, the three streams, the terminal, the clock, child processes.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "this is the door to the environment, the clock and child processes"
)]

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::{self, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use jiff::Timestamp;
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};

use crate::execute::Clock;

/// What a command can know of the process that it runs in. Variables and the current folder are read once.
pub struct System {
    variables: BTreeMap<OsString, OsString>,
    folder: PathBuf,
    streams: Streams,
}

/// The three streams, and which of them are terminals.
pub struct Streams {
    /// Standard input.
    pub stdin: Box<dyn Read>,
    /// Standard output: results.
    pub stdout: Box<dyn Write>,
    /// Standard error: messages.
    pub stderr: Box<dyn Write>,
    /// Whether standard input is a terminal.
    pub stdin_is_terminal: bool,
    /// Whether standard output is one.
    pub stdout_is_terminal: bool,
    /// Whether standard error is one.
    pub stderr_is_terminal: bool,
}

impl System {
    /// The arguments and the system of this process.
    pub fn of_process() -> (Vec<OsString>, Self) {
        let streams = Streams {
            stdin: Box::new(io::stdin()),
            stdout: Box::new(io::BufWriter::with_capacity(1 << 16, io::stdout())),
            stderr: Box::new(io::stderr()),
            stdin_is_terminal: io::stdin().is_terminal(),
            stdout_is_terminal: io::stdout().is_terminal(),
            stderr_is_terminal: io::stderr().is_terminal(),
        };
        // A current folder that was removed is an error only for a command that needs one; "." gives the system's own message.
        let folder = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
        let system = Self { variables: std::env::vars_os().collect(), folder, streams };
        (std::env::args_os().collect(), system)
    }

    /// A system of one's own, for tests and for other programs.
    pub fn new(variables: BTreeMap<OsString, OsString>, folder: PathBuf, streams: Streams) -> Self {
        Self { variables, folder, streams }
    }

    /// An environment variable; a variable that is empty counts as not set.
    pub fn variable(&self, name: &str) -> Option<&OsStr> {
        self.variables.get(OsStr::new(name)).map(OsString::as_os_str).filter(|value| !value.is_empty())
    }

    /// The current folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// A path as the user wrote it, made absolute against the current folder.
    pub fn absolute(&self, path: &Path) -> PathBuf {
        self.folder.join(path)
    }

    /// The user's home folder, from `HOME`.
    pub fn home(&self) -> Option<PathBuf> {
        self.variable("HOME").map(PathBuf::from).filter(|path| path.is_absolute())
    }

    /// The user's configuration folder by the XDG Base Directory Specification: `XDG_CONFIG_HOME` if it is absolute, else
    /// `~/.config`. Plimsoll's own folder is `plimsoll` in it.
    pub fn config_folder(&self) -> Option<PathBuf> {
        self.xdg("XDG_CONFIG_HOME").or_else(|| self.home().map(|home| home.join(".config")))
    }

    /// `XDG_RUNTIME_DIR`: the user's own folder in memory, where the system has one.
    pub fn runtime_folder(&self) -> Option<PathBuf> {
        self.xdg("XDG_RUNTIME_DIR")
    }

    fn xdg(&self, name: &str) -> Option<PathBuf> {
        self.variable(name).map(PathBuf::from).filter(|path| path.is_absolute())
    }

    /// The streams.
    pub fn streams(&mut self) -> &mut Streams {
        &mut self.streams
    }

    /// Whether someone can be asked: standard input and standard error are terminals.
    pub fn is_interactive(&self) -> bool {
        self.streams.stdin_is_terminal && self.streams.stderr_is_terminal
    }

    /// Whether a stream that is, or isn't, a terminal gets colours. `NO_COLOR` turns them off (no-color.org), `CLICOLOR_FORCE`
    /// on, `CLICOLOR=0` and `TERM=dumb` off.
    pub(super) fn wants_color(&self, is_terminal: bool) -> bool {
        let is = |name, value: &str| self.variable(name) == Some(OsStr::new(value));
        if self.variable("NO_COLOR").is_some() {
            return false;
        }
        if self.variable("CLICOLOR_FORCE").is_some() && !is("CLICOLOR_FORCE", "0") {
            return true;
        }
        is_terminal && !is("CLICOLOR", "0") && !is("TERM", "dumb")
    }

    /// Reads all of standard input.
    pub fn read_stdin(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.streams.stdin.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Asks for a secret on the terminal, without echo. Only where [`System::is_interactive`].
    pub fn ask_secret(&mut self, prompt: &str) -> io::Result<String> {
        self.streams.stdout.flush()?;
        rpassword::prompt_password(prompt)
    }

    /// Asks for a line on the terminal. Only where [`System::is_interactive`].
    pub fn ask(&mut self, prompt: &str) -> io::Result<String> {
        self.streams.stdout.flush()?;
        write!(self.streams.stderr, "{prompt}")?;
        self.streams.stderr.flush()?;
        let mut line = Vec::new();
        let mut byte = [0];
        while self.streams.stdin.read(&mut byte)? == 1 && byte != [b'\n'] {
            line.extend(byte);
        }
        Ok(String::from_utf8_lossy(&line).trim_end_matches('\r').to_owned())
    }

    /// The editor that the user asked for: `VISUAL`, then `EDITOR`; a shell command line.
    pub fn editor(&self) -> Option<&OsStr> {
        self.variable("VISUAL").or_else(|| self.variable("EDITOR"))
    }

    /// Runs a shell command line with `argument` as its last argument, on this process' own streams, and waits for it. Signals
    /// that would end this process meanwhile are kept until the command has ended; none is given if one came that asks to end
    /// (HUP, TERM). Ctrl-C is the command's own affair.
    pub fn run_shell(
        &mut self,
        command: &OsStr,
        argument: &Path,
        variables: &[(&str, &OsStr)],
    ) -> io::Result<Option<ExitStatus>> {
        self.streams.stdout.flush()?;
        let mut line = command.to_owned();
        line.push(" \"$1\"");
        let mut child = Command::new("sh");
        child.arg("-c").arg(line).arg("sh").arg(argument).current_dir(&self.folder);
        child.env_clear().envs(&self.variables).envs(variables.iter().copied());
        let (ended, ignored) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        for (signal, seen) in [(SIGHUP, &ended), (SIGTERM, &ended), (SIGINT, &ignored), (SIGQUIT, &ignored)] {
            signal_hook::flag::register(signal, Arc::clone(seen))?;
        }
        let status = child.status()?;
        Ok((!ended.load(Ordering::SeqCst)).then_some(status))
    }

    /// Whether a passphrase can be asked for: stderr is a terminal. The answer is read from the terminal itself, so stdin may be a
    /// pipe.
    pub fn can_prompt(&self) -> bool {
        self.streams.stderr_is_terminal
    }

    /// Asks for a passphrase on the process' own terminal. Only where [`System::can_prompt`].
    pub fn prompt_secret(prompt: &str) -> io::Result<String> {
        rpassword::prompt_password(prompt)
    }

    /// Reads a file that isn't part of a repository: an identity, a value for a secret. At most `limit` bytes.
    pub fn read_outside(&self, path: &Path, limit: u64) -> io::Result<Vec<u8>> {
        let mut file = std::fs::File::open(path)?;
        let length = file.metadata()?.len();
        if length > limit {
            return Err(io::Error::other(format!("it is larger than {limit} bytes")));
        }
        // In one allocation, so that no copy is left where a growing buffer was.
        let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0) + 1);
        (&mut file).take(limit + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > limit { Err(io::Error::other(format!("it is larger than {limit} bytes"))) } else { Ok(bytes) }
    }

    /// Whether a file outside of the repository is there.
    pub fn has_outside(&self, path: &Path) -> bool {
        path.is_file()
    }

    /// A folder on a file system in memory that only this user can write to: `XDG_RUNTIME_DIR`, or `/dev/shm`.
    pub fn memory_folder(&self) -> Option<PathBuf> {
        let mounts = std::fs::read_to_string("/proc/self/mounts").ok()?;
        let shm = PathBuf::from("/dev/shm");
        self.runtime_folder().into_iter().chain([shm]).find(|folder| folder.is_dir() && is_in_memory(&mounts, folder))
    }

    /// The time. Never for anything that a compilation gives.
    pub fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    /// The clock, for what goes on for a while.
    pub fn clock(&self) -> Clock {
        Clock::new(|| Timestamp::try_from(SystemTime::now()).unwrap_or(Timestamp::UNIX_EPOCH))
    }
}

/// Whether the mount that `folder` lies on is a file system in memory.
fn is_in_memory(mounts: &str, folder: &Path) -> bool {
    let Ok(folder) = folder.canonicalize() else { return false };
    let mounts = mounts.lines().filter_map(|line| {
        let mut fields = line.split(' ');
        let (_, point, kind) = (fields.next()?, fields.next()?, fields.next()?);
        folder.starts_with(point).then_some((point.len(), kind))
    });
    // The longest mount point holds; of two on the same point the later.
    mounts.max_by_key(|(length, _)| *length).is_some_and(|(_, kind)| matches!(kind, "tmpfs" | "ramfs"))
}
