use super::*;
use crate::diagnostic::Diagnostic;
use crate::source::{RootPath, SourceKind, Span};

const BASE: &str = "[values.inference]\nreplicas = 4\n";
const PROD: &str = "extends = [\"base\"]\n\n[values.inference]\nreplicas = \"vier, oder 100 %\"\n";

fn find(sources: &SourceMap, name: &str, text: &str, part: &str) -> Span {
    let file = sources.add(name, text, SourceKind::File(RootPath::new(name).unwrap()));
    let start = text.find(part).unwrap();
    Span::new(file, start, start + part.len())
}

fn example(sources: &SourceMap) -> Diagnostics {
    let rule = |name: &str| crate::diagnostic::rules().into_iter().find(|rule| rule.name == name).unwrap();
    let base = find(sources, "environments/base.toml", BASE, "4");
    let prod = find(sources, "environments/prod.toml", PROD, "\"vier, oder 100 %\"");
    let mut found = Diagnostics::new();
    found.push(
        Diagnostic::new(rule("file-unreadable"), "`values.inference.replicas` was a number and becomes a text")
            .at(prod, "a text")
            .also(base, "a number here")
            .on("Deployment/server")
            .field("spec.replicas")
            .hint("write a number"),
    );
    found.push(Diagnostic::new(rule("file-not-found"), "no file, and no place"));
    found
}

#[test]
fn text_for_people() {
    let sources = SourceMap::default();
    let found = example(&sources);
    insta::assert_snapshot!(text(&[Findings::new(&found, &sources)], false));
    assert!(text(&[Findings::new(&found, &sources)], true).contains('\u{1b}'));
}

#[test]
fn text_shows_fifty_and_counts_all() {
    let sources = SourceMap::default();
    let rule = crate::diagnostic::rules()[0];
    let found: Diagnostics = (0..10_000).map(|at| Diagnostic::new(rule, format!("number {at}"))).collect();
    let text = text(&[Findings::new(&found, &sources)], false);
    assert_eq!(text.matches("number").count(), 50);
    assert!(text.ends_with("10000 errors; the first 50 are shown, `--format json` has all\n"), "{text}");
}

#[test]
fn several_environments_share_a_finding() {
    let sources = SourceMap::default();
    let found = example(&sources);
    let group = |name| Findings { environment: Some(name), findings: &found, sources: &sources };
    let groups = [group("dev"), group("prod")];
    let value = json_value(&groups);
    assert_eq!(value["summary"]["errors"], 2);
    assert_eq!(value["findings"][0]["environments"], serde_json::json!(["dev", "prod"]));
    assert!(text(&groups, false).contains("environment dev, prod"));
}

#[test]
fn a_rendered_line_shows_no_token() {
    use crate::secret::{Sealed, Tokens};
    let sources = SourceMap::default();
    let token = Tokens::new([9; 16]).issue(Sealed::Text("x".into()));
    let rendered = format!("a: {token}\nb: {token} # wrong\n");
    let template = sources.add("templates/a.yaml", "a: {{ x }}", SourceKind::File(RootPath::new("templates/a.yaml").unwrap()));
    let file = sources.add("rendered from templates/a.yaml", rendered.as_str(), SourceKind::Rendered { template });
    let at = rendered.find("# wrong").unwrap();
    let rule = crate::diagnostic::rules()[0];
    let found = Diagnostic::new(rule, format!("`{token}` is wrong")).at(Span::new(file, at, at + 7), "here").into();
    let groups = [Findings::new(&found, &sources)];
    let text = text(&groups, false);
    assert!(text.contains("b: «secret» # wrong"), "{text}");
    assert!(text.contains("^^^^^^^ here"), "{text}");
    for written in [text, json(&groups), sarif(&groups, ""), github(&groups, ""), junit(&groups)] {
        assert!(!written.contains(crate::secret::TOKEN_PREFIX), "{written}");
    }
}

#[test]
fn json_for_programs() {
    let sources = SourceMap::default();
    let found = example(&sources);
    insta::assert_snapshot!(json(&[Findings { environment: Some("prod"), findings: &found, sources: &sources }]));
}

#[test]
fn sarif_for_code_scanning() {
    let sources = SourceMap::default();
    let found = example(&sources);
    let log = sarif(&[Findings::new(&found, &sources)], "deploy it/");
    let mut log: serde_json::Value = serde_json::from_str(&log).unwrap();
    // The pages have their own tests.
    log["runs"][0]["tool"]["driver"]["rules"].take();
    log["runs"][0]["tool"]["driver"]["semanticVersion"].take();
    insta::assert_snapshot!(format!("{log:#}"));
}

#[test]
fn github_annotations() {
    let sources = SourceMap::default();
    let found = example(&sources);
    insta::assert_snapshot!(github(&[Findings::new(&found, &sources)], "deploy, all/"));
    let long: Diagnostics = Diagnostic::new(crate::diagnostic::rules()[0], "%".repeat(5000)).into();
    let line = github(&[Findings::new(&long, &sources)], "");
    assert!(line.trim_end().chars().count() <= 4096);
    assert!(line.trim_end().ends_with("%25…"));
}

#[test]
fn junit_for_test_reports() {
    let sources = SourceMap::default();
    let found = example(&sources);
    let nothing = Diagnostics::new();
    insta::assert_snapshot!(junit(&[
        Findings { environment: Some("prod"), findings: &found, sources: &sources },
        Findings { environment: Some("dev"), findings: &nothing, sources: &sources },
    ]));
}
