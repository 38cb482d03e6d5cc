//! Arithmetic on quantities, and fingerprints.

use sha2::{Digest, Sha256};
use tera::{Kwargs, State, TeraResult, Value};

use super::super::guard::{Holds, mentions_ref, token_in};
use super::super::quantity::Quantity;
use super::super::run::Run;
use super::refuse;
use super::text::{hex, scalar};
use crate::secret::{Escape, Sealed, Tokens};

pub(super) fn register(tera: &mut tera::Tera) {
    tera.register_filter("quantity_add", |value: &Value, kwargs: Kwargs, _: &State| add(value, &kwargs, 1));
    tera.register_filter("quantity_sub", |value: &Value, kwargs: Kwargs, _: &State| add(value, &kwargs, -1));
    tera.register_filter("quantity_mul", |value: &Value, kwargs: Kwargs, _: &State| scale(value, &kwargs, false));
    tera.register_filter("quantity_div", |value: &Value, kwargs: Kwargs, _: &State| scale(value, &kwargs, true));
    tera.register_filter("quantity_max", |value: &Value, kwargs: Kwargs, _: &State| choose(value, &kwargs, true));
    tera.register_filter("quantity_min", |value: &Value, kwargs: Kwargs, _: &State| choose(value, &kwargs, false));
    tera.register_filter("quantity_in", count);
    tera.register_filter("fingerprint", fingerprint);
}

fn read(value: &Value) -> TeraResult<Quantity> {
    let text = if value.is_f64() { value.to_string() } else { scalar(value, "quantity")? };
    Quantity::read(&text).map_err(refuse)
}

fn add(value: &Value, kwargs: &Kwargs, sign: i128) -> TeraResult<String> {
    let sum = read(value)?.plus(read(kwargs.must_get::<&Value>("by")?)?, sign);
    sum.map(|sum| sum.to_string()).map_err(refuse)
}

/// The factor is a number such as `2`, `0.8` or `"1.5"`.
fn scale(value: &Value, kwargs: &Kwargs, divide: bool) -> TeraResult<String> {
    let factor = kwargs.must_get::<&Value>("by")?;
    let text = scalar(factor, "quantity_mul")?;
    let (whole, fraction) = text.split_once('.').unwrap_or((text.as_str(), ""));
    let over =
        format!("{whole}{fraction}").parse::<i128>().ok().filter(|_| fraction.len() <= 9 && !fraction.starts_with(['+', '-']));
    let over = over.ok_or_else(|| {
        refuse(format!("a quantity is multiplied and divided by numbers such as `2` or `0.8`, not by `{text}`"))
    })?;
    let under = 10_i128.pow(u32::try_from(fraction.len()).unwrap_or(0));
    let quantity = read(value)?;
    let scaled = if divide { quantity.scaled(under, over) } else { quantity.scaled(over, under) };
    scaled.map(|scaled| scaled.to_string()).map_err(refuse)
}

fn choose(value: &Value, kwargs: &Kwargs, larger: bool) -> TeraResult<String> {
    let (first, second) = (read(value)?, read(kwargs.must_get::<&Value>("with")?)?);
    let takes_second = if larger { first.cmp(second).is_lt() } else { first.cmp(second).is_gt() };
    Ok(if takes_second { second } else { first }.to_string())
}

fn count(value: &Value, kwargs: Kwargs, _: &State) -> TeraResult<Value> {
    let unit = kwargs.get::<&str>("unit")?.unwrap_or("");
    read(value)?.count(unit).map(Value::from).map_err(refuse)
}

/// A public text of 64 digits that changes when the value does: SHA-256 over the value, with the fingerprint of each secret in the
/// secret's place. It can't be used to guess a secret: fingerprints are keyed.
fn fingerprint(value: &Value, _: Kwargs, _: &State) -> TeraResult<String> {
    Run::with(|run| {
        run.scan(value)?;
        let mut digest = Sha256::new();
        digest_value(value, &run.shared.tokens, &mut digest)?;
        Ok(hex(&digest.finalize()))
    })
}

fn digest_value(value: &Value, tokens: &Tokens, digest: &mut Sha256) -> TeraResult<()> {
    if let Some(text) = value.as_str() {
        match token_in(text) {
            Some(Holds::Secret) => match tokens.read(text) {
                Ok(Some(sealed)) => digest_sealed(&sealed, digest),
                Ok(None) => digest_part(digest, b't', text.as_bytes()),
                Err(error) => return Err(refuse(error.to_string())),
            },
            _ if mentions_ref(text) => return Err(refuse("the result of `ref()` has no fingerprint: the name isn't known yet")),
            _ => digest_part(digest, b't', text.as_bytes()),
        }
    } else if let Some(items) = value.as_array() {
        digest_part(digest, b'l', &(items.len() as u64).to_be_bytes());
        items.iter().try_for_each(|item| digest_value(item, tokens, digest))?;
    } else if let Some(map) = value.as_map() {
        digest_part(digest, b'm', &(map.len() as u64).to_be_bytes());
        for (key, item) in map {
            digest_part(digest, b'k', key.as_value().to_string().as_bytes());
            digest_value(item, tokens, digest)?;
        }
    } else {
        digest_part(digest, b's', value.to_string().as_bytes());
    }
    Ok(())
}

fn digest_sealed(sealed: &Sealed, digest: &mut Sha256) {
    match sealed {
        Sealed::Text(text) => digest_part(digest, b't', text.as_bytes()),
        Sealed::Secret(key) => digest_part(digest, b'f', &key.fingerprint.0),
        Sealed::Concat(parts) => {
            digest_part(digest, b'c', &(parts.len() as u64).to_be_bytes());
            for part in parts {
                digest_sealed(part, digest);
            }
        }
        Sealed::Base64(inside) => {
            digest_part(digest, b'b', b"");
            digest_sealed(inside, digest);
        }
        Sealed::Escaped(escape, inside) => {
            let kind: &[u8] = match escape {
                Escape::Json => b"json",
                Escape::Url => b"url",
            };
            digest_part(digest, b'e', kind);
            digest_sealed(inside, digest);
        }
    }
}

fn digest_part(digest: &mut Sha256, kind: u8, bytes: &[u8]) {
    digest.update([kind]);
    digest.update((bytes.len() as u64).to_be_bytes());
    digest.update(bytes);
}
