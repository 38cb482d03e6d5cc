//! For programs: schema `plimsoll.dev/findings/v1`. Members are only ever added within a version.

use serde_json::{Value, json};

use super::Findings;
use super::listing::{Count, Item, Place, list};

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
