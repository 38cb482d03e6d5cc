//! Quantities: `500m`, `1Gi`, `1e3`.

use std::cmp::Ordering;

use crate::object::{Data, Node};

/// An amount, exact to a thousand-millionth, which is all that the API server keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Quantity(i128);

const UNIT: i128 = 1_000_000_000;

impl Quantity {
    /// Nothing.
    pub(super) const ZERO: Self = Self(0);
    /// One.
    pub(super) const ONE: Self = Self(UNIT);

    /// Reads a quantity as the API server does: a decimal number, and a binary suffix (`Ki` … `Ei`), a decimal one (`n`, `u`,
    /// `m`, `k`, `M` … `E`) or an exponent.
    pub(super) fn read(text: &str) -> Option<Self> {
        let (negative, digits) = match text.as_bytes().first()? {
            b'-' => (true, text.get(1..)?),
            b'+' => (false, text.get(1..)?),
            _ => (false, text),
        };
        let end = digits.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(digits.len());
        let (number, suffix) = digits.split_at(end);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if fraction.contains('.') || (whole.is_empty() && fraction.is_empty()) {
            return None;
        }
        let (numerator, denominator) = scale(suffix)?;
        let magnitude = decimal(whole, fraction, numerator, denominator);
        Some(Self(if negative { -magnitude } else { magnitude }))
    }

    /// The quantity that a node holds: a text or a number.
    pub(super) fn of(node: &Node) -> Option<Self> {
        match &node.data {
            Data::Int(number) => Some(Self(i128::from(*number) * UNIT)),
            Data::Float(number) => Self::read(&number.to_string()),
            Data::Text(text) => Self::read(text),
            _ => None,
        }
    }

    /// Whether it is a whole number.
    pub(super) fn is_whole(self) -> bool {
        self.0 % UNIT == 0
    }
}

/// What a suffix multiplies by, as a fraction.
fn scale(suffix: &str) -> Option<(i128, i128)> {
    let binary = |power: u32| Some((1_i128 << (10 * power), 1));
    match suffix {
        "" => Some((1, 1)),
        "n" => Some((1, 1_000_000_000)),
        "u" => Some((1, 1_000_000)),
        "m" => Some((1, 1000)),
        "k" => Some((1000, 1)),
        "M" => Some((1_000_000, 1)),
        "G" => Some((1_000_000_000, 1)),
        "T" => Some((1_000_000_000_000, 1)),
        "P" => Some((1_000_000_000_000_000, 1)),
        "E" => Some((1_000_000_000_000_000_000, 1)),
        "Ki" => binary(1),
        "Mi" => binary(2),
        "Gi" => binary(3),
        "Ti" => binary(4),
        "Pi" => binary(5),
        "Ei" => binary(6),
        _ => exponent(suffix),
    }
}

fn exponent(suffix: &str) -> Option<(i128, i128)> {
    let power: i32 = suffix.strip_prefix(['e', 'E'])?.parse().ok()?;
    // Beyond these every amount is the least or the greatest that can be kept.
    let ten = |power: u32| 10_i128.saturating_pow(power.min(30));
    Some(match power.cmp(&0) {
        Ordering::Less => (1, ten(power.unsigned_abs())),
        _ => (ten(power.unsigned_abs()), 1),
    })
}

/// `whole.fraction` times the scale, in thousand-millionths, rounded up.
fn decimal(whole: &str, fraction: &str, numerator: i128, denominator: i128) -> i128 {
    let digits =
        |text: &str| text.bytes().fold(0_i128, |sum, digit| sum.saturating_mul(10).saturating_add(i128::from(digit - b'0')));
    let kept = fraction.get(..fraction.len().min(18)).unwrap_or(fraction);
    let ones = digits(whole).saturating_mul(numerator).saturating_mul(UNIT);
    let parts = digits(kept).saturating_mul(numerator).saturating_mul(UNIT);
    let shift = 10_i128.pow(u32::try_from(kept.len()).unwrap_or(18));
    let ceil = |a: i128, b: i128| a / b + i128::from(a % b != 0);
    ceil(ones.saturating_add(ceil(parts, shift)), denominator)
}

/// What a text that isn't a quantity may have meant.
pub(super) fn hint(text: &str) -> String {
    let squeezed: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let (number, suffix) = squeezed.split_at(squeezed.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(squeezed.len()));
    let meant = match suffix.to_ascii_lowercase().as_str() {
        "kb" | "kib" | "ki" => "Ki",
        "mb" | "mib" | "mi" => "Mi",
        "g" | "gb" | "gib" | "gi" => "Gi",
        "t" | "tb" | "tib" | "ti" => "Ti",
        "" if squeezed != text => "",
        _ => return "write a number with a suffix such as `m`, `k`, `M`, `Ki`, `Mi`, `Gi`: `500m`, `2Gi`".to_owned(),
    };
    format!("did you mean `{number}{meant}`?")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_api_server_reads() {
        for (text, nanos) in [
            ("1", UNIT),
            ("0.5", UNIT / 2),
            (".5", UNIT / 2),
            ("1.", UNIT),
            ("500m", UNIT / 2),
            ("-1", -UNIT),
            ("1Ki", 1024 * UNIT),
            ("1.5Gi", 1_610_612_736 * UNIT),
            ("1e3", 1000 * UNIT),
            ("1E-3", UNIT / 1000),
            ("1E", 1_000_000_000_000_000_000 * UNIT),
            ("0.0000000001", 1),
        ] {
            assert_eq!(Quantity::read(text), Some(Quantity(nanos)), "{text}");
        }
        for text in ["", "m", "1GB", "1 Gi", "1.2.3", "0x1", "1ki", "1e", "--1", "."] {
            assert_eq!(Quantity::read(text), None, "{text}");
        }
    }

    #[test]
    fn says_what_was_meant() {
        assert_eq!(hint("512MB"), "did you mean `512Mi`?");
        assert_eq!(hint("2 Gi"), "did you mean `2Gi`?");
    }
}
