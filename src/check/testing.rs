//! Objects for the tests, from JSON; a text `SEALED` stands for a sealed value.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::{Input, check};
use crate::diagnostic::Diagnostic;
use crate::environment::{Environment, Settings, Spanned, Table};
use crate::object::{Bundle, Data, MadeBy, Map, Node, Object};
use crate::secret::{Fingerprint, Sealed, SecretKey, SecretKind, Secrets, Tokens};
use crate::source::{Files, MemoryTree, RootPath, SourceKind, Span};

/// A bundle being put together.
pub(super) struct Case {
    pub files: Files,
    pub settings: Settings,
    pub bundle: Bundle,
    span: Span,
}

impl Case {
    /// Objects as a template made them.
    pub(super) fn new(objects: Value) -> Self {
        Self::over(objects, MemoryTree::default())
    }

    /// The same, with files.
    pub(super) fn over(objects: Value, tree: MemoryTree) -> Self {
        let files = Files::new(tree);
        let file = files.map().add("test", "", SourceKind::Other);
        let mut case = Self { files, settings: Settings::default(), bundle: Bundle::default(), span: Span::file_start(file) };
        let Value::Array(objects) = objects else { panic!("a list of objects") };
        for object in objects {
            let root = node(object, case.span);
            let object = Object::new(root, case.span, MadeBy::Template(file)).expect("an object with a name");
            case.bundle.objects.push(object);
        }
        case
    }

    /// A setting's text.
    pub(super) fn text(&self, text: &str) -> Spanned<String> {
        Spanned::new(text.to_owned(), self.span)
    }

    pub(super) fn span(&self) -> Span {
        self.span
    }

    /// All findings.
    pub(super) fn findings(self) -> Vec<Diagnostic> {
        let environment =
            Environment { name: "test".to_owned(), layers: Vec::new(), settings: self.settings, values: Table::default() };
        let secrets = Secrets::new(BTreeMap::new(), Tokens::new([0; 16]));
        let input =
            Input { files: &self.files, environment: &environment, secrets: &secrets, bundle: &self.bundle, values_read: None };
        check(input).into_iter().collect()
    }

    /// The findings of some rules as `rule object field: message (hints)`, sorted.
    pub(super) fn of(self, rules: &[&str]) -> String {
        let findings = self.findings();
        let ours = findings.iter().filter(|finding| rules.contains(&finding.rule.name)).map(|finding| {
            let (object, field) = (finding.object.as_deref().unwrap_or("-"), finding.field.as_deref().unwrap_or("-"));
            let hints = finding.hints.join("; ");
            format!("{} {object} {field}: {} ({hints})", finding.rule.name, finding.message)
        });
        ours.collect::<Vec<_>>().join("\n")
    }
}

/// A tree from JSON.
pub(super) fn node(value: Value, span: Span) -> Node {
    let data = match value {
        Value::Null => Data::Null,
        Value::Bool(truth) => Data::Bool(truth),
        Value::Number(number) => number.as_i64().map_or_else(|| Data::Float(number.as_f64().expect("a number")), Data::Int),
        Value::String(text) if text.contains("SEALED") => Data::Sealed(Box::new(sealed(&text))),
        Value::String(text) => Data::Text(text.into()),
        Value::Array(items) => Data::List(items.into_iter().map(|item| node(item, span)).collect()),
        Value::Object(entries) => {
            let mut map = Map::new();
            for (key, value) in entries {
                map.insert(key, span, node(value, span));
            }
            Data::Map(map)
        }
    };
    Node::new(data, span)
}

/// `a SEALED b` as an expression.
pub(super) fn sealed(text: &str) -> Sealed {
    let files = Files::new(MemoryTree::default());
    let span = Span::file_start(files.map().add("index", "", SourceKind::Other));
    let key = Arc::new(SecretKey {
        file: RootPath::root(),
        path: "some.secret".to_owned(),
        kind: SecretKind::Text,
        fingerprint: Fingerprint([0; 32]),
        span,
    });
    let mut parts = Vec::new();
    for (at, part) in text.split("SEALED").enumerate() {
        if at > 0 {
            parts.push(Sealed::Secret(key.clone()));
        }
        parts.push(Sealed::Text(part.into()));
    }
    Sealed::concat(parts)
}
