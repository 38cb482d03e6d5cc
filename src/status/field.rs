//! Reading fields of live objects, as strictly as kstatus does, so that both call the same objects malformed.

use serde_json::Value;

/// Says which field isn't of the type that the API promises.
pub(super) type Malformed = String;

/// One entry of `status.conditions`. A missing field is empty.
#[derive(Debug, Clone, Copy)]
pub(super) struct Condition<'a> {
    /// The condition's type.
    pub(super) name: &'a str,
    /// `True`, `False` or `Unknown`.
    pub(super) status: &'a str,
    /// One word for programs.
    pub(super) reason: &'a str,
    /// A text for people.
    pub(super) message: &'a str,
}

impl Condition<'_> {
    /// Whether it is this condition, and holds.
    pub(super) fn holds(&self, name: &str) -> bool {
        self.name == name && self.status == "True"
    }
}

/// The value at a path of field names, joined by dots. A null on the way means that there is none; a null at the end is found.
pub(super) fn find<'a>(object: &'a Value, path: &str) -> Result<Option<&'a Value>, Malformed> {
    let mut value = object;
    for name in path.split('.') {
        match value {
            Value::Null => return Ok(None),
            Value::Object(fields) => match fields.get(name) {
                Some(found) => value = found,
                None => return Ok(None),
            },
            _ => return Err(format!("what holds `{name}` of `{path}` isn't an object")),
        }
    }
    Ok(Some(value))
}

/// The text at a path.
pub(super) fn text<'a>(object: &'a Value, path: &str) -> Result<Option<&'a str>, Malformed> {
    let Some(found) = find(object, path)? else { return Ok(None) };
    found.as_str().map(Some).ok_or_else(|| format!("`{path}` isn't a text"))
}

/// The whole number at a path.
pub(super) fn number(object: &Value, path: &str) -> Result<Option<i64>, Malformed> {
    let Some(found) = find(object, path)? else { return Ok(None) };
    found.as_i64().map(Some).ok_or_else(|| format!("`{path}` isn't a whole number"))
}

/// The text at a path, or `default` where there is none.
pub(super) fn text_or<'a>(object: &'a Value, path: &str, default: &'a str) -> &'a str {
    text(object, path).ok().flatten().unwrap_or(default)
}

/// The whole number at a path, or `default` where there is none.
pub(super) fn number_or(object: &Value, path: &str, default: i64) -> i64 {
    number(object, path).ok().flatten().unwrap_or(default)
}

/// The conditions of an object's status, in order.
pub(super) fn conditions(object: &Value) -> Result<Vec<Condition<'_>>, Malformed> {
    let list = match find(object, "status.conditions")? {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(list)) => list,
        Some(_) => return Err("`status.conditions` isn't a list".to_owned()),
    };
    list.iter().map(condition).collect()
}

fn condition(entry: &Value) -> Result<Condition<'_>, Malformed> {
    let field = |name: &str| match entry {
        Value::Null => Ok(""),
        Value::Object(fields) => match fields.get(name) {
            None | Some(Value::Null) => Ok(""),
            Some(Value::String(text)) => Ok(text.as_str()),
            Some(_) => Err(format!("`{name}` of an entry of `status.conditions` isn't a text")),
        },
        _ => Err("an entry of `status.conditions` isn't an object".to_owned()),
    };
    Ok(Condition { name: field("type")?, status: field("status")?, reason: field("reason")?, message: field("message")? })
}
