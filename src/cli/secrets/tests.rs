#![expect(clippy::disallowed_methods, reason = "tests look at what was written")]

use std::path::{Path, PathBuf};

use crate::cli::Exit;
use crate::cli::testing::{Ran, plimsoll_with};

const CANARY: &str = "CANARY-7f3a";

/// A repository with one environment, whose sealed file or folder belongs to a fresh identity.
struct Repository {
    folder: tempfile::TempDir,
    recipient: String,
}

impl Repository {
    fn new(sealed: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("environments")).unwrap();
        let mut repository = Self { folder, recipient: String::new() };
        repository.recipient = repository.keygen("me");
        repository.recipients(sealed, &[&repository.recipient]);
        repository
    }

    fn keygen(&self, name: &str) -> String {
        let file = self.folder.path().join("keys").join(name);
        let ran = plimsoll_with(self.folder.path(), &["secrets", "keygen", "-o", file.to_str().unwrap()], &[], "");
        assert_eq!(ran.exit, Exit::Fine, "{}", ran.stderr);
        ran.stdout.trim().to_owned()
    }

    fn recipients(&self, sealed: &str, recipients: &[&str]) {
        let text = format!("[target]\nnamespace = \"n\"\n\n[sealed.\"{sealed}\"]\nrecipients = {recipients:?}\n");
        std::fs::write(self.path("environments/prod.toml"), text).unwrap();
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn run_as(&self, who: &str, arguments: &[&str], stdin: &str) -> Ran {
        let identity = self.path("keys").join(who);
        let mut all = vec!["secrets"];
        all.extend(arguments);
        all.extend(["--identity", identity.to_str().unwrap()]);
        let ran = plimsoll_with(self.folder.path(), &all, &[], stdin);
        assert!(!ran.stderr.contains(CANARY), "{}", ran.stderr);
        ran
    }

    fn run(&self, arguments: &[&str], stdin: &str) -> Ran {
        self.run_as("me", arguments, stdin)
    }

    fn ok(&self, arguments: &[&str], stdin: &str) -> Ran {
        let ran = self.run(arguments, stdin);
        assert_eq!(ran.exit, Exit::Fine, "{arguments:?}: {}", ran.stderr);
        ran
    }

    fn refuses(&self, arguments: &[&str], exit: Exit, rule: &str) -> String {
        let ran = self.run(arguments, "");
        assert_eq!(ran.exit, exit, "{arguments:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(rule), "{rule}: {}", ran.stderr);
        ran.stderr
    }

    fn keys(&self) -> Vec<String> {
        let ran = plimsoll_with(self.folder.path(), &["secrets", "list", "prod", "--format", "json"], &[], "");
        assert_eq!(ran.exit, Exit::Fine, "{}", ran.stderr);
        let list: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
        let sealed = list["sealed"][0]["keys"].as_array().unwrap().clone();
        sealed.iter().map(|key| key["path"].as_str().unwrap().to_owned()).collect()
    }
}

fn json(ran: &Ran) -> serde_json::Value {
    serde_json::from_str(&ran.stdout).unwrap()
}

fn walk(folder: &Path, each: &mut dyn FnMut(&Path, &[u8])) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { walk(&path, each) } else { each(&path, &std::fs::read(&path).unwrap()) }
    }
}

