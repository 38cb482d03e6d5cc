//! Texts from elsewhere, freed from this run's plaintexts before anybody sees them.
//!
//! The API server echoes what it refuses (`Invalid value: "…"`), and a container logs what it likes. What is shown of either goes
//! through here. It is a search for known values, so it is the last net, not the first: our own messages never hold a value.

use std::fmt::Write;
use std::ops::Range;
use std::sync::OnceLock;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use memchr::memmem;
use zeroize::Zeroizing;

use super::escape;
use super::opened::Opened;
use super::sealed::Escape;
use crate::planted;

/// Shorter values are found by chance in every text; a secret of five characters isn't one.
const SHORTEST: usize = 6;
/// A line of a longer value (a key file, a configuration file) is sought by itself from this length on: a server may cut what it
/// echoes, and logs are cut at line ends.
const SHORTEST_LINE: usize = 16;

/// What must not be shown, in each way in which it may stand in a text. Shows nothing of itself; cleared from memory when dropped.
#[derive(Default)]
pub struct Scrubber {
    /// Values, and the longer lines of values, with the path that names them.
    values: Vec<(String, Zeroizing<Vec<u8>>)>,
    /// Made for the first text that there is: most runs have none.
    needles: OnceLock<Vec<Needle>>,
}

struct Needle {
    bytes: Zeroizing<Vec<u8>>,
    /// The key path, which is public.
    path: String,
}

impl std::fmt::Debug for Scrubber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Scrubber({} values)", self.values.len())
    }
}

impl Scrubber {
    /// A scrubber of all opened values of six bytes and more.
    pub fn of(opened: &Opened) -> Self {
        opened.values().collect()
    }

    /// The text with `«secret: key.path»` in place of every value that stands in it: raw, in base64 at any offset (also of its base64),
    /// JSON-escaped once or twice, percent-encoded, or in hexadecimal.
    pub fn scrub(&self, text: &str) -> String {
        if planted::is("unscrubbed") {
            return text.to_owned();
        }
        let found = self.find(text.as_bytes());
        let mut out = String::with_capacity(text.len());
        let mut end = 0;
        for (range, path) in found {
            out.push_str(text.get(end..range.start).unwrap_or_default());
            let _ = write!(out, "«secret: {path}»");
            end = range.end;
        }
        out.push_str(text.get(end..).unwrap_or_default());
        out
    }

    /// Where secrets stand, in order; places that touch or overlap are one. Always at character boundaries: a needle is whole UTF-8.
    fn find(&self, text: &[u8]) -> Vec<(Range<usize>, &str)> {
        let mut found: Vec<(Range<usize>, &str)> = Vec::new();
        for needle in self.needles.get_or_init(|| needles(&self.values)) {
            let places = memmem::find_iter(text, needle.bytes.as_slice());
            found.extend(places.map(|at| (at..at + needle.bytes.len(), needle.path.as_str())));
        }
        // The longest first: its path names what stands there.
        found.sort_by_key(|(range, _)| (range.start, usize::MAX - range.end));
        let mut merged: Vec<(Range<usize>, &str)> = Vec::new();
        for (range, path) in found {
            match merged.last_mut() {
                Some((last, _)) if range.start <= last.end => last.end = last.end.max(range.end),
                _ => merged.push((range, path)),
            }
        }
        merged
    }

    fn add(&mut self, path: &str, value: &[u8]) {
        let value = value.trim_ascii();
        if value.len() >= SHORTEST {
            self.values.push((path.to_owned(), Zeroizing::new(value.to_vec())));
        }
    }
}

/// All ways in which the values may stand in a text, each once, with the path of the first value that has it.
fn needles(values: &[(String, Zeroizing<Vec<u8>>)]) -> Vec<Needle> {
    let mut needles = Vec::new();
    for (path, value) in values {
        let ways = ways(value).into_iter().filter(|bytes| bytes.len() >= SHORTEST);
        needles.extend(ways.map(|bytes| Needle { bytes, path: path.clone() }));
    }
    needles.sort_by(|a, b| a.bytes.cmp(&b.bytes));
    needles.dedup_by(|a, b| a.bytes == b.bytes);
    needles
}

fn ways(value: &[u8]) -> Vec<Zeroizing<Vec<u8>>> {
    let mut ways = Vec::new();
    if let Ok(text) = std::str::from_utf8(value) {
        ways.push(Zeroizing::new(value.to_vec()));
        let once = escaped(Escape::Json, text);
        if let Ok(text) = std::str::from_utf8(&once) {
            ways.push(escaped(Escape::Json, text));
        }
        ways.push(once);
        ways.push(escaped(Escape::Url, text));
    }
    for (before, each) in
        [("", "0123456789abcdef"), ("", "0123456789ABCDEF"), ("%", "0123456789ABCDEF"), ("%", "0123456789abcdef")]
    {
        ways.push(hexadecimal(value, before.as_bytes(), each.as_bytes()));
    }
    // A registry's password stands as base64 in JSON in base64.
    for lead in 0..3 {
        let once = base64_within(value, lead, &STANDARD_NO_PAD);
        ways.extend((0..3).map(|lead| base64_within(&once, lead, &STANDARD_NO_PAD)));
        ways.push(once);
        ways.push(base64_within(value, lead, &URL_SAFE_NO_PAD));
    }
    ways
}

/// A scrubber of these values, each with the path that names it where it stood.
impl<'a> FromIterator<(&'a str, &'a [u8])> for Scrubber {
    fn from_iter<I: IntoIterator<Item = (&'a str, &'a [u8])>>(values: I) -> Self {
        let mut scrubber = Self::default();
        for (path, value) in values {
            scrubber.add(path, value);
            if let Ok(text) = std::str::from_utf8(value) {
                let lines = text.lines().map(str::trim).filter(|line| line.len() >= SHORTEST_LINE && !line.starts_with("-----"));
                for line in lines.filter(|line| line.len() < text.trim().len()) {
                    scrubber.add(path, line.as_bytes());
                }
            }
        }
        scrubber
    }
}

