//! Questions about opened values that other folders may ask. The answers say nothing of the value but what was asked.

use zeroize::Zeroizing;

use super::opened::Opened;
use super::reveal::reveal;
use super::sealed::Sealed;
use crate::diagnostic::Diagnostic;

/// How many bytes it is.
pub fn revealed_len(sealed: &Sealed, opened: &Opened) -> Result<usize, Diagnostic> {
    reveal(sealed, opened).map(|bytes| bytes.len())
}

/// The labels of the PEM blocks in it, in order: `CERTIFICATE`, `EC PRIVATE KEY` (RFC 7468). `None` if it isn't PEM: a block without its
/// end, content that isn't base64, or nothing at all. Text between blocks is passed over, as OpenSSL and Go do.
pub fn pem_labels(sealed: &Sealed, opened: &Opened) -> Result<Option<Vec<String>>, Diagnostic> {
    reveal(sealed, opened).map(|bytes| labels(&bytes))
}

/// Whether it is a JSON object.
pub fn is_json_object(sealed: &Sealed, opened: &Opened) -> Result<bool, Diagnostic> {
    // Parsed only to be judged: the map isn't built.
    let bytes = reveal(sealed, opened)?;
    let starts = bytes.trim_ascii_start().first() == Some(&b'{');
    Ok(starts && serde_json::from_slice::<serde::de::IgnoredAny>(&bytes).is_ok())
}

/// As [`pem_labels`], for a public text.
pub fn labels(bytes: &[u8]) -> Option<Vec<String>> {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    let text = std::str::from_utf8(bytes).ok()?;
    let mut found = Vec::new();
    let mut lines = text.lines().map(str::trim);
    while let Some(line) = lines.next() {
        let Some(label) = line.strip_prefix("-----BEGIN ").and_then(|rest| rest.strip_suffix("-----")) else { continue };
        let end = format!("-----END {label}-----");
        let mut body = Zeroizing::new(String::with_capacity(text.len()));
        loop {
            let line = lines.next()?;
            if line == end {
                break;
            }
            // Headers of old encrypted keys (RFC 1421).
            if !line.contains(':') {
                body.push_str(line);
            }
        }
        let decoded = STANDARD.decode(body.as_bytes()).map(Zeroizing::new).ok()?;
        if decoded.is_empty() {
            return None;
        }
        found.push(label.to_owned());
    }
    (!found.is_empty()).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pem_is_told_by_its_blocks() {
        let pem = |text: &str| labels(text.as_bytes());
        let chain = "subject=x\n-----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIFICATE-----\n-----BEGIN CERTIFICATE-----\r\nAQID\r\n-----END CERTIFICATE-----\r\n";
        assert_eq!(pem(chain).unwrap(), ["CERTIFICATE", "CERTIFICATE"]);
        let old = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAQID\n-----END RSA PRIVATE KEY-----";
        assert_eq!(pem(old).unwrap(), ["RSA PRIVATE KEY"]);
        for bad in [
            "",
            "AQID",
            "-----BEGIN X-----\nAQID\n",
            "-----BEGIN X-----\n!\n-----END X-----",
            "-----BEGIN X-----\n-----END X-----",
        ] {
            assert_eq!(pem(bad), None, "{bad}");
        }
    }
}
