//! The stage as a whole.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::*;
use crate::environment::{Origin, Settings, Spanned, Table, TableEntry, Target, Value, ValueKind};
use crate::secret::{Fingerprint, SecretKey, SecretKind, Tokens};
use crate::source::{MemoryTree, RootPath};

/// An environment from TOML values, for tests; every value lies at the place of the file's beginning.
pub(super) struct Bench {
    pub(super) files: Files,
    pub(super) environment: Environment,
    pub(super) secrets: Secrets,
}

fn value(value: &toml::Value, span: Span) -> Value {
    let kind = match value {
        toml::Value::String(text) => ValueKind::Text(text.clone()),
        toml::Value::Integer(number) => ValueKind::Integer(*number),
        toml::Value::Float(number) => ValueKind::Float(*number),
        toml::Value::Boolean(truth) => ValueKind::Boolean(*truth),
        toml::Value::Datetime(date) => ValueKind::Date(date.to_string()),
        toml::Value::Array(items) => ValueKind::List(items.iter().map(|item| self::value(item, span)).collect()),
        toml::Value::Table(entries) => ValueKind::Table(table(entries, span)),
    };
    Value { kind, origin: Origin::new(span) }
}

fn table(entries: &toml::Table, span: Span) -> Table {
    let entry = |(key, item): (&String, &toml::Value)| (key.clone(), TableEntry { key_span: span, value: value(item, span) });
    Table(entries.iter().map(entry).collect())
}

impl Bench {
    /// `templates` are paths below `templates/` with their texts; the bundle is `app`.
    pub(super) fn new(values: &str, templates: &[(&str, &str)]) -> Self {
        let mut tree = MemoryTree::default();
        for (path, text) in templates {
            tree.insert(RootPath::new("templates").unwrap().join(path).unwrap(), *text);
        }
        tree.insert(RootPath::new("environments/prod.toml").unwrap(), values);
        let files = Files::new(tree);
        let layer = files.text(&RootPath::new("environments/prod.toml").unwrap(), None).unwrap();
        let span = Span::file_start(layer);
        let target = Target {
            namespace: Some(Spanned::new("ai".to_owned(), span)),
            bundles: vec![Spanned::new("app".to_owned(), span)],
            ..Target::default()
        };
        let settings = Settings { target, ..Settings::default() };
        let values = table(&toml::from_str(values).unwrap(), span);
        let environment = Environment { name: "prod".to_owned(), layers: vec![layer], settings, values };
        let keys: BTreeMap<String, Arc<SecretKey>> = ["db.password", "db.user", "token"]
            .iter()
            .map(|path| {
                let file = RootPath::new("environments/prod.secrets.age").unwrap();
                let fingerprint = Fingerprint([u8::try_from(path.len()).unwrap(); 32]);
                let key = SecretKey { file, path: (*path).to_owned(), kind: SecretKind::Text, fingerprint, span };
                ((*path).to_owned(), Arc::new(key))
            })
            .collect();
        Self { files, environment, secrets: Secrets::new(keys, Tokens::new([7; 16])) }
    }

    pub(super) fn one(values: &str, template: &str) -> Self {
        Self::new(values, &[("app/t.yaml", template)])
    }

    pub(super) fn render(&self) -> Result<Rendered, Diagnostics> {
        render(&self.files, &self.environment, &self.secrets, Some("abc123"))
    }

    /// The text of the first output.
    pub(super) fn text(&self) -> String {
        let rendered = self.render().unwrap_or_else(|problems| panic!("{}", self.list(&problems)));
        self.files.map().get(rendered.outputs[0].text).text.to_string()
    }

