//! Others' fields: what the environment's `[[conflict]]` tables say of them.

use crate::environment::Conflict;
use crate::object::{Node, Object, Pattern, Selector};

/// `[[conflict]]` tables, read.
#[derive(Debug, Default)]
pub(super) struct Policies(Vec<Policy>);

#[derive(Debug)]
struct Policy {
    object: Selector,
    field: Vec<Part>,
    take: bool,
}

/// What the environment says of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Take,
    Leave,
    Nothing,
}

/// One step of a field's path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    Field(String),
    /// A list's item by what names it, such as `name="a"`; several keys with commas between.
    Item(Vec<(String, String)>),
    /// A list's item by its place, or a member of a set, as written.
    Other(String),
}

impl Policies {
    /// The tables in order. A selector that can't be read has been reported by the compiler, and selects nothing here.
    pub(super) fn read(conflicts: &[Conflict]) -> Self {
        let read = |conflict: &Conflict| {
            Some(Policy {
                object: Selector::read(&conflict.object).ok()?,
                field: parse(&conflict.field.value)?,
                take: conflict.policy.value == "take",
            })
        };
        Self(conflicts.iter().filter_map(read).collect())
    }

    /// What is said of a field, as the server writes it (`.spec.template.spec.containers[name="a"].image`). The last table that fits holds.
    pub(super) fn verdict(&self, object: &Object, field: &str) -> Verdict {
        let Some(path) = parse_in(field, Some(&object.root)) else { return Verdict::Nothing };
        let fits = |policy: &&Policy| policy.object.selects(object) && covers(&policy.field, &path);
        match self.0.iter().rev().find(fits) {
            Some(Policy { take: true, .. }) => Verdict::Take,
            Some(_) => Verdict::Leave,
            None => Verdict::Nothing,
        }
    }
}

/// Whether a policy's path is the field's, or a place above it.
fn covers(policy: &[Part], field: &[Part]) -> bool {
    policy.len() <= field.len() && policy.iter().zip(field).all(|(policy, part)| fits(policy, part))
}

fn fits(policy: &Part, part: &Part) -> bool {
    let glob = |pattern: &str, text: &str| Pattern::read(pattern).is_ok_and(|pattern| pattern.matches(text));
    match (policy, part) {
        (Part::Field(policy), Part::Field(field)) => policy == field || glob(policy, field),
        (Part::Item(policy), Part::Item(item)) => {
            policy.iter().all(|(key, value)| item.iter().any(|(k, v)| k == key && (v == value || glob(value, v))))
        }
        // `containers[a]`: the item that is named so.
        (Part::Other(policy), Part::Item(item)) => policy == "*" || item.iter().any(|(_, value)| value == policy),
        (Part::Other(policy), Part::Other(other)) => policy == "*" || policy == other,
        _ => false,
    }
}

/// Reads `.spec.ports[port=80,protocol="TCP"].name`, `metadata.annotations["a.b/c"]`, `spec.containers[0].image`; `None` if a bracket
/// isn't closed.
fn parse(written: &str) -> Option<Vec<Part>> {
    parse_in(written, None)
}

/// As [`parse`], against the tree that it is meant for: the server writes keys with dots in them as they are
/// (`.metadata.annotations.example.com/a`), so a key that is there is taken whole.
fn parse_in(written: &str, root: Option<&Node>) -> Option<Vec<Part>> {
    let mut parts = Vec::new();
    let (mut rest, mut here) = (written, root);
    while !rest.is_empty() {
        let part = if let Some(inside) = rest.strip_prefix('[') {
            let end = closing(inside)?;
            let (inside, tail) = (inside.get(..end)?, inside.get(end + 1..)?);
            rest = tail;
            bracket(inside)
        } else {
            rest = rest.strip_prefix('.').unwrap_or(rest);
            let end = key_end(rest, here).unwrap_or_else(|| rest.find(['.', '[']).unwrap_or(rest.len()));
            let (field, tail) = rest.split_at(end);
            rest = tail;
            if field.is_empty() {
                continue;
            }
            Part::Field(field.to_owned())
        };
        here = here.and_then(|node| down(node, &part));
        parts.push(part);
    }
    Some(parts)
}

/// How long the longest key of the map is that the text begins with.
fn key_end(rest: &str, here: Option<&Node>) -> Option<usize> {
    let ends = |key: &&str| rest.strip_prefix(*key).is_some_and(|tail| tail.is_empty() || tail.starts_with(['.', '[']));
    here?.as_map()?.keys().map(crate::object::Text::as_str).filter(ends).map(str::len).max()
}

fn down<'a>(node: &'a Node, part: &Part) -> Option<&'a Node> {
    match part {
        Part::Field(field) => node.get(field),
        _ => node.as_list()?.iter().enumerate().find(|(at, item)| is_item(item, *at, part)).map(|(_, item)| item),
    }
}

/// Where the bracket closes: one inside quotes doesn't.
fn closing(inside: &str) -> Option<usize> {
    let mut quoted = false;
    for (at, c) in inside.char_indices() {
        match c {
            '"' => quoted = !quoted,
            ']' if !quoted => return Some(at),
            _ => {}
        }
    }
    None
}

