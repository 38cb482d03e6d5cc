//! Whole environments: what loads, and what is said of what doesn't.

use std::fmt::Write as _;

use super::*;
use crate::source::{MemoryTree, RootPath};

pub(super) fn files(texts: &[(&str, &str)]) -> Files {
    let mut tree = MemoryTree::default();
    for (name, text) in texts {
        tree.insert(RootPath::new(&format!("environments/{name}.toml")).unwrap(), *text);
    }
    Files::new(tree)
}

/// `rule place message | also place | hint` a line.
pub(super) fn said(files: &Files, diagnostics: &Diagnostics) -> String {
    let mut lines = String::new();
    for diagnostic in diagnostics {
        let place = diagnostic.primary.as_ref().map_or("-".into(), |at| files.map().place(at.span));
        _ = writeln!(lines, "{} {} {}", diagnostic.rule.name, place.trim_start_matches("environments/"), diagnostic.message);
        for also in &diagnostic.secondary {
            _ = writeln!(lines, "    {} {}", files.map().place(also.span).trim_start_matches("environments/"), also.label);
        }
        for hint in &diagnostic.hints {
            _ = writeln!(lines, "    = {hint}");
        }
    }
    lines
}

pub(super) fn errors(texts: &[(&str, &str)], name: &str) -> String {
    let files = files(texts);
    match load(&files, name) {
        Ok(_) => "fine".into(),
        Err(diagnostics) => said(&files, &diagnostics),
    }
}

pub(super) fn loaded(texts: &[(&str, &str)], name: &str) -> Environment {
    let files = files(texts);
    load(&files, name).unwrap_or_else(|diagnostics| panic!("{}", said(&files, &diagnostics)))
}

/// The example of the design, whole.
pub(super) const EXAMPLE: &str = r#"
extends = ["base"]

[target]
namespace = "ai-inference"
namespaces = []
cluster-id = "5d6f"
context = "prod-eu"
bundles = ["inference"]
kubernetes = "1.37"
engine = "plimsoll"
require-clean = true
[apply]
timeout = "5m"
keep = 3
prune-budget = 10
prune-kinds = []
replace = ["Job"]
[[conflict]]
object = "Deployment/*"
field = "spec.replicas"
policy = "leave"

[values.inference]
replicas = 4
[append.values.inference]
args = ["--flash-attention"]

[sealed."prod.secrets.age"]
recipients = ["age1x", "ssh-ed25519 AAAA"]

[configmap.inference-params]
literals = { MAX_BATCH_SIZE = "32", LOG_LEVEL = "info", MODEL_CONFIG_PATH = "/etc/inference/server.toml" }
files = ["files/model.json"]
immutable = true
[configmap.inference-config]
files = ["files/server.toml"]

[secret.model-registry-credentials]
registry = { server = "registry.example", username = "registry.username", password = "registry.password" }
[secret.huggingface-token]
keys = { hf_token = "huggingface.token" }
[secret.inference-tls]
type = "kubernetes.io/tls"
files = ["files/tls.crt", "prod.secrets/inference-tls/tls.key.age"]

[[inject]]
into = "Deployment/inference-server"
env-from = ["configmap/inference-params"]
env-each = []
env = { HF_TOKEN = "secret/huggingface-token#hf_token", CONFIG_PATH = "configmap/inference-params#MODEL_CONFIG_PATH" }
image-pull = ["secret/model-registry-credentials"]
mount = { "/etc/inference" = ["configmap/inference-config", "secret/inference-tls"] }

[service-account.inference-server]
secrets = "referenced"

[namespace]
create = true
pod-security = "restricted"
[external]
secrets = ["corporate-ca"]
[[allow]]
rule = "mutable-tag"
objects = ["Deployment/inference-server"]
reason = "the demo tag"

[external-secret.vault-token]
store = "vault"
keys = { token = "kv/inference#token" }

