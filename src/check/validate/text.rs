//! Forms of text that the API server knows: names, labels, keys, times.

/// Why a text isn't of its form, in words that follow "it".
pub(super) type Wrong = String;

fn is_lower(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit()
}

/// A DNS label (RFC 1123) without a bound on its length.
fn is_label(text: &str) -> bool {
    let bytes = text.as_bytes();
    let ends = bytes.first().copied().is_some_and(is_lower) && bytes.last().copied().is_some_and(is_lower);
    ends && bytes.iter().all(|byte| is_lower(*byte) || *byte == b'-')
}

fn at_most(text: &str, most: usize) -> Result<(), Wrong> {
    if text.len() > most { Err(format!("is longer than {most} characters")) } else { Ok(()) }
}

/// A DNS label (RFC 1123): lower case, digits, `-`; 63 characters.
pub(super) fn dns_label(text: &str) -> Result<(), Wrong> {
    at_most(text, 63)?;
    is_label(text)
        .then_some(())
        .ok_or_else(|| "must be lower-case letters, digits and `-`, with a letter or digit at both ends".to_owned())
}

/// A DNS label that starts with a letter (RFC 1035).
pub(super) fn dns_1035_label(text: &str) -> Result<(), Wrong> {
    dns_label(text)?;
    let letter = text.starts_with(|c: char| c.is_ascii_lowercase());
    letter.then_some(()).ok_or_else(|| "must start with a letter".to_owned())
}

/// A DNS name (RFC 1123): labels with dots between; 253 characters.
pub(super) fn dns_subdomain(text: &str) -> Result<(), Wrong> {
    at_most(text, 253)?;
    let fine = text.split('.').all(is_label);
    fine.then_some(()).ok_or_else(|| {
        "must be lower-case letters, digits, `-` and `.`, with a letter or digit at both ends of each part".to_owned()
    })
}

/// A domain that names are looked up in: labels, which may hold `_`; `.` alone and a dot at the end are fine.
pub(super) fn search_domain(text: &str) -> Result<(), Wrong> {
    let text = if text == "." { "a" } else { text.strip_suffix('.').unwrap_or(text) };
    dns_subdomain(&text.replace('_', "a"))
}

/// The name of an RBAC object: anything that can stand in a URL as one part.
pub(super) fn path_segment(text: &str) -> Result<(), Wrong> {
    let fine = !text.is_empty() && text != "." && text != ".." && !text.contains(['/', '%']);
    fine.then_some(()).ok_or_else(|| "may not be `.` or `..`, or hold `/` or `%`".to_owned())
}

fn is_name_part(text: &str) -> bool {
    let bytes = text.as_bytes();
    let ends = [bytes.first(), bytes.last()].iter().all(|end| end.is_some_and(u8::is_ascii_alphanumeric));
    ends && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte))
}

/// A label's or annotation's key, a finalizer, a resource's name: `[prefix/]name`.
pub(super) fn qualified_name(text: &str) -> Result<(), Wrong> {
    let (prefix, name) = match text.split_once('/') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, text),
    };
    if let Some(prefix) = prefix {
        dns_subdomain(prefix).map_err(|_| "must have a DNS name before its `/`".to_owned())?;
    }
    if name.len() > 63 {
        return Err("has a name longer than 63 characters".to_owned());
    }
    let fine = !name.contains('/') && is_name_part(name);
    fine.then_some(()).ok_or_else(|| "must be letters, digits, `-`, `_` and `.`, with a letter or digit at both ends".to_owned())
}

/// A label's value: empty, or as a qualified name's name.
pub(super) fn label_value(text: &str) -> Result<(), Wrong> {
    at_most(text, 63)?;
    let fine = text.is_empty() || is_name_part(text);
    fine.then_some(()).ok_or_else(|| "must be letters, digits, `-`, `_` and `.`, with a letter or digit at both ends".to_owned())
}

/// A key of a ConfigMap or Secret: a file name.
pub(super) fn config_key(text: &str) -> Result<(), Wrong> {
    at_most(text, 253)?;
    let fine = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    if !fine {
        return Err("must be letters, digits, `-`, `_` and `.`".to_owned());
    }
    if text == "." || text.starts_with("..") {
        return Err("may not be `.` or start with `..`".to_owned());
    }
    Ok(())
}

/// The name of an environment variable: printable ASCII without `=`.
pub(super) fn variable_name(text: &str) -> Result<(), Wrong> {
    let fine = !text.is_empty() && text.bytes().all(|byte| (b' '..=b'~').contains(&byte) && byte != b'=');
    fine.then_some(()).ok_or_else(|| "must be printable ASCII without `=`".to_owned())
}

