//! The one way in which tests start processes: in a sandbox of their own, with both streams, argv, the environment and all
//! written files searched for planted secrets after every run.
#![expect(clippy::disallowed_methods, reason = "this is the tests' door to the disk and to processes")]

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::canary::Canary;

/// Runs of one test binary that were searched, and the bytes.
pub static RUNS: AtomicUsize = AtomicUsize::new(0);
pub static SEARCHED: AtomicUsize = AtomicUsize::new(0);

/// A folder with a repository and a home in it, and a cleared environment.
#[derive(Debug)]
pub struct Sandbox {
    folder: tempfile::TempDir,
    environment: BTreeMap<OsString, OsString>,
    canaries: Vec<Canary>,
}

/// What a run left.
#[derive(Debug)]
pub struct Run {
    pub code: Option<i32>,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
    pub command: String,
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

impl Default for Sandbox {
    fn default() -> Self {
        Self::new()
    }
}

impl Sandbox {
    /// An empty repository folder, an empty home.
    pub fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("plimsoll-test-").tempdir().expect("a temporary folder");
        for name in ["repo", "home", "home/.config", "tmp"] {
            std::fs::create_dir_all(folder.path().join(name)).expect("a folder of the sandbox");
        }
        let mut sandbox = Self { folder, environment: BTreeMap::new(), canaries: Vec::new() };
        sandbox.set("HOME", sandbox.home());
        sandbox.set("XDG_CONFIG_HOME", sandbox.home().join(".config"));
        sandbox.set("TMPDIR", sandbox.folder.path().join("tmp"));
        sandbox.set("PATH", std::env::var_os("PATH").unwrap_or_default());
        sandbox.set("LANG", "C.UTF-8");
        sandbox.set("NO_COLOR", "1");
        sandbox
    }

