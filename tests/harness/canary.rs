//! The search for planted secrets: eight encodings, everywhere a run leaves bytes.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// A planted secret, with every form in which it must not appear.
#[derive(Debug, Clone)]
pub struct Canary {
    pub value: String,
    needles: Vec<(&'static str, Vec<u8>)>,
}

impl Canary {
    /// A canary needs 12 bytes or more: shorter ones are found by chance.
    pub fn new(value: &str) -> Self {
        assert!(value.len() >= 12, "a canary of under 12 bytes is found by chance");
        let bytes = value.as_bytes();
        let mut needles = vec![("raw", bytes.to_vec())];
        needles.push(("hex", hex(bytes, false).into_bytes()));
        needles.push(("upper-case hex", hex(bytes, true).into_bytes()));
        needles.push(("percent", bytes.iter().map(|byte| format!("%{byte:02X}")).collect::<String>().into_bytes()));
        needles
            .push(("JSON escapes", value.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect::<String>().into_bytes()));
        needles.push(("a debug list of bytes", bytes.iter().map(u8::to_string).collect::<Vec<_>>().join(", ").into_bytes()));
        // Inside a longer text the base64 of a value depends on its offset modulo 3; the outer characters depend on the neighbours.
        for lead in 0..3 {
            let padded = [&vec![0; lead], bytes].concat();
            let whole = STANDARD_NO_PAD.encode(&padded);
            let sure = sure_base64(&whole, lead, padded.len());
            needles.push(("base64", sure.clone().into_bytes()));
            let url = URL_SAFE_NO_PAD.encode(&padded);
            needles.push(("url-safe base64", sure_base64(&url, lead, padded.len()).into_bytes()));
        }
        let twice = STANDARD.encode(STANDARD.encode(bytes));
        needles.push(("base64 twice", sure_base64(&twice, 0, twice.len() / 4 * 3 - 3).into_bytes()));
        Self { value: value.to_owned(), needles }
    }

    /// The encoding in which `bytes` hold this canary.
    pub fn found_in(&self, bytes: &[u8]) -> Option<&'static str> {
        self.needles.iter().find(|(_, needle)| memchr::memmem::find(bytes, needle).is_some()).map(|(name, _)| *name)
    }
}

fn hex(bytes: &[u8], upper: bool) -> String {
    bytes.iter().map(|byte| if upper { format!("{byte:02X}") } else { format!("{byte:02x}") }).collect()
}

/// The characters of a base64 text that depend on the value alone: not on what stands `lead` bytes before or behind it.
fn sure_base64(text: &str, lead: usize, length: usize) -> String {
    let first = (lead * 8).div_ceil(6);
    let last = length * 8 / 6;
    text[first..last].to_owned()
}
