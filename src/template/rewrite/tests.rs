//! Rewriting leaves what a template writes as it is.

use proptest::prelude::*;

use super::super::tests::Bench;

const VALUES: &str = r#"
name = "web"
port = 8080
ratio = 1.0
on = true
off = false
empty = ""
list = ["a", "b", "c"]
numbers = [3, 1, 2]
day = 2024-05-06
[labels]
app = "x"
"a.b/c" = "y"
[deep.a.b]
c = "end"
[[people]]
name = "ann"
age = 3
[[people]]
name = "bob"
age = 4
"#;

/// Templates that Tera renders as well, with all that could go wrong in rewriting.
const CASES: &[&str] = &[
    "plain: text\n",
    "a: {{ values.name }}\n",
    "  {{- values.name -}}  b",
    "x\n  {%- if values.on -%}\n  yes\n  {%- else -%}\n no\n {%- endif %}\ny\n",
    "{% if values.off %}a{% elif values.port == 8080 %}b{% else %}c{% endif %}",
    "{% raw %}{{ values.nope }}{% endraw %} {%- raw -%}  {% if %}  {%- endraw -%}  z",
    "a{# {{ values.nope }} #}b  {#- c -#}  d",
    "{{ \"}} {% {{\" }}{{ 'a\\'}}b' }}{{ `%}` }}",
    "{% include \"_part.tera\" %} and {% include '_part.tera' -%}  !",
    "{% filter upper %}a {{ values.name }} {% if values.on %}b{% endif %}{% endfilter %}",
    "{% filter replace(from='w', to=values.name) | upper %}{{ values.name }}{% endfilter %}",
    "{% set x %}a {{ values.name }}{% endset %}[{{ x }}]",
    "{% set x | trim | upper %} a {{ values.name }} {% endset %}[{{ x }}]",
    "{% set x = values.port + 1 %}{{ x * 2 }}{% set_global y = x %}{{ y }}",
    "{{ <Env name=\"A\" v={values.name} /> }} {{ <Env name={values.name ~ '_B'} v=\"1\" note={2} /> }}",
    "{% set name = 'N' %}{{ <Env name v=\"1\" /> }}",
    "{% <Box title={values.name}> %}  in {{ values.port }}  {% </Box> %}",
    "{{ values.list[0] }}{{ values.list[values.numbers[1]] }}{{ values['labels']['a.b/c'] }}{{ values.list[-1] }}",
    "{% set k = 'app' %}{% set l = values.list %}{{ values.labels[k] }}{{ l[1:] }}{{ l[:2] }}{{ l[0:2:1][0] }}{{ l[::-1] }}",
    "{{ values.deep?.a.b.c }}{{ values.none?.a | default(value='d') }}{{ values?.deep }}",
    "{% if values.none?.a %}y{% else %}n{% endif %}{% if not values.none?.a %}n{% endif %}",
    "{{ 'a' if values.on else 'b' }}{{ values.name if values.off else values.port }}{{ (values.a if values.off else 'z') | upper }}",
    "{{ [x * 2 for x in values.numbers if x > 1] }}{{ [v for k, v in values.labels] }}{{ [p.name for p in values.people] | join(sep=',') }}",
    "{% for p in values.people %}{{ loop.index }}{{ loop.index0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ p.name }} {% endfor %}",
    "{% for k, v in values.labels %}{{ k }}={{ v }};{% else %}none{% endfor %}{% for x in [] %}a{% else %}e{% endfor %}",
    "{% for x in values.list %}{% if x == 'b' %}{% continue %}{% endif %}{% if loop.last %}{% break %}{% endif %}{{ x }}{% endfor %}",
    "{% for x in range(end=3) %}{% for y in values.list %}{{ x }}{{ y }}{{ loop.index }}{% endfor %}{{ loop.index }}{% endfor %}",
    "{{ values.port + 1 * 2 }} {{ (values.port + 1) * 2 }} {{ -values.port }} {{ 2 ** 3 ** 2 }} {{ 7 // 2 }} {{ 7 % 4 }} {{ -1.5 | abs }}",
    "{{ values.name ~ ':' ~ values.port ~ '/' ~ values.ratio }} {{ values.day }}",
    "{{ values.on and values.name }}{{ values.empty or 'other' }}{{ values.empty or values.name or 'x' }}",
    "{{ (values.empty or values.name ~ '!') | upper }}{{ not values.on }}{{ not values.on or true }}",
    "{{ 'a' in values.list }}{{ 'z' not in values.list }}{{ not 'z' in values.list }}{{ 'app' in values.labels }}",
    "{{ values.nope is defined }}{{ values.name is defined }}{{ values.nope is not defined }}{{ values.nope is undefined and values.on }}",
    "{{ values.nope | default(value='d') }}{{ values.nope | default(value=values.name) | upper }}{{ (values.nope) | default(value=1) }}",
    "{{ values.port is number }}{{ values.name is not number }}{{ values.port is divisible_by(divisor=2) }}",
    "{{ {'a': values.port, \"b\": [values.name, 1]} }}{{ {...values.labels, 'z': 1} }}{{ [...values.list, values.name] }}",
    "{{ values.list | reverse | first | upper }}{{ values.people | last | get(key='name') }}{{ values.numbers | sort | join(sep='-') }}",
    "{{ 'x' | default(value='y') }}{{ values.name|upper|lower }}{{values.name}}{{-values.name-}}",
    "{{ values.people[0].name }}{{ values.people[values.numbers[1]].age }}{{ values.people | length }}",
    "{% if values.port > 80 and values.port < 9000 or values.off %}in{% endif %}{% if (values.on) %}on{% endif %}",
    "{{ values.name | replace(from='e', to='E') }}{{ 'a\nb' | indent(width=2) }}{{ values.list | unique }}{{ 'a b' | split(pat=' ') }}",
    "{{ values.labels | keys | first }}{{ values.labels | values | last }}{{ values.labels | pairs }}",
    "\u{2003}é {{- values.name -}} \u{2003}ü\r\n{% if values.on -%}\r\n  x\r\n{% endif %}",
    "{%if values.on%}a{%endif%}{{values.on}}{%- set a=1 -%}{{a}}",
    "{{ \"a\" }}{{ 1 }}{{ 1.0 }}{{ true }}{{ none }}{{ [] }}{{ {} }}",
    "{% include \"_part.tera\" %}{% for x in values.list %}{% include \"_item.tera\" %}{% endfor %}",
    "{{ 1 if values.on else 2 if values.off else 3 }}{{ 'a' ~ 'b' if values.on else 'c' }}",
    "{% for x in values.list if false %}{% endfor %}",
    "{{ \"abc\"[1] }}{{ \"abc\"[1:] }}{{ (values.name)[0] }}{{ values.name[0] }}{{ [1,2,3][1] }}",
];

