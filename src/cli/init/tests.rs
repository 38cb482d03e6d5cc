#![expect(clippy::disallowed_methods, reason = "a test looks at the disk itself")]

use std::path::Path;

use crate::cli::Exit;
use crate::cli::testing::{Ran, plimsoll_with};

/// A home of its own, and a folder beside it.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("home")).unwrap();
        std::fs::create_dir(folder.path().join("work")).unwrap();
        Self { folder }
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    fn run_in(&self, folder: &Path, arguments: &[&str]) -> Ran {
        plimsoll_with(folder, arguments, &[("HOME", self.path("home").to_str().unwrap())], "")
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        self.run_in(&self.path("work"), arguments)
    }
}

fn fine(ran: Ran) -> String {
    assert_eq!(ran.exit, Exit::Fine, "{}{}", ran.stdout, ran.stderr);
    ran.stdout
}

#[test]
fn a_new_repository_renders_at_once_without_a_finding() {
    let place = Place::new();
    let said = fine(place.run(&["init", "shop"]));
    assert!(said.contains("plimsoll render dev") && said.contains("cd shop"), "{said}");
    let shop = place.path("work/shop");
    for environment in ["dev", "prod"] {
        let rendered = place.run_in(&shop, &["render", environment]);
        assert_eq!(rendered.stderr, "");
        let yaml = fine(rendered);
        for kind in ["Namespace", "ConfigMap", "Secret", "Service", "Deployment"] {
            assert!(yaml.contains(&format!("kind: {kind}\n")), "{yaml}");
        }
    }
    let checked = place.run_in(&shop, &["check", "--all"]);
    assert_eq!((checked.exit, checked.stderr.as_str()), (Exit::Fine, ""), "{}", checked.stdout);
    assert!(!checked.stdout.contains("warning") && !checked.stdout.contains("error"), "{}", checked.stdout);
    let dev = fine(place.run_in(&shop, &["secrets", "get", "dev", "app.password"]));
    let prod = fine(place.run_in(&shop, &["secrets", "get", "prod", "app.password"]));
    assert_eq!(dev.trim().len(), 32);
    assert_ne!(dev, prod);
}

#[test]
fn the_identity_is_private_outside_and_made_once() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    fine(place.run(&["init", "one"]));
    let path = place.path("home/.config/plimsoll/identity");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let before = std::fs::read(&path).unwrap();
    let said: serde_json::Value = serde_json::from_str(&fine(place.run(&["init", "two", "--format", "json"]))).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), before);
    assert!(said["new-identity"].is_null());
    let recipient = said["recipient"].as_str().unwrap();
    for folder in ["one", "two"] {
        let dev = std::fs::read_to_string(place.path(&format!("work/{folder}/environments/dev.toml"))).unwrap();
        assert!(dev.contains(recipient), "{dev}");
    }
    fine(place.run(&["secrets", "keygen", "-o", "other"]));
    let said = fine(place.run(&["init", "three", "--identity", "other", "--format", "json"]));
    assert!(!said.contains(recipient), "{said}");
}

#[test]
fn nothing_is_written_over() {
    let place = Place::new();
    std::fs::write(place.path("work/.gitignore"), "mine\n").unwrap();
    let ran = place.run(&["init"]);
    assert!(ran.stderr.contains(".gitignore"), "{}", ran.stderr);
    fine(ran);
    let attributes = std::fs::read_to_string(place.path("work/.gitattributes")).unwrap();
    assert!(attributes.contains("*.age -text\n*.index.toml -text\n"), "{attributes}");
    assert_eq!(std::fs::read_to_string(place.path("work/.gitignore")).unwrap(), "mine\n");
    let again = place.run(&["init"]);
    assert_eq!(again.exit, Exit::Invalid);
    assert!(again.stderr.contains("environments` is there already"), "{}", again.stderr);
    std::fs::create_dir_all(place.path("work/b/templates/app")).unwrap();
    std::fs::write(place.path("work/b/templates/app/service.yaml"), "mine").unwrap();
    assert_eq!(place.run(&["init", "b"]).exit, Exit::Invalid);
    assert!(!place.path("work/b/environments/base.toml").exists());
}

#[test]
fn an_identity_is_never_made_inside_the_repository() {
    let place = Place::new();
    let ran = place.run_in(&place.path("home"), &["init"]);
    assert_eq!(ran.exit, Exit::Invalid);
    assert!(ran.stderr.contains("would lie in the repository"), "{}", ran.stderr);
    assert!(!place.path("home/.config").exists());
    let nowhere = plimsoll_with(&place.path("work"), &["init"], &[], "");
    assert_eq!(nowhere.exit, Exit::Invalid);
    assert!(nowhere.stderr.contains("--identity"), "{}", nowhere.stderr);
}
