//! The objects of `tests/cases/verdicts`: files of YAML documents, each begun by a line that says what the API server makes
//! of it: `# valid: what it is` or `# invalid: what is wrong`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// One object.
#[derive(Debug)]
pub(crate) struct Case {
    /// The file's name without `.yaml`, and the document's number in it, from 1.
    pub(crate) place: String,
    /// What it is, or what is wrong with it.
    pub(crate) what: String,
    /// What its first line says of it.
    pub(crate) valid: bool,
    /// The document.
    pub(crate) text: String,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/verdicts")
}

fn yaml_files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries.filter(|path| path.extension().is_some_and(|extension| extension == "yaml")).collect();
    files.sort();
    files
}

/// All cases, in the order of the files.
pub(crate) fn cases() -> Vec<Case> {
    yaml_files(&folder()).iter().flat_map(|file| read(file)).collect()
}

fn read(file: &Path) -> Vec<Case> {
    let text = std::fs::read_to_string(file).unwrap();
    let name = file.file_stem().unwrap().to_str().unwrap();
    let documents = text.split("\n---\n").enumerate();
    documents
        .map(|(index, document)| {
            let place = format!("{name}:{}", index + 1);
            let (first, _) = document.split_once('\n').unwrap();
            let (valid, what) = match (first.strip_prefix("# valid: "), first.strip_prefix("# invalid: ")) {
                (Some(what), _) => (true, what),
                (_, Some(what)) => (false, what),
                _ => panic!("{place} doesn't begin with its verdict"),
            };
            Case { place, what: what.to_owned(), valid, text: document.to_owned() }
        })
        .collect()
}

/// The CRDs that stand in the server before the cases are tried: those of `setup`.
pub(crate) fn setup() -> Vec<String> {
    yaml_files(&folder().join("setup")).iter().map(|file| std::fs::read_to_string(file).unwrap()).collect()
}

/// The cases of which `check` says something else than the server, as `docs/validation.md` lists them: lines that begin with
/// "- `FILE`: WHAT".
pub(crate) fn exceptions() -> BTreeSet<String> {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/validation.md")).unwrap();
    let rows = text.lines().filter_map(|line| line.strip_prefix("- `")?.split_once("`: "));
    rows.map(|(file, what)| format!("{file}: {}", what.split(" — ").next().unwrap())).collect()
}

impl Case {
    /// The file and what it is: how the list of exceptions calls it.
    pub(crate) fn name(&self) -> String {
        let (file, _) = self.place.split_once(':').unwrap();
        format!("{file}: {}", self.what)
    }

    /// The text at a top-level key. Read by line, since a broken document may not be parsed.
    pub(crate) fn top(&self, key: &str) -> &str {
        self.text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(": ")).unwrap_or_default()
    }

    /// The text at a key of metadata.
    pub(crate) fn metadata(&self, key: &str) -> &str {
        let lines = self.text.lines().skip_while(|line| *line != "metadata:").skip(1).take_while(|line| line.starts_with("  "));
        let mut found = lines.filter_map(|line| line.strip_prefix("  ")?.strip_prefix(key)?.strip_prefix(": "));
        found.next().unwrap_or_default().trim_matches('"')
    }
}
