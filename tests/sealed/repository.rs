//! A repository on disk with an identity of its own, and the binary run in it.

use std::path::{Path, PathBuf};

use crate::harness::canary::Canary;
use crate::harness::child::{Program, Run};
use plimsoll::secret::{Identities, Recipient, generate_identity};

/// What no file and no output may ever hold.
pub(crate) const CANARY: &str = "CANARY-51c8e0";

/// A repository whose environment `prod` has one sealed file or folder.
pub(crate) struct Repository {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) recipient: Recipient,
    identity: String,
}

impl Repository {
    /// `sealed` is `prod.secrets.age` or `prod.secrets`.
    pub(crate) fn new(sealed: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (identity, recipient) = generate_identity();
        std::fs::create_dir_all(folder.path().join("environments")).unwrap();
        std::fs::write(folder.path().join("identity"), identity.as_bytes()).unwrap();
        let repository = Self { folder, recipient: recipient.clone(), identity: identity.to_string() };
        repository.recipients(sealed, &[&recipient]);
        repository
    }

    /// Names the recipients in `prod.toml`.
    pub(crate) fn recipients(&self, sealed: &str, recipients: &[&Recipient]) {
        let list: Vec<&str> = recipients.iter().map(|recipient| recipient.as_str()).collect();
        let text = format!("[target]\nnamespace = \"n\"\n\n[sealed.\"{sealed}\"]\nrecipients = {list:?}\n");
        std::fs::write(self.path("environments/prod.toml"), text).unwrap();
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    pub(crate) fn identities(&self) -> Identities {
        let mut identities = Identities::none();
        identities.add("test", self.identity.as_bytes()).unwrap();
        identities
    }

    /// Runs `plimsoll secrets ARGUMENTS` with the identity; stdin is `input`.
    pub(crate) fn run(&self, arguments: &[&str], input: &str) -> Run {
        run(self.folder.path(), &[Path::new(env!("CARGO_BIN_EXE_plimsoll"))], arguments, input)
    }

    /// The same, and it must end well.
    pub(crate) fn ok(&self, arguments: &[&str], input: &str) -> String {
        let output = self.run(arguments, input);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.code == Some(0), "{arguments:?}: {stderr}");
        assert!(!stderr.contains(CANARY), "{stderr}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// All files below `environments/`, by path.
    pub(crate) fn files(&self) -> Vec<(String, Vec<u8>)> {
        let mut found = Vec::new();
        walk(&self.path("environments"), self.folder.path(), &mut found);
        found.sort();
        found
    }
}

/// Runs `WRAPPER… secrets ARGUMENTS --identity identity` in `folder`, in an empty environment.
pub(crate) fn run(folder: &Path, wrapper: &[&Path], arguments: &[&str], input: &str) -> Run {
    let (program, rest) = wrapper.split_first().unwrap();
    Program::new(program)
        .args(rest)
        .args(["secrets"])
        .args(arguments)
        .args(["--identity", "identity"])
        .folder(folder)
        .environment([("", ""); 0])
        .input(input)
        .searched(&[Canary::new(CANARY)], arguments.first() == Some(&"get"))
        .run()
}

pub(crate) fn walk(folder: &Path, root: &Path, found: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, root, found);
        } else {
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            found.push((name, std::fs::read(&path).unwrap()));
        }
    }
}

/// Copies a folder with all that is in it.
pub(crate) fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            std::fs::copy(&path, &target).unwrap();
        }
    }
}

/// The last line of what a script of `tests/cluster` prints: the program that it built.
pub(crate) fn peer(name: &str) -> PathBuf {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cluster/peers");
    Program::new(script).args([name]).run().exits(0).out().trim().into()
}
