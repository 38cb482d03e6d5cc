//! What texts become, and what is said about broken ones.

use std::fmt::Write as _;

use super::*;
use crate::object::node::Data;
use crate::object::testing::show;
use crate::secret::{Escape, Fingerprint, Sealed, SecretKey, SecretKind};
use crate::source::{RootPath, SourceKind};
use std::sync::Arc;

fn read_with(text: &str, tokens: &Tokens) -> Result<Vec<Object>, String> {
    let map = SourceMap::default();
    let file = map.add("t.yaml", text, SourceKind::Other);
    parse(&map, file, tokens, MadeBy::Template(file)).map_err(|diagnostics| {
        diagnostics.iter().fold(String::new(), |mut said, finding| {
            let position = finding.primary.as_ref().map(|at| map.position(at.span)).unwrap();
            let (line, column) = (position.line, position.column);
            writeln!(said, "{line}:{column} {}: {}", finding.rule.name, finding.message).unwrap();
            said
        })
    })
}

fn read(text: &str) -> Result<Vec<Object>, String> {
    read_with(text, &Tokens::new([7; 16]))
}

/// The document as JSON, below a minimal object's `spec`.
fn spec(yaml: &str) -> String {
    let text = format!("apiVersion: v1\nkind: Test\nmetadata: {{name: x}}\nspec:\n{yaml}");
    match read(&text) {
        Ok(objects) => show(objects[0].root.get("spec").unwrap()),
        Err(error) => error,
    }
}