[transform]
name-prefix = "eu-"
labels = { "app.kubernetes.io/part-of" = "inference-stack" }
[[transform.image]]
name = "registry.example/inference"
tag = "2.0"
[[patch]]
target = "Deployment/*"
merge = """
spec: {}
"""
"#;

pub(super) const BASE: &str = r#"
abstract = true
[target]
bundles = ["base"]
[values.inference]
replicas = 1
args = ["--port=80"]
[[inject]]
name = "base"
into = "Deployment/*"
"#;

#[test]
fn the_example_loads() {
    let environment = loaded(&[("prod", EXAMPLE), ("base", BASE)], "prod");
    let settings = &environment.settings;
    let bundles: Vec<&str> = settings.target.bundles.iter().map(Spanned::as_str).collect();
    assert_eq!(bundles, ["base", "inference"]);
    assert_eq!(settings.injects.len(), 2);
    assert_eq!(settings.injects[1].mount[0].1.len(), 2);
    assert_eq!(settings.secrets.len(), 3);
    assert_eq!(settings.sealed[0].path.value.as_str(), "environments/prod.secrets.age");
    assert_eq!(environment.layers.len(), 2);
    let leaves: Vec<String> = environment.values.leaves().map(|(path, _)| path.join(".")).collect();
    assert_eq!(leaves, ["inference.replicas", "inference.args"]);
    let replicas = environment.values.find("inference.replicas").unwrap();
    assert_eq!(replicas.kind, ValueKind::Integer(4));
    assert_eq!(replicas.origin.overrode.len(), 1);
    let Some(ValueKind::List(args)) = environment.values.find("inference.args").map(|value| &value.kind) else { panic!() };
    assert_eq!(args.len(), 2);
}

