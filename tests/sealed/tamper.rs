//! R7: every byte changed, every length cut, of a sealed file and of its index; and files and indexes swapped. Each is refused, or
//! gives the same plaintext.

use plimsoll::secret::{Identities, Opened, Sealed, Secrets, reveal};
use plimsoll::source::{Files, MemoryTree, RootPath};

use super::repository::{CANARY, Repository};

type Pairs = Vec<(String, Vec<u8>)>;

/// What the values say, or the names of the rules that refuse them.
fn values(files: &Pairs, sealed: &RootPath, identities: &mut Identities) -> Result<Vec<(String, Vec<u8>)>, Vec<&'static str>> {
    let mut tree = MemoryTree::default();
    for (path, bytes) in files {
        tree.insert(RootPath::new(path).unwrap(), bytes.clone());
    }
    let files = Files::new(tree);
    let names = |error: plimsoll::diagnostic::Diagnostics| {
        assert!(!format!("{error:?}").contains(CANARY));
        error.iter().map(|diagnostic| diagnostic.rule.name).collect::<Vec<_>>()
    };
    let secrets = Secrets::of_files(&files, std::slice::from_ref(sealed)).map_err(names)?;
    let opened = Opened::all(&files, &secrets, identities).map_err(names)?;
    let value = |(path, key): (&str, &std::sync::Arc<_>)| {
        let bytes = reveal(&Sealed::Secret(std::sync::Arc::clone(key)), &opened).unwrap();
        (path.to_owned(), bytes.to_vec())
    };
    Ok(secrets.iter().map(value).collect())
}

struct Count {
    refused: usize,
    same: usize,
}

fn mutate(repository: &Repository, sealed: &RootPath, count: &mut Count) {
    let mut identities = repository.identities();
    let good: Pairs = repository.files();
    let plain = values(&good, sealed, &mut identities).unwrap();
    let mut judge = |files: &Pairs, what: &str| match values(files, sealed, &mut identities) {
        Ok(values) => {
            assert_eq!(values, plain, "{what} gave other values");
            count.same += 1;
        }
        Err(_) => count.refused += 1,
    };
    for at in 0..good.len() {
        if good[at].0.ends_with("prod.toml") {
            continue;
        }
        for byte in 0..good[at].1.len() {
            let mut files = good.clone();
            // One bit, another at each place.
            files[at].1[byte] ^= 1 << (byte % 8);
            judge(&files, &format!("{} with byte {byte} changed", good[at].0));
            let mut files = good.clone();
            files[at].1.truncate(byte);
            judge(&files, &format!("{} cut to {byte} bytes", good[at].0));
        }
    }
}

#[test]
fn what_was_changed_is_refused_or_says_the_same() {
    let mut count = Count { refused: 0, same: 0 };
    for (sealed, path) in [("prod.secrets.age", "environments/prod.secrets.age"), ("prod.secrets", "environments/prod.secrets")] {
        let repository = Repository::new(sealed);
        repository.ok(&["set", "prod", "registry.password"], CANARY);
        mutate(&repository, &RootPath::new(path).unwrap(), &mut count);
    }
    println!("R7: {} changes refused, {} harmless (comments, spaces, the last line end)", count.refused, count.same);
    assert!(count.refused + count.same >= 2_000, "below the floor of 2,000");
    assert!(count.refused > count.same * 5, "suspiciously many are harmless");
}

#[test]
fn what_was_swapped_is_refused() {
    let repository = Repository::new("prod.secrets");
    repository.ok(&["set", "prod", "a"], CANARY);
    repository.ok(&["set", "prod", "b"], "other");
    let first = repository.files();
    repository.ok(&["set", "prod", "a"], "newer");
    let second = repository.files();
    let folder = RootPath::new("environments/prod.secrets").unwrap();
    let mut identities = repository.identities();
    let good = values(&second, &folder, &mut identities).unwrap();
    let find = |files: &Pairs, name: &str| files.iter().find(|(path, _)| path.ends_with(name)).unwrap().1.clone();
    let mut swapped = 0;
    let mut with = |changes: &[(&str, Vec<u8>)]| {
        let mut files = second.clone();
        for (name, bytes) in changes {
            files.iter_mut().find(|(path, _)| path.ends_with(name)).unwrap().1.clone_from(bytes);
        }
        swapped += 1;
        values(&files, &folder, &mut identities)
    };
    // An old index, an old sealed file, and one member in the place of another, with and without its index.
    assert_eq!(with(&[("/a.index.toml", find(&first, "/a.index.toml"))]).unwrap_err(), ["index-stale"]);
    assert_eq!(with(&[("/a.age", find(&first, "/a.age"))]).unwrap_err(), ["index-stale"]);
    assert_eq!(with(&[("/a.age", find(&second, "/b.age"))]).unwrap_err(), ["index-stale"]);
    assert_eq!(
        with(&[("/a.age", find(&second, "/b.age")), ("/a.index.toml", find(&second, "/b.index.toml"))]).unwrap_err(),
        ["index-invalid"]
    );
    // The index of b, made to look like one for a: its MAC gives it away.
    let forged = String::from_utf8(find(&second, "/b.index.toml"))
        .unwrap()
        .replace("secrets/b.age", "secrets/a.age")
        .replace("\"b\"", "\"a\"");
    assert_eq!(
        with(&[("/a.age", find(&second, "/b.age")), ("/a.index.toml", forged.into_bytes())]).unwrap_err(),
        ["index-mismatch"]
    );
    // Another folder's key and recipients.
    let other = Repository::new("prod.secrets");
    other.ok(&["set", "prod", "a"], CANARY);
    let foreign = other.files();
    let both =
        [("/plimsoll.age", find(&foreign, "/plimsoll.age")), ("/plimsoll.index.toml", find(&foreign, "/plimsoll.index.toml"))];
    assert_eq!(with(&both).unwrap_err(), ["index-mismatch", "index-mismatch"]);
    // Both of an old pair is what `git checkout` does: the serial tells it, on apply.
    let reverted = with(&[("/a.age", find(&first, "/a.age")), ("/a.index.toml", find(&first, "/a.index.toml"))]).unwrap();
    assert_ne!(reverted, good);
    println!("R7: {swapped} swaps as expected");
}