#[test]
fn scalars_and_styles() {
    assert_eq!(
        spec(
            "  a: 'it''s'\n  b: \"x\\ty\"\n  c: |\n    two\n    lines\n  d: >-\n    one\n    line\n  e: [1, 0755, ~, {f: true}]\n  g:\n"
        ),
        r#"{"a":"it's","b":"x\ty","c":"two\nlines\n","d":"one line","e":[1,493,null,{"f":true}],"g":null}"#
    );
    assert_eq!(spec("  a: |\n    no line end"), r#"{"a":"no line end"}"#);
    assert_eq!(spec("  a: !!str 12\n  b: ! 12\n  c: \"12\"\n  d: !!int 12"), r#"{"a":"12","b":"12","c":"12","d":12}"#);
}

#[test]
fn anchors_and_merge_keys() {
    assert_eq!(
        spec("  base: &b {p: 1, q: 2}\n  other: &o {q: 3, r: 4}\n  a: {<<: *b, q: 9}\n  c: {<<: [*b, *o]}\n  d: *b\n"),
        r#"{"base":{"p":1,"q":2},"other":{"q":3,"r":4},"a":{"q":9,"p":1},"c":{"p":1,"q":2,"r":4},"d":{"p":1,"q":2}}"#
    );
}

#[test]
fn the_bounds_of_aliases_hold() {
    let mut bomb = "  a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let last = level - 1;
        writeln!(bomb, "  a{level}: &a{level} [{}]", vec![format!("*a{last}"); 10].join(", ")).unwrap();
    }
    let said = spec(&bomb);
    assert!(said.contains("yaml-alias-bomb") && said.lines().count() == 1, "{said}");

    let mut deep = "  a0: &a0 x\n".to_owned();
    for level in 1..40 {
        writeln!(deep, "  a{level}: &a{level} {}*a{}{}", "[".repeat(20), level - 1, "]".repeat(20)).unwrap();
    }
    assert!(spec(&deep).contains("yaml-too-deep"));
    assert!(spec("  a: &a [*a]\n").contains("yaml-syntax: an alias stands inside the value that it names"));
    assert!(spec(&format!("  a: {}\n", "[".repeat(300))).contains("yaml-too-deep"));
}

#[test]
fn all_documents_are_reported() {
    let said = read(
        "apiVersion: v1\nkind: A\nmetadata: {name: [1}\n---\nkind: B\nmetadata:\n\tname: x\n---\napiversion: v1\nkind: C\nmetadata: {name: 1}\n---\n# nothing\n---\ntext\n",
    )
    .unwrap_err();
    insta::assert_snapshot!(said, @r"
    3:18 yaml-syntax: `[` is closed by `}`
    7:2 yaml-syntax: a tab stands in the indentation
    9:1 not-an-object: an object has no `apiVersion`
    11:18 not-an-object: `metadata.name` is an integer, not a string
    15:1 not-an-object: this document is a string, not an object
    ");
}

#[test]
fn broken_texts_are_explained() {
    let said: String = [
        "  a: 1\n  a: 2\n",
        "  a: b: c\n",
        "  a: |\nb\n  c: d\n",
        "  a: \"x\n  b: 1\n",
        "  a: [1, 2\n  b: 1\n",
        "  a: {{ x }}\n",
        "  8080: x\n  true: y\n  ~: z\n",
        "  on: x\n",
        "  a: @x\n",
        "  a: \"\\d\"\n",
        "  a: *b\n",
        "  a: !Ref x\n  b: !!int \"x\"\n",
        "  a: x\n   b: x\n",
        "  - a\n  b: 1\n",
        "  <<: 1\n",
    ]
    .iter()
    .map(|yaml| spec(yaml))
    .collect();
    insta::assert_snapshot!(said, @r"
    6:3 yaml-duplicate-key: the key `a` stands twice in one map
    5:7 yaml-syntax: a second `: ` in one line
    6:1 yaml-syntax: this line isn't a `key: value` of the map that it stands in
    6:3 yaml-syntax: a quoted value goes on in a line that isn't indented
    6:3 yaml-syntax: a bracket that the line above opens isn't closed
    5:7 yaml-key-not-text: a key is a map; keys are strings
    5:3 yaml-key-not-text: a key is an integer; keys are strings
    6:3 yaml-key-not-text: a key is a boolean; keys are strings
    6:9 ambiguous-scalar: `y` is a boolean to kubectl and a string to other readers
    7:3 yaml-key-not-text: a key is null; keys are strings
    5:3 ambiguous-scalar: `on` is a boolean to kubectl and a string to other readers
    5:6 yaml-syntax: no value begins with `@`
    5:6 yaml-syntax: an escape that YAML doesn't know
    5:6 yaml-syntax: an alias to an anchor that this document doesn't have
    5:11 yaml-tag: the tag `!Ref` doesn't fit here
    6:12 yaml-tag: the tag `!!int` doesn't fit here
    6:5 yaml-syntax: this key stands deeper than the one above, which has a value already
    6:3 yaml-syntax: this line's indentation fits nothing above it
    5:3 yaml-merge-key: `<<` merges a map, and this is an integer
    ");
}

#[test]
fn spans_cover_keys_and_values() {
    let text = "apiVersion: v1\nkind: T\nmetadata: {name: x}\nspec:\n  list:\n  - a: |\n      two\n      lines\n    \"k\": [1, 2]\n  m: {}\n";
    let map = SourceMap::default();
    let file = map.add("t.yaml", text, SourceKind::Other);
    let objects = parse(&map, file, &Tokens::new([0; 16]), MadeBy::Template(file)).unwrap();
    let spec = objects[0].root.get("spec").unwrap();
    let item = &spec.get("list").unwrap().as_list().unwrap()[0];
    assert_eq!(map.text(item.get("a").unwrap().span), "two\n      lines");
    assert_eq!(map.text(item.get("k").unwrap().span), "[1, 2]");
    assert_eq!(map.text(item.as_map().unwrap().entry("k").unwrap().key_span), "\"k\"");
    assert_eq!(map.text(item.span), "a: |\n      two\n      lines\n    \"k\": [1, 2]");
    assert_eq!(map.text(spec.get("m").unwrap().span), "{}");
    assert!(map.text(objects[0].span).starts_with("apiVersion"));
}

#[test]
fn lists_are_opened_and_objects_checked() {
    let objects = read(
        "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: A, metadata: {name: a}}\n- apiVersion: v1\n  kind: ConfigMapList\n  items: [{metadata: {name: b}}]\n- {apiVersion: v1, kind: C, metadata: {name: c}}\n",
    )
    .unwrap();
    let ids: Vec<String> = objects.iter().map(|object| object.source.to_string()).collect();
    assert_eq!(ids, ["A/a", "ConfigMap/b", "C/c"]);
    assert!(read("").unwrap().is_empty());
    assert!(read("---\n---\n# x\n").unwrap().is_empty());
    let said = read("apiVersion: v1\nkind: Job\nmetadata: {generateName: x-}\n---\napiVersion: v1\nkind: A\n").unwrap_err();
    insta::assert_snapshot!(said, @r"
    3:12 generate-name: this Job has `generateName`: the server would make a new object at each apply
    5:1 not-an-object: this A has no `metadata.name`
    ");
}

fn secret(path: &str) -> Sealed {
    let map = SourceMap::default();
    let span = Span::file_start(map.add("i", "", SourceKind::Other));
    Sealed::Secret(Arc::new(SecretKey {
        file: RootPath::default(),
        path: path.into(),
        kind: SecretKind::Text,
        fingerprint: Fingerprint([1; 32]),
        span,
    }))
}

#[test]
fn tokens_become_sealed_expressions() {
    let tokens = Tokens::new([9; 16]);
    let raw = tokens.issue(secret("p"));
    let json = tokens.issue(Sealed::Escaped(Escape::Json, Box::new(secret("p"))));
    let b64 = tokens.issue(Sealed::Base64(Box::new(secret("p"))));
    let text = format!(
        "apiVersion: v1\nkind: Secret\nmetadata: {{name: x}}\ndata: {{d: {b64}}}\nstringData:\n  a: {raw}\n  b: \"u:{json}\"\n  c: |\n    {{\"k\": \"{json}\"}}\n  plain: text\n"
    );
    let objects = read_with(&text, &tokens).unwrap();
    let data = objects[0].root.get("data").unwrap();
    assert!(objects[0].root.get("stringData").is_none());
    let sealed = |key: &str| match &data.get(key).unwrap().data {
        Data::Sealed(sealed) => (**sealed).clone(),
        other => panic!("{other:?}"),
    };
    let base64 = |inner: Sealed| Sealed::Base64(Box::new(inner));
    assert_eq!(sealed("d"), base64(secret("p")));
    assert_eq!(sealed("a"), base64(secret("p")));
    assert_eq!(sealed("b"), base64(Sealed::concat([Sealed::Text("u:".into()), secret("p")])));
    let escaped = Sealed::Escaped(Escape::Json, Box::new(secret("p")));
    assert_eq!(sealed("c"), base64(Sealed::concat([Sealed::Text("{\"k\": \"".into()), escaped, Sealed::Text("\"}\n".into())])));
    assert_eq!(data.get("plain").unwrap().as_str(), Some("dGV4dA=="));
}

#[test]
fn tokens_are_refused_where_they_would_be_public() {
    let tokens = Tokens::new([9; 16]);
    let t = tokens.issue(secret("p"));
    let said = read_with(
        &format!(
            "apiVersion: {t}\nkind: {t}\nmetadata:\n  name: a-{t}\n  namespace: {t}\n  labels: {{a: {t}}}\nspec:\n  selector: {{matchLabels: {{a: {t}}}}}\n  template: {{metadata: {{labels: {{a: {t}}}}}}}\n---\napiVersion: v1\nkind: Secret\nmetadata: {{name: x}}\ndata: {{a: {t}, {t}: b}}\n---\napiVersion: v1\nkind: Secret\nmetadata: {{name: x}}\ndata: {{a: {t}, b: 'x{}'}}\n---\na: {}\nb: {}\nc: \"\\x70limsollsealed\"\n",
            t.to_uppercase(),
            &t[..20],
            base64::Engine::encode(&base64::engine::general_purpose::STANDARD, format!("ab{t}")),
        ),
        &tokens,
    )
    .unwrap_err();
    insta::assert_snapshot!(said, @r"
    1:13 secret-in-identity: a secret stands in apiVersion
    2:7 secret-in-identity: a secret stands in kind
    4:9 secret-in-identity: a secret stands in metadata.name
    5:14 secret-in-identity: a secret stands in metadata.namespace
    6:15 secret-in-identity: a secret stands in a label
    8:31 secret-in-identity: a secret stands in a label selector
    9:37 secret-in-identity: a secret stands in a label
    14:62 secret-in-identity: a secret stands in a map's key
    14:11 secret-not-encoded: `data.a` of a Secret holds a secret that isn't base64
    19:65 foreign-token: this text holds something like a sealed token that isn't one
    19:11 secret-not-encoded: `data.a` of a Secret holds a secret that isn't base64
    21:4 foreign-token: this text holds something like a sealed token that isn't one
    22:4 foreign-token: this base64 holds a sealed token
    23:4 foreign-token: this text holds something like a sealed token that isn't one
    21:1 not-an-object: an object has no `apiVersion`
    21:1 not-an-object: an object has no `kind`
    21:1 not-an-object: this object has no `metadata.name`
    ");
}

#[test]
fn string_data_is_merged_or_refused() {
    let said = read(
        "apiVersion: v1\nkind: Secret\nmetadata: {name: x}\ndata: {a: eA==}\nstringData: {a: x, b: 5432}\n---\napiVersion: v1\nkind: Secret\nmetadata: {name: x}\nstringData: [a]\n",
    )
    .unwrap_err();
    insta::assert_snapshot!(said, @r"
    5:14 string-data: the key `a` stands in `data` and in `stringData`
    5:23 string-data: `stringData.b` is an integer, not a string
    10:13 string-data: `stringData` is a list, not a map of strings
    ");
}

#[test]
fn values_in_literals_point_into_them() {
    let map = SourceMap::default();
    let toml = "merge = \"\"\"\nspec:\n  replicas: yes\n\"\"\"\nescaped = \"a: \\\"b\\\"\\nc: no\"\n";
    let file = map.add("e.toml", toml, SourceKind::Other);
    let tokens = Tokens::new([0; 16]);
    let literal = |needle: &str| {
        let start = toml.find(needle).unwrap();
        Span::new(file, start, start + needle.len())
    };
    let exact =
        parse_value(&map, literal("\"\"\"\nspec:\n  replicas: yes\n\"\"\""), "spec:\n  replicas: yes\n", &tokens).unwrap_err();
    assert_eq!(map.text(exact.iter().next().unwrap().primary.as_ref().unwrap().span), "yes");
    let within = literal("\"a: \\\"b\\\"\\nc: no\"");
    let said = parse_value(&map, within, "a: \"b\"\nc: no", &tokens).unwrap_err();
    assert_eq!(said.iter().next().unwrap().primary.as_ref().unwrap().span, within);
    assert_eq!(parse_value(&map, within, "", &tokens).unwrap_err().len(), 1);
    assert_eq!(parse_value(&map, within, "a: 1\n---\nb: 1\n", &tokens).unwrap_err().len(), 1);
    assert_eq!(show(&parse_value(&map, within, "[{op: add}]", &tokens).unwrap()), r#"[{"op":"add"}]"#);
}
