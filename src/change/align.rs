//! Which item of one list is which of the other.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use similar::{Algorithm, DiffOp, capture_diff_slices};

use crate::object::{Data, Node};
use crate::secret::Sealed;

/// One item, or a pair of them; the text names it where its list names its items (`name=server`).
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The items at these places are the same one.
    Both(usize, usize, Option<String>),
    /// Only the new list has it.
    Added(usize, Option<String>),
    /// Only the old list has it.
    Removed(usize, Option<String>),
}

/// Two lists, aligned.
#[derive(Debug, Default)]
pub(super) struct Aligned {
    /// In the new list's order, what is gone last (or, in lists without names, where it stood).
    pub steps: Vec<Step>,
    /// The names on both sides, if those that both have stand in another order.
    pub reordered: Option<(Vec<String>, Vec<String>)>,
}

/// What names the items of Kubernetes' lists, most telling first: the merge keys of its built-in types.
const KEYS: &[&str] = &["name", "mountPath", "devicePath", "containerPort", "port", "key", "ip", "topologyKey", "type", "uid"];

/// Longer lists without names are compared place by place: the alignment may take quadratic time.
const MOST: usize = 10_000;

/// Aligns by name where every item of both lists has one of its own, else by longest common subsequence.
pub(super) fn align(old: &[Node], new: &[Node]) -> Aligned {
    let names = KEYS.iter().find_map(|key| Some((*key, names(old, key)?, names(new, key)?)));
    match names {
        Some((key, old, new)) if !(old.is_empty() && new.is_empty()) => by_name(key, &old, &new),
        _ => by_content(old, new),
    }
}

/// The scalar under `key` of each item; `None` if one lacks it or two have the same.
fn names(items: &[Node], key: &str) -> Option<Vec<String>> {
    let names: Vec<String> = items
        .iter()
        .map(|item| match &item.get(key)?.data {
            Data::Text(text) => Some(text.to_string()),
            Data::Int(number) => Some(number.to_string()),
            _ => None,
        })
        .collect::<Option<_>>()?;
    let distinct: BTreeSet<&String> = names.iter().collect();
    (distinct.len() == names.len()).then_some(names)
}

fn by_name(key: &str, old: &[String], new: &[String]) -> Aligned {
    let places =
        |names: &[String]| -> BTreeMap<String, usize> { names.iter().enumerate().map(|(at, name)| (name.clone(), at)).collect() };
    let (old_places, new_places) = (places(old), places(new));
    let mut steps: Vec<Step> = Vec::new();
    for (at, name) in new.iter().enumerate() {
        let shown = Some(format!("{key}={name}"));
        steps.push(match old_places.get(name) {
            Some(old) => Step::Both(*old, at, shown),
            None => Step::Added(at, shown),
        });
    }
    for (at, name) in old.iter().enumerate().filter(|(_, name)| !new_places.contains_key(*name)) {
        steps.push(Step::Removed(at, Some(format!("{key}={name}"))));
    }
    let common = |names: &[String], other: &BTreeMap<String, usize>| -> Vec<String> {
        names.iter().filter(|name| other.contains_key(*name)).cloned().collect()
    };
    let (old_order, new_order) = (common(old, &new_places), common(new, &old_places));
    let reordered = (old_order != new_order).then_some((old_order, new_order));
    Aligned { steps, reordered }
}

fn by_content(old: &[Node], new: &[Node]) -> Aligned {
    let mut steps = Vec::new();
    if old.len().max(new.len()) > MOST {
        by_place(&mut steps, 0, old.len(), 0, new.len());
        return Aligned { steps, reordered: None };
    }
    let (old, new): (Vec<String>, Vec<String>) = (old.iter().map(canonical).collect(), new.iter().map(canonical).collect());
    for op in capture_diff_slices(Algorithm::Myers, &old, &new) {
        match op {
            DiffOp::Equal { .. } => {}
            DiffOp::Delete { old_index, old_len, .. } => {
                steps.extend((old_index..old_index + old_len).map(|at| Step::Removed(at, None)));
            }
            DiffOp::Insert { new_index, new_len, .. } => {
                steps.extend((new_index..new_index + new_len).map(|at| Step::Added(at, None)));
            }
            DiffOp::Replace { old_index, old_len, new_index, new_len } => {
                by_place(&mut steps, old_index, old_len, new_index, new_len);
            }
        }
    }
    Aligned { steps, reordered: None }
}

/// Pairs what stands at the same distance from two starts; the longer side's rest has no partner.
fn by_place(steps: &mut Vec<Step>, old: usize, old_len: usize, new: usize, new_len: usize) {
    let pairs = old_len.min(new_len);
    steps.extend((0..pairs).map(|at| Step::Both(old + at, new + at, None)));
    steps.extend((pairs..old_len).map(|at| Step::Removed(old + at, None)));
    steps.extend((pairs..new_len).map(|at| Step::Added(new + at, None)));
}

/// A text that two values share exactly if they are the same.
fn canonical(node: &Node) -> String {
    let mut text = String::new();
    write_canonical(node, &mut text);
    text
}

fn write_canonical(node: &Node, text: &mut String) {
    match &node.data {
        Data::Null => text.push('~'),
        Data::Bool(truth) => {
            let _ = write!(text, "{truth}");
        }
        Data::Int(number) => {
            let _ = write!(text, "{number}");
        }
        Data::Float(number) => {
            let _ = write!(text, "{number:?}");
        }
        Data::Text(string) => {
            let _ = write!(text, "{string:?}");
        }
        Data::Sealed(sealed) => write_sealed(sealed, text),
        Data::List(items) => {
            text.push('[');
            for item in items {
                write_canonical(item, text);
                text.push(',');
            }
            text.push(']');
        }
        Data::Map(map) => {
            let sorted: BTreeMap<&str, &Node> = map.iter().map(|(key, entry)| (key.as_str(), &entry.node)).collect();
            text.push('{');
            for (key, node) in sorted {
                let _ = write!(text, "{key:?}:");
                write_canonical(node, text);
                text.push(',');
            }
            text.push('}');
        }
    }
}

fn write_sealed(sealed: &Sealed, text: &mut String) {
    match sealed {
        Sealed::Text(part) => {
            let _ = write!(text, "t{part:?}");
        }
        Sealed::Secret(key) => {
            let _ = write!(text, "s{:?}", key.fingerprint.0);
        }
        Sealed::Concat(parts) => {
            text.push('(');
            for part in parts {
                write_sealed(part, text);
            }
            text.push(')');
        }
        Sealed::Base64(inner) => {
            text.push('b');
            write_sealed(inner, text);
        }
        Sealed::Escaped(escape, inner) => {
            let _ = write!(text, "e{escape:?}");
            write_sealed(inner, text);
        }
    }
}