const PARTIALS: &[(&str, &str)] = &[
    ("app/_part.tera", "  part {{ values.name }}\n  {%- if values.on %} on{% endif -%}\n"),
    ("app/_item.tera", "<{{ x }}>"),
    (
        "app/_components.tera",
        "{% component Env(name: String, v = \"none\", note = 1) -%}\n  {{ name }}={{ v }}{{ note }}\n{%- endcomponent Env %}\n\
         {% component Box(title) {\"meta\": [1]} %}[{{ title }}{{ body }}]{% for x in [1,2] %}{{ x }}{% endfor %}{% endcomponent %}",
    ),
];

/// What Tera makes of a template as it stands.
fn plain(bench: &Bench, template: &str) -> Result<String, String> {
    let mut tera = tera::Tera::default();
    tera.autoescape_on(Vec::<&str>::new());
    let texts = PARTIALS.iter().map(|(path, text)| (path.strip_prefix("app/").unwrap(), *text)).chain([("t.yaml", template)]);
    tera.add_raw_templates(texts).map_err(|error| error.to_string())?;
    let mut context = tera::Context::new();
    for (name, value) in
        super::super::context::given(&bench.environment, &bench.secrets, None, &mut crate::diagnostic::Diagnostics::new())
    {
        context.insert_value(name, value);
    }
    tera.render("t.yaml", &context).map_err(|error| error.to_string())
}

fn bench(template: &str) -> Bench {
    let mut templates = PARTIALS.to_vec();
    templates.push(("app/t.yaml", template));
    Bench::new(VALUES, &templates)
}

#[test]
fn output_is_as_tera_writes_it() {
    let mut compared = 0;
    for case in CASES {
        let bench = bench(case);
        match plain(&bench, case) {
            Ok(text) => {
                let rendered = bench.render().unwrap_or_else(|problems| panic!("{case}\n{}", bench.list(&problems)));
                let output = rendered
                    .outputs
                    .iter()
                    .find(|output| bench.files.map().get(output.template).name.ends_with("t.yaml"))
                    .unwrap();
                assert_eq!(*bench.files.map().get(output.text).text, *text, "{case}");
                // The traced rendering gives the same, else there is no trace.
                assert!(rendered.trace(output.text).is_some(), "{case}");
                compared += 1;
            }
            Err(error) => {
                println!("{case}\n{error}");
                assert!(bench.render().is_err(), "{case}\n{error}");
            }
        }
    }
    assert!(compared >= CASES.len() - 1, "{compared} of {}", CASES.len());
}

/// Expressions that only use defined values.
fn expression() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("values.name".to_owned()),
        Just("values.port".to_owned()),
        Just("values.on".to_owned()),
        Just("values.empty".to_owned()),
        Just("values.deep.a.b.c".to_owned()),
        Just("values.list[1]".to_owned()),
        Just("values.labels['a.b/c']".to_owned()),
        Just("values.list".to_owned()),
        Just("item".to_owned()),
        Just("'t'".to_owned()),
        Just("7".to_owned()),
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a} ~ {b}")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a}) == {b}")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a} or ({b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("not ({a}) and {b}")),
            (inner.clone(), inner.clone(), inner.clone()).prop_map(|(a, b, c)| format!("({a} if {b} else {c})")),
            inner.clone().prop_map(|a| format!("({a}) | str | upper")),
            inner.clone().prop_map(|a| format!("({a}) | default(value=1)")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("[{a}, {b}]")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{{'k': {a}, 'l': {b}}}")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("[({a}) for item in [1, 'b'] if {b}]")),
            inner.clone().prop_map(|a| format!("(({a}) in values.list)")),
            inner.clone().prop_map(|a| format!("(({a}) is string)")),
        ]
    })
}

