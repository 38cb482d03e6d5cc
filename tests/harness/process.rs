//! The binary in a sandbox of its own: beside both streams and argv, the environment, all written files and all git objects are
//! searched for planted secrets after every run.
#![expect(clippy::disallowed_methods, reason = "the sandbox lies on the disk")]

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::canary::Canary;
use super::child::{Program, Victim, search};
use super::seal;

pub use super::child::Run;

/// A folder with a repository and a home in it, and a cleared environment.
#[derive(Debug)]
pub struct Sandbox {
    folder: tempfile::TempDir,
    environment: BTreeMap<OsString, OsString>,
    canaries: Vec<Canary>,
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
        if let Some(planted) = std::env::var_os("PLIMSOLL_PLANTED") {
            sandbox.set("PLIMSOLL_PLANTED", planted);
        }
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

    /// Writes a sealed file of the repository, and its index; [`Sandbox::identity`] opens it.
    pub fn seal(&self, path: &str, text: &str) {
        for (path, bytes) in seal::seal(path, text) {
            self.write(&path, bytes);
        }
    }

    /// The path of a file with the identity that opens what is sealed, outside of the repository.
    pub fn identity(&self) -> String {
        let path = self.path().join("identity");
        std::fs::write(&path, seal::IDENTITY).expect("an identity file");
        path.to_str().expect("a path").to_owned()
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

    /// Runs plimsoll, so that whoever has the other `victim` can signal it.
    pub fn plimsoll_as(&self, victim: &Victim, arguments: &[&str]) -> Run {
        self.run_as(victim, ".", env!("CARGO_BIN_EXE_plimsoll"), arguments, b"", true)
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
        self.run_as(&Victim::default(), folder, program, arguments, stdin, search_stdout)
    }

    fn run_as(&self, victim: &Victim, folder: &str, program: &str, arguments: &[&str], stdin: &[u8], search_stdout: bool) -> Run {
        let run = Program::new(program)
            .victim(victim)
            .args(arguments)
            .folder(self.repo().join(folder))
            .environment(&self.environment)
            .input(stdin)
            .searched(&self.canaries, !search_stdout)
            .run();
        for (name, value) in &self.environment {
            search(&format!("the variable {}", name.display()), value.as_encoded_bytes(), &self.canaries, &run.command);
        }
        if !self.canaries.is_empty() {
            for (place, bytes) in self.everything_written() {
                search(&place, &bytes, &self.canaries, &run.command);
            }
        }
        run
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