#[test]
fn a_file_is_born_set_read_and_emptied() {
    let repository = Repository::new("prod.secrets.age");
    let born = repository.ok(&["set", "prod", "registry.password"], &format!("{CANARY}\n"));
    assert!(born.stderr.contains(&repository.recipient) && born.stderr.contains("was cut"), "{}", born.stderr);
    repository.ok(&["set", "prod", "registry.username", "--raw"], "bob\n");
    repository.ok(&["set", "environments/prod.secrets.age", "tls"], "a\nb\n");
    assert_eq!(repository.ok(&["get", "prod", "registry.password"], "").stdout, CANARY);
    assert_eq!(repository.ok(&["get", "prod", "registry.username"], "").stdout, "bob\n");
    assert_eq!(repository.ok(&["get", "prod", "tls"], "").stdout, "a\nb\n");
    assert_eq!(repository.keys(), ["tls", "registry.password", "registry.username"]);
    repository.ok(&["unset", "prod", "registry.username"], "");
    assert_eq!(repository.keys(), ["tls", "registry.password"]);
    let near = repository.refuses(&["get", "prod", "registry.pasword"], Exit::Invalid, "unknown-secret");
    assert!(near.contains("registry.password"), "{near}");
    repository.refuses(&["set", "prod", "x"], Exit::Invalid, "empty");
    walk(repository.folder.path(), &mut |path, bytes| {
        assert!(memchr::memmem::find(bytes, CANARY.as_bytes()).is_none(), "{}", path.display());
        assert!(!path.to_str().unwrap().contains("plimsoll-"), "{}", path.display());
    });
}

#[test]
fn a_folder_has_a_file_a_key() {
    let repository = Repository::new("prod.secrets");
    repository.ok(&["set", "prod", "registry.password"], CANARY);
    std::fs::write(repository.path("key.bin"), b"\xff\0\n").unwrap();
    let member = "environments/prod.secrets/inference-tls/tls.key.age";
    repository.ok(&["set", member, "--file", "key.bin"], "");
    assert_eq!(repository.keys(), ["inference-tls.tls.key", "registry.password"]);
    assert!(repository.path("environments/prod.secrets/registry/password.index.toml").is_file());
    assert_eq!(repository.ok(&["get", "prod", "registry.password"], "").stdout, CANARY);
    repository.ok(&["set", "prod", "inference-tls.tls.key"], "new");
    assert_eq!(repository.ok(&["get", member], "").stdout, "new");
    repository.ok(&["unset", "prod", "inference-tls.tls.key"], "");
    assert_eq!(repository.keys(), ["registry.password"]);
    // Every member is bound to its place and to K.
    std::fs::copy(
        repository.path("environments/prod.secrets/registry/password.age"),
        repository.path("environments/prod.secrets/a.age"),
    )
    .unwrap();
    repository.refuses(&["list", "prod"], Exit::Invalid, "index-missing");
    std::fs::copy(
        repository.path("environments/prod.secrets/registry/password.index.toml"),
        repository.path("environments/prod.secrets/a.index.toml"),
    )
    .unwrap();
    repository.refuses(&["list", "prod"], Exit::Invalid, "index-invalid");
}

#[test]
fn what_was_tampered_with_is_refused_by_name() {
    let repository = Repository::new("prod.secrets.age");
    repository.ok(&["set", "prod", "a"], CANARY);
    let (sealed, index) =
        (repository.path("environments/prod.secrets.age"), repository.path("environments/prod.secrets.index.toml"));
    let (good, good_index) = (std::fs::read_to_string(&sealed).unwrap(), std::fs::read_to_string(&index).unwrap());
    let restore = || {
        std::fs::write(&sealed, &good).unwrap();
        std::fs::write(&index, &good_index).unwrap();
    };
    std::fs::write(&sealed, good.replacen('A', "B", 1)).unwrap();
    repository.refuses(&["get", "prod", "a"], Exit::Invalid, "index-stale");
    repository.refuses(&["reindex", "prod"], Exit::Invalid, "sealed-corrupt");
    restore();
    std::fs::write(&index, good_index.replace("serial = 1", "serial = 2")).unwrap();
    repository.refuses(&["get", "prod", "a"], Exit::Invalid, "index-mismatch");
    assert!(repository.ok(&["reindex", "prod"], "").stderr.contains("made anew"));
    assert_eq!(std::fs::read_to_string(&index).unwrap(), good_index);
    std::fs::remove_file(&index).unwrap();
    repository.refuses(&["list", "prod"], Exit::Invalid, "index-missing");
    restore();
    std::fs::remove_file(&sealed).unwrap();
    repository.refuses(&["list", "prod"], Exit::Invalid, "sealed-missing");
    let lost = repository.run(&["set", "prod", "b"], "x");
    assert!(lost.stderr.contains("may be lost"), "{}", lost.stderr);
    restore();
    // Moved: alone, and with its index.
    std::fs::rename(&sealed, repository.path("environments/other.secrets.age")).unwrap();
    repository.recipients("other.secrets.age", &[&repository.recipient]);
    repository.refuses(&["reindex", "prod"], Exit::Invalid, "sealed-moved");
    std::fs::rename(&index, repository.path("environments/other.secrets.index.toml")).unwrap();
    repository.refuses(&["get", "prod", "a"], Exit::Invalid, "index-invalid");
    repository.ok(&["rekey", "--moved", "prod"], "");
    assert_eq!(repository.ok(&["get", "prod", "a"], "").stdout, CANARY);
}

