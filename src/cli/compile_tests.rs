//! The commands that compile, on repositories on disk.
#![expect(clippy::disallowed_methods, reason = "the tests make repositories on disk")]

use std::fs;
use std::path::Path;

use git2::{Repository, Signature};
use tempfile::TempDir;

use super::Exit;
use super::testing::plimsoll;

fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn commit(folder: &Path) {
    let repository = Repository::open(folder).or_else(|_| Repository::init(folder)).unwrap();
    let mut index = repository.index().unwrap();
    index.add_all(["*"], git2::IndexAddOption::DEFAULT, None).unwrap();
    index.update_all(["*"], None).unwrap();
    let tree = repository.find_tree(index.write_tree().unwrap()).unwrap();
    index.write().unwrap();
    let who = Signature::new("t", "t@t", &git2::Time::new(0, 0)).unwrap();
    let parent = repository.head().ok().and_then(|head| head.peel_to_commit().ok());
    repository.commit(Some("HEAD"), &who, &who, "c", &tree, &parent.iter().collect::<Vec<_>>()).unwrap();
}

const BASE: &str = "abstract = true\n[configmap.params]\nliterals = { LEVEL = \"info\" }\nimmutable = true\n";

/// dev and prod over base; only prod reads `files/prod.txt`.
fn example() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "environments/base.toml", BASE);
    write(folder.path(), "environments/dev.toml", "extends = [\"base\"]\n[target]\nnamespace = \"dev\"\n");
    let prod = "extends = [\"base\"]\n[target]\nnamespace = \"prod\"\n[configmap.extra]\nfiles = [\"files/prod.txt\"]\n";
    write(folder.path(), "environments/prod.toml", prod);
    write(folder.path(), "environments/files/prod.txt", "one\ntwo\n");
    folder
}

#[test]
fn render_writes_yaml_json_and_a_folder() {
    let repo = example();
    let ran = plimsoll(repo.path(), &["render", "prod"]);
    assert_eq!(ran.exit, Exit::Fine, "{}", ran.stderr);
    assert!(ran.stdout.contains("kind: ConfigMap") && ran.stdout.contains("LEVEL: info"), "{}", ran.stdout);
    let json: serde_json::Value =
        serde_json::from_str(&plimsoll(repo.path(), &["render", "prod", "--format", "json"]).stdout).unwrap();
    assert_eq!(json["items"].as_array().unwrap().len(), 2);
    let ran = plimsoll(repo.path(), &["render", "prod", "-o", "dir:out"]);
    assert_eq!((ran.exit, ran.stdout.as_str()), (Exit::Fine, ""), "{}", ran.stderr);
    assert!(repo.path().join("out/configmap-extra.yaml").is_file());
    assert_eq!(plimsoll(repo.path(), &["diff", "prod", "--against", "dir:out"]).exit, Exit::Fine);
    fs::write(repo.path().join("out/mine.txt"), "mine").unwrap();
    let ran = plimsoll(repo.path(), &["render", "prod", "-o", "dir:out"]);
    assert_eq!(ran.exit, Exit::Refused);
    assert!(ran.stderr.contains("`mine.txt`"), "{}", ran.stderr);
    assert_eq!(plimsoll(repo.path(), &["render", "prod", "-o", "out"]).exit, Exit::Invalid);
}

#[test]
fn check_reports_all_environments_in_each_format() {
    let repo = example();
    let ran = plimsoll(repo.path(), &["check", "--all"]);
    assert_eq!(ran.exit, Exit::Fine, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("dev: 1 object\n") && ran.stdout.contains("prod: 2 objects\n"), "{}", ran.stdout);
    fs::remove_file(repo.path().join("environments/files/prod.txt")).unwrap();
    let ran = plimsoll(repo.path(), &["check", "--all"]);
    assert_eq!(ran.exit, Exit::Invalid);
    assert!(ran.stdout.contains("environments/prod.toml:5:") && ran.stdout.contains("prod: doesn't compile"), "{}", ran.stdout);
    for (format, sign) in
        [("json", "\"file-not-found\""), ("sarif", "2.1.0"), ("github", "::error file="), ("junit", "<testsuite")]
    {
        let ran = plimsoll(repo.path(), &["check", "dev", "prod", "--format", format]);
        assert_eq!((ran.exit, ran.stderr.as_str()), (Exit::Invalid, ""));
        assert!(ran.stdout.contains(sign), "{}", ran.stdout);
    }
    let ran = plimsoll(repo.path(), &["render", "prod", "--format", "json"]);
    assert!(ran.stdout.contains("plimsoll.dev/findings/v1"), "{}", ran.stdout);
}

#[test]
fn a_finding_in_an_alias_is_about_the_place_that_it_stands_at() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "environments/dev.toml", "[target]\nnamespace = \"dev\"\nbundles = [\"app\"]\n");
    let containers = "  containers:\n  - {name: a, image: 'a:1', securityContext: &context {privileged: true}}\n  \
                      - {name: b, image: 'b:1', securityContext: *context}\n";
    let namespace =
        "apiVersion: v1\nkind: Namespace\nmetadata: {name: dev, labels: {pod-security.kubernetes.io/enforce: baseline}}\n";
    let pod = format!("{namespace}---\napiVersion: v1\nkind: Pod\nmetadata: {{name: web}}\nspec:\n{containers}");
    write(folder.path(), "templates/app/pod.yaml", &pod);
    let said = plimsoll(folder.path(), &["check", "dev", "--format", "json"]).stdout;
    for container in 0..2 {
        assert!(said.contains(&format!("spec.containers[{container}].securityContext.privileged")), "{said}");
    }
}