fn escaped(how: Escape, text: &str) -> Zeroizing<Vec<u8>> {
    let mut out = Zeroizing::new(Vec::with_capacity(text.len() * escape::growth(how)));
    escape::put(how, text, &mut out);
    out
}

fn hexadecimal(value: &[u8], before: &[u8], digits: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut out = Zeroizing::new(Vec::with_capacity(value.len() * (before.len() + 2)));
    for byte in value {
        out.extend_from_slice(before);
        out.extend([byte >> 4, byte & 15].iter().filter_map(|half| digits.get(usize::from(*half))));
    }
    out
}

/// The base64 of a value that stands `lead` bytes after a multiple of three: only the characters that its neighbours don't change.
fn base64_within(value: &[u8], lead: usize, engine: &impl Engine) -> Zeroizing<Vec<u8>> {
    let mut padded = Zeroizing::new(Vec::with_capacity(value.len() + lead));
    padded.resize(lead, 0);
    padded.extend_from_slice(value);
    let whole = Zeroizing::new(engine.encode(&*padded));
    let (first, last) = ((lead * 8).div_ceil(6), padded.len() * 8 / 6);
    Zeroizing::new(whole.as_bytes().get(first..last).unwrap_or_default().to_vec())
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD;
    use proptest::prelude::*;

    use super::*;
    use crate::secret::{Fingerprint, SecretKey, SecretKind};
    use crate::source::{RootPath, SourceKind, SourceMap, Span};

    fn scrubber(values: &[(&str, &[u8])]) -> Scrubber {
        let file = SourceMap::default().add("index", "", SourceKind::Other);
        let key = |path: &str| SecretKey {
            file: RootPath::new("environments/dev.secrets.age").unwrap(),
            path: path.to_owned(),
            kind: SecretKind::Text,
            fingerprint: Fingerprint([0; 32]),
            span: Span::file_start(file),
        };
        let keys: Vec<(SecretKey, &[u8])> = values.iter().map(|(path, value)| (key(path), *value)).collect();
        Scrubber::of(&Opened::of(keys.iter().map(|(key, value)| (key, *value))))
    }

    #[test]
    fn what_a_server_echoes_is_masked_and_named() {
        let scrubber = scrubber(&[("db.password", b"hunter2-\"canary\"\n")]);
        let text = r#"Deployment "web" is invalid: env[0].value: Invalid value: "postgres://u:hunter2-\"canary\"@db": must not"#;
        assert_eq!(
            scrubber.scrub(text),
            r#"Deployment "web" is invalid: env[0].value: Invalid value: "postgres://u:«secret: db.password»@db": must not"#
        );
        assert_eq!(scrubber.scrub("nothing of it: hunter"), "nothing of it: hunter");
    }

    #[test]
    fn values_that_overlap_leave_nothing_between() {
        let scrubber = scrubber(&[("a", b"abcdefgh"), ("b", b"efghijkl"), ("short", b"xyz")]);
        assert_eq!(scrubber.scrub("1abcdefghijkl2 xyz"), "1«secret: a»2 xyz");
    }

    #[test]
    fn a_line_of_a_file_is_masked_by_itself() {
        let scrubber =
            scrubber(&[("key", b"-----BEGIN KEY-----\nMIGHAgEAMBMGByqGSM49\nAgEGCCqGSM49AwEHBG0w\n-----END KEY-----\n")]);
        assert_eq!(scrubber.scrub("log: MIGHAgEAMBMGByqGSM49 (-----BEGIN KEY-----)"), "log: «secret: key» (-----BEGIN KEY-----)");
    }

    #[test]
    fn debug_shows_no_value() {
        assert!(!format!("{:?}", scrubber(&[("a", b"canary-value")])).contains("canary"));
    }

    /// What of `value` may be left in a scrubbed text: less than would be a needle.
    fn forms(value: &str) -> Vec<String> {
        let bytes = value.as_bytes();
        let text = |bytes: Zeroizing<Vec<u8>>| String::from_utf8(bytes.to_vec()).unwrap();
        let json = |text: &str| serde_json::to_string(text).unwrap().trim_matches('"').to_owned();
        vec![
            value.to_owned(),
            serde_json::to_string(value).unwrap(),
            json(&serde_json::to_string(value).unwrap()),
            STANDARD.encode(bytes),
            STANDARD.encode(format!("a{value}b")),
            STANDARD.encode(format!("{{\"auth\":\"{}\"}}", STANDARD.encode(format!("user:{value}")))),
            URL_SAFE_NO_PAD.encode(format!("ab{value}")),
            text(hexadecimal(bytes, b"%", b"0123456789ABCDEF")),
            text(hexadecimal(bytes, b"", b"0123456789abcdef")),
        ]
    }

    proptest! {
        #[test]
        fn no_form_of_a_value_is_left(value in "[!-~][ -~]{10,40}[!-~]", at in 0usize..9, around in "[ -~]{0,20}") {
            let scrubber = scrubber(&[("k", value.as_bytes())]);
            let form = forms(&value).swap_remove(at);
            let scrubbed = scrubber.scrub(&format!("{around}{form}{around}"));
            prop_assert!(scrubbed.contains("«secret: k»"), "{scrubbed}");
            prop_assert!(!scrubbed.contains(form.get(4..form.len() - 4).unwrap()), "{scrubbed}");
        }
    }
}
