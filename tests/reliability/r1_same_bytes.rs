//! R1: the same repository gives the same bytes, whatever is around it.
#![expect(clippy::disallowed_methods, reason = "the test lays out repositories on the disk")]

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::harness::archive::Case;
use crate::harness::process::Sandbox;

const PROJECTS: usize = 20;

/// Time zone, language, home, working folder, creation order, modification times, threads, hash seed.
const DISTURBANCES: [&str; 8] = ["TZ", "LANG", "HOME", "cwd", "creation order", "mtimes", "threads", "hash seed"];

#[test]
fn same_bytes() {
    let wanted: usize = std::env::var("PLIMSOLL_R1_PROJECTS").ok().and_then(|text| text.parse().ok()).unwrap_or(PROJECTS);
    let mut runs = 0;
    let mut projects = 0;
    for (name, case) in cases() {
        if projects == wanted {
            break;
        }
        let environment = case.settings.get("env").map_or("dev", String::as_str);
        let Some(base) = result(&lay_out(&case, false), environment, None) else { continue };
        projects += 1;
        for disturbance in DISTURBANCES {
            let mut sandbox = lay_out(&case, disturbance == "creation order");
            match disturbance {
                "TZ" => sandbox.set("TZ", "Pacific/Kiritimati"),
                "LANG" => {
                    sandbox.set("LANG", "tr_TR.UTF-8");
                    sandbox.set("LC_ALL", "tr_TR.UTF-8");
                }
                "HOME" => sandbox.set("HOME", "/nonexistent"),
                "mtimes" => touch(&sandbox.repo(), SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000)),
                "threads" => sandbox.set("RAYON_NUM_THREADS", "1"),
                _ => {}
            }
            let folder = (disturbance == "cwd").then_some("environments");
            let again =
                result(&sandbox, environment, folder).unwrap_or_else(|| panic!("{name}: not the same exit under {disturbance}"));
            assert_eq!(base, again, "{name}: other bytes under another {disturbance}");
            runs += 1;
        }
    }
    println!("R1: {projects} projects, {} disturbances, {runs} runs, 0 differ", DISTURBANCES.len());
    assert!(runs >= wanted * DISTURBANCES.len(), "R1 is below its floor: {runs} runs");
}

/// Golden cases, those that print a bundle first.
fn cases() -> Vec<(String, Case)> {
    let mut paths = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("tests/cases") {
            let path: PathBuf = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "case") {
                paths.push(path);
            }
        }
    }
    paths.sort();
    let mut cases: Vec<(String, Case)> = paths
        .iter()
        .map(|path| (path.display().to_string(), Case::read(&std::fs::read_to_string(path).expect("a case"))))
        .collect();
    cases.sort_by_key(|(_, case)| !case.files.contains_key("expect.yaml"));
    cases
}

fn lay_out(case: &Case, backwards: bool) -> Sandbox {
    let sandbox = Sandbox::new();
    let mut files = case.repository();
    if backwards {
        files.reverse();
    }
    for (path, bytes) in files {
        sandbox.write(&path, bytes);
    }
    sandbox
}

/// What render and check print, if the bundle renders.
fn result(sandbox: &Sandbox, environment: &str, folder: Option<&str>) -> Option<(Vec<u8>, Vec<u8>)> {
    let from = folder.unwrap_or(".");
    let render = sandbox.plimsoll_in(from, &["render", environment, "--no-check"]);
    let check = sandbox.plimsoll_in(from, &["check", environment, "--format", "json"]);
    (render.code == Some(0)).then_some((render.stdout, check.stdout))
}

fn touch(folder: &Path, time: SystemTime) {
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        if entry.path().is_dir() {
            touch(&entry.path(), time);
        } else {
            let file = std::fs::File::options().append(true).open(entry.path()).expect("a file");
            file.set_modified(time).expect("a modification time");
        }
    }
}
