//! Paths of keys, as `unset` writes them and messages show them.

use super::value::{Table, Value, ValueKind};

/// Reads a path: keys as TOML writes them, `.` between them, quotes where a key has other characters.
pub(super) fn read(written: &str) -> Option<Vec<String>> {
    let keys = toml_edit::Key::parse(written).ok()?;
    Some(keys.iter().map(|key| key.get().to_owned()).collect())
}

/// A key as TOML writes it: quoted unless it is bare.
pub(super) fn show_key(key: &str) -> String {
    let bare = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    if bare { key.to_owned() } else { format!("\"{}\"", key.escape_debug()) }
}

/// A path as TOML writes it: `sealed."prod.secrets.age".recipients`.
pub(super) fn show<S: AsRef<str>>(path: impl IntoIterator<Item = S>) -> String {
    path.into_iter().map(|key| show_key(key.as_ref())).collect::<Vec<_>>().join(".")
}

/// The name of an item of a list of tables, by which `unset` drops it.
pub(super) fn item_name(item: &Value) -> Option<&str> {
    let ValueKind::Table(table) = &item.kind else { return None };
    match &table.get("name")?.kind {
        ValueKind::Text(name) => Some(name),
        _ => None,
    }
}

/// Follows a path of keys down.
pub(super) fn find<'a, S: AsRef<str>>(table: &'a Table, path: &[S]) -> Option<&'a Value> {
    let (first, rest) = path.split_first()?;
    let value = table.get(first.as_ref())?;
    match (rest, &value.kind) {
        ([], _) => Some(value),
        (rest, ValueKind::Table(table)) => find(table, rest),
        _ => None,
    }
}

/// A path that exists and was likely meant: the same path but for one key, or the same last key elsewhere.
pub(super) fn nearest(table: &Table, path: &[String]) -> Option<String> {
    let known: Vec<Vec<&str>> = every(table);
    let fits = |known: &&Vec<&str>| {
        let differ: Vec<(&&str, &String)> = known.iter().zip(path).filter(|(one, other)| one != other).collect();
        known.len() == path.len()
            && differ.len() <= 1
            && differ.iter().all(|(one, other)| crate::diagnostic::nearest(other, [**one]).is_some())
    };
    // Of several, the one that one would find by hand: the nearest of the last differing key.
    let candidates: Vec<&Vec<&str>> = known.iter().filter(fits).collect();
    let written = show(path);
    let shown: Vec<String> = candidates.iter().map(|path| show(path.iter())).collect();
    if let Some(near) = crate::diagnostic::nearest(&written, shown.iter().map(String::as_str)) {
        return Some(near.to_owned());
    }
    let last = path.last()?;
    known.iter().find(|known| known.len() > 1 && known.last() == Some(&last.as_str())).map(|path| show(path.iter()))
}

/// All paths of tables, values and named items.
fn every(table: &Table) -> Vec<Vec<&str>> {
    fn walk<'a>(table: &'a Table, path: &mut Vec<&'a str>, paths: &mut Vec<Vec<&'a str>>) {
        for (key, entry) in &table.0 {
            path.push(key);
            paths.push(path.clone());
            match &entry.value.kind {
                ValueKind::Table(inner) => walk(inner, path, paths),
                ValueKind::List(items) => {
                    for name in items.iter().filter_map(item_name) {
                        path.push(name);
                        paths.push(path.clone());
                        path.pop();
                    }
                }
                _ => {}
            }
            path.pop();
        }
    }
    let mut paths = Vec::new();
    walk(table, &mut Vec::new(), &mut paths);
    paths
}