#[test]
fn others_and_nobody_are_refused_with_exit_3() {
    let repository = Repository::new("prod.secrets.age");
    repository.ok(&["set", "prod", "a"], CANARY);
    repository.keygen("other");
    let other = repository.run_as("other", &["get", "prod", "a"], "");
    assert_eq!(other.exit, Exit::Refused);
    assert!(other.stderr.contains("sealed-for-others") && other.stderr.contains(&repository.recipient), "{}", other.stderr);
    let nobody = plimsoll_with(repository.folder.path(), &["secrets", "get", "prod", "a"], &[], "");
    assert_eq!(nobody.exit, Exit::Refused);
    assert!(nobody.stderr.contains("no-identity"), "{}", nobody.stderr);
    // Not even a new file is made by someone who couldn't open it.
    std::fs::remove_file(repository.path("environments/prod.secrets.age")).unwrap();
    std::fs::remove_file(repository.path("environments/prod.secrets.index.toml")).unwrap();
    let born = repository.run_as("other", &["set", "prod", "a"], "x");
    assert!(born.exit == Exit::Refused && born.stderr.contains("not-a-recipient"), "{}", born.stderr);
    assert!(!repository.path("environments/prod.secrets.age").exists());
}

#[test]
fn identities_come_from_named_places() {
    let repository = Repository::new("prod.secrets.age");
    repository.ok(&["set", "prod", "a"], CANARY);
    let key = repository.path("keys/me");
    let get = |variables: &[(&str, &str)], more: &[&str], stdin: &str| {
        let mut arguments = vec!["secrets", "get", "prod", "a"];
        arguments.extend(more);
        plimsoll_with(repository.folder.path(), &arguments, variables, stdin)
    };
    for variable in ["PLIMSOLL_IDENTITY", "SOPS_AGE_KEY_FILE"] {
        assert_eq!(get(&[(variable, key.to_str().unwrap())], &[], "").stdout, CANARY);
    }
    std::fs::create_dir_all(repository.path("config/plimsoll")).unwrap();
    std::fs::copy(&key, repository.path("config/plimsoll/identity")).unwrap();
    assert_eq!(get(&[("XDG_CONFIG_HOME", repository.path("config").to_str().unwrap())], &[], "").stdout, CANARY);
    let content = std::fs::read_to_string(&key).unwrap();
    assert_eq!(get(&[], &["--identity", "-"], &content).stdout, CANARY);
    let in_variable = get(&[("PLIMSOLL_IDENTITY", content.lines().last().unwrap())], &[], "");
    assert_eq!(in_variable.exit, Exit::Invalid);
    assert!(in_variable.stderr.contains("holds a key") && !in_variable.stderr.contains("AGE-SECRET"), "{}", in_variable.stderr);
    // --identity excludes all others.
    repository.keygen("other");
    let other = repository.path("keys/other");
    let excluded = get(&[("PLIMSOLL_IDENTITY", key.to_str().unwrap())], &["--identity", other.to_str().unwrap()], "");
    assert_eq!(excluded.exit, Exit::Refused);
    let overwritten = plimsoll_with(repository.folder.path(), &["secrets", "keygen", "-o", key.to_str().unwrap()], &[], "");
    assert_eq!((overwritten.exit, std::fs::read_to_string(&key).unwrap()), (Exit::Invalid, content));
}

