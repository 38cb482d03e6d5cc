//! Filters and functions on lists.

use indexmap::IndexMap;
use tera::{Kwargs, State, TeraResult, Value};

use super::super::guard::Holds;
use super::super::run::Run;
use super::{pay, refuse};

pub(super) fn register(tera: &mut tera::Tera) {
    tera.register_filter("join", join);
    tera.register_filter("split", split);
    tera.register_filter("unique", unique);
    tera.register_filter("group_by", group_by);
    tera.register_function("range", range);
}

fn spend(steps: usize) -> TeraResult<()> {
    Run::with(|run| run.spend(steps))
}

/// Tera's `join`, with a bound on what comes out; texts with tokens in them are put together like others.
fn join(items: &[Value], kwargs: Kwargs, _: &State) -> TeraResult<String> {
    let separator = kwargs.get::<&str>("sep")?.unwrap_or("");
    spend(items.len())?;
    let mut joined = String::new();
    for (at, item) in items.iter().enumerate() {
        let in_container = (item.is_array() || item.is_map()) && Run::with(|run| run.scan(item))? == Some(Holds::Secret);
        if in_container {
            return Err(refuse("an item is a list or table that holds secrets\nwrite `| to_json` behind it, or take its values"));
        }
        let text = item.to_string();
        if at > 0 {
            joined.push_str(separator);
        }
        pay(joined.len() + text.len()).and_then(|()| spend(1))?;
        joined.push_str(&text);
    }
    Ok(joined)
}

fn split(text: &str, kwargs: Kwargs, _: &State) -> TeraResult<Vec<Value>> {
    let pattern = kwargs.must_get::<&str>("pat")?;
    spend(text.matches(pattern).count())?;
    Ok(text.split(pattern).map(Value::from).collect())
}

/// Tera's `unique`, paid for by the comparisons it makes.
fn unique(items: &[Value], _: Kwargs, _: &State) -> TeraResult<Vec<Value>> {
    let mut seen: Vec<Value> = Vec::new();
    for item in items {
        spend(1 + seen.len() / 8)?;
        if !seen.contains(item) {
            seen.push(item.clone());
        }
    }
    Ok(seen)
}

/// Tera's `group_by`, but with the groups in the order in which they begin.
fn group_by(items: &[Value], kwargs: Kwargs, _: &State) -> TeraResult<Value> {
    let attribute = kwargs.must_get::<&str>("attribute")?;
    spend(items.len())?;
    let mut groups: IndexMap<tera::value::Key<'static>, Vec<Value>> = IndexMap::new();
    for (at, item) in items.iter().enumerate() {
        let Some(found) = item.get_from_path(attribute) else {
            return Err(refuse(format!("item {at} of the list has no `{attribute}` to group by")));
        };
        if found.is_none() {
            continue;
        }
        let key = match (found.as_str(), found.as_bool(), found.as_i128()) {
            (Some(text), _, _) => text.to_owned().into(),
            (_, Some(truth), _) => tera::value::Key::Bool(truth),
            (_, _, Some(number)) => i64::try_from(number).map_or_else(|_| number.into(), tera::value::Key::I64),
            _ => return Err(refuse(format!("`{attribute}` of item {at} is neither text nor a whole number"))),
        };
        groups.entry(key).or_default().push(item.clone());
    }
    Ok(Value::from(groups.into_iter().map(|(key, items)| (key, Value::from(items))).collect::<tera::Map>()))
}

/// Tera's `range`, paid for by its length.
fn range(kwargs: Kwargs, _: &State) -> TeraResult<Vec<Value>> {
    let start = kwargs.get::<i64>("start")?.unwrap_or(0);
    let end = kwargs.must_get::<i64>("end")?;
    let step = kwargs.get::<i64>("step_by")?.unwrap_or(1);
    if step == 0 {
        return Err(refuse("`step_by` of `range` is 0"));
    }
    if start > end && step > 0 {
        return Err(refuse(format!("`range` counts from {start} up to {end}\nto count down, give a negative `step_by`")));
    }
    let count = (i128::from(end) - i128::from(start) + i128::from(step) - i128::from(step.signum())) / i128::from(step);
    let count = usize::try_from(count.max(0)).unwrap_or(usize::MAX);
    spend(count)?;
    Ok((0..count as u64).map(|at| Value::from(i128::from(start) + i128::from(at) * i128::from(step))).collect())
}
