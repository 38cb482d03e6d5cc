//! Filters that write values in a format.

use tera::value::Key;
use tera::{Kwargs, Map, State, TeraResult, Value};

use super::super::guard::{Holds, token_in};
use super::super::run::Run;
use super::text::{change_tokens, quoted};
use super::{pay, refuse, to_yaml};
use crate::secret::Escape;

pub(super) fn register(tera: &mut tera::Tera) {
    tera.register_filter("to_json", to_json);
    tera.register_filter("to_toml", to_toml);
    tera.register_filter("to_yaml", |value: &Value, _: Kwargs, _: &State| {
        Run::with(|run| run.scan(value))?;
        let text = to_yaml(value)?;
        pay(text.len())?;
        Ok::<_, tera::Error>(text)
    });
}

/// A copy whose tokens are escaped when they are opened, for a writer that quotes everything else.
fn escaped(value: &Value) -> TeraResult<Value> {
    if let Some(text) = value.as_str() {
        return Ok(Value::from(change_tokens(text, Escape::Json, str::to_owned)?));
    }
    if let Some(items) = value.as_array() {
        return Ok(Value::from(items.iter().map(escaped).collect::<TeraResult<Vec<Value>>>()?));
    }
    if let Some(map) = value.as_map() {
        let mut copy = Map::with_capacity(map.len());
        for (key, item) in map {
            refuse_key(key)?;
            copy.insert(key.clone(), escaped(item)?);
        }
        return Ok(Value::from(copy));
    }
    Ok(value.clone())
}

/// A key with a token in it is refused: keys are public.
pub(super) fn refuse_key(key: &Key<'_>) -> TeraResult<()> {
    match key.as_str().and_then(token_in) {
        Some(_) => Err(refuse("a key holds a secret, or the result of `ref()`\nkeys are public and must be known")),
        None => Ok(()),
    }
}

fn to_json(value: &Value, kwargs: Kwargs, _: &State) -> TeraResult<String> {
    let pretty = kwargs.get::<bool>("pretty")?.unwrap_or(false);
    let value = if Run::with(|run| run.scan(value))? == Some(Holds::Secret) { escaped(value)? } else { value.clone() };
    let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) };
    let text = text.map_err(|error| refuse(format!("this can't be written as JSON: {error}")))?;
    pay(text.len())?;
    Ok(text)
}

fn to_toml(value: &Value, _: Kwargs, _: &State) -> TeraResult<String> {
    if !value.is_map() {
        return Err(refuse("only a table can be written as TOML"));
    }
    let holds = Run::with(|run| run.scan(value))?;
    let mut texts = Vec::new();
    let value = if holds == Some(Holds::Secret) { with_holes(value, &mut texts)? } else { value.clone() };
    let mut text = toml::to_string(&value)
        .map_err(|error| refuse(format!("this can't be written as TOML: {}", error.to_string().trim())))?;
    // From the last on, so that `…hole1` isn't found in `…hole10`.
    for (number, hole) in texts.iter().enumerate().rev() {
        text = text.replace(&format!("\"{}\"", hole_name(number)), &quoted(hole)?);
    }
    pay(text.len())?;
    Ok(text)
}

fn hole_name(number: usize) -> String {
    format!("plimsollhole{number}")
}

/// A copy in which names stand for the texts that hold tokens: a TOML writer chooses among four ways of quoting, and only one is
/// right for what a token stands for.
fn with_holes(value: &Value, texts: &mut Vec<String>) -> TeraResult<Value> {
    if let Some(text) = value.as_str() {
        if token_in(text).is_none() {
            return Ok(value.clone());
        }
        texts.push(text.to_owned());
        return Ok(Value::from(hole_name(texts.len() - 1)));
    }
    if let Some(items) = value.as_array() {
        return Ok(Value::from(items.iter().map(|item| with_holes(item, texts)).collect::<TeraResult<Vec<Value>>>()?));
    }
    let Some(map) = value.as_map() else { return Ok(value.clone()) };
    let mut copy = Map::with_capacity(map.len());
    for (key, item) in map {
        refuse_key(key)?;
        copy.insert(key.clone(), with_holes(item, texts)?);
    }
    Ok(Value::from(copy))
}