/// The name of a port (RFC 6335): 15 characters, at least one letter.
pub(super) fn port_name(text: &str) -> Result<(), Wrong> {
    at_most(text, 15)?;
    if !is_label(text) || text.contains("--") {
        return Err("must be lower-case letters, digits and single `-` between them".to_owned());
    }
    let letter = text.bytes().any(|byte| byte.is_ascii_lowercase());
    letter.then_some(()).ok_or_else(|| "must have a letter".to_owned())
}

/// A time as RFC 3339 has them, as Go reads it: `2006-01-02T15:04:05[.fraction](Z|±hh:mm)`.
pub(super) fn is_date_time(text: &str) -> bool {
    let digits = |range: std::ops::Range<usize>| -> Option<u32> {
        let part = text.get(range)?;
        part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse().ok())?
    };
    let fields = [digits(0..4), digits(5..7), digits(8..10), digits(11..13), digits(14..16), digits(17..19)];
    let [Some(year), Some(month), Some(day), Some(hour), Some(minute), Some(second)] = fields else { return false };
    let marks = [(4, "-"), (7, "-"), (10, "T"), (13, ":"), (16, ":")];
    if !marks.iter().all(|(at, mark)| text.get(*at..=*at) == Some(*mark)) {
        return false;
    }
    let fine = (1..=12).contains(&month) && (1..=days(year, month)).contains(&day) && hour < 24 && minute < 60 && second < 60;
    fine && text.get(19..).is_some_and(|rest| is_zone(rest.trim_start_matches(|c: char| c == '.' || c.is_ascii_digit())))
}

fn days(year: u32, month: u32) -> u32 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn is_zone(text: &str) -> bool {
    let offset = |text: &str| {
        let (hour, minute) = text.split_once(':')?;
        let fine = hour.len() == 2 && minute.len() == 2 && hour.parse::<u8>().ok()? < 24 && minute.parse::<u8>().ok()? < 60;
        Some(fine)
    };
    text == "Z" || text.strip_prefix(['+', '-']).and_then(offset).unwrap_or(false)
}

/// A text turned into a DNS name, for a hint; `None` if nothing is left of it.
pub(super) fn as_dns_name(text: &str) -> Option<String> {
    let mut name = String::new();
    for c in text.chars().map(|c| c.to_ascii_lowercase()) {
        let fits = c.is_ascii_lowercase() || c.is_ascii_digit() || c == '.';
        if fits {
            name.push(c);
        } else if !name.ends_with('-') {
            name.push('-');
        }
    }
    let name = name.trim_matches(['-', '.']);
    dns_subdomain(name).is_ok().then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::validate::say::Form;

    #[test]
    fn forms() {
        let long = "a".repeat(64);
        let cases: [(Form, &[&str], &[&str]); 7] = [
            (dns_label, &["a", "a-b", "0"], &["", "-a", "a-", "A", "a.b", "a b", &long]),
            (dns_1035_label, &["a1"], &["1a"]),
            (dns_subdomain, &["a.b", "a-1.0", &long], &["a..b", ".a", "a_b", "my secret"]),
            (qualified_name, &["a", "A_b.c", "x.io/A"], &["", "a b", "/a", "x.io/", "a/b/c", "X.io/a", "-a"]),
            (label_value, &["", "v1.0", "A_b"], &["-a", "a b", &long]),
            (config_key, &["a", ".dockerconfigjson", "A_B-c"], &["", ".", "..a", "a b", "a/b"]),
            (port_name, &["http", "a-1"], &["", "8080", "a--b", "-a", "Http", "abcdefghijklmnop"]),
        ];
        for (form, good, bad) in cases {
            for text in good {
                assert_eq!(form(text), Ok(()), "{text}");
            }
            for text in bad {
                assert!(form(text).is_err(), "{text}");
            }
        }
    }

    #[test]
    fn times() {
        for (text, fine) in [
            ("2026-01-31T12:00:00Z", true),
            ("2026-01-31T12:00:00.5+02:00", true),
            ("2026-02-29T12:00:00Z", false),
            ("2026-01-31 12:00:00Z", false),
            ("2026-01-31T12:00:00", false),
            ("today", false),
        ] {
            assert_eq!(is_date_time(text), fine, "{text}");
        }
    }

    #[test]
    fn hints_for_names() {
        assert_eq!(as_dns_name("My Secret"), Some("my-secret".to_owned()));
        assert_eq!(as_dns_name("a_b"), Some("a-b".to_owned()));
        assert_eq!(as_dns_name("!"), None);
    }
}
