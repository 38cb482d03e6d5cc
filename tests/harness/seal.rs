//! Sealed files for cases and benches, made as the commands make them, with one fixed identity.
#![expect(clippy::disallowed_methods, reason = "sealing works on the disk; the test reads what it wrote")]

use plimsoll::secret::{Identities, Recipient, Sealer, Target};
use plimsoll::source::commit::Writer;
use plimsoll::source::{DiskTree, Files, RootPath};

/// Opens what the cases seal; nothing in them is real.
pub const IDENTITY: &str = "AGE-SECRET-KEY-15X6GDUZLN724J54XN6JXTN9QG8W8VUPZ6KD90ZE0CG260PD8MYESR92Y8W";
pub const RECIPIENT: &str = "age12a6q3ukcn0mjx8lcqtja2pfgjegrmjm0rq0pcaq0k7yrcz3haylqhnh4fu";

const KEY: &str = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=";

/// The sealed file and its index, by path, for TOML text `text` at the path `name`.
pub fn seal(name: &str, text: &str) -> Vec<(String, Vec<u8>)> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = RootPath::new(name).expect("a path inside the repository");
    std::fs::create_dir_all(folder.path().join(path.parent().as_str())).expect("a folder");
    let writer = Writer::open(folder.path()).expect("the write door");
    let files = Files::new(DiskTree::new(folder.path()).expect("a tree"));
    let mut identities = Identities::none();
    identities.add("the tests' identity", IDENTITY.as_bytes()).expect("an identity");
    let recipient = Recipient::parse(RECIPIENT).expect("a recipient");
    // A fixed key, so that fingerprints and hashed names are the same at each run.
    let own = format!("\n[plimsoll]\nkey = \"{KEY}\"\npath = \"{name}\"\nserial = 1\nrecipients = [\"{RECIPIENT}\"]\n");
    let sealed =
        plimsoll::secret::seal(format!("{text}{own}").as_bytes(), std::slice::from_ref(&recipient)).expect("a sealed file");
    std::fs::write(folder.path().join(name), sealed).expect("the sealed file");
    let target = Target { path: path.clone(), recipients: vec![recipient] };
    let mut sealer = Sealer { files: &files, writer: &writer, identities: &mut identities };
    sealer.reindex(&target).unwrap_or_else(|problems| panic!("{name}: {problems:?}"));
    let index = name.replace(".age", ".index.toml");
    [name.to_owned(), index]
        .into_iter()
        .map(|name| {
            let bytes = std::fs::read(folder.path().join(&name)).unwrap_or_else(|error| panic!("{name}: {error}"));
            (name, bytes)
        })
        .collect()
}