#[test]
fn rekey_wants_consent_and_keeps_what_was_the_same() {
    for sealed in ["prod.secrets.age", "prod.secrets"] {
        let repository = Repository::new(sealed);
        repository.ok(&["set", "prod", "a.b"], CANARY);
        let other = repository.keygen("other");
        repository.recipients(sealed, &[&repository.recipient, &other]);
        let list = || json(&repository.ok(&["list", "prod", "--format", "json"], ""))["sealed"][0].clone();
        let before = list();
        repository.refuses(&["rekey", "prod"], Exit::Refused, "--accept");
        assert_eq!(list(), before);
        repository.ok(&["rekey", "prod", "--accept", &other], "");
        // Nobody left, so K and the fingerprints stay.
        assert_eq!((&list()["keyId"], &list()["keys"][0]["fingerprint"]), (&before["keyId"], &before["keys"][0]["fingerprint"]));
        assert_eq!(repository.run_as("other", &["get", "prod", "a.b"], "").stdout, CANARY);
        repository.recipients(sealed, &[&repository.recipient]);
        repository.ok(&["rekey", "prod"], "");
        let after = list();
        assert_ne!(after["keyId"], before["keyId"]);
        assert_eq!(after["keys"][0]["unchangedSince"][before["keyId"].as_str().unwrap()], before["keys"][0]["fingerprint"]);
        assert_eq!(repository.run_as("other", &["get", "prod", "a.b"], "").exit, Exit::Refused);
        assert!(repository.ok(&["rekey", "prod"], "").stderr.contains("nothing to do"));
        repository.ok(&["set", "prod", "a.b"], "new value");
        assert_eq!(list()["keys"][0]["unchangedSince"], serde_json::json!({}));
        assert_eq!(repository.ok(&["get", "prod", "a.b"], "").stdout, "new value");
    }
}

#[test]
fn a_file_of_another_tool_is_taken_in() {
    let repository = Repository::new("prod.secrets.age");
    let recipient: age::x25519::Recipient = repository.recipient.parse().unwrap();
    let seal = |text: &str| {
        std::fs::write(repository.path("environments/prod.secrets.age"), age::encrypt(&recipient, text.as_bytes()).unwrap())
            .unwrap();
    };
    seal(&format!("# ours\na = '{CANARY}'\n"));
    repository.refuses(&["list", "prod"], Exit::Invalid, "index-missing");
    assert!(repository.ok(&["reindex", "prod"], "").stderr.contains("key of its own"));
    assert_eq!(repository.ok(&["get", "prod", "a"], "").stdout, CANARY);
    seal(&format!("a = 5\nb = ['{CANARY}']\n"));
    let wrong = repository.refuses(&["reindex", "prod"], Exit::Invalid, "sealed-content");
    assert!(wrong.contains("`a` is a number") && wrong.contains("`b` is a list"), "{wrong}");
}

