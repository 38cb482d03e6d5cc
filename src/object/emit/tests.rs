//! What is written is read back as the same, by this project's reader and by another.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::object::bundle::MadeBy;
use crate::object::testing::{show, span, to_json};
use crate::object::{parse, parse_value};
use crate::secret::{Fingerprint, SecretKey, SecretKind, Tokens};
use crate::source::{RootPath, SourceKind, SourceMap};

/// Texts that some reader of YAML takes for something else without quotes, or that trip writers.
const HAZARDS: &[&str] = &[
    "",
    " ",
    "y",
    "Y",
    "n",
    "N",
    "yes",
    "no",
    "on",
    "off",
    "On",
    "OFF",
    "true",
    "True",
    "false",
    "null",
    "Null",
    "~",
    "-",
    "--",
    "---",
    "...",
    "--- a",
    "... a",
    ".",
    "..",
    ".inf",
    "-.inf",
    ".NaN",
    "nan",
    "inf",
    "0",
    "00",
    "0o7",
    "0o17",
    "017",
    "0755",
    "0x1F",
    "0b1",
    "1_000",
    "1e3",
    "1E3",
    "1e",
    "1.",
    ".5",
    "-.5",
    "+1",
    "-1",
    "1:30",
    "190:20:30",
    "12:30:45",
    "2001-01-01",
    "2001-12-14t21:59:43.10-05:00",
    "=",
    "<<",
    "!",
    "!x",
    "&a",
    "*a",
    "|",
    ">",
    "%",
    "%YAML",
    "@",
    "`",
    "#",
    "# x",
    "a #b",
    "a# b",
    "a: b",
    "a:",
    ":a",
    ":",
    "a:b",
    "? a",
    "?",
    "- a",
    "-a",
    "[",
    "]",
    "{",
    "}",
    "[a]",
    "{a}",
    ",",
    ", a",
    "'",
    "\"",
    "''",
    "it's",
    "\"x\"",
    "\\",
    "a\\nb",
    "\t",
    "\ta",
    "a\t",
    "a\tb",
    " a",
    "a ",
    "  a\n b",
    "\n",
    "\n\n",
    "a\n",
    "a\n\n",
    "\na",
    "a\nb",
    "a\n b\n",
    " a\nb\n",
    "a\n\n\nb\n",
    "a \nb",
    "a\n ",
    "a\n\t",
    "\t\n",
    "a\r\nb",
    "a\rb",
    "\r",
    "\u{85}",
    "a\u{85}b",
    "\u{2028}",
    "\u{2029}",
    "\u{a0}",
    "\u{feff}",
    "\u{feff}a",
    "\0",
    "\u{7}",
    "\u{1b}[0m",
    "\u{7f}",
    "ü",
    "日本",
    "🚢",
    "é\u{301}",
    "{{ x }}",
    "${X}",
    "$(X)",
    "a,b",
    "k=v",
    "http://x:80/a?b#c",
    "key: |",
    "!!str x",
    "0.0",
    "-0",
    "1.0",
    "12e4567",
    "9223372036854775808",
    "1__0",
    "_1",
    "+",
    "+.5",
    "0x",
    "null ",
    "a\u{0}b",
    "-----BEGIN X-----\nabc\n-----END X-----\n",
    "#!/bin/sh\nset -e\n\techo \"$1\"\n",
    "  leading\nblock",
    "\n  leading",
    "trailing  \n",
    "a: b\nc: d\n",
];

fn text(text: &str) -> Node {
    Node::text(text, span())
}

fn map(entries: impl IntoIterator<Item = (String, Node)>) -> Node {
    let mut map = Map::new();
    for (key, node) in entries {
        map.set(key, node);
    }
    Node::map(map, span())
}

fn reread(yaml: &str) -> String {
    let sources = SourceMap::default();
    let file = sources.add("out.yaml", yaml, SourceKind::Other);
    let literal = crate::source::Span::new(file, 0, yaml.len());
    parse_value(&sources, literal, yaml, &Tokens::new([0; 16]))
        .map_or_else(|said| said.iter().map(|finding| finding.message.clone()).collect(), |node| show(&node))
}

fn holds(node: &Node) {
    let yaml = yaml_node(node, Form::Masked).unwrap();
    assert_eq!(reread(&yaml), show(node), "our reader on:\n{}", *yaml);
    let other: serde_json::Value = serde_yaml::from_str(&yaml).unwrap_or_else(|error| panic!("{error} on:\n{}", *yaml));
    assert_eq!(other, to_json(node), "serde_yaml on:\n{}", *yaml);
}

