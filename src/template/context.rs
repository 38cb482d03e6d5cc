//! What every template is given: `values`, `env`, `secrets`, `git`.

use tera::{Map, Value};

use super::guard::mentions_ref;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::environment::{Environment, Table, Value as Setting, ValueKind};
use crate::object::FOREIGN_TOKEN;
use crate::secret::{Sealed, Secrets, Tokens};
use crate::source::Span;

/// The variables of an environment; `commit` is that of the repository, if it has one.
///
/// # Errors
/// A value that holds what looks like a token.
pub(super) fn given(
    environment: &Environment,
    secrets: &Secrets,
    commit: Option<&str>,
    problems: &mut Diagnostics,
) -> Vec<(&'static str, Value)> {
    let mut env = Map::new();
    env.insert("name".into(), Value::from(environment.name.as_str()));
    if let Some(namespace) = &environment.settings.target.namespace {
        env.insert("namespace".into(), Value::from(namespace.as_str()));
    }
    let git: Map = commit.map(|commit| ("commit".into(), Value::from(commit))).into_iter().collect();
    vec![
        ("values", table(&environment.values, problems)),
        ("env", Value::from(env)),
        ("secrets", secret_tables(secrets)),
        ("git", Value::from(git)),
    ]
}

fn table(table: &Table, problems: &mut Diagnostics) -> Value {
    let entries = table.0.iter().map(|(key, entry)| {
        refuse_token(key, entry.key_span, problems);
        (key.clone().into(), value(&entry.value, problems))
    });
    Value::from(entries.collect::<Map>())
}

fn value(setting: &Setting, problems: &mut Diagnostics) -> Value {
    match &setting.kind {
        ValueKind::Text(text) => {
            refuse_token(text, setting.origin.span, problems);
            Value::from(text.as_str())
        }
        ValueKind::Integer(number) => Value::from(*number),
        ValueKind::Float(number) => Value::from(*number),
        ValueKind::Boolean(truth) => Value::from(*truth),
        ValueKind::Date(text) => Value::from(text.as_str()),
        ValueKind::List(items) => Value::from(items.iter().map(|item| value(item, problems)).collect::<Vec<_>>()),
        ValueKind::Table(entries) => table(entries, problems),
    }
}

fn refuse_token(text: &str, span: Span, problems: &mut Diagnostics) {
    if Tokens::mentioned(text) || mentions_ref(text) {
        problems.push(
            Diagnostic::new(&FOREIGN_TOKEN, "a value holds what looks like a token of Plimsoll's")
                .at(span, "tokens are never typed")
                .hint("write `{{ secrets.PATH }}` in the template where the secret belongs"),
        );
    }
}

/// A table under construction: `registry.password` lies in `registry`.
#[derive(Default)]
struct Branch(indexmap::IndexMap<String, Leaf>);

enum Leaf {
    Token(String),
    Branch(Branch),
}

/// Tables of tokens, in the order of the key paths.
fn secret_tables(secrets: &Secrets) -> Value {
    let mut root = Branch::default();
    for (path, key) in secrets.iter() {
        let token = secrets.tokens().issue(Sealed::Secret(key.clone()));
        root.insert(path, token);
    }
    root.finish()
}

impl Branch {
    fn insert(&mut self, path: &str, token: String) {
        let Some((first, rest)) = path.split_once('.') else {
            self.0.insert(path.to_owned(), Leaf::Token(token));
            return;
        };
        let leaf = self.0.entry(first.to_owned()).or_insert_with(|| Leaf::Branch(Self::default()));
        if let Leaf::Branch(branch) = leaf {
            branch.insert(rest, token);
        } else {
            // `a` and `a.b` can't both be keys of one TOML file; of a folder's `a.age` and `a.b.age` both can be named by index.
            self.0.insert(path.to_owned(), Leaf::Token(token));
        }
    }

    fn finish(self) -> Value {
        let entries = self.0.into_iter().map(|(key, leaf)| {
            let value = match leaf {
                Leaf::Token(token) => Value::from(token),
                Leaf::Branch(branch) => branch.finish(),
            };
            (key.into(), value)
        });
        Value::from(entries.collect::<Map>())
    }
}
