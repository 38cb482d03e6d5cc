//! What a plain scalar means: as kubectl reads it (go-yaml v2 under sigs.k8s.io/yaml, YAML 1.1 with exceptions), and an error
//! where kubectl and YAML 1.2's readers disagree, so that a manifest means one thing to every tool.

use crate::object::node::Data;

/// Why a plain scalar isn't taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// Readers disagree: what kubectl takes it for, and how that is written without doubt.
    Ambiguous {
        /// kubectl's reading, in words.
        kubectl: &'static str,
        /// The undoubted way to write that.
        write: String,
    },
    /// A number that JSON or the API server can't hold: what is wrong with it.
    Number(&'static str),
}

/// Reads a plain scalar without a tag.
pub(super) fn resolve(text: &str) -> Result<Data, Fault> {
    match text.as_bytes().first() {
        None => Ok(Data::Null),
        Some(b'~' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'y' | b'Y' | b'o' | b'O') => word(text),
        Some(b'.') => match text {
            ".nan" | ".NaN" | ".NAN" => Err(Fault::Number("not a number, which JSON can't hold")),
            ".inf" | ".Inf" | ".INF" => Err(Fault::Number("infinite, which JSON can't hold")),
            _ if is_float(text) => float(text),
            _ if is_float(&text.replace('_', "")) && !text.starts_with("._") => {
                Err(Fault::Ambiguous { kubectl: "a number", write: text.replace('_', "") })
            }
            _ => Ok(Data::Text(text.into())),
        },
        Some(b'0'..=b'9' | b'+' | b'-') => number(text),
        Some(_) => Ok(Data::Text(text.into())),
    }
}

fn word(text: &str) -> Result<Data, Fault> {
    let ambiguous = |write: &str| Err(Fault::Ambiguous { kubectl: "a boolean", write: write.to_owned() });
    match text {
        "~" | "null" | "Null" | "NULL" => Ok(Data::Null),
        "true" | "True" | "TRUE" => Ok(Data::Bool(true)),
        "false" | "False" | "FALSE" => Ok(Data::Bool(false)),
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => ambiguous("true"),
        "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => ambiguous("false"),
        _ => Ok(Data::Text(text.into())),
    }
}

fn number(text: &str) -> Result<Data, Fault> {
    let (negative, digits) = match text.as_bytes().first() {
        Some(b'-') => (true, text.get(1..).unwrap_or("")),
        Some(b'+') => (false, text.get(1..).unwrap_or("")),
        _ => (false, text),
    };
    if matches!(digits, ".inf" | ".Inf" | ".INF") {
        return Err(Fault::Number("infinite, which JSON can't hold"));
    }
    if text.contains('_') {
        let plain = text.replace('_', "");
        return match number(&plain) {
            Ok(Data::Text(_)) => Ok(Data::Text(text.into())),
            Ok(_) => Err(Fault::Ambiguous { kubectl: "a number", write: plain }),
            Err(fault) => Err(fault),
        };
    }
    match integer(digits) {
        Some((magnitude, doubtful)) => {
            let value = magnitude.and_then(|value| i64::try_from(if negative { -value } else { value }).ok());
            match value {
                Some(value) if doubtful => Err(Fault::Ambiguous { kubectl: "a number", write: value.to_string() }),
                Some(value) => Ok(Data::Int(value)),
                None => Err(Fault::Number("outside of what a 64-bit integer holds")),
            }
        }
        None if is_float(digits) && digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            Err(Fault::Ambiguous { kubectl: "a number", write: text.replacen(digits, digits.trim_start_matches('0'), 1) })
        }
        None if is_float(digits) => float(text),
        None => Ok(Data::Text(text.into())),
    }
}

/// An integer as Go's `ParseInt` with base 0 takes it: its magnitude (`None`: too large), and whether YAML 1.2's readers take the
/// notation for something else. A leading zero is octal (`0644`), as in every manifest with a file mode.
fn integer(digits: &str) -> Option<(Option<i128>, bool)> {
    let (radix, body, doubtful) = match digits.as_bytes() {
        [b'0', b'x', ..] => (16, digits.get(2..)?, false),
        [b'0', b'X', ..] => (16, digits.get(2..)?, true),
        [b'0', b'o' | b'O', ..] => (8, digits.get(2..)?, true),
        [b'0', b'b' | b'B', ..] => (2, digits.get(2..)?, true),
        [b'0', _, ..] => (8, digits, false),
        _ => (10, digits, false),
    };
    let all_digits = !body.is_empty() && body.chars().all(|digit| digit.is_digit(radix));
    all_digits.then(|| (i128::from_str_radix(body, radix).ok(), doubtful))
}

