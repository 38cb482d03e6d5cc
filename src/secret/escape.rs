//! Escaping into a buffer: the same bytes as the usual libraries give, without their copies.

use super::sealed::Escape;

/// Appends `text`, escaped.
pub(super) fn put(escape: Escape, text: &str, out: &mut Vec<u8>) {
    match escape {
        Escape::Json => text.bytes().for_each(|byte| json(byte, out)),
        Escape::Url => text.bytes().for_each(|byte| url(byte, out)),
    }
}

/// The most bytes that one byte becomes.
pub(super) fn growth(escape: Escape) -> usize {
    match escape {
        Escape::Json => 6,
        Escape::Url => 3,
    }
}

/// RFC 8259, section 7: the short forms where there are some, `\u00XX` for other controls, all else as it is.
fn json(byte: u8, out: &mut Vec<u8>) {
    match byte {
        b'"' => out.extend(b"\\\""),
        b'\\' => out.extend(b"\\\\"),
        b'\n' => out.extend(b"\\n"),
        b'\r' => out.extend(b"\\r"),
        b'\t' => out.extend(b"\\t"),
        0x08 => out.extend(b"\\b"),
        0x0c => out.extend(b"\\f"),
        0..0x20 => {
            out.extend(b"\\u00");
            digits(byte, b"0123456789abcdef", out);
        }
        byte => out.push(byte),
    }
}

/// RFC 3986, section 2.3: only letters, digits, `-`, `.`, `_` and `~` stay.
fn url(byte: u8, out: &mut Vec<u8>) {
    if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
        out.push(byte);
    } else {
        out.push(b'%');
        digits(byte, b"0123456789ABCDEF", out);
    }
}

fn digits(byte: u8, of: &[u8; 16], out: &mut Vec<u8>) {
    out.extend([byte >> 4, byte & 15].iter().filter_map(|half| of.get(usize::from(*half))));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn json_is_what_serde_json_writes(text: String) {
            let mut out = b"\"".to_vec();
            put(Escape::Json, &text, &mut out);
            out.push(b'"');
            prop_assert_eq!(String::from_utf8(out).unwrap(), serde_json::to_string(&text).unwrap());
        }
    }

    #[test]
    fn url_keeps_only_unreserved_characters() {
        let mut out = Vec::new();
        put(Escape::Url, "aZ9-._~ /ä%", &mut out);
        assert_eq!(out, b"aZ9-._~%20%2F%C3%A4%25");
    }
}
