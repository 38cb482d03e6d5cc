//! Files that are not what they should be.
use crate::harness::process::Sandbox;

const ENVIRONMENT: &str = "[target]\nnamespace = \"demo\"\nbundles = [\"app\"]\nkubernetes = \"1.37\"\n";
const CONFIGMAP: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: params\ndata:\n  A: one\n";

fn sandbox(environment: &str, template: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("environments/dev.toml", ENVIRONMENT.to_owned() + environment);
    sandbox.write("templates/app/x.yaml", template);
    sandbox
}

#[test]
fn outside_the_root_by_link() {
    let sandbox = sandbox("[configmap.files]\nfiles = [\"files/passwd\"]\n", CONFIGMAP);
    sandbox.write("environments/files/other", "x");
    std::os::unix::fs::symlink("/etc/passwd", sandbox.repo().join("environments/files/passwd")).expect("a link");
    let run = sandbox.plimsoll(&["check", "dev"]).exits(2);
    assert!(run.said().contains("file-outside-root"), "{}", run.said());
    assert!(run.said().contains("environments/dev.toml:6:"), "{}", run.said());
}

#[test]
fn a_template_that_is_a_link_out_is_refused() {
    let sandbox = sandbox("", CONFIGMAP);
    std::os::unix::fs::symlink("/etc/hostname", sandbox.repo().join("templates/app/y.yaml")).expect("a link");
    let run = sandbox.plimsoll(&["check", "dev"]).exits(2);
    assert!(run.said().contains("file-outside-root"), "{}", run.said());
}

#[test]
fn configmap_over_a_mebibyte() {
    let sandbox = sandbox("[configmap.big]\nfiles = [\"files/big\"]\n", CONFIGMAP);
    sandbox.write("environments/files/big", vec![b'x'; 1_100_000]);
    let run = sandbox.plimsoll(&["check", "dev"]).exits(2);
    assert!(run.said().contains("configmap-too-large"), "{}", run.said());
}

#[test]
fn ten_thousand_errors() {
    let template: String = (0..10_000)
        .map(|n| format!("{CONFIGMAP}  B: {{{{ values.nope_{n} }}}}\n---\n").replace("params", &format!("p{n}")))
        .collect();
    let sandbox = sandbox("[values]\nknown = 1\n", &template);
    let run = sandbox.plimsoll(&["check", "dev"]).exits(2);
    let shown = run.said().matches("undefined-variable").count();
    assert!((1..=51).contains(&shown), "{shown} shown");
    // Findings of the checks are not bounded by the renderer: all are counted.
    let template: String = (0..10_000).map(|n| CONFIGMAP.replace("params", &format!("p{n}")) + "nope: 1\n---\n").collect();
    let sandbox = self::sandbox("", &template);
    let run = sandbox.plimsoll(&["check", "dev"]).exits(2);
    let text = run.said();
    assert_eq!(text.matches("[unknown-field]").count(), 50, "{}", &text[..text.len().min(2000)]);
    assert!(
        text.contains("10,000") || text.contains("10000"),
        "the count isn't there: {}",
        &text[text.len().saturating_sub(500)..]
    );
}

#[test]
fn ten_thousand_toml_errors() {
    let broken: String = (0..10_000).map(|n| format!("key{n} = nope{n}\n")).collect();
    let sandbox = sandbox(&format!("[values]\n{broken}"), CONFIGMAP);
    let run = sandbox.plimsoll(&["check", "dev"]).exits(2);
    let text = run.said();
    assert_eq!(text.matches("[toml-syntax]").count(), 20 + 1, "{}", &text[..text.len().min(2000)]);
}

#[test]
fn folders_that_cannot_be_meant() {
    let sandbox = Sandbox::reference();
    for folder in ["dir:templates/out", "dir:environments", "dir:./x/../templates"] {
        let run = sandbox.plimsoll(&["render", "dev", "-o", folder]).exits(2);
        assert!(run.err().contains("which holds sources"), "{}", run.said());
    }
    sandbox.write("empty/README.md", "nothing");
    let run = sandbox.plimsoll(&["diff", "dev", "--against", "dir:empty", "--format", "json"]).exits(2);
    assert!(run.out().contains("holds no manifest") && run.out().contains("\"rule\": \"usage\""), "{}", run.said());
    sandbox.plimsoll(&["render", "dev", "-o", "dir:out"]).exits(0);
    sandbox.plimsoll(&["diff", "dev", "--against", "dir:out"]).exits(0);
    sandbox.write("out/service.yaml", "a: [\n");
    let run = sandbox.plimsoll(&["diff", "dev", "--against", "dir:out"]).exits(2);
    assert!(run.err().contains("--> out/service.yaml:"), "{}", run.said());
}