#[test]
fn hazardous_texts_survive() {
    for hazard in HAZARDS {
        holds(&map([("k".to_owned(), text(hazard)), ("z".to_owned(), text("end"))]));
        holds(&Node::list(vec![text(hazard), map([((*hazard).to_owned(), text(hazard))])], span()));
        holds(&map([("a".to_owned(), map([("b".to_owned(), Node::list(vec![text(hazard)], span()))]))]));
        holds(&text(hazard));
    }
    holds(&map([("long".to_owned(), text(&"many words ".repeat(40))), ("wide".to_owned(), text(&"x".repeat(5000)))]));
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[a-z]{1,8}",
        2 => "[ -~]{0,12}",
        2 => "[ \t\n:#'\"a-c0-9_.,\\-|>%&*!?{}\\[\\]\r]{0,14}",
        1 => "\\PC{0,6}",
        1 => any::<String>().prop_map(|text| text.chars().take(8).collect()),
    ]
}

fn any_node() -> impl Strategy<Value = Node> {
    let leaf = prop_oneof![
        Just(Data::Null),
        any::<bool>().prop_map(Data::Bool),
        any::<i64>().prop_map(Data::Int),
        any::<f64>().prop_filter("finite", |number| number.is_finite()).prop_map(crate::object::parse::whole_or_float),
        any_text().prop_map(|text| Data::Text(text.into())),
    ]
    .prop_map(|data| Node::new(data, span()));
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(|items| Node::list(items, span())),
            prop::collection::vec((any_text(), inner), 0..5).prop_map(map),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]
    #[test]
    fn what_is_written_is_read_back(node in any_node()) {
        holds(&node);
    }
}

fn sealed() -> Sealed {
    let key = |path: &str| {
        let key = SecretKey {
            file: RootPath::root().join("environments/prod.secrets.age").unwrap(),
            path: path.into(),
            kind: SecretKind::Text,
            fingerprint: Fingerprint([0xab; 32]),
            span: span(),
        };
        Sealed::Secret(Arc::new(key))
    };
    Sealed::Base64(Box::new(Sealed::concat([Sealed::Text("u:".into()), key("db.user"), key("db.password")])))
}

fn secret_object() -> Object {
    let sources = SourceMap::default();
    let tokens = Tokens::new([3; 16]);
    let yaml = format!(
        "apiVersion: v1\nkind: Secret\nmetadata: {{name: x, annotations: {{a: b}}, labels: {{c: d}}}}\ndata: {{k: {}}}\n",
        tokens.issue(sealed())
    );
    let file = sources.add("t", yaml, SourceKind::Other);
    parse(&sources, file, &tokens, MadeBy::Template(file)).unwrap().remove(0)
}

#[test]
fn sealed_texts_are_masked_or_revealed() {
    let object = secret_object();
    insta::assert_snapshot!(*yaml([&object, &object], Form::Masked).unwrap(), @r#"
    apiVersion: v1
    kind: Secret
    metadata:
      name: x
      annotations:
        a: b
        plimsoll.dev/masked:
          values: 1
      labels:
        c: d
    data:
      k:
        base64:
          concat:
          - "u:"
          - file: environments/prod.secrets.age
            key: db.user
            fingerprint: abababababab
          - file: environments/prod.secrets.age
            key: db.password
            fingerprint: abababababab
    ---
    apiVersion: v1
    kind: Secret
    metadata:
      name: x
      annotations:
        a: b
        plimsoll.dev/masked:
          values: 1
      labels:
        c: d
    data:
      k:
        base64:
          concat:
          - "u:"
          - file: environments/prod.secrets.age
            key: db.user
            fingerprint: abababababab
          - file: environments/prod.secrets.age
            key: db.password
            fingerprint: abababababab
    "#);
    let reveal = |_: &Sealed| Ok(Zeroizing::new("cGxhaW4=".to_owned()));
    insta::assert_snapshot!(*yaml_object(&object, Form::Revealed(&reveal)).unwrap(), @r"
    apiVersion: v1
    kind: Secret
    metadata:
      name: x
      annotations:
        a: b
      labels:
        c: d
    data:
      k: cGxhaW4=
    ");
    let refuse = |_: &Sealed| Err("no identity opens it".to_owned());
    assert_eq!(yaml_object(&object, Form::Revealed(&refuse)), Err(EmitError("no identity opens it".into())));
    let masked: serde_json::Value = serde_json::from_str(&json([&object], Form::Masked).unwrap()).unwrap();
    let item = &masked["items"][0];
    assert_eq!(item["data"]["k"]["base64"]["concat"][1]["key"], "db.user");
    assert_eq!(item["metadata"]["annotations"][MASKED_ANNOTATION]["values"], 1);
    let from_yaml: serde_json::Value = serde_yaml::from_str(&yaml_object(&object, Form::Masked).unwrap()).unwrap();
    assert_eq!(&from_yaml, item);
}
