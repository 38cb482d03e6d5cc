//! SARIF 2.1.0 (OASIS), for code scanning.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::Findings;
use super::listing::{Item, Place, list};
use crate::diagnostic::{Rule, Severity};

/// GitHub keeps this many results of a run.
const MOST: usize = 5000;

/// Findings as a SARIF log of one run. `prefix` is the root's path inside the git repository, `""` or ending in `/`.
/// Past 5,000 results the gravest are kept. Ends in a line end.
pub fn sarif(groups: &[Findings<'_>], prefix: &str) -> String {
    let mut items = list(groups);
    if items.len() > MOST {
        items.sort_by_key(|item| std::cmp::Reverse(item.rule.severity));
        items.truncate(MOST);
    }
    let mut rules: Vec<&'static Rule> = items.iter().map(|item| item.rule).collect();
    rules.sort_by_key(|rule| rule.name);
    rules.dedup_by_key(|rule| rule.name);
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "plimsoll",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules.iter().map(|rule| descriptor(rule)).collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "results": items.iter().map(|item| result(item, prefix)).collect::<Vec<_>>(),
        }],
    });
    format!("{log:#}\n")
}

fn level(severity: Severity) -> &'static str {
    severity.name()
}

fn descriptor(rule: &Rule) -> Value {
    json!({
        "id": rule.name,
        "shortDescription": { "text": rule.summary },
        "fullDescription": { "text": rule.summary },
        "help": { "text": rule.page, "markdown": rule.page },
        "defaultConfiguration": { "level": level(rule.severity) },
    })
}

fn result(item: &Item<'_>, prefix: &str) -> Value {
    let mut text = item.message.clone();
    for hint in &item.hints {
        text.push_str("\nhelp: ");
        text.push_str(hint);
    }
    let logical: Vec<Value> = item
        .object
        .into_iter()
        .map(|object| {
            let name = item.field.map_or_else(|| object.to_owned(), |field| format!("{object} {field}"));
            json!({ "fullyQualifiedName": name, "kind": "object" })
        })
        .collect();
    let mut location = serde_json::Map::new();
    if let Some(place) = item.place.as_ref().filter(|place| place.is_file) {
        location.insert("physicalLocation".into(), physical(place, prefix));
    }
    if !logical.is_empty() {
        location.insert("logicalLocations".into(), logical.into());
    }
    let locations = if location.is_empty() { json!([]) } else { json!([location]) };
    let related = item
        .related
        .iter()
        .filter(|place| place.is_file)
        .map(|place| json!({ "physicalLocation": physical(place, prefix), "message": { "text": place.label } }));
    json!({
        "ruleId": item.rule.name,
        "level": level(item.rule.severity),
        "message": { "text": text },
        "locations": locations,
        "relatedLocations": related.collect::<Vec<_>>(),
        "partialFingerprints": { "plimsoll/v1": fingerprint(item) },
        "properties": { "environments": item.environments },
    })
}

fn physical(place: &Place, prefix: &str) -> Value {
    json!({
        "artifactLocation": { "uri": uri(&format!("{prefix}{}", place.file)) },
        "region": {
            "startLine": place.line,
            "startColumn": place.column,
            "endLine": place.end_line,
            "endColumn": place.end_column,
        },
    })
}

/// A relative path as a URI reference (RFC 3986): all but unreserved characters and `/` percent-encoded.
fn uri(path: &str) -> String {
    use std::fmt::Write;
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'/') {
            uri.push(char::from(byte));
        } else {
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri
}

/// The same for the same finding when lines move: made of the rule, the file, the object, the field and the message.
fn fingerprint(item: &Item<'_>) -> String {
    use std::fmt::Write;
    let mut hash = Sha256::new();
    let file = item.place.as_ref().map_or("", |place| place.file.as_str());
    for part in [item.rule.name, file, item.object.unwrap_or(""), item.field.unwrap_or(""), &item.message] {
        hash.update(part.len().to_be_bytes());
        hash.update(part);
    }
    hash.finalize().iter().take(16).fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