#[test]
fn edit_works_in_memory_or_refuses() {
    let repository = Repository::new("prod.secrets.age");
    repository.ok(&["set", "prod", "a"], CANARY);
    let edit = |editor: &str, more: &[&str]| {
        let key = repository.path("keys/me");
        let mut arguments = vec!["secrets", "edit", "prod", "--identity", key.to_str().unwrap()];
        arguments.extend(more);
        let ran = plimsoll_with(repository.folder.path(), &arguments, &[("EDITOR", editor), ("PATH", "/usr/bin:/bin")], "");
        assert!(!ran.stderr.contains(CANARY), "{}", ran.stderr);
        ran
    };
    let unknown = edit("sed -i s/a/b/", &[]);
    assert!(unknown.exit == Exit::Refused && unknown.stderr.contains("--trust-editor"), "{}", unknown.stderr);
    assert!(edit("true", &["--trust-editor"]).stderr.contains("nothing was changed"));
    let script = repository.path("edit.sh");
    std::fs::write(
        &script,
        format!(
            "#!/bin/sh\nstat -c '%a %n' \"${{1%/*}}\" > {}\nprintf '# kept\\nb = \"new\"\\n' >> \"$1\"\n",
            repository.path("seen").display()
        ),
    )
    .unwrap();
    let done = edit(&format!("sh {}", script.display()), &["--trust-editor"]);
    assert_eq!(done.exit, Exit::Fine, "{}", done.stderr);
    assert_eq!(repository.keys(), ["a", "b"]);
    let seen = std::fs::read_to_string(repository.path("seen")).unwrap();
    let (mode, folder) = seen.trim().split_once(' ').unwrap();
    assert!(mode == "700" && folder.starts_with("/dev/shm/") && !Path::new(folder).exists(), "{seen}");
    let emptied = edit("sh -c ': > \"$1\"' --", &["--trust-editor"]);
    assert!(emptied.exit == Exit::Invalid && emptied.stderr.contains("is empty"), "{}", emptied.stderr);
    let broken = edit("sh -c 'echo x = 1 >> \"$1\"' --", &["--trust-editor"]);
    assert!(broken.exit == Exit::Invalid && broken.stderr.contains("`x` is a number"), "{}", broken.stderr);
    assert_eq!(repository.keys(), ["a", "b"]);
    let fewer = edit("sed -i /^b/d", &["--trust-editor"]);
    assert!(fewer.exit == Exit::Fine && fewer.stderr.contains("took out `b`"), "{}", fewer.stderr);
}

#[test]
fn render_reveals_on_stdout_only_and_check_opens() {
    let repository = Repository::new("prod.secrets.age");
    repository.ok(&["set", "prod", "a"], CANARY);
    let table = std::fs::read_to_string(repository.path("environments/prod.toml")).unwrap();
    let table = format!(
        "{table}\n[secret.token]\nkeys = {{ token = \"a\" }}\n\n[secret.tls]\ntype = \"kubernetes.io/tls\"\nkeys = {{ \"tls.key\" = \"a\", \"tls.crt\" = \"a\" }}\n"
    );
    std::fs::write(repository.path("environments/prod.toml"), table).unwrap();
    let key = repository.path("keys/me");
    let run = |arguments: &[&str]| {
        plimsoll_with(repository.folder.path(), arguments, &[("PLIMSOLL_IDENTITY", key.to_str().unwrap())], "")
    };
    let encoded = "Q0FOQVJZLTdmM2E=";
    let masked = run(&["render", "prod"]);
    assert_eq!(masked.exit, Exit::Fine, "{}", masked.stderr);
    assert!(!masked.stdout.contains(encoded) && masked.stdout.contains("fingerprint"), "{}", masked.stdout);
    let revealed = run(&["render", "prod", "--reveal"]);
    assert!(revealed.stdout.contains(encoded) && !revealed.stdout.contains("fingerprint"), "{}", revealed.stdout);
    assert_eq!(run(&["render", "prod", "--reveal", "-o", "dir:out"]).exit, Exit::Invalid);
    assert!(!repository.path("out").exists());
    let closed = run(&["check", "prod"]);
    assert!(!closed.stdout.contains("tls-not-pem"), "{}", closed.stdout);
    let open = run(&["check", "prod", "--open"]);
    assert_eq!((open.exit, open.stdout.matches("tls-not-pem").count()), (Exit::Invalid, 2), "{}", open.stdout);
    assert!(!open.stdout.contains(CANARY) && !open.stdout.contains(encoded));
    let other = repository.keygen("other");
    let drifted =
        std::fs::read_to_string(repository.path("environments/prod.toml")).unwrap().replace(&repository.recipient, &other);
    std::fs::write(repository.path("environments/prod.toml"), drifted).unwrap();
    assert!(run(&["check", "prod"]).stdout.contains("recipient-drift"));
}