/// `[0-9]*(\.[0-9]*)?([eE][-+]?[0-9]+)?` with at least one digit before the exponent.
fn is_float(text: &str) -> bool {
    let (mantissa, exponent) = match text.find(['e', 'E']) {
        Some(at) => (text.get(..at).unwrap_or(""), text.get(at + 1..)),
        None => (text, None),
    };
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent_fits = exponent.is_none_or(|exponent| {
        let body = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        !body.is_empty() && digits(body)
    });
    digits(whole) && digits(fraction) && whole.len() + fraction.len() > 0 && exponent_fits
}

fn float(text: &str) -> Result<Data, Fault> {
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(whole_or_float(value)),
        _ => Err(Fault::Number("too large for a 64-bit float")),
    }
}

/// A number as it looks after the way through JSON that kubectl's objects take: `1e3` and `2.0` become integers there.
pub(in crate::object) fn whole_or_float(value: f64) -> Data {
    if value.fract() == 0.0
        && let Ok(whole) = format!("{:.0}", value + 0.0).parse()
    {
        return Data::Int(whole);
    }
    Data::Float(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_as_kubectl() {
        use Data::{Bool, Float, Int, Null};
        let text = |text: &str| Data::Text(text.into());
        for (written, expected) in [
            ("", Null),
            ("~", Null),
            ("Null", Null),
            ("nULL", text("nULL")),
            ("True", Bool(true)),
            ("FALSE", Bool(false)),
            ("tRUE", text("tRUE")),
            ("0", Int(0)),
            ("-0", Int(0)),
            ("+7", Int(7)),
            ("0755", Int(0o755)),
            ("-010", Int(-8)),
            ("0x1F", Int(31)),
            ("9223372036854775807", Int(i64::MAX)),
            ("-9223372036854775808", Int(i64::MIN)),
            ("1e3", Int(1000)),
            ("1.0", Int(1)),
            ("1.", Int(1)),
            ("-0.0", Int(0)),
            (".5", Float(0.5)),
            ("1.5e-3", Float(0.0015)),
            ("1e30", Float(1e30)),
            ("1.2.3", text("1.2.3")),
            ("0x", text("0x")),
            ("0b2", text("0b2")),
            ("1e", text("1e")),
            (".", text(".")),
            ("-", text("-")),
            ("+", text("+")),
            ("..5", text("..5")),
            ("1:30", text("1:30")),
            ("2001-01-01", text("2001-01-01")),
            ("2001-12-14t21:59:43.10-05:00", text("2001-12-14t21:59:43.10-05:00")),
            ("100m", text("100m")),
            ("1Gi", text("1Gi")),
            ("inf", text("inf")),
            ("nan", text("nan")),
            ("_1", text("_1")),
            ("._5", text("._5")),
            ("1_a", text("1_a")),
            ("=", text("=")),
        ] {
            assert_eq!(resolve(written), Ok(expected), "{written}");
        }
    }

    #[test]
    fn refuses_what_readers_disagree_on() {
        for (written, write) in [
            ("y", "true"),
            ("Yes", "true"),
            ("ON", "true"),
            ("n", "false"),
            ("No", "false"),
            ("off", "false"),
            ("1_000", "1000"),
            ("1_0.5", "10.5"),
            (".5_0", ".50"),
            ("0o17", "15"),
            ("0b101", "5"),
            ("0X1F", "31"),
            ("0899", "899"),
            ("-0899", "-899"),
        ] {
            let Err(Fault::Ambiguous { write: found, .. }) = resolve(written) else { panic!("{written}") };
            assert_eq!(found, write, "{written}");
        }
        for written in [".inf", "-.INF", "+.inf", ".NaN", "9223372036854775808", "0xFFFFFFFFFFFFFFFFFF", "12e4567"] {
            assert!(matches!(resolve(written), Err(Fault::Number(_))), "{written}");
        }
    }
}