#[test]
fn outside_of_a_repository() {
    let folder = tempfile::tempdir().unwrap();
    let ran = plimsoll(folder.path(), &["render", "prod"]);
    assert_eq!(ran.exit, Exit::Invalid);
    assert!(ran.stderr.contains("plimsoll init"), "{}", ran.stderr);
    let repo = example();
    fs::create_dir(repo.path().join("environments/deep")).unwrap();
    let deep = repo.path().join("environments/deep").display().to_string();
    assert_eq!(plimsoll(folder.path(), &["-C", &deep, "render", "prod"]).exit, Exit::Fine);
    assert_eq!(plimsoll(folder.path(), &["render", "prod", "--root", &deep]).exit, Exit::Fine);
}

#[test]
fn diff_against_a_revision_and_an_environment() {
    let repo = example();
    let ran = plimsoll(repo.path(), &["diff", "prod", "--against", "git:HEAD"]);
    assert_eq!(ran.exit, Exit::Invalid);
    assert!(ran.stderr.contains("not-a-git-repository"), "{}", ran.stderr);
    commit(repo.path());
    assert_eq!(plimsoll(repo.path(), &["diff", "prod", "--against", "git:HEAD"]).exit, Exit::Fine);
    write(repo.path(), "environments/base.toml", &BASE.replace("info", "debug"));
    let ran = plimsoll(repo.path(), &["diff", "prod", "--against", "git:HEAD"]);
    assert_eq!((ran.exit, ran.stderr.as_str()), (Exit::Differences, ""), "{}", ran.stdout);
    assert!(ran.stdout.contains("data.LEVEL\n    - info\n    + debug"), "{}", ran.stdout);
    let ran = plimsoll(repo.path(), &["diff", "prod", "--against", "env:dev", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!((json["schema"].as_str(), json["summary"]["created"].as_u64()), (Some("plimsoll.dev/diff/v1"), Some(1)));
    write(repo.path(), "environments/new.toml", "extends = [\"base\"]\n[target]\nnamespace = \"new\"\n");
    let ran = plimsoll(repo.path(), &["diff", "new", "--against", "git:HEAD"]);
    assert_eq!(ran.exit, Exit::Differences);
    assert!(ran.stderr.contains("everything is new"), "{}", ran.stderr);
    assert_eq!(plimsoll(repo.path(), &["diff", "prod", "--against", "nonsense"]).exit, Exit::Invalid);
}

#[test]
fn review_and_affected_name_the_environments_that_read_what_differs() {
    let repo = example();
    commit(repo.path());
    let affected = || plimsoll(repo.path(), &["affected", "--since", "HEAD"]).stdout;
    assert_eq!(affected(), "");
    write(repo.path(), "README.md", "nothing reads this");
    assert_eq!(affected(), "");
    write(repo.path(), "environments/files/prod.txt", "one\nthree\n");
    assert_eq!(affected(), "prod\n");
    let ran = plimsoll(repo.path(), &["review", "--base", "HEAD"]);
    assert_eq!(ran.exit, Exit::Fine, "{}{}", ran.stdout, ran.stderr);
    for part in
        ["== prod: changes", "because of environments/files/prod.txt", "- two", "+ three", "not touched: dev", "README.md"]
    {
        assert!(ran.stdout.contains(part), "{part}\n{}", ran.stdout);
    }
    write(repo.path(), "environments/new.toml", "extends = [\"base\"]\n[target]\nnamespace = \"new\"\n");
    write(repo.path(), "environments/dev.toml", "extends = [\"base\"\n");
    let ran = plimsoll(repo.path(), &["review", "--base", "HEAD", "--format", "json"]);
    assert_eq!(ran.exit, Exit::Invalid);
    let json: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let outcomes: Vec<(&str, &str)> = json["environments"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["name"].as_str().unwrap(), one["outcome"].as_str().unwrap()))
        .collect();
    assert_eq!(outcomes, [("dev", "broken"), ("new", "created"), ("prod", "changed")]);
    assert_eq!(plimsoll(repo.path(), &["review", "--base", "nothing"]).exit, Exit::Invalid);
}

#[test]
fn explain_a_field_of_a_table() {
    let repo = example();
    write(
        repo.path(),
        "environments/prod.toml",
        "extends = [\"base\"]\n[target]\nnamespace = \"prod\"\n[configmap.params.literals]\nLEVEL = \"warn\"\n",
    );
    let ran = plimsoll(repo.path(), &["explain", "prod", "configmap/params", "data.LEVEL"]);
    assert_eq!(ran.exit, Exit::Fine, "{}", ran.stderr);
    assert!(ran.stdout.contains("written by environments/prod.toml:5:9: LEVEL = \"warn\""), "{}", ran.stdout);
    assert!(ran.stdout.contains("which overrides environments/base.toml:3:22"), "{}", ran.stdout);
    let ran = plimsoll(repo.path(), &["explain", "prod", "ConfigMap/params", "data.LEVLE"]);
    assert_eq!(ran.exit, Exit::Invalid);
    assert!(ran.stderr.contains("did you mean `LEVEL`?"), "{}", ran.stderr);
    let ran = plimsoll(repo.path(), &["explain", "prod", "ConfigMap/parms"]);
    assert!(ran.stderr.contains("did you mean `ConfigMap/params`?"), "{}", ran.stderr);
    assert!(plimsoll(repo.path(), &["explain", "prod", "ConfigMap/params"]).stdout.contains("made by [configmap"));
    let json = plimsoll(repo.path(), &["explain", "prod", "ConfigMap/params", "data.LEVEL", "--format", "json"]).stdout;
    assert!(json.contains("plimsoll.dev/explain/v1"), "{json}");
    assert_eq!(plimsoll(repo.path(), &["explain", "prod"]).exit, Exit::Invalid);
}
