//! R6: what plimsoll seals the `age` binary opens, and the other way round.

use plimsoll::secret::{Identities, Recipient, generate_identity, open, seal};

use super::repository::peer;
use crate::harness::child::Program;

const FILES: usize = 500;

/// Some bytes that differ in length and content from file to file; around the edges of age's 64 KiB chunks too.
fn content(number: usize) -> Vec<u8> {
    let length = match number % 50 {
        0 => 0,
        1 => 65_535 + number / 50,
        other => other * 37 % 1_500,
    };
    (0..length).map(|at| u8::try_from((at * 31 + number * 7) % 256).unwrap()).collect()
}

fn filter(program: Program, input: &[u8]) -> Vec<u8> {
    program.input(input).run().exits(0).stdout
}

#[test]
fn age_opens_what_plimsoll_seals_and_the_other_way_round() {
    let age = peer("age");
    let folder = tempfile::tempdir().unwrap();
    let (x25519, first) = generate_identity();
    let (_, second) = generate_identity();
    std::fs::write(folder.path().join("x25519"), x25519.as_bytes()).unwrap();
    // Kept without its frame, so that nobody takes it for a key that matters: it was made for this test and opens nothing else.
    let body = include_str!("ssh-key.txt");
    let ssh = format!("-----BEGIN OPENSSH PRIVATE KEY-----\n{body}-----END OPENSSH PRIVATE KEY-----\n");
    std::fs::write(folder.path().join("ssh"), &ssh).unwrap();
    let ssh_recipient = Recipient::parse(include_str!("ssh-key.pub")).unwrap();
    let (mut there, mut back) = (0, 0);
    for number in 0..FILES {
        let plain = content(number);
        let (name, identity, own) =
            if number % 2 == 0 { ("x25519", x25519.as_bytes(), &first) } else { ("ssh", ssh.as_bytes(), &ssh_recipient) };
        let recipients: Vec<Recipient> = if number % 3 == 0 { vec![second.clone(), own.clone()] } else { vec![own.clone()] };
        let sealed = seal(&plain, &recipients).unwrap();
        assert_eq!(
            filter(Program::new(&age).args(["-d", "-i"]).args([folder.path().join(name)]), &sealed),
            plain,
            "file {number}"
        );
        there += 1;
        let mut command = Program::new(&age);
        command = command.args((number % 4 != 0).then_some("--armor"));
        for recipient in &recipients {
            command = command.args(["-r", recipient.as_str()]);
        }
        let mut identities = Identities::none();
        identities.add(name, identity).unwrap();
        assert_eq!(&**open(&filter(command, &plain), &mut identities).unwrap(), &plain, "file {number}");
        back += 1;
    }
    println!("R6: age opened {there} files of plimsoll, plimsoll {back} of age");
    assert!(there >= FILES && back >= FILES);
}
