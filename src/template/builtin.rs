//! Every filter, test and function, with its stance towards secrets. What isn't listed here doesn't exist for a template.

use super::site::{Gives, Row, Stance};

const fn row(name: &'static str, stance: Stance, gives: Gives, arguments: &'static [&'static str]) -> Row {
    Row { name, stance, gives, arguments, open: &[] }
}

use Gives::{Any, Scalar, Text as Words};
use Stance::{Passes, Refuses, Text};

/// Filters, sorted by name.
pub(super) static FILTERS: &[Row] = &[
    row("abs", Refuses, Scalar, &[]),
    row("b64encode", Text, Words, &[]),
    row("capitalize", Refuses, Words, &[]),
    Row { name: "default", stance: Passes, gives: Any, arguments: &["value", "boolean"], open: &["value"] },
    row("dns_label", Refuses, Words, &["max"]),
    row("escape", Refuses, Words, &[]),
    row("escape_html", Refuses, Words, &[]),
    row("escape_xml", Refuses, Words, &[]),
    row("fingerprint", Passes, Words, &[]),
    row("first", Passes, Any, &[]),
    row("float", Refuses, Scalar, &[]),
    Row { name: "get", stance: Passes, gives: Any, arguments: &["key", "default"], open: &["default"] },
    row("group_by", Refuses, Any, &["attribute"]),
    row("indent", Text, Words, &["width", "indentation", "first", "blank"]),
    row("int", Refuses, Scalar, &["base"]),
    row("join", Passes, Words, &["sep"]),
    row("keys", Passes, Any, &[]),
    row("last", Passes, Any, &[]),
    row("length", Refuses, Scalar, &[]),
    row("lower", Refuses, Words, &[]),
    row("newlines_to_br", Refuses, Words, &[]),
    row("nth", Passes, Any, &["n"]),
    row("pairs", Passes, Any, &[]),
    row("pluralize", Refuses, Words, &["singular", "plural"]),
    row("quantity_add", Refuses, Words, &["by"]),
    row("quantity_div", Refuses, Words, &["by"]),
    row("quantity_in", Refuses, Scalar, &["unit"]),
    row("quantity_max", Refuses, Words, &["with"]),
    row("quantity_min", Refuses, Words, &["with"]),
    row("quantity_mul", Refuses, Words, &["by"]),
    row("quantity_sub", Refuses, Words, &["by"]),
    row("quote", Text, Words, &[]),
    row("replace", Refuses, Words, &["from", "to"]),
    row("reverse", Refuses, Any, &[]),
    row("round", Refuses, Scalar, &["method", "precision"]),
    row("safe", Text, Words, &[]),
    row("sha256", Refuses, Words, &[]),
    row("sort", Refuses, Any, &["attribute"]),
    row("split", Refuses, Any, &["pat"]),
    row("str", Text, Words, &[]),
    row("title", Refuses, Words, &[]),
    row("to_json", Passes, Words, &["pretty"]),
    row("to_toml", Passes, Words, &[]),
    row("to_yaml", Passes, Words, &[]),
    row("trim", Refuses, Words, &["pat"]),
    row("trim_end", Refuses, Words, &["pat"]),
    row("trim_start", Refuses, Words, &["pat"]),
    row("truncate", Refuses, Words, &["length", "end"]),
    row("unique", Refuses, Any, &[]),
    row("upper", Refuses, Words, &[]),
    row("urlencode", Text, Words, &[]),
    row("values", Passes, Any, &[]),
    row("wordcount", Refuses, Scalar, &[]),
];

/// Tests, sorted by name. `defined` and `undefined` alone may ask a secret.
pub(super) static TESTS: &[Row] = &[
    row("array", Refuses, Scalar, &[]),
    row("bool", Refuses, Scalar, &[]),
    row("containing", Refuses, Scalar, &["pat"]),
    row("defined", Passes, Scalar, &[]),
    row("divisible_by", Refuses, Scalar, &["divisor"]),
    row("ending_with", Refuses, Scalar, &["pat"]),
    row("even", Refuses, Scalar, &[]),
    row("float", Refuses, Scalar, &[]),
    row("integer", Refuses, Scalar, &[]),
    row("iterable", Refuses, Scalar, &[]),
    row("map", Refuses, Scalar, &[]),
    row("none", Refuses, Scalar, &[]),
    row("number", Refuses, Scalar, &[]),
    row("odd", Refuses, Scalar, &[]),
    row("starting_with", Refuses, Scalar, &["pat"]),
    row("string", Refuses, Scalar, &[]),
    row("undefined", Passes, Scalar, &[]),
];

/// Functions, sorted by name. The first argument of `file`, `ref` and `throw` may be given without its name.
pub(super) static FUNCTIONS: &[Row] = &[
    row("file", Refuses, Words, &["path"]),
    row("range", Refuses, Any, &["start", "end", "step_by"]),
    row("ref", Refuses, Words, &["to"]),
    row("super", Refuses, Words, &[]),
    row("throw", Refuses, Scalar, &["message"]),
];

/// The row of a name.
pub(super) fn find(rows: &'static [Row], name: &str) -> Option<&'static Row> {
    rows.binary_search_by(|row| row.name.cmp(name)).ok().and_then(|at| rows.get(at))
}

/// What to write in place of a name that people know from Helm, Jinja or Tera 1.
pub(super) fn known_elsewhere(name: &str) -> Option<&'static str> {
    Some(match name {
        "nindent" => "write the line break into the template and use `indent(width=N)`",
        "toYaml" | "tojson" | "toJson" | "json_encode" => "here it is `to_yaml` or `to_json`",
        "b64enc" | "base64" | "base64_encode" => "here it is `b64encode`",
        "b64dec" | "b64decode" => "nothing is decoded in a template: put the decoded text into the values, or seal it",
        "sha256sum" => "here it is `sha256`; for secrets `fingerprint`",
        "date" | "now" => "the output never depends on the clock",
        "get_env" | "env" => "the output never depends on environment variables; put the value into the environment's TOML",
        "required" | "fail" => "an undefined variable is an error anyway; `throw(message=\"…\")` stops with your own words",
        "lookup" => "nothing is looked up in the cluster while templates render",
        "tpl" => "values are never templates; move the text into a template or a component",
        "quote_yaml" | "squote" => "here it is `quote`",
        "ternary" => "write `a if condition else b`",
        "slice" => "write `list[from:to]`",
        "concat" => "write `[...a, ...b]`",
        "merge" => "write `{...a, ...b}`",
        "map" | "filter" => "write a comprehension: `[f(x) for x in list if condition]`",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_sorted_and_complete() {
        for rows in [FILTERS, TESTS, FUNCTIONS] {
            assert!(rows.windows(2).all(|pair| pair[0].name < pair[1].name));
            assert!(rows.iter().all(|row| row.open.iter().all(|open| row.arguments.contains(open))));
        }
        // What tera 2.4 registers by itself must have a row each: 37 filters, 17 tests, 2 functions.
        let own = ["b64encode", "dns_label", "fingerprint", "quote", "sha256", "to_json", "to_toml", "to_yaml", "urlencode"];
        let theirs = FILTERS.iter().filter(|row| !own.contains(&row.name) && !row.name.starts_with("quantity_")).count();
        assert_eq!((theirs, TESTS.len(), FUNCTIONS.len()), (37, 17, 5));
    }
}
