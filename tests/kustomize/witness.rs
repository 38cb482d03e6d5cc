//! Running kustomize.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::harness::child::Program;

/// The version of the library in which the binary of `tests/cluster/peers` keeps its tables.
const LIBRARY: &str = "sigs.k8s.io/kustomize/api@v0.21.1";

/// The objects that `kustomize build` makes of these files.
///
/// # Panics
/// If it fails.
pub(crate) fn build(files: &[(String, Vec<u8>)]) -> Vec<serde_json::Value> {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        std::fs::write(folder.path().join(name), bytes).unwrap();
    }
    let text = run(Program::new(program()).args(["build"]).args([folder.path()]));
    serde_yaml::Deserializer::from_str(&text)
        .map(|document| serde_json::to_value(<serde_yaml::Value as serde::Deserialize>::deserialize(document).unwrap()).unwrap())
        .collect()
}

/// A file of kustomize's own source.
pub(crate) fn source(path: &str) -> String {
    let answer = run(Program::new("go").args(["mod", "download", "-json", LIBRARY]).folder(std::env::temp_dir()));
    let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
    std::fs::read_to_string(PathBuf::from(answer["Dir"].as_str().unwrap()).join(path)).unwrap()
}

fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let peers = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cluster/peers");
        PathBuf::from(run(Program::new(peers).args(["kustomize"])).trim())
    })
}

fn run(program: Program) -> String {
    program.run().exits(0).out()
}
