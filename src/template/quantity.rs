//! Kubernetes quantities: `500m`, `2Gi`, `1e3`, calculated exactly.

use std::cmp::Ordering;

/// How a quantity is written: by powers of 1024 or of 10.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Binary,
    Decimal,
}

/// A quantity, in billionths.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Quantity {
    nanos: i128,
    form: Form,
}

const UNIT: i128 = 1_000_000_000;

/// Suffixes with what they stand for in billionths, largest first.
const DECIMAL: &[(&str, i128)] = &[
    ("E", UNIT * 1_000_000_000_000_000_000),
    ("P", UNIT * 1_000_000_000_000_000),
    ("T", UNIT * 1_000_000_000_000),
    ("G", UNIT * 1_000_000_000),
    ("M", UNIT * 1_000_000),
    ("k", UNIT * 1000),
    ("", UNIT),
    ("m", 1_000_000),
    ("u", 1000),
    ("n", 1),
];
const BINARY: &[(&str, i128)] = &[
    ("Ei", UNIT << 60),
    ("Pi", UNIT << 50),
    ("Ti", UNIT << 40),
    ("Gi", UNIT << 30),
    ("Mi", UNIT << 20),
    ("Ki", UNIT << 10),
    ("", UNIT),
];

impl Quantity {
    /// Reads a quantity; an error says what is wrong.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` isn't a quantity such as `500m`, `2Gi` or `4`");
        let split = text.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '+' | '-'))).unwrap_or(text.len());
        let (number, suffix) = text.split_at(split);
        let (scale, form) = match suffix {
            "" => (UNIT, Form::Decimal),
            _ => match BINARY.iter().find(|(name, _)| *name == suffix) {
                Some((_, scale)) => (*scale, Form::Binary),
                None => match DECIMAL.iter().find(|(name, _)| *name == suffix) {
                    Some((_, scale)) => (*scale, Form::Decimal),
                    None => (exponent(suffix).ok_or_else(wrong)?, Form::Decimal),
                },
            },
        };
        let (sign, digits) = match number.strip_prefix('-') {
            Some(digits) => (-1, digits),
            None => (1, number.strip_prefix('+').unwrap_or(number)),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let all = format!("{whole}{fraction}");
        if all.is_empty() || !all.bytes().all(|byte| byte.is_ascii_digit()) || all.len() > 30 {
            return Err(wrong());
        }
        let parsed: i128 = all.parse().map_err(|_| wrong())?;
        let product = parsed.checked_mul(scale).ok_or_else(wrong)?;
        let divisor = 10_i128.pow(u32::try_from(fraction.len()).unwrap_or(0));
        Ok(Self { nanos: sign * div_away(product, divisor), form })
    }

    /// The sum or difference.
    pub(super) fn plus(self, other: Self, sign: i128) -> Result<Self, String> {
        let nanos = other.nanos.checked_mul(sign).and_then(|other| self.nanos.checked_add(other));
        nanos.map(|nanos| Self { nanos, ..self }).ok_or_else(too_large)
    }

    /// This times `over / under`, rounded up to the next billionth.
    pub(super) fn scaled(self, over: i128, under: i128) -> Result<Self, String> {
        if under == 0 {
            return Err("a quantity can't be divided by 0".to_owned());
        }
        let nanos = self.nanos.checked_mul(over).ok_or_else(too_large)?;
        Ok(Self { nanos: div_away(nanos, under), ..self })
    }

    /// How often `unit` fits in, rounded up: `2Gi` in `Mi` is 2048.
    pub(super) fn count(self, unit: &str) -> Result<i128, String> {
        let scale = BINARY.iter().chain(DECIMAL).find(|(name, _)| *name == unit).map(|(_, scale)| *scale);
        let scale = scale.ok_or_else(|| format!("`{unit}` isn't a unit such as `m`, `k`, `Mi`, `Gi` or an empty text"))?;
        Ok(div_away(self.nanos, scale))
    }

    /// How often another quantity fits in, rounded up; `None` if that is nothing.
    pub(crate) fn times(self, divisor: Self) -> Option<i128> {
        (divisor.nanos > 0).then(|| div_away(self.nanos, divisor.nanos))
    }

    pub(super) fn cmp(self, other: Self) -> Ordering {
        self.nanos.cmp(&other.nanos)
    }
}

/// With the largest suffix that leaves a whole number, in the form that it was read in.
impl std::fmt::Display for Quantity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let fits = |(_, scale): &&(&str, i128)| self.nanos % scale == 0;
        let binary = BINARY.iter().find(fits).filter(|_| self.form == Form::Binary);
        match binary.or_else(|| DECIMAL.iter().find(fits)) {
            _ if self.nanos == 0 => f.write_str("0"),
            Some((suffix, scale)) => write!(f, "{}{suffix}", self.nanos / scale),
            None => write!(f, "{}n", self.nanos),
        }
    }
}

/// `e3`, `E-2`
fn exponent(suffix: &str) -> Option<i128> {
    let power: i32 = suffix.strip_prefix(['e', 'E'])?.parse().ok()?;
    let power = u32::try_from(power + 9).ok().filter(|power| *power <= 27)?;
    Some(10_i128.pow(power))
}

/// Rounded away from zero, as the API server rounds a quantity that is too fine.
fn div_away(over: i128, under: i128) -> i128 {
    let whole = over / under;
    if over % under == 0 { whole } else { whole + over.signum() * under.signum() }
}

fn too_large() -> String {
    "the quantity grows too large".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn read_calculate_write() {
        let read = |text| Quantity::read(text).unwrap();
        for (text, canonical) in
            [("500m", "500m"), ("0.5", "500m"), ("1024Mi", "1Gi"), ("1.5Gi", "1536Mi"), ("1e3", "1k"), ("-2", "-2"), ("0Gi", "0")]
        {
            assert_eq!(read(text).to_string(), canonical, "{text}");
        }
        assert_eq!(read("1Gi").plus(read("512Mi"), 1).unwrap().to_string(), "1536Mi");
        assert_eq!(read("1").plus(read("250m"), -1).unwrap().to_string(), "750m");
        assert_eq!(read("3Gi").scaled(1, 2).unwrap().to_string(), "1536Mi");
        assert_eq!(read("2Gi").count("Mi"), Ok(2048));
        assert_eq!(read("1500m").count(""), Ok(2));
        for text in ["", "Gi", "1Qi", "1..2", "abc", "1e99", "--1"] {
            assert!(Quantity::read(text).is_err(), "{text}");
        }
        assert!(read("1").scaled(1, 0).is_err());
    }
}