#[test]
fn a_value_among_the_arguments_is_refused_and_not_repeated() {
    let repository = Repository::new("prod.secrets.age");
    for arguments in [
        ["set", "prod", "tok=CANARY-7f3a"].as_slice(),
        &["set", "prod", "tok: CANARY-7f3a"],
        &["set", "prod", "a.b", "CANARY-7f3a"],
        &["set", "prod", "a.b", "--", "-CANARY-7f3a"],
    ] {
        let ran = repository.run(arguments, "value");
        assert_eq!(ran.exit, Exit::Invalid, "{arguments:?}");
        assert!(ran.stderr.contains("stdin"), "{}", ran.stderr);
    }
    assert!(!repository.path("environments/prod.secrets.index.toml").exists());
}

#[test]
fn a_key_given_as_the_identity_is_not_repeated() {
    let repository = Repository::new("prod.secrets.age");
    let content = std::fs::read_to_string(repository.path("keys/me")).unwrap();
    let key = content.lines().last().unwrap();
    let arguments = ["secrets", "set", "prod", "a", "--identity", key];
    let ran = plimsoll_with(repository.folder.path(), &arguments, &[], "");
    assert_eq!(ran.exit, Exit::Invalid);
    assert!(ran.stderr.contains("`--identity` holds a key") && !ran.stderr.contains("SECRET-KEY"), "{}", ran.stderr);
}

#[test]
fn a_closed_prompt_is_no_value() {
    let failure = super::set::answer(Err(std::io::ErrorKind::UnexpectedEof.into())).unwrap_err();
    assert_eq!(failure.exit(), Exit::Invalid);
    assert!(format!("{failure:?}").contains("no value was given"), "{failure:?}");
}

#[test]
fn nobody_locks_themselves_out_unasked() {
    let repository = Repository::new("prod.secrets.age");
    repository.ok(&["set", "prod", "a"], CANARY);
    let other = repository.keygen("other");
    repository.recipients("prod.secrets.age", &[&other]);
    repository.refuses(&["rekey", "prod", "--accept", &other], Exit::Refused, "--lock-me-out");
    repository.ok(&["get", "prod", "a"], "");
    let locked = repository.ok(&["rekey", "prod", "--accept", &other, "--lock-me-out"], "");
    assert!(locked.stderr.contains("to 1 recipient\n"), "{}", locked.stderr);
}

#[test]
fn recipients_are_named_once_and_at_least_one() {
    let repository = Repository::new("prod.secrets.age");
    repository.ok(&["set", "prod", "a"], CANARY);
    let check = || plimsoll_with(repository.folder.path(), &["check", "prod"], &[], "").stdout;
    repository.recipients("prod.secrets.age", &[&repository.recipient, &repository.recipient]);
    let twice = check();
    assert!(twice.contains("recipient-invalid") && twice.contains("named twice"), "{twice}");
    repository.recipients("prod.secrets.age", &[]);
    let nobody = check();
    assert!(nobody.contains("recipient-invalid") && nobody.contains("nobody is named"), "{nobody}");
}

#[test]
fn a_stray_character_in_an_index_is_one_finding() {
    let repository = Repository::new("prod.secrets.age");
    repository.ok(&["set", "prod", "a"], CANARY);
    let path = repository.path("environments/prod.secrets.index.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, format!("<<<<<<< HEAD\n{text}=======\n>>>>>>> x\n")).unwrap();
    let said = repository.refuses(&["list", "prod"], Exit::Invalid, "index-invalid");
    assert_eq!(said.matches("can't read the index").count(), 1, "{said}");
}
