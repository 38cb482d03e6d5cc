//! For programs: schema `plimsoll.dev/findings/v1`. Members are only ever added within a version.

use serde_json::{Value, json};

use super::listing::{Count, Item, Place, list};
use super::{Findings, tokens};

/// Findings as a JSON document, in the order found. Ends in a line end.
pub fn json(groups: &[Findings<'_>]) -> String {
    format!("{:#}\n", json_value(groups))
}

/// Findings as a JSON value, to stand inside another document.
pub fn json_value(groups: &[Findings<'_>]) -> Value {
    let items = list(groups);
    let count = Count::of(&items);
    let environments: Vec<&str> = groups.iter().filter_map(|group| group.environment).collect();
    json!({
        "schema": "plimsoll.dev/findings/v1",
        "environments": environments,
        "summary": { "errors": count.errors, "warnings": count.warnings, "notes": count.notes },
        "findings": items.iter().map(item).collect::<Vec<_>>(),
    })
}

/// One error without a place as a document of the same schema; `rule` is `usage` or `refused`.
pub fn json_message(rule: &str, message: &str, hints: &[String]) -> String {
    let finding = json!({
        "rule": rule,
        "severity": "error",
        "message": tokens::hide(message),
        "environments": [],
        "object": null,
        "field": null,
        "location": null,
        "related": [],
        "hints": tokens::hints(rule, hints),
    });
    let document = json!({
        "schema": "plimsoll.dev/findings/v1",
        "environments": [],
        "summary": { "errors": 1, "warnings": 0, "notes": 0 },
        "findings": [finding],
    });
    format!("{document:#}\n")
}

fn item(item: &Item<'_>) -> Value {
    json!({
        "rule": item.rule.name,
        "severity": item.rule.severity.name(),
        "message": item.message,
        "environments": item.environments,
        "object": item.object,
        "field": item.field,
        "location": item.place.as_ref().map(place),
        "related": item.related.iter().map(place).collect::<Vec<_>>(),
        "hints": item.hints,
    })
}

fn place(place: &Place) -> Value {
    json!({
        "file": place.file,
        "line": place.line,
        "column": place.column,
        "endLine": place.end_line,
        "endColumn": place.end_column,
        "label": place.label,
    })
}