/// Templates of text, expressions and tags, with and without trimming.
fn template() -> impl Strategy<Value = String> {
    let dash = || prop_oneof![Just(""), Just("-")];
    let text = prop_oneof![Just("a\n  "), Just("  "), Just("\n\n"), Just("b: c\n"), Just(" {x} "), Just("é"), Just("")];
    let leaf = prop_oneof![
        text.prop_map(str::to_owned),
        (dash(), expression(), dash()).prop_map(|(a, e, b)| format!("{{{{{a} {e} {b}}}}}")),
        (dash(), dash()).prop_map(|(a, b)| format!("{{%{a} include \"_part.tera\" {b}%}}")),
        (dash(), dash()).prop_map(|(a, b)| format!("{{#{a} note {b}#}}")),
        (dash(), dash(), dash()).prop_map(|(a, b, c)| format!("{{%{a} raw {b}%}} {{{{ x }}}}\n {{%{c} endraw %}}")),
    ];
    leaf.prop_recursive(3, 24, 4, move |inner| {
        let body = proptest::collection::vec(inner, 0..4).prop_map(|parts| parts.concat());
        let dash = || prop_oneof![Just(""), Just("-")];
        prop_oneof![
            body.clone(),
            (dash(), expression(), dash(), body.clone())
                .prop_map(|(a, e, b, body)| format!("{{%{a} if {e} {b}%}}{body}{{%{b} endif {a}%}}")),
            (dash(), dash(), body.clone())
                .prop_map(|(a, b, body)| format!("{{%{a} for item in values.list {b}%}}{body}{{%{b} endfor {a}%}}")),
            (dash(), body.clone()).prop_map(|(a, body)| format!("{{%{a} filter upper %}}{body}{{% endfilter {a}%}}")),
            (dash(), body.clone()).prop_map(|(a, body)| format!("{{%{a} set got %}}{body}{{% endset {a}%}}{{{{ got }}}}")),
            (dash(), body).prop_map(|(a, body)| format!("{{% <Box title={{1}}> {a}%}}{body}{{%{a} </Box> %}}")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_output_is_as_tera_writes_it(body in template()) {
        let template = format!("{{% set item = 'i' %}}{body}");
        let bench = bench(&template);
        if let Ok(text) = plain(&bench, &template) {
            let rendered = bench.render();
            let rendered = rendered.map_err(|problems| TestCaseError::fail(bench.list(&problems)))?;
            let output = rendered.outputs.iter().find(|output| bench.files.map().get(output.template).name.ends_with("t.yaml")).unwrap();
            prop_assert_eq!(&*bench.files.map().get(output.text).text, text.as_str());
            prop_assert!(rendered.trace(output.text).is_some());
        }
    }

    #[test]
    fn nothing_panics(template in "[a{}%# \\-.|()\\[\\]\"'~:,=<>/?\n]{0,40}") {
        let _ = bench(&template).render();
    }
}

#[test]
fn rewritten() {
    let show = |text: &str| {
        let files = crate::source::Files::new(crate::source::MemoryTree::default());
        let file = files.map().add("t", text, crate::source::SourceKind::Other);
        let mut rewritten = super::rewrite(0, file, text);
        rewritten.resolve(|_| None);
        format!("{} {:?}", rewritten.write(text, super::Mode::Any).text, rewritten.confused)
    };
    insta::assert_snapshot!(
        ["{% if secrets.token ~ '' == 'a' %}", "{% for x in 1 + 2 %}{% endfor %}{% if (a ~ b) == c %}", "{{ (a or b ~ c) | upper }}", "{{ a.b[c.d] | upper }}", "{{ a[1:] }}", "{% if (a or b | f) and not c is defined %}"].map(show).join("\n"),
        @r"
    {{ __f(i=0) }}{% if (((secrets.token | __s(i=1)) ~ '') | __s(i=2)) == 'a' %}{{ __x() }} None
    {{ __f(i=0) }}{% for x in ((1 + 2) | __s(i=1)) %}{% endfor %}{% if (((a | __s(i=2)) ~ (b | __s(i=3))) | __s(i=4)) == (c | __s(i=5)) %}{{ __x() }} None
    {{ __f(i=0) }}{{ ((a | __s(i=1)) or (((b | __s(i=2)) ~ (c | __s(i=3))) | __s(i=4))) | upper }}{{ __x() }} None
    {{ __f(i=0) }}{{ a.b[__k(i=1, v=a.b, n=(c.d | __s(i=2)))] | __s(i=3) | upper }}{{ __x() }} None
    {{ __f(i=0) }}{{ (a[__k(i=1, v=a, n=1):] | __s(i=3)) }}{{ __x() }} None
    {{ __f(i=0) }}{% if ((a | __s(i=1)) or ((b | __s(i=2)) | f | __s(i=3))) and not c is defined %}{{ __x() }} None
    "
    );
}
