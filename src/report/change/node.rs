//! A value as a reader sees it: block YAML, sealed parts masked. For eyes only; `object::emit` writes what machines read.

use super::masks::Masks;
use crate::object::{Data, Node};

/// The value as lines of YAML.
pub fn yaml(node: &Node, masks: &mut Masks) -> Vec<String> {
    let mut lines = Vec::new();
    match &node.data {
        Data::Map(map) if !map.is_empty() => {
            for (key, entry) in map.iter() {
                below(&mut lines, &format!("{}:", plain(key)), &entry.node, masks);
            }
        }
        Data::List(items) if !items.is_empty() => {
            for item in items {
                // The item's first line stands behind its dash, the others below it.
                for (at, line) in yaml(item, masks).into_iter().enumerate() {
                    lines.push(format!("{} {line}", if at == 0 { "-" } else { " " }));
                }
            }
        }
        _ => lines.extend(scalar(node, masks)),
    }
    lines
}

fn below(lines: &mut Vec<String>, key: &str, node: &Node, masks: &mut Masks) {
    let inner = yaml(node, masks);
    let is_block = match &node.data {
        Data::Map(map) => !map.is_empty(),
        Data::List(items) => !items.is_empty(),
        _ => inner.len() > 1,
    };
    match inner.split_first() {
        Some((first, [])) if !is_block => lines.push(format!("{key} {first}")),
        Some((first, rest)) if !matches!(node.data, Data::Map(_) | Data::List(_)) => {
            // A block text: the sign stands behind the key.
            lines.push(format!("{key} {first}"));
            lines.extend(rest.iter().cloned());
        }
        _ => {
            lines.push(key.to_owned());
            lines.extend(inner.into_iter().map(|line| format!("  {line}")));
        }
    }
}

fn scalar(node: &Node, masks: &mut Masks) -> Vec<String> {
    let text = match &node.data {
        Data::Null => return vec!["null".to_owned()],
        Data::Bool(truth) => return vec![truth.to_string()],
        Data::Int(number) => return vec![number.to_string()],
        Data::Float(number) => return vec![number.to_string()],
        Data::List(_) => return vec!["[]".to_owned()],
        Data::Map(_) => return vec!["{}".to_owned()],
        Data::Text(text) => text.to_string(),
        Data::Sealed(sealed) => {
            let shown = masks.show(sealed);
            if !shown.contains('\n') {
                return vec![shown];
            }
            shown
        }
    };
    if !text.contains('\n') {
        return vec![plain(&text)];
    }
    let sign = if text.ends_with('\n') { "|" } else { "|-" };
    std::iter::once(sign.to_owned()).chain(text.lines().map(|line| format!("  {line}"))).collect()
}

/// A text bare where YAML would read it back as that text, else quoted as JSON.
fn plain(text: &str) -> String {
    let mut chars = text.chars();
    let starts = chars.next().is_some_and(|c| c.is_alphabetic() || matches!(c, '/' | '_' | '.' | '$' | '('));
    let is_word =
        matches!(text.to_ascii_lowercase().as_str(), "true" | "false" | "null" | "yes" | "no" | "on" | "off" | "y" | "n");
    let is_tame = !text.contains(": ") && !text.contains(" #") && !text.ends_with([':', ' ']) && !text.contains(char::is_control);
    if starts && is_tame && !is_word && text.parse::<f64>().is_err() {
        return text.to_owned();
    }
    serde_json::Value::from(text).to_string()
}