    /// A sandbox whose repository is a copy of this one's reference stack.
    pub fn reference() -> Self {
        let sandbox = Self::new();
        for folder in ["environments", "templates"] {
            copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &sandbox.repo().join(folder));
        }
        sandbox
    }

    /// Plants a secret: from now on no run may leave it anywhere.
    #[must_use]
    pub fn plant(mut self, value: &str) -> Self {
        self.canaries.push(Canary::new(value));
        self
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn repo(&self) -> PathBuf {
        self.folder.path().join("repo")
    }

    pub fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// Sets a variable for the runs to come.
    pub fn set(&mut self, name: &str, value: impl Into<OsString>) {
        self.environment.insert(name.into(), value.into());
    }

    /// Writes a file of the repository, with its folders.
    pub fn write(&self, path: &str, bytes: impl AsRef<[u8]>) {
        let path = self.repo().join(path);
        std::fs::create_dir_all(path.parent().expect("a file has a folder")).expect("a folder");
        std::fs::write(path, bytes).expect("a file of the sandbox");
    }

    pub fn read(&self, path: &str) -> Vec<u8> {
        std::fs::read(self.repo().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    pub fn exists(&self, path: &str) -> bool {
        self.repo().join(path).exists()
    }

    /// Replaces a text in a file of the repository; panics if it isn't there.
    pub fn edit(&self, path: &str, from: &str, to: &str) {
        let text = String::from_utf8(self.read(path)).expect("text");
        assert!(text.contains(from), "`{from}` isn't in {path}");
        self.write(path, text.replacen(from, to, 1));
    }

    /// Runs plimsoll in the repository, and searches all it left.
    pub fn plimsoll(&self, arguments: &[&str]) -> Run {
        self.plimsoll_in(".", arguments)
    }

    /// The same, from a folder of the repository.
    pub fn plimsoll_in(&self, folder: &str, arguments: &[&str]) -> Run {
        self.run(folder, env!("CARGO_BIN_EXE_plimsoll"), arguments, b"", true)
    }

    /// Runs plimsoll with a standard input. It may hold secrets: nothing else may.
    pub fn plimsoll_with(&self, arguments: &[&str], stdin: &[u8]) -> Run {
        self.run(".", env!("CARGO_BIN_EXE_plimsoll"), arguments, stdin, true)
    }

    /// Runs plimsoll where the user asked to see secrets on stdout: stderr and the disk are searched all the same.
    pub fn plimsoll_revealing(&self, arguments: &[&str]) -> Run {
        self.run(".", env!("CARGO_BIN_EXE_plimsoll"), arguments, b"", false)
    }

    /// Runs another program in the repository.
    pub fn program(&self, program: &str, arguments: &[&str]) -> Run {
        self.run(".", program, arguments, b"", true)
    }

    /// Runs git with a fixed identity.
    pub fn git(&self, arguments: &[&str]) -> Run {
        let fixed = [
            "-c",
            "user.name=Test",
            "-c",
            "user.email=test@example.org",
            "-c",
            "init.defaultBranch=main",
            "-c",
            "commit.gpgsign=false",
        ];
        self.run(".", "git", &[&fixed, arguments].concat(), b"", true)
    }

    fn run(&self, folder: &str, program: &str, arguments: &[&str], stdin: &[u8], search_stdout: bool) -> Run {
        let mut child = Command::new(program)
            .args(arguments)
            .current_dir(self.repo().join(folder))
            .env_clear()
            .envs(&self.environment)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{program}: {error}"));
        let mut input = child.stdin.take().expect("a piped stdin");
        let bytes = stdin.to_vec();
        let writer = std::thread::spawn(move || {
            // A program that ends without reading closes the pipe; that isn't an error of the test.
            let _ = input.write_all(&bytes);
        });
        let output = child.wait_with_output().expect("the program's output");
        writer.join().expect("the writer");
        let command = format!("$ {} {}", Path::new(program).file_name().unwrap_or_default().display(), arguments.join(" "));
        let run = Run { code: output.status.code(), stdout: output.stdout, stderr: output.stderr, command };
        self.search(&run, search_stdout);
        run
    }

    fn search(&self, run: &Run, search_stdout: bool) {
        RUNS.fetch_add(1, Ordering::Relaxed);
        let mut places = vec![("stderr".to_owned(), run.stderr.clone()), ("argv".to_owned(), run.command.clone().into_bytes())];
        if search_stdout {
            places.push(("stdout".to_owned(), run.stdout.clone()));
        }
        for (name, value) in &self.environment {
            places.push((format!("the variable {}", name.display()), value.as_encoded_bytes().to_vec()));
        }
        if !self.canaries.is_empty() {
            places.extend(self.everything_written());
        }
        for (place, bytes) in &places {
            SEARCHED.fetch_add(bytes.len(), Ordering::Relaxed);
            for canary in &self.canaries {
                if let Some(encoding) = canary.found_in(bytes) {
                    panic!("LEAK: {place} holds the planted secret as {encoding}, after {}", run.command);
                }
            }
        }
    }

    /// Every file below the sandbox, and every object of its git repositories, unpacked. Files named `*.canary` are the test's own.
    fn everything_written(&self) -> Vec<(String, Vec<u8>)> {
        let mut found = Vec::new();
        let mut folders = vec![self.folder.path().to_path_buf()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
                let path = entry.path();
                let kind = entry.file_type().expect("a file's type");
                if kind.is_dir() {
                    if path.file_name().is_some_and(|name| name == ".git") {
                        found.extend(git_objects(&folder));
                    }
                    folders.push(path);
                } else if kind.is_file() && path.extension().is_none_or(|extension| extension != "canary") {
                    found.push((path.display().to_string(), std::fs::read(&path).unwrap_or_default()));
                }
            }
        }
        found
    }
}

fn git_objects(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let Ok(repository) = git2::Repository::open(folder) else { return Vec::new() };
    let Ok(objects) = repository.odb() else { return Vec::new() };
    let mut ids = Vec::new();
    let _ = objects.foreach(|id| {
        ids.push(*id);
        true
    });
    ids.iter()
        .filter_map(|id| objects.read(*id).ok().map(|object| (format!("git object {id}"), object.data().to_vec())))
        .collect()
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).unwrap_or_else(|error| panic!("{}: {error}", from.display())) {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("a type").is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("a copy");
        }
    }
}