fn bracket(inside: &str) -> Part {
    if let Some(quoted) = inside.strip_prefix('"').and_then(|inside| inside.strip_suffix('"'))
        && !quoted.contains('"')
    {
        return Part::Field(quoted.to_owned());
    }
    let pair = |part: &str| {
        let (key, value) = part.split_once('=')?;
        Some((key.to_owned(), value.trim_matches('"').to_owned()))
    };
    let pairs: Option<Vec<(String, String)>> = inside.split(',').map(pair).collect();
    pairs.map_or_else(|| Part::Other(inside.to_owned()), Part::Item)
}

/// Takes a field out of a tree; maps that are left empty by it go too, but the outermost. Whether it was there.
pub(super) fn strip(root: &mut Node, field: &str) -> bool {
    parse_in(field, Some(root)).is_some_and(|path| strip_at(root, &path))
}

fn strip_at(node: &mut Node, path: &[Part]) -> bool {
    let Some((part, rest)) = path.split_first() else { return false };
    match part {
        Part::Field(field) => {
            let Some(map) = node.as_map_mut() else { return false };
            if rest.is_empty() {
                return map.remove(field).is_some();
            }
            let Some(child) = map.get_mut(field) else { return false };
            let stripped = strip_at(child, rest);
            let is_empty = child.as_map().is_some_and(crate::object::Map::is_empty);
            if stripped && is_empty {
                map.remove(field);
            }
            stripped
        }
        Part::Item(_) | Part::Other(_) => {
            let Some(items) = node.as_list_mut() else { return false };
            let Some(at) = items.iter().enumerate().position(|(at, item)| is_item(item, at, part)) else { return false };
            if rest.is_empty() {
                items.remove(at);
                return true;
            }
            items.get_mut(at).is_some_and(|item| strip_at(item, rest))
        }
    }
}

fn is_item(item: &Node, at: usize, part: &Part) -> bool {
    use crate::object::Data;
    let text = |node: &Node| match &node.data {
        Data::Text(text) => Some(text.to_string()),
        Data::Int(number) => Some(number.to_string()),
        Data::Bool(truth) => Some(truth.to_string()),
        _ => None,
    };
    match part {
        // A key that the server puts in (a port's protocol) may be absent here.
        Part::Item(keys) => {
            let absent_or = |key: &str, value: &str| item.get(key).is_none_or(|node| text(node).as_deref() == Some(value));
            keys.iter().all(|(key, value)| absent_or(key, value)) && keys.iter().any(|(key, _)| item.get(key).is_some())
        }
        Part::Other(other) => other.parse() == Ok(at) || text(item).as_deref() == Some(other.trim_matches(['"', '='])),
        Part::Field(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::change::testing::{node, object};
    use crate::environment::Spanned;

    fn policies(field: &str) -> Policies {
        let span = object(&json!({ "apiVersion": "v1", "kind": "A", "metadata": { "name": "a" } })).span;
        let text = |text: &str| Spanned::new(text.to_owned(), span);
        Policies::read(&[Conflict { span, object: text("Deployment/*"), field: text(field), policy: text("leave") }])
    }

    #[test]
    fn a_field_is_written_as_users_and_as_the_server_write_it() {
        let deployment = object(&json!({ "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": { "name": "a", "annotations": { "a": "x", "a.b/c": "y" } } }));
        let service = object(&json!({ "apiVersion": "v1", "kind": "Service", "metadata": { "name": "a" } }));
        let image = ".spec.template.spec.containers[name=\"a\"].image";
        for (policy, field, expected) in [
            ("spec.replicas", ".spec.replicas", Verdict::Leave),
            ("spec", ".spec.replicas", Verdict::Leave),
            ("spec.replica", ".spec.replicas", Verdict::Nothing),
            ("spec.template.spec.containers[name=a].image", image, Verdict::Leave),
            ("spec.template.spec.containers[name=\"a\"].image", image, Verdict::Leave),
            ("spec.template.spec.containers[a].image", image, Verdict::Leave),
            ("spec.template.spec.containers[*].image", image, Verdict::Leave),
            ("spec.template.spec.containers[name=b].image", image, Verdict::Nothing),
            ("metadata.annotations[\"a.b/c\"]", ".metadata.annotations.a.b/c", Verdict::Leave),
            ("spec.ports[port=80].name", ".spec.ports[port=80,protocol=\"TCP\"].name", Verdict::Leave),
        ] {
            assert_eq!(policies(policy).verdict(&deployment, field), expected, "{policy} {field}");
            assert_eq!(policies(policy).verdict(&service, field), Verdict::Nothing);
        }
    }

    #[test]
    fn a_field_that_is_left_is_taken_out_of_what_is_sent() {
        let mut root = node(
            &json!({ "spec": { "replicas": 1, "containers": [{ "name": "a", "image": "x" }, { "name": "b", "image": "y" }] } }),
        );
        assert!(strip(&mut root, ".spec.replicas"));
        assert!(strip(&mut root, ".spec.containers[name=\"b\"].image"));
        assert!(!strip(&mut root, ".spec.nothing.here"));
        let left = node(&json!({ "spec": { "containers": [{ "name": "a", "image": "x" }, { "name": "b" }] } }));
        assert!(root.same(&left));
    }
}
