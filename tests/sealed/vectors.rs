//! R6: the test vectors of C2SP's Community Cryptography Test Vectors for age, taken from their Go module.

use std::io::Read;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use crate::harness::child::Program;
use plimsoll::secret::{Identities, IdentityError, OpenError, Recipient, open, seal};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

const MODULE: &str = "c2sp.org/CCTV/age@v0.0.0-20251208015420-e9274a7bdbfd";

struct Vector {
    name: String,
    expect: String,
    payload: Option<String>,
    identities: Vec<String>,
    passphrases: Vec<String>,
    file: Vec<u8>,
}

fn folder() -> PathBuf {
    let output = Program::new("go").args(["mod", "download", "-json", MODULE]).run();
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    PathBuf::from(answer["Dir"].as_str().expect("the module is downloaded")).join("testdata")
}

fn read(name: String, bytes: &[u8]) -> Vector {
    let end = memchr::memmem::find(bytes, b"\n\n").unwrap();
    let mut vector = Vector {
        name,
        expect: String::new(),
        payload: None,
        identities: Vec::new(),
        passphrases: Vec::new(),
        file: bytes[end + 2..].to_vec(),
    };
    for line in std::str::from_utf8(&bytes[..end]).unwrap().lines() {
        let (key, value) = line.split_once(": ").unwrap();
        match key {
            "expect" => vector.expect = value.to_owned(),
            "payload" => vector.payload = Some(value.to_owned()),
            "identity" => vector.identities.push(value.to_owned()),
            "passphrase" => vector.passphrases.push(value.to_owned()),
            "compressed" => {
                let mut file = Vec::new();
                flate2::read::ZlibDecoder::new(&vector.file[..]).read_to_end(&mut file).unwrap();
                vector.file = file;
            }
            "file key" | "armored" | "comment" => {}
            other => panic!("{}: unknown header {other}", vector.name),
        }
    }
    vector
}

/// What became of a vector, in the words of its header.
fn verdict(vector: &Vector) -> String {
    let mut identities = Identities::none();
    for identity in &vector.identities {
        match identities.add("vector", identity.as_bytes()) {
            Ok(()) => {}
            Err(IdentityError::Hybrid(..)) => return "hybrid".to_owned(),
            Err(error) => return format!("identity: {error}"),
        }
    }
    match open(&vector.file, &mut identities) {
        Ok(payload) => {
            let digest = Sha256::digest(&*payload).iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
            assert_eq!(Some(digest), vector.payload, "{}", vector.name);
            "success".to_owned()
        }
        Err(OpenError::ForOthers | OpenError::NoIdentity) => "no match".to_owned(),
        Err(OpenError::Passphrase) => "passphrase".to_owned(),
        Err(OpenError::Corrupt(_) | OpenError::NotAge | OpenError::Version) => "failure".to_owned(),
        Err(error) => format!("unexpected: {error}"),
    }
}

/// Files under a passphrase are only ever opened as identity files, so that way is taken: a file that opens fails as "not an identity",
/// one that doesn't as "wrong passphrase".
fn passphrase_verdict(vector: &Vector, sealed: &[u8]) -> String {
    let asked = Arc::new(Mutex::new(vector.passphrases.clone()));
    let ask = move |_: &str| asked.lock().unwrap().pop().map(Zeroizing::new);
    let mut identities = Identities::new(Box::new(ask));
    if identities.add("vector", &vector.file).is_err() {
        return "failure".to_owned();
    }
    match open(sealed, &mut identities) {
        Err(OpenError::Identity(IdentityError::Passphrase(_))) => "failure".to_owned(),
        Err(OpenError::Identity(IdentityError::Line(..) | IdentityError::Empty(_))) => "success".to_owned(),
        other => format!("unexpected: {other:?}"),
    }
}

#[test]
fn the_shared_vectors_get_the_verdict_that_they_expect() {
    let recipient: Recipient = age::x25519::Identity::generate().to_public().into();
    let sealed = seal(b"x", &[recipient]).unwrap();
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    let (mut right, mut hybrid, mut wrong) = (0, 0, Vec::new());
    for path in entries {
        let vector = read(path.file_name().unwrap().to_str().unwrap().to_owned(), &std::fs::read(&path).unwrap());
        let verdict = if vector.passphrases.is_empty() { verdict(&vector) } else { passphrase_verdict(&vector, &sealed) };
        let wanted = match vector.expect.as_str() {
            "success" => "success",
            "no match" if vector.passphrases.is_empty() => "no match",
            _ => "failure",
        };
        if verdict == "hybrid" {
            hybrid += 1;
        } else if verdict == wanted {
            right += 1;
        } else {
            wrong.push(format!("{}: {verdict}, expected {}", vector.name, vector.expect));
        }
    }
    println!("R6: {right} vectors as expected, {hybrid} hybrid refused by name, {} wrong", wrong.len());
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(right >= 124 && hybrid >= 19, "{right} and {hybrid} are below the floors 124 and 19");
}