    /// `rule line:column message` a line.
    pub(super) fn list(&self, problems: &Diagnostics) -> String {
        let line = |problem: &Diagnostic| {
            let place = problem.primary.as_ref().map_or("-".to_owned(), |primary| self.files.map().place(primary.span));
            format!("{} {place} {}", problem.rule.name, problem.message)
        };
        problems.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    /// What is wrong.
    pub(super) fn errors(&self) -> String {
        match self.render() {
            Ok(rendered) => panic!("rendered: {}", self.files.map().get(rendered.outputs[0].text).text),
            Err(problems) => self.list(&problems),
        }
    }
}

fn rule_of(template: &str) -> String {
    let bench = Bench::one("name = 'web'\nlist = [1, 2]\n[map]\na = 1\n", template);
    let Err(problems) = bench.render() else { return "rendered".to_owned() };
    let errors = bench.list(&problems);
    errors.lines().map(|line| line.split(' ').next().unwrap().to_owned()).collect::<Vec<_>>().join(" ")
}

#[test]
fn undefined_is_an_error_everywhere() {
    for template in [
        "{{ values.nope }}",
        "{{ nope }}",
        "{% if values.nope %}{% endif %}",
        "{% if values.list == 1 %}{% elif values.nope %}{% endif %}",
        "{% if values.nope == 1 %}{% endif %}",
        "{% if values.name == 'a' or values.nope %}{% endif %}",
        "{% if not values.nope %}{% endif %}",
        "{% if values.nope in values.list %}{% endif %}",
        "{% for x in values.nope %}{% endfor %}",
        "{{ 'a' ~ values.nope ~ 'b' }}",
        "{% set x = values.nope %}",
        "{{ [values.nope] | join }}",
        "{{ {'a': values.nope} | to_json }}",
        "{{ [x for x in values.list if values.nope] | join }}",
        "{{ 1 if values.nope else 2 }}",
        "{{ values.nope if values.name else 2 }}",
        "{{ values.name | replace(from='a', to=values.nope) }}",
        "{{ values.nope | upper }}",
        "{{ values.nope + 1 }}",
        "{{ values.name is containing(pat=values.nope) }}",
        "{{ values.map[values.nope] }}",
        "{{ values.list[9] }}",
        "{{ values.a?.b }}",
        "{{ 'x' ~ values.a?.b }}",
        "{{ values.nope.deeper }}",
        "{{ range(end=values.nope) | join }}",
        "{% set x = values.name and values.nope %}",
    ] {
        assert_eq!(rule_of(template), "undefined-variable", "{template}");
    }
}

#[test]
fn undefined_says_where_and_what_instead() {
    let bench = Bench::new(
        "replicas = 1\n[gpu]\ncount = 2\n",
        &[
            ("app/a.yaml", "a: {{ values.gpu.coutn }}\nb: {{ value.gpu }}\nc: {{ secrets.db.pasword }}\nd: {{ env.nam }}\n"),
            ("app/b.yaml", "{% set port = 1 %}\na: {{ prot }}\nb: {{ values.gpu.count.x.y }}"),
        ],
    );
    let problems = bench.render().unwrap_err();
    let hints: Vec<_> = problems.iter().map(|problem| problem.hints.first().cloned().unwrap_or_default()).collect();
    insta::assert_snapshot!(bench.list(&problems), @r"
    undefined-variable templates/app/a.yaml:1:7 `values.gpu.coutn` isn't defined
    undefined-variable templates/app/a.yaml:2:7 `value.gpu` isn't defined
    undefined-variable templates/app/a.yaml:3:7 `secrets.db.pasword` isn't defined
    undefined-variable templates/app/a.yaml:4:7 `env.nam` isn't defined
    undefined-variable templates/app/b.yaml:2:7 `prot` isn't defined
    undefined-variable templates/app/b.yaml:3:7 `values.gpu.count.x.y` isn't defined
    ");
    insta::assert_snapshot!(hints.join("\n"), @r"
    did you mean `count`?
    did you mean `values`?
    did you mean `password`?
    did you mean `name`?
    did you mean `port`?
    `values.gpu.count` is not a table
    ");
}

#[test]
fn secrets_are_only_text() {
    for (template, rule) in [
        ("{% if secrets.token %}{% endif %}", "secret-in-condition"),
        ("{% if secrets.db %}{% endif %}", "secret-in-condition"),
        ("{{ 'a' if secrets.token else 'b' }}", "secret-in-condition"),
        ("{{ secrets.token and 'b' }}", "secret-in-condition"),
        ("{{ not secrets.token }}", "secret-in-condition"),
        ("{{ [x for x in [1] if secrets.token] | join }}", "secret-in-condition"),
        ("{% if secrets.token == 'a' %}{% endif %}", "secret-in-comparison"),
        ("{% if secrets.token ~ '' == 'a' %}{% endif %}", "secret-in-comparison"),
        ("{% if (secrets.token | b64encode) == 'a' %}{% endif %}", "secret-in-comparison"),
        ("{% if 'a' in secrets.token %}{% endif %}", "secret-in-comparison"),
        ("{% if secrets.token in ['a'] %}{% endif %}", "secret-in-comparison"),
        ("{% if [secrets.token] == ['a'] %}{% endif %}", "secret-in-comparison"),
        ("{% if secrets.token < 'a' %}{% endif %}", "secret-in-comparison"),
        ("{{ secrets.token + 1 }}", "secret-in-comparison"),
        ("{% for c in secrets.token %}{{ c }}{% endfor %}", "secret-in-loop"),
        ("{{ [c for c in secrets.token] | join }}", "secret-in-loop"),
        ("{{ secrets.token[0:9] }}", "secret-in-slice"),
        ("{{ secrets.token[:9] }}", "secret-in-slice"),
        ("{{ secrets.token[3] }}", "secret-in-slice"),
        ("{% set t = secrets.token %}{{ t[1:] }}", "secret-in-slice"),
        ("{{ (secrets.token ~ 'a')[0] }}", "secret-in-slice"),
        ("{{ values.map[secrets.token] }}", "secret-in-slice"),
        ("{{ values.name | replace(from='w', to=secrets.token) }}", "secret-as-argument"),
        ("{{ [1] | join(sep=secrets.token) }}", "secret-as-argument"),
        ("{{ throw(message=secrets.token) }}", "secret-as-argument"),
        ("{{ file(secrets.token) }}", "secret-as-argument"),
        ("{{ values.map | get(key=secrets.token) }}", "secret-as-argument"),
        ("{{ secrets.token | upper }}", "secret-in-filter"),
        ("{{ secrets.token | trim }}", "secret-in-filter"),
        ("{{ secrets.token | length }}", "secret-in-filter"),
        ("{{ secrets.db | length }}", "secret-in-filter"),
        ("{{ secrets.token | sha256 }}", "secret-in-filter"),
        ("{{ [secrets.token] | sort | first }}", "secret-in-filter"),
        ("{{ [secrets.token] | unique | first }}", "secret-in-filter"),
        ("{{ secrets.db | str }}", "secret-in-filter"),
        ("{{ secrets.token is string }}", "secret-in-filter"),
        ("{{ secrets.token is starting_with(pat='a') }}", "secret-in-filter"),
        ("{% filter upper %}a{{ secrets.token }}{% endfilter %}", "secret-in-filter"),
        ("{% set x | upper %}a{{ secrets.token }}{% endset %}", "secret-in-filter"),
        ("{% set x %}a{{ secrets.token }}{% endset %}{% if x %}{% endif %}", "secret-in-condition"),
        ("{% if secrets.token | default(value='a') %}{% endif %}", "secret-in-condition"),
        ("{% set x = secrets.nope | default(value=secrets.token) %}{{ x | lower }}", "secret-in-filter"),
        ("{{ secrets.token | default(value='a', boolean=true) }}", "secret-in-condition"),
        ("{{ (secrets.token ~ 'b') | default(boolean=true, value='a') }}", "secret-in-condition"),
        ("{{ secrets.db }}", "secret-table-printed"),
        ("{{ [secrets.token] }}", "secret-table-printed"),
        ("{{ secrets ~ '' }}", "secret-table-printed"),
        ("{{ [secrets.db] | join }}", "template-error"),
        ("{{ {'a': 1} | group_by(attribute=secrets.token) }}", "secret-as-argument"),
        ("{{ ref('configmap/x') | b64encode }}", "template-error"),
        ("{% if ref('configmap/x') %}{% endif %}", "reference-misused"),
        ("{{ ref('configmap/x') | sha256 }}", "reference-misused"),
        ("plimsollsealed0123", "foreign-token"),
        ("{{ 'PlimSollSealed' | lower }}", "foreign-token"),
        ("{{ __tera_context }}", "reserved-name"),
        ("{% set secrets = values.map %}", "reserved-name"),
        ("{% for values in values.list %}{% endfor %}", "reserved-name"),
        ("{% component X(values) %}{% endcomponent %}", "reserved-name"),
        ("{% component X(@values) %}{{ values.name }}{% endcomponent %}{{ <X values={1} /> }}", "reserved-name"),
        ("{{ throw('Give it a name') }}", "template-error"),
    ] {
        assert_eq!(rule_of(template), rule, "{template}");
    }
}

#[test]
fn secrets_as_text() {
    let show = |template: &str| {
        let bench = Bench::one("", template);
        let text = bench.text();
        let sealed = bench.secrets.tokens().read(&text).unwrap();
        format!("{sealed:?}").replace("Arc", "")
    };
    let short = |template: &str| {
        let mut text = show(template);
        while let Some((before, after)) = text.clone().split_once("SecretKey {") {
            let (key, rest) = after.split_once('}').unwrap();
            let path = key.split("path: \"").nth(1).unwrap().split('"').next().unwrap();
            text = format!("{before}{path}{rest}");
        }
        text.trim_start_matches("Some(").trim_end_matches(')').to_owned()
    };
    insta::assert_snapshot!(
        [
            "{{ secrets.token }}",
            "a{{ secrets.token ~ ':' ~ secrets.db.user }}",
            "{{ ('u:' ~ secrets.token) | b64encode }}",
            "{{ secrets.token | quote }}",
            "{{ ('\"' ~ secrets.token) | quote }}",
            "{{ secrets.token | urlencode }}{{ '/' | urlencode }}",
            "{{ secrets.db | to_json }}",
            "{{ secrets.db | to_json | quote }}",
            "{{ secrets.db | to_yaml }}",
            "{{ {'t': {'a': 'x\\'' ~ secrets.token} } | to_toml }}",
            "{% for name, secret in secrets.db %}{{ name }}={{ secret }};{% endfor %}",
            "{{ secrets.db | keys | join(sep=',') }}{{ secrets.db is defined }}{{ secrets.nope is defined }}",
            "{{ [secrets.token, 'b'] | join(sep='-') }}",
            "{{ secrets.nope | default(value=secrets.token) }}",
            "{% set x %}a\n{{ secrets.token }}{% endset %}{{ x | indent(width=2) }}",
            "{{ secrets['db']['user'] }}{{ secrets.db | get(key='user') }}",
        ]
        .map(short)
        .join("\n"),
        @r#"
    Secret(token }
    Concat([Text("a"), Secret(token }), Text(":"), Secret(db.user })]
    Base64(Concat([Text("u:"), Secret(token })]
    Concat([Text("\""), Escaped(Json, Secret(token })), Text("\"")]
    Concat([Text("\"\\\""), Escaped(Json, Secret(token })), Text("\"")]
    Concat([Escaped(Url, Secret(token })), Text("%2F")]
    Concat([Text("{\"password\":\""), Escaped(Json, Secret(db.password })), Text("\",\"user\":\""), Escaped(Json, Secret(db.user })), Text("\"}")]
    Concat([Text("\"{\\\"password\\\":\\\""), Escaped(Json, Escaped(Json, Secret(db.password }))), Text("\\\",\\\"user\\\":\\\""), Escaped(Json, Escaped(Json, Secret(db.user }))), Text("\\\"}\"")]
    Concat([Text("password: \""), Escaped(Json, Secret(db.password })), Text("\"\nuser: \""), Escaped(Json, Secret(db.user })), Text("\"")]
    Concat([Text("[t]\na = \"x'"), Escaped(Json, Secret(token })), Text("\"\n")]
    Concat([Text("password="), Secret(db.password }), Text(";user="), Secret(db.user }), Text(";")]
    None
    Concat([Secret(token }), Text("-b")]
    Secret(token }
    Concat([Text("a\n  "), Secret(token })]
    Concat([Secret(db.user }), Secret(db.user })]
    "#
    );
    // Public, and different for different secrets and shapes.
    let prints: BTreeSet<String> =
        ["secrets.token", "secrets.db", "secrets.db.user", "secrets.token ~ 'a'", "secrets.token | b64encode", "'a'"]
            .iter()
            .map(|expression| Bench::one("", &format!("{{{{ ({expression}) | fingerprint }}}}")).text())
            .collect();
    assert_eq!(prints.len(), 6);
    assert!(prints.iter().all(|print| print.len() == 64));
}

