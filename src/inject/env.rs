//! Variables: `env`, `env-each`, `env-from`.

use std::collections::BTreeMap;

use super::source::{Source, bad, fields};
use super::{INJECT_SYNTAX, Pod, Wanted};
use crate::diagnostic::Diagnostic;
use crate::environment::{Pair, Spanned};
use crate::object::podspec::ConfigKind;
use crate::object::{FieldPath, Map, Node};
use crate::source::Span;

/// One variable from one key.
#[derive(Debug, Clone)]
pub(super) struct Variable {
    name: String,
    name_span: Span,
    source: Source,
    key: String,
}

/// All keys as variables, with a prefix if `as PREFIX_` is written.
#[derive(Debug, Clone)]
pub(super) struct AllKeys {
    source: Source,
    prefix: Option<String>,
}

impl Variable {
    pub(super) fn read((name, written): &Pair<String>) -> Result<Self, Diagnostic> {
        if name.value.is_empty() || name.value.contains('=') || !name.value.bytes().all(|byte| (b'!'..=b'~').contains(&byte)) {
            return Err(Diagnostic::new(&INJECT_SYNTAX, format!("`{}` can't be a variable's name", name.value))
                .at(name.span(), "here")
                .hint("a name has printable ASCII characters but `=` and no blanks; most programs take only letters, digits and `_`"));
        }
        let (source, key) = Source::with_key(written)?;
        let Some(key) = key else {
            return Err(bad(written, "a variable takes one key".to_owned())
                .hint(format!("write `{}#KEY`; `env-from` and `env-each` take all keys", source.words())));
        };
        Ok(Self { name: name.value.clone(), name_span: name.span(), source, key })
    }

    fn node(&self) -> Node {
        let (field, span) = (key_field(self.source.kind), self.source.span);
        let reference =
            fields(span, [("name", Node::text(self.source.name.as_str(), span)), ("key", Node::text(self.key.as_str(), span))]);
        let from = fields(span, [(field, reference)]);
        fields(self.name_span, [("name", Node::text(self.name.as_str(), self.name_span)), ("valueFrom", from)])
    }
}

fn key_field(kind: ConfigKind) -> &'static str {
    match kind {
        ConfigKind::ConfigMap => "configMapKeyRef",
        ConfigKind::Secret => "secretKeyRef",
    }
}

impl AllKeys {
    pub(super) fn read(written: &Spanned<String>) -> Result<Self, Diagnostic> {
        let (object, prefix) = match written.value.split_once(" as ") {
            Some((object, prefix)) => (object.trim_end(), Some(prefix.trim())),
            None => (written.value.as_str(), None),
        };
        if prefix.is_some_and(|prefix| prefix.is_empty() || prefix.contains(['=', ' '])) {
            return Err(bad(written, "the prefix isn't one for variables' names".to_owned()));
        }
        let object = Spanned { value: object.to_owned(), origin: written.origin.clone() };
        Ok(Self { source: Source::whole(&object, "env-from")?, prefix: prefix.map(ToOwned::to_owned) })
    }

    fn node(&self) -> Node {
        let span = self.source.span;
        let field = match self.source.kind {
            ConfigKind::ConfigMap => "configMapRef",
            ConfigKind::Secret => "secretRef",
        };
        let mut map = Map::new();
        if let Some(prefix) = &self.prefix {
            map.set("prefix", Node::text(prefix.as_str(), span));
        }
        map.set(field, fields(span, [("name", Node::text(self.source.name.as_str(), span))]));
        Node::map(map, span)
    }
}

/// Puts the variables of an `[[inject]]` into a container. `front` is how many already stand before the container's own.
pub(super) fn add(container: &mut Map, wanted: &Wanted<'_>, front: &mut usize, path: &FieldPath, pod: &mut Pod<'_>) {
    let mut variables = wanted.env.clone();
    variables
        .retain(|variable| pod.held.has_key(&variable.source, &variable.key, variable.source.span, pod.namespace, pod.found));
    for source in &wanted.env_each {
        match each(source, pod) {
            Ok(more) => variables.extend(more),
            Err(finding) => pod.found.push(finding),
        }
    }
    for variable in &variables {
        add_variable(container, variable, front, path, pod);
    }
    for all in &wanted.env_from {
        if !pod.held.has(&all.source, pod.namespace, pod.found) {
            continue;
        }
        let Some(list) = container.child_list("envFrom", all.source.span) else { continue };
        let node = all.node();
        if !list.iter().any(|item| item.same(&node)) {
            pod.touched.push((path.child("envFrom").index(list.len()), all.source.span));
            list.push(node);
        }
    }
}

fn add_variable(container: &mut Map, variable: &Variable, front: &mut usize, path: &FieldPath, pod: &mut Pod<'_>) {
    let Some(list) = container.child_list("env", variable.name_span) else { return };
    let node = variable.node();
    let is_it = |item: &&Node| item.get("name").and_then(Node::as_str) == Some(variable.name.as_str());
    if let Some(old) = list.iter().find(is_it) {
        if !old.same(&node) {
            let message = format!("`{}` already has a variable `{}`", pod.object, variable.name);
            let finding = pod.conflict(message, variable.name_span, old.span).field(path.child("env").to_string());
            pod.found.push(finding.hint("take one of them out; `[[patch]]` replaces a variable"));
        }
        return;
    }
    // Positions of later items move, which is why only the list is noted.
    pod.touched.push((path.child("env"), variable.name_span));
    list.insert((*front).min(list.len()), node);
    *front += 1;
}

/// A variable for every key, named as `kubectl set env --from` names it: upper-cased, all but letters and digits to `_`.
fn each(source: &Source, pod: &Pod<'_>) -> Result<Vec<Variable>, Diagnostic> {
    let Some(keys) = pod.held.keys(source, pod.namespace)? else {
        return Err(Diagnostic::new(&INJECT_SYNTAX, format!("the keys of `{}` aren't known here", source.words()))
            .at(source.span, "needs a variable for each")
            .hint("list them in `[external]` as `name#key`, or use `env-from`, which needs no list"));
    };
    let mut names: BTreeMap<String, &str> = BTreeMap::new();
    let mut variables = Vec::new();
    for key in keys {
        let name: String = key.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect();
        if let Some(first) = names.insert(name.clone(), key) {
            return Err(Diagnostic::new(
                &INJECT_SYNTAX,
                format!("the keys `{first}` and `{key}` of `{}` both become the variable `{name}`", source.words()),
            )
            .at(source.span, "a variable for each key")
            .hint("name one of them in `env`"));
        }
        variables.push(Variable { name, name_span: source.span, source: source.clone(), key: key.to_string() });
    }
    Ok(variables)
}
