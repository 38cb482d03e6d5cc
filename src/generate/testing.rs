//! A repository in memory for the tests of generators, `[[inject]]` and names.

use std::fmt::Write as _;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::diagnostic::Diagnostics;
use crate::environment::{self, Environment};
use crate::object::{Bundle, Data, MadeBy, Node, Object, parse};
use crate::secret::{Escape, Fingerprint, Sealed, SecretKey, SecretKind, Secrets, Tokens};
use crate::source::{FileId, Files, MemoryTree, RootPath, SourceKind, Span};

/// An environment, what templates rendered, and the sealed values that there are.
pub(crate) struct Repo {
    pub(crate) files: Files,
    pub(crate) environment: Environment,
    pub(crate) secrets: Secrets,
    template: FileId,
}

impl Repo {
    /// `environments/prod.toml`, and the rendered YAML. Every sealed value's fingerprint is made of its path; `files` lie in
    /// `environments/`.
    pub(crate) fn new(toml: &str, yaml: &str, sealed: &[&str], more: &[(&str, &[u8])]) -> Self {
        let mut tree = MemoryTree::default();
        let path = |name: &str| RootPath::new(&format!("environments/{name}")).unwrap();
        tree.insert(path("prod.toml"), toml);
        for (name, bytes) in more {
            tree.insert(path(name), *bytes);
        }
        let files = Files::new(tree);
        let environment = environment::load(&files, "prod").unwrap_or_else(|found| panic!("{}", said(&files, &found)));
        let template = files.map().add("rendered.yaml", yaml, SourceKind::Other);
        let key = |written: &&str| {
            let mut fingerprint = [7; 32];
            fingerprint.iter_mut().zip(written.bytes()).for_each(|(to, from)| *to = from);
            let file = if written.contains(".age") { path(written) } else { path("prod.secrets.age") };
            let secret = SecretKey {
                file,
                path: (*written).to_owned(),
                kind: SecretKind::Text,
                fingerprint: Fingerprint(fingerprint),
                span: Span::file_start(template),
            };
            ((*written).to_owned(), Arc::new(secret))
        };
        let secrets = Secrets::new(sealed.iter().map(key), Tokens::new([1; 16]));
        Self { files, environment, secrets, template }
    }

    /// With the objects of the templates and the tables.
    pub(crate) fn generate(&self) -> Result<Bundle, String> {
        let parsed = parse(self.files.map(), self.template, self.secrets.tokens(), MadeBy::Template(self.template));
        let objects = parsed.map_err(|found| self.said(&found))?;
        let bundle = Bundle { objects, findings: Diagnostics::new() };
        super::generate(&self.files, &self.environment, &self.secrets, bundle).map_err(|found| self.said(&found))
    }

    /// And what is put into workloads.
    pub(crate) fn inject(&self) -> Result<Bundle, String> {
        crate::inject::inject(&self.environment, self.generate()?).map_err(|found| self.said(&found))
    }

    /// `rule line:column message`, with further places and hints below.
    pub(crate) fn said(&self, found: &Diagnostics) -> String {
        said(&self.files, found)
    }
}

fn said(files: &Files, found: &Diagnostics) -> String {
    let place = |span| files.map().place(span).replace("environments/", "");
    let mut lines = String::new();
    for finding in found {
        let at = finding.primary.as_ref().map_or_else(|| "-".to_owned(), |at| place(at.span));
        let _ = writeln!(lines, "{} {at} {}", finding.rule.name, finding.message);
        for also in &finding.secondary {
            let _ = writeln!(lines, "    {} {}", place(also.span), also.label);
        }
        for hint in &finding.hints {
            let _ = writeln!(lines, "    = {hint}");
        }
    }
    lines
}

/// The object `Kind/name` by its present name.
pub(crate) fn object<'a>(bundle: &'a Bundle, id: &str) -> &'a Object {
    let find = bundle.objects.iter().find(|object| format!("{}/{}", object.kind(), object.name()) == id);
    find.unwrap_or_else(|| {
        let names: Vec<String> = bundle.objects.iter().map(|object| format!("{}/{}", object.kind(), object.name())).collect();
        panic!("no {id} among {}", names.join(" "))
    })
}

/// A tree as compact JSON, a sealed text as what it opens to if every secret is `<its path>"&`; base64 in it is opened.
pub(crate) fn show(node: &Node) -> String {
    to_json(node).to_string()
}

fn to_json(node: &Node) -> serde_json::Value {
    match &node.data {
        Data::Sealed(sealed) => match &**sealed {
            Sealed::Base64(inside) => format!("b64({})", open(inside)).into(),
            sealed => open(sealed).into(),
        },
        Data::List(items) => items.iter().map(to_json).collect(),
        Data::Map(map) => map.iter().map(|(key, entry)| (key.to_string(), to_json(&entry.node))).collect(),
        _ => crate::object::testing::to_json(node),
    }
}

/// What an expression opens to.
pub(crate) fn open(sealed: &Sealed) -> String {
    match sealed {
        Sealed::Text(text) => text.to_string(),
        Sealed::Secret(key) => format!("<{}>\"&", key.path),
        Sealed::Concat(parts) => parts.iter().map(open).collect(),
        Sealed::Base64(inside) => STANDARD.encode(open(inside)),
        Sealed::Escaped(Escape::Json, inside) => {
            let quoted = serde_json::Value::from(open(inside)).to_string();
            quoted[1..quoted.len() - 1].to_owned()
        }
        Sealed::Escaped(Escape::Url, inside) => format!("url({})", open(inside)),
    }
}

/// A path's value in an object, as [`show`] writes it; `null` if there is none.
pub(crate) fn at(object: &Object, pointer: &str) -> String {
    to_json(&object.root).pointer(pointer).unwrap_or(&serde_json::Value::Null).to_string()
}