#[test]
fn broken_toml_is_said_line_by_line() {
    let text = "\
[target
namespace = inference
[values]
a = [1, 2
b = 3
key with blanks = 3
c = \"unclosed
d = True
e = \"c:\\path\"
[values.x]
y = 0755
list = [
  \"a\",
  \"b\"

[apply]
keep = 
x: 3
t = \"\"\"
end
";
    insta::assert_snapshot!(errors(&[("dev", text)], "dev"), @r##"
    toml-syntax dev.toml:1:8 the header isn't closed
        = a table's header is `[name]`, that of an item of a list `[[name]]`
    toml-syntax dev.toml:2:13 `inference` isn't a value of TOML
        = a text stands in quotes
    toml-syntax dev.toml:4:5 the list isn't closed
        = add `]` behind its last item
    toml-syntax dev.toml:6:5 the line has a key without a value
        = TOML is `key = value`; a key with blanks or special characters stands in quotes
    toml-syntax dev.toml:7:14 the text isn't closed where its line ends
        = add the closing quote; texts of several lines stand between `"""` and `"""`
    toml-syntax dev.toml:8:5 `True` isn't a value of TOML
        = a truth value is `true`; a text stands in quotes
    toml-syntax dev.toml:9:9 the backslash escapes nothing that TOML knows
        = write `\\` for a backslash, or use single quotes, in which nothing is escaped
    toml-syntax dev.toml:11:5 a number can't start with a zero
        = if it is a text, such as a file mode, put it in quotes; octal numbers are `0o755`
    toml-syntax dev.toml:12:8 the list isn't closed
        = add `]` behind its last item
    toml-syntax dev.toml:17:8 the key has no value
        = an empty text is `""`, an empty list `[]`
    toml-syntax dev.toml:18:4 the line has a key without a value
        = TOML is `key = value`; a key with blanks or special characters stands in quotes
    toml-syntax dev.toml:19:5 the text isn't closed
        = add the same three quotes behind its last line
    "##);
}

#[test]
fn a_repeated_key_shows_both_places() {
    let text = "\
a = 1
a.b = 2
[values]
x = 1
y = { x = 2, x = 3 }
x = 2
[[inject]]
into = \"a\"
[[inject]]
into = \"b\"
into = \"c\"
[inject.env]
A = \"1\"
[values]
z = 1
[inject]
";
    insta::assert_snapshot!(errors(&[("dev", text)], "dev"), @r##"
    toml-duplicate-key dev.toml:2:1 `a` stands in this table twice
        dev.toml:1:1 first
        = keep one of them; all keys of a table stand below one header
    toml-duplicate-key dev.toml:5:14 `x` stands in this table twice
        dev.toml:5:7 first
        = keep one of them; all keys of a table stand below one header
    toml-duplicate-key dev.toml:6:1 `x` stands in this table twice
        dev.toml:4:1 first
        = keep one of them; all keys of a table stand below one header
    toml-duplicate-key dev.toml:11:1 `into` stands in this table twice
        dev.toml:10:1 first
        = keep one of them; all keys of a table stand below one header
    toml-duplicate-key dev.toml:14:2 `values` stands in this table twice
        dev.toml:3:2 first
        = keep one of them; all keys of a table stand below one header
    toml-duplicate-key dev.toml:16:2 `inject` stands in this table twice
        dev.toml:7:3 first
        = keep one of them; all keys of a table stand below one header
    "##);
}

#[test]
fn errors_of_all_files_come_at_once_and_are_capped() {
    let mut bad = String::new();
    for n in 0..10_000 {
        _ = writeln!(bad, "x{n} = ");
    }
    let texts = [("dev", "extends = [\"base\", \"bsae\"]\n[target]\nnamespce = \"x\"\n"), ("base", bad.as_str())];
    let said = errors(&texts, "dev");
    assert_eq!(said.lines().filter(|line| line.starts_with("toml-syntax")).count(), 21, "{said}");
    assert!(said.contains("9980 more lines"), "{said}");
    assert!(said.contains("unknown-environment dev.toml:1:20"), "{said}");
    assert!(said.contains("unknown-key dev.toml:3:1"), "{said}");
}

#[test]
fn keys_types_and_values_are_checked_with_hints() {
    let text = r#"
configmaps = 3
[target]
namespce = "x"
namespaces = "x"
kubernetes = "1.36"
engine = "fluxx"
keep = 3
require-clean = "true"
extends = ["base"]
[apply]
timeout = "5 minutes"
keep = -1
[values]
unset = ["a"]
abstract = "free to use"
[values.deep]
extends = ["base"]
[configmap.params.literals]
MAX = 32
OCTAL = 1.5
[secret.x]
registry = [{ server = "a", usrname = "b" }]
[namespace]
pod-security = "tight"
labels = { a = true }
[inject]
into = "x"
[[external]]
name = "x"
[append.target]
namespace = ["x"]
[append.values]
a = "x"
b = [1]
[prepend]
unset = ["a"]
"#;
    insta::assert_snapshot!(errors(&[("dev", text)], "dev"), @r##"
    unknown-key dev.toml:2:1 an environment has no `configmaps`
        = did you mean `configmap`?
    unknown-key dev.toml:4:1 `target` has no key `namespce`
        = did you mean `namespace`?
    wrong-type dev.toml:5:14 `target.namespaces` takes a list of texts, not a text
        = put it in brackets: ["…"]
    bad-value dev.toml:6:14 `target.kubernetes` is "1.36", but must be "1.37"
        = "1.37": the version whose schemas are built in
    bad-value dev.toml:7:10 `target.engine` is "fluxx", but must be one of "plimsoll", "flux", "argocd"
        = did you mean "flux"?
    unknown-key dev.toml:8:1 `target` has no key `keep`
        = `[apply]` has a key of that name
    wrong-type dev.toml:9:17 `target.require-clean` takes `true` or `false`, not a text
        = leave the quotes away
    misplaced-key dev.toml:10:1 `extends` stands inside the table `target`
        = in TOML a key belongs to the table above it: move `extends` to the top of the file, before the first `[…]`
    bad-value dev.toml:12:11 `apply.timeout` is "5 minutes", which isn't a duration
        = numbers with units, such as "90s", "5m" or "1h30m"
    bad-value dev.toml:13:8 `apply.keep` is -1, but must be at least 0
    misplaced-key dev.toml:15:1 `unset` stands inside the table `values`
        = in TOML a key belongs to the table above it: move `unset` to the top of the file, before the first `[…]`
    misplaced-key dev.toml:18:1 `extends` stands inside the table `values.deep`
        = in TOML a key belongs to the table above it: move `extends` to the top of the file, before the first `[…]`
    wrong-type dev.toml:20:7 `configmap.params.literals.MAX` takes a text, not a number
        = put it in quotes: "32"
    wrong-type dev.toml:21:9 `configmap.params.literals.OCTAL` takes a text, not a number
        = put it in quotes, as it is to read
    unknown-key dev.toml:23:29 `secret.x.registry` has no key `usrname`
        = did you mean `username`?
    bad-value dev.toml:25:16 `namespace.pod-security` is "tight", but must be one of "privileged", "baseline", "restricted"
        = "privileged": no restriction; "baseline": no known privilege escalation; "restricted": hardened pods only
    wrong-type dev.toml:26:16 `namespace.labels.a` takes a text, not a truth value
        = put it in quotes: "true"
    wrong-type dev.toml:27:1 `inject` takes a list of tables, not a table
        = each one has a header in double brackets: [[inject]]
    wrong-type dev.toml:29:1 `external` takes a table, not a list
        = its header has single brackets: [external]
    wrong-type dev.toml:32:13 `append.target.namespace` repeats the path of something that isn't a list
        = a value that isn't a list is set in its own table, and replaces that of the earlier layers
    wrong-type dev.toml:34:5 `append.values.a` is a text; `append` and `prepend` take lists
        = a value that isn't a list is set in its own table, and replaces that of the earlier layers
    misplaced-key dev.toml:37:1 `unset` stands inside the table `prepend`
        = in TOML a key belongs to the table above it: move `unset` to the top of the file, before the first `[…]`
    nothing-to-append dev.toml:35:5 no layer has the list `values.b` to append to
        = to make the list, set it: move it out of `[append]`
    "##);
}

#[test]
fn tables_say_what_they_lack() {
    let text = r#"
[[inject]]
env-from = []
[external-secret.x]
keys = {}
[[patch]]
target = "a/b"
[[patch]]
target = { kind = "x" }
merge = {}
json = []
[secret.x.registry]
server = "x"
"#;
    insta::assert_snapshot!(errors(&[("dev", text)], "dev"), @r##"
    unknown-key dev.toml:9:12 `patch.target` has no key `kind`
        = known here: `object`, `group`, `version`, `namespace`, `labels`, `annotations`
    incomplete-table dev.toml:12:1 `secret.x.registry` needs the key `username`
        = `username`: Path of the user's name in the sealed values.
    incomplete-table dev.toml:12:1 `secret.x.registry` needs the key `password`
        = `password`: Path of the password in the sealed values.
    incomplete-table dev.toml:2:1 `inject` needs the key `into`
        = `into`: The workloads, as `Kind/name`; globs. Names as they stand in the source.
    incomplete-table dev.toml:4:1 `external-secret.x` needs the key `store`
        = `store`: The name of the operator's SecretStore.
    incomplete-table dev.toml:6:1 a `[[patch]]` needs `merge` or `json`
        = `merge` takes a strategic merge patch, `json` a list of JSON patch operations
    incomplete-table dev.toml:8:1 a `[[patch]]` has either `merge` or `json`, not both
        = write two `[[patch]]` tables: merge patches run before JSON patches
    "##);
}

#[test]
fn layers_that_disagree_show_both_places() {
    let base = r#"
[values]
replicas = 2
ratio = 1
name = "x"
list = [1]
table = { a = 1 }
[sealed."s.age"]
recipients = ["a"]
[[patch]]
name = "p"
target = "a/b"
merge = {}
"#;
    let dev = r#"
extends = ["base"]
unset = ["values.nmae", "inject", "patch.q", "values.mine", 'a b']
[values]
replicas = "2"
ratio = 1.5
name = ["x"]
list = { a = 1 }
table = true
mine = 1
[sealed."s.age"]
recipients = ["a", "b"]
[[patch]]
name = "p"
target = "a/b"
merge = {}
[append.values]
lsit = [2]
other = [1]
ratio = [1]
[append.sealed."s.age"]
recipients = ["c"]
"#;
    insta::assert_snapshot!(errors(&[("dev", dev), ("base", base)], "dev"), @r##"
    nothing-to-unset dev.toml:3:10 `values.nmae` isn't set by any earlier layer
        = did you mean `values.name`?
    nothing-to-unset dev.toml:3:25 `inject` isn't set by any earlier layer
        = `unset` drops what the layers below set; remove the entry
    nothing-to-unset dev.toml:3:35 `patch.q` isn't set by any earlier layer
        = `unset` drops what the layers below set; remove the entry
    nothing-to-unset dev.toml:3:46 `values.mine` isn't set by any earlier layer
        = only this layer sets it; `unset` drops what the layers below set
    nothing-to-unset dev.toml:3:61 `a b` isn't a path of keys
        = keys with dots between them; a key with other characters than letters, digits, `-` and `_` in quotes: 'values.labels."a.b/c"'
    type-change dev.toml:5:12 `values.replicas` is a text here, but a number in the layer below
        base.toml:3:12 a number
        = write a number; or, if the change is meant, drop the earlier value: unset = ['values.replicas']
    type-change dev.toml:7:8 `values.name` is a list here, but a text in the layer below
        base.toml:5:8 a text
        = write a text; or, if the change is meant, drop the earlier value: unset = ['values.name']
    type-change dev.toml:8:8 `values.list` is a table here, but a list in the layer below
        base.toml:6:8 a list
        = write a list; or, if the change is meant, drop the earlier value: unset = ['values.list']
    type-change dev.toml:9:9 `values.table` is a truth value here, but a table in the layer below
        base.toml:7:9 a table
        = write a table; or, if the change is meant, drop the earlier value: unset = ['values.table']
    sealed-twice dev.toml:11:9 two layers name the sealed file `s.age`
        base.toml:8:9 this layer owns it
        = a sealed file has one list of recipients, in the layer that names it: remove this table, or seal another file here
    nothing-to-append dev.toml:18:8 no layer has the list `values.lsit` to append to
        = did you mean `values.list`?
    nothing-to-append dev.toml:19:9 no layer has the list `values.other` to append to
        = to make the list, set it: move it out of `[append]`
    nothing-to-append dev.toml:20:9 `values.ratio` is a number, not a list
        dev.toml:6:9 set here
        = `append` adds to lists; set the value in its own table to replace it
    sealed-twice dev.toml:22:14 another layer owns `sealed."s.age".recipients`
        base.toml:9:14 this layer owns it
        = a sealed file has one list of recipients, in the layer that names it: edit it there
    duplicate-name dev.toml:14:8 two `[[patch]]` have the name `p`
        base.toml:11:8 first
        = name it otherwise; to replace the earlier one: unset = ['patch.p']
    "##);
}

#[test]
fn names_cycles_and_orders() {
    let texts = [
        ("a", "extends = [\"b\"]\n"),
        ("b", "extends = [\"c\"]\n"),
        ("c", "\n\nextends = [\"a\", \"d.toml\", \"x/../d\", \"zzz\"]\n"),
        ("d", "abstract = true\n"),
        ("e", "extends = [\"d\"]\n"),
        ("f", "extends = [\"e\", \"d\"]\n"),
        ("g.index", ""),
    ];
    insta::assert_snapshot!(errors(&texts, "a"), @r##"
    extends-cycle c.toml:3:12 `a` extends itself: a → b → c → a
        a.toml:1:12 extends `b`
        b.toml:1:12 extends `c`
        = remove one of these; what both need goes into a third environment that both extend
    unknown-environment c.toml:3:17 there is no environment `d.toml`
        = an environment is named without folder and `.toml`: `d`
    unknown-environment c.toml:3:27 there is no environment `x/../d`
        = an environment is named without folder and `.toml`: `d`
    unknown-environment c.toml:3:37 there is no environment `zzz`
        = `environments/` has `a`, `b`, `c`, `d`, `e`, `f`
    "##);
    insta::assert_snapshot!(errors(&texts, "d"), @r##"
    abstract-environment d.toml:1:12 `d` is abstract: it is there for others to extend
        = these are not: `a`, `b`, `c`, `e`, `f`
    "##);
    insta::assert_snapshot!(errors(&texts, "f"), @r##"
    extends-order f.toml:1:12 `f` can't say whether `d` or `e` wins: its own `extends` and those of its bases give both orders
        f.toml:1:17 
        = a layer always wins over those that it extends: name the base first, or leave it out where another brings it along
    "##);
    insta::assert_snapshot!(errors(&texts, "prod"), @r##"
    unknown-environment - there is no environment `prod`
        = `environments/` has `a`, `b`, `c`, `d`, `e`, `f`
    "##);
    let listed: Vec<String> =
        list(&files(&texts)).unwrap().into_iter().map(|it| format!("{} {}", it.name, it.is_abstract)).collect();
    assert_eq!(listed, ["a false", "b false", "c false", "d true", "e false", "f false"]);
}

#[test]
fn layers_stack_in_order_and_edit_lists() {
    let texts = [
        (
            "base",
            "[values]\nlist = [1]\nx = \"base\"\n[target]\nbundles = [\"b\"]\n[[inject]]\nname = \"one\"\ninto = \"a\"\n[[inject]]\nname = \"two\"\ninto = \"a\"\n",
        ),
        ("left", "extends = [\"base\"]\n[values]\nx = \"left\"\n[append.values]\nlist = [2]\n"),
        ("right", "extends = [\"base\"]\nunset = [\"inject.one\"]\n[values]\nx = \"right\"\n[prepend.values]\nlist = [0]\n"),
        ("prod", "extends = [\"left\", \"right\"]\n[target]\nbundles = [\"p\", \"b\"]\n[append.values]\nlist = [3]\n"),
        (
            "afresh",
            "extends = [\"prod\"]\nunset = [\"inject\", \"target.bundles\", \"values.list\"]\n[target]\nbundles = [\"q\"]\n[values]\nlist = [9]\n",
        ),
    ];
    let show = |name: &str| {
        let environment = loaded(&texts, name);
        let ValueKind::List(items) = &environment.values.get("list").unwrap().kind else { panic!() };
        let list: Vec<String> = items.iter().map(|item| format!("{:?}", item.kind)).collect();
        let ValueKind::Text(x) = &environment.values.get("x").unwrap().kind else { panic!() };
        let bundles: Vec<&str> = environment.settings.target.bundles.iter().map(Spanned::as_str).collect();
        let injects: Vec<&str> =
            environment.settings.injects.iter().filter_map(|inject| Some(inject.name.as_ref()?.as_str())).collect();
        format!("{} {x} {} {}", list.join(" "), bundles.join(","), injects.join(","))
    };
    assert_eq!(show("prod"), "Integer(0) Integer(1) Integer(2) Integer(3) right b,p two");
    assert_eq!(show("afresh"), "Integer(9) right q ");
    let prod = loaded(&texts, "prod");
    assert_eq!(prod.layers.len(), 4);
    assert_eq!(prod.values.get("x").unwrap().origin.overrode.len(), 2);
}

#[test]
fn the_schema_agrees_with_the_loader() {
    let schema = jsonschema::draft7::new(&json_schema()).unwrap();
    let fits = |text: &str| schema.is_valid(&serde_json::to_value(toml::from_str::<toml::Table>(text).unwrap()).unwrap());
    assert!(fits(EXAMPLE));
    assert!(fits(BASE));
    let broken = [
        "extend = []",
        "[target]\nnamespce = 'x'",
        "[target]\nextends = ['base']",
        "[target]\nkubernetes = '1.36'",
        "[apply]\nkeep = -1",
        "[apply]\ntimeout = '5 minutes'",
        "[configmap.x.literals]\na = 1",
        "[[inject]]\nenv-from = []",
        "[inject]\ninto = 'x'",
        "[append.target]\nnamespace = ['x']",
        "[append.values]\na = 1\n[append.configmap.x]\nfiles = 'x'",
        "[[patch]]\ntarget = 1\nmerge = ''",
        "[secret.x]\nregistry = [{ server = 'x' }]",
    ];
    for text in broken {
        assert!(!fits(text), "{text}");
        assert_ne!(errors(&[("x", text)], "x"), "fine", "{text}");
    }
    let good = [
        "[secret.x]\nregistry = { server = 'x' }",
        "[append.configmap.x]\nfiles = ['x']",
        "[values]\nfree = { a = [1, {}] }",
        "[append.values.a]\nb = [1]",
    ];
    for text in good {
        assert!(fits(text), "{text}");
    }
}

#[test]
fn every_key_is_documented() {
    fn walk(schema: &serde_json::Value, path: &str) {
        for (name, inner) in schema.get("properties").and_then(serde_json::Value::as_object).into_iter().flatten() {
            let doc = inner.get("description").and_then(serde_json::Value::as_str).unwrap_or("");
            assert!(doc.ends_with('.') || doc.ends_with('`'), "{path}.{name}: {doc}");
            walk(inner, &format!("{path}.{name}"));
        }
    }
    walk(&json_schema(), "");
}

/// `plimsoll schema > docs/environment.schema.json` makes it anew.
#[test]
fn the_schema_in_docs_is_this_one() {
    let committed = include_str!("../../docs/environment.schema.json");
    assert_eq!(committed, format!("{:#}\n", json_schema()));
}

#[test]
fn the_reference_stack_loads() {
    let tree = crate::source::DiskTree::new(std::path::Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
    let files = Files::new(tree);
    let listed = list(&files).unwrap();
    assert!(listed.iter().filter(|listed| !listed.is_abstract).count() >= 3);
    for listed in listed.iter().filter(|listed| !listed.is_abstract) {
        load(&files, &listed.name).unwrap_or_else(|diagnostics| panic!("{}", said(&files, &diagnostics)));
    }
}

/// docs/environments.md lists every key with its words, and no other.
#[test]
fn the_page_of_keys_is_complete() {
    fn of(shape: &'static shape::Shape, rows: &mut BTreeSet<(String, String)>) {
        match shape {
            shape::Shape::Table(keys) => all(keys, rows),
            shape::Shape::List(inner)
            | shape::Shape::Pile(inner)
            | shape::Shape::Map(_, inner)
            | shape::Shape::Owned(_, inner) => of(inner, rows),
            shape::Shape::Either(alternatives) => alternatives.iter().for_each(|inner| of(inner, rows)),
            _ => {}
        }
    }
    fn all(keys: &'static [shape::Key], rows: &mut BTreeSet<(String, String)>) {
        for key in keys {
            rows.insert((key.name.to_owned(), key.doc.to_owned()));
            of(&key.shape, rows);
        }
    }
    let mut known = BTreeSet::new();
    all(keys::ROOT, &mut known);
    let page = include_str!("../../docs/environments.md");
    let row = |line: &str| {
        let name = line.strip_prefix("| `")?.split('`').next()?.to_owned();
        Some((name, line.trim_end_matches('|').trim().rsplit(" | ").next()?.to_owned()))
    };
    let documented: BTreeSet<(String, String)> = page.lines().filter_map(row).collect();
    let only = |one: &BTreeSet<(String, String)>, other| one.difference(other).cloned().collect::<Vec<_>>();
    assert_eq!((only(&known, &documented), only(&documented, &known)), (vec![], vec![]));
}