#[test]
fn names_and_syntax_are_checked_with_places() {
    let bench = Bench::new(
        "a = 1\nl = []\n",
        &[
            (
                "app/a.yaml",
                "a: {{ values.a | uper }}\nb: {{ values.a is numbr }}\nc: {{ rang(end=1) }}\n{% include \"_prt.tera\" %}\n",
            ),
            ("app/_part.tera", "{{ values.a | indent(spaces=2) }}{{ <Evn name=\"x\" /> }}{{ values.a | nindent(4) }}"),
            ("app/b.yaml", "ok: 1\n{% if values.a %}\n"),
            ("app/c.yaml", "{% extends \"_base.tera\" %}{% block contianers %}{% endblock %}"),
            ("app/_base.tera", "{% block containers %}{% endblock %}{% component Env(name) %}{% endcomponent %}"),
            ("app/d.yaml", "a: 1\nb: {{ values.a +* 2 }}\n{{ values. }}"),
            ("_shared.tera", "{% component Env(name) %}{% endcomponent %}{% macro x() %}{% endmacro %}"),
            ("app/_loop.tera", "{% include \"app/_loop2.tera\" %}"),
            ("app/_loop2.tera", "{% include \"_loop.tera\" %}"),
        ],
    );
    insta::assert_snapshot!(bench.errors(), @r"
    template-not-found templates/app/a.yaml:4:12 there is no template `_prt.tera`
    unknown-argument templates/app/_part.tera:1:22 `indent` takes no argument `spaces`
    unknown-filter templates/app/_part.tera:1:70 there is no filter `nindent`
    unknown-filter templates/app/a.yaml:1:18 there is no filter `uper`
    unknown-test templates/app/a.yaml:2:19 there is no test `numbr`
    unknown-function templates/app/a.yaml:3:7 there is no function `rang`
    duplicate-component templates/app/_base.tera:1:50 there are two components `Env`
    unknown-component templates/app/_part.tera:1:38 there is no component `Evn`
    unknown-block templates/app/c.yaml:1:36 no template that this one extends has a block `contianers`
    template-cycle templates/app/_loop2.tera:1:12 `app/_loop2.tera` and `app/_loop.tera` include or extend each other in a circle
    template-syntax templates/_shared.tera:1:47 there is no tag `macro`
    template-syntax templates/app/_part.tera:1:78 found integer but expected identifier
    template-syntax templates/app/b.yaml:3:1 unexpected end of input
    template-syntax templates/app/d.yaml:2:17 found `*` but expected one of: integer, float, string, bool, ident, `-`, `not`, `<`, `{`, `[` or `(`
    ");
}

#[test]
fn bundles_partials_and_their_names() {
    let bench = Bench::new(
        "name = 'web'\n",
        &[
            ("app/b/deep.yml", "{% include \"../_own.tera\" %}{% include \"_root.tera\" %}{% include \"other/_far.tera\" %}\n"),
            ("app/a.yaml", "{% extends \"_base.tera\" %}{% block x %}x{{ super() }}{% endblock %}"),
            ("app/_base.tera", "<{% block x %}base{% endblock %}>"),
            ("app/_own.tera", "own-{{ values.name }} "),
            ("_root.tera", "root "),
            ("other/_far.tera", "far"),
            ("other/not.yaml", "{{ not }} {{ rendered"),
            ("app/typo.tera", "x"),
            ("app/README.md", "{{ x"),
        ],
    );
    let rendered = bench.render().unwrap_or_else(|problems| panic!("{}", bench.list(&problems)));
    let map = bench.files.map();
    let texts: Vec<_> =
        rendered.outputs.iter().map(|output| format!("{} {}", map.get(output.text).name, map.get(output.text).text)).collect();
    insta::assert_snapshot!(texts.join("\n"), @r"
    rendered from templates/app/a.yaml <xbase>
    rendered from templates/app/b/deep.yml own-web root far
    ");
    insta::assert_snapshot!(bench.list(&rendered.findings), @r"
    template-ignored environments/prod.toml:1:1 `templates/app/typo.tera` isn't rendered
    ");
}

#[test]
fn work_is_bounded() {
    for template in [
        "{% for a in range(end=100000) %}{% for b in range(end=100000) %}{% endfor %}{% endfor %}",
        "{% for a in range(end=100000) %}{% for b in range(end=100000) %}xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx{% endfor %}{% endfor %}",
        "{{ [[b for b in range(end=100000)] for a in range(end=100000)] | length }}",
        "{% set x %}{% for a in range(end=100000) %}{% for b in range(end=100000) %}{{ values.big }}{% endfor %}{% endfor %}{% endset %}",
        "{% set_global x = values.big %}{% for a in range(end=60) %}{% set_global x = x ~ x %}{% endfor %}{{ x | length }}",
        "{{ values.big | replace(from='b', to=values.big) | replace(from='b', to=values.big) | replace(from='b', to=values.big) }}",
        "{{ range(end=100000) | join(sep=values.big) }}",
        "{{ range(end=10000000000) | length }}",
        "{% set_global x = [1] %}{% for a in range(end=60) %}{% set_global x = [x, x] %}{% endfor %}{{ x | to_json }}",
        "{% set_global x = [1] %}{% for a in range(end=100000) %}{% set_global x = [x] %}{% endfor %}",
        "{{ range(end=100000) | unique | length }}",
        "{% set l = range(end=50000) %}{% for a in l %}{% if 0 - 1 in l %}{% endif %}{% endfor %}",
        "{{ <Tree n={40} /> }}",
        "{% for a in range(end=100000) %}{% include \"_big.tera\" %}{% endfor %}",
        "{% set x %}{% for a in range(end=100000) %}{% include \"_big.tera\" %}{% endfor %}{% endset %}",
        "{{ '\n' | indent(width=1000, first=true, blank=true) | replace(from=' ', to='\n') | indent(width=1000, blank=true) | indent(width=1000) }}",
        "{% for a in range(end=100000) %}{% set x = values.big | split(pat='') %}{% endfor %}",
    ] {
        println!("{template}");
        let values = format!("big = '{}'\n", "bx".repeat(500));
        let components = "{% component Tree(n) %}{{ <Tree n={n - 1} /> }}{{ <Tree n={n - 1} /> }}{% endcomponent %}";
        let bench = Bench::new(
            &values,
            &[("app/t.yaml", template), ("app/_c.tera", components), ("app/_big.tera", &"text ".repeat(2000))],
        );
        let errors = bench.errors();
        assert!(errors.starts_with("template-too-expensive templates/"), "{template}\n{errors}");
    }
}

#[test]
fn files_references_and_the_commit() {
    let bench = Bench::new(
        "f = '_data.txt'\n",
        &[
            (
                "app/t.yaml",
                "a: {{ file(\"_data.txt\") }}{{ file(path=values.f) | upper }}\nb: {{ ref(\"configmap/params\") }}\nc: {{ git.commit }}\n",
            ),
            ("app/_data.txt", "some"),
        ],
    );
    let rendered = bench.render().unwrap();
    let text = bench.files.map().get(rendered.outputs[0].text).text.clone();
    let token = crate::object::ref_token("configmap", "params");
    assert_eq!(*text, *format!("a: someSOME\nb: {token}\nc: abc123\n"));
    insta::assert_snapshot!(bench.list(&rendered.findings), @r"
    git-commit-used templates/app/t.yaml:3:7 the commit becomes a part of an object
    ");
    let bench = Bench::one("", "{{ file(\"../../../etc/passwd\") }}\n{{ file(\"nope\") }}\n{{ ref(\"x\") }}");
    insta::assert_snapshot!(bench.errors(), @r"
    file-outside-root templates/app/t.yaml:1:4 `../../../etc/passwd` leads out of the repository's root
    file-not-found templates/app/t.yaml:2:4 can't read `templates/app/nope`: it doesn't exist
    ");
}

#[test]
fn filters() {
    let show = |expression: &str| {
        let values = "text = 'a: b'\nlines = \"x\\ny\\n\"\nn = 3\n[map]\na = 'yes'\nb = ['1', 2, true, {}]\n[map.c]\nd = []\n'e/f' = 'x y'\n";
        format!("{expression} = {}", Bench::one(values, &format!("{{{{ {expression} }}}}")).text())
    };
    insta::assert_snapshot!(
        [
            "values.map | to_yaml",
            "values.map | to_json",
            "values.map.c | to_json(pretty=true)",
            "values.map.c | to_toml",
            "values.text | to_yaml",
            "values.text | quote",
            "values.n | quote",
            "values.lines | indent(width=2)",
            "values.text | b64encode",
            "'ä/b c' | urlencode",
            "values.text | sha256",
            "'Feature/ABC_12..x' | dns_label",
            "'a very long name that does not fit at all' | dns_label(max=20)",
            "'1Gi' | quantity_add(by='512Mi')",
            "'500m' | quantity_sub(by='0.25')",
            "'2Gi' | quantity_mul(by=1.5)",
            "'1Gi' | quantity_div(by=4)",
            "'2Gi' | quantity_in(unit='Mi')",
            "'2Gi' | quantity_max(with='3G')",
            "'2Gi' | quantity_min(with='3G')",
            "[{'k': 'b'}, {'k': 'a'}, {'k': 'b'}] | group_by(attribute='k')",
            "range(end=10, start=9, step_by=-3) | join(sep=',')",
            "range(start=5, end=0, step_by=-2) | join(sep=',')",
        ]
        .map(show)
        .join("\n"),
        @r#"
    values.map | to_yaml = a: "yes"
    b:
    - "1"
    - 2
    - true
    - {}
    c:
      d: []
      e/f: "x y"
    values.map | to_json = {"a":"yes","b":["1",2,true,{}],"c":{"d":[],"e/f":"x y"}}
    values.map.c | to_json(pretty=true) = {
      "d": [],
      "e/f": "x y"
    }
    values.map.c | to_toml = d = []
    "e/f" = "x y"

    values.text | to_yaml = "a: b"
    values.text | quote = "a: b"
    values.n | quote = "3"
    values.lines | indent(width=2) = x
      y

    values.text | b64encode = YTogYg==
    'ä/b c' | urlencode = %C3%A4%2Fb%20c
    values.text | sha256 = 75cd1899337ffbc9341398f7456f1027e2fc4b2658f9f0555a7a965cb309c6dd
    'Feature/ABC_12..x' | dns_label = feature-abc-12-x
    'a very long name that does not fit at all' | dns_label(max=20) = a-very-long-5945f7de
    '1Gi' | quantity_add(by='512Mi') = 1536Mi
    '500m' | quantity_sub(by='0.25') = 250m
    '2Gi' | quantity_mul(by=1.5) = 3Gi
    '1Gi' | quantity_div(by=4) = 256Mi
    '2Gi' | quantity_in(unit='Mi') = 2048
    '2Gi' | quantity_max(with='3G') = 3G
    '2Gi' | quantity_min(with='3G') = 2Gi
    [{'k': 'b'}, {'k': 'a'}, {'k': 'b'}] | group_by(attribute='k') = {"b": [{"k": "b"}, {"k": "b"}], "a": [{"k": "a"}]}
    range(end=10, start=9, step_by=-3) | join(sep=',') = 
    range(start=5, end=0, step_by=-2) | join(sep=',') = 5,3,1
    "#
    );
}

#[test]
fn places_of_the_output() {
    let template = "kind: A\n{% if values.on -%}\n  name: {{ values.name }}-x\n{%- endif %}\n{% include \"_p.tera\" %}\n\
                    {% filter upper %}a\nb{% endfilter %}\n{% raw %}{{ x }}\ny{% endraw %}\n{% for x in values.list %}\n  - {{ x }}\n{% endfor %}last\n";
    let bench = Bench::new(
        "on = true\nname = 'web'\nlist = [1, 2]\n",
        &[("app/t.yaml", template), ("app/_p.tera", "part: 1\n  two: {{ env.name }}")],
    );
    let rendered = bench.render().unwrap();
    let text = rendered.outputs[0].text;
    let source = bench.files.map().get(text);
    let trace = rendered.trace(text).unwrap();
    let mut seen = Vec::new();
    for (at, word) in source.text.match_indices(|c: char| !c.is_whitespace()) {
        let start = source.text[..at].ends_with(char::is_whitespace) || at == 0;
        if start {
            let span = trace.template_span(Span::new(text, at, at + 1)).unwrap();
            let place = bench.files.map().place(span);
            let rest = source.text[at..].split_whitespace().next().unwrap();
            let _ = word;
            seen.push(format!("{rest} {}", place.trim_start_matches("templates/app/")));
        }
    }
    insta::assert_snapshot!(seen.join("\n"), @r"
    kind: t.yaml:1:1
    A t.yaml:1:7
    name: t.yaml:3:3
    web-x t.yaml:3:12
    part: _p.tera:1:1
    1 _p.tera:1:7
    two: _p.tera:2:3
    prod _p.tera:2:11
    A t.yaml:6:4
    B t.yaml:6:4
    {{ t.yaml:8:10
    x t.yaml:8:13
    }} t.yaml:8:15
    y t.yaml:9:1
    - t.yaml:11:3
    1 t.yaml:11:8
    - t.yaml:11:3
    2 t.yaml:11:8
    last t.yaml:12:13
    ");
    let reads: Vec<_> = trace.reads().iter().map(|read| format!("{} {}", read.path, read.offset)).collect();
    insta::assert_snapshot!(reads.join(" "), @"values.on 8 values.name 14 env.name 35 values.list 54 x 59 x 66");
    assert_eq!(rendered.values_read().into_iter().collect::<Vec<_>>().join(" "), "values.list values.name values.on");

    let rendered_at = source.text.find("web").unwrap();
    let finding = Diagnostic::new(&rules::TEMPLATE_ERROR, "bad").at(Span::new(text, rendered_at, rendered_at + 3), "here");
    let moved = rendered.relocate(finding.into());
    insta::assert_snapshot!(bench.list(&moved), @"template-error templates/app/t.yaml:3:12 bad");
    insta::assert_snapshot!(moved.iter().next().unwrap().hints.join("\n"), @"rendered, the line is `name: web-x`");
}

#[test]
fn nothing_overflows_the_stack() {
    let deep = [
        format!("{{{{ {}1{} }}}}", "(".repeat(20_000), ")".repeat(20_000)),
        format!("{{{{ {}1{} }}}}", "[".repeat(20_000), "]".repeat(20_000)),
        format!("{{{{ {}1{} }}}}", "{'a': ".repeat(20_000), " }".repeat(20_000)),
        format!("{{{{ {}1 }}}}", "not ".repeat(20_000)),
        format!("{{{{ a{} }}}}", "[a".repeat(20_000)),
        format!("{{{{ a{} }}}}", " | default(value=a".repeat(20_000)),
        "{% if true %}".repeat(5_000),
        format!("{{{{ {}1 }}}}", "1 + ".repeat(20_000)),
        format!("{{{{ {}1 }}}}", "1 if 1 else ".repeat(20_000)),
    ];
    for template in deep {
        let errors = Bench::one("", &template).errors();
        assert!(errors.starts_with("template-syntax"), "{} …\n{errors}", &template[..40]);
    }
    // The longest chain of templates, whose last calls a component that includes the first again, in every thread.
    let mut templates: Vec<(String, String)> =
        (0..25).map(|at| (format!("app/_c{at}.tera"), format!("{{% include \"_c{}.tera\" %}}", at + 1))).collect();
    templates.push(("app/_c25.tera".to_owned(), "{{ <X n={1} /> }}".to_owned()));
    templates.push(("app/_x.tera".to_owned(), "{% component X(n) %}{% include \"_c0.tera\" %}{% endcomponent %}".to_owned()));
    templates.extend((0..10).map(|at| (format!("app/t{at}.yaml"), "{% include \"_c0.tera\" %}".to_owned())));
    let templates: Vec<(&str, &str)> = templates.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let errors = Bench::new("", &templates).errors();
    assert!(errors.starts_with("template-too-expensive templates/app/"), "{errors}");
}
