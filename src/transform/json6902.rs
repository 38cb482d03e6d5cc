//! JSON patch (RFC 6902) over trees with places.

use super::{PATCH_PATH, PATCH_SYNTAX, PATCH_TEST};
use crate::diagnostic::{Diagnostic, Diagnostics, nearest};
use crate::object::{Data, FieldPath, Map, Node, Text};
use crate::source::Span;

/// A JSON pointer (RFC 6901) with its place.
#[derive(Debug, Clone)]
struct Pointer {
    steps: Vec<Text>,
    written: Text,
    span: Span,
}

#[derive(Debug, Clone)]
enum Kind {
    Add(Node),
    Remove,
    Replace(Node),
    Move(Pointer),
    Copy(Pointer),
    Test(Node),
}

/// One operation.
#[derive(Debug, Clone)]
pub(super) struct Operation {
    kind: Kind,
    path: Pointer,
    span: Span,
}

/// The operations of one patch.
#[derive(Debug, Clone)]
pub(super) struct Operations(Vec<Operation>);

impl Operation {
    /// Whether it only asserts.
    pub(super) fn is_test(&self) -> bool {
        matches!(self.kind, Kind::Test(_))
    }
}

impl Operations {
    /// Reads a list of operations.
    ///
    /// # Errors
    /// Everything that is wrong in any.
    pub(super) fn read(tree: Node) -> Result<Self, Diagnostics> {
        let Data::List(items) = tree.data else {
            let finding =
                Diagnostic::new(&PATCH_SYNTAX, format!("a JSON patch is a list of operations, and this is {}", tree.type_name()));
            return Err(finding.at(tree.span, "here").hint("a map belongs under `merge`").into());
        };
        let mut diagnostics = Diagnostics::new();
        let operations = items.into_iter().filter_map(|item| diagnostics.take(Operation::read(&item))).collect();
        diagnostics.into_result(Self(operations))
    }

    pub(super) fn iter(&self) -> std::slice::Iter<'_, Operation> {
        self.0.iter()
    }
}

const WORDS: [&str; 6] = ["add", "remove", "replace", "move", "copy", "test"];

impl Operation {
    fn read(item: &Node) -> Result<Self, Diagnostic> {
        let bad = |message: String, at: Span| Diagnostic::new(&PATCH_SYNTAX, message).at(at, "here");
        let map =
            item.as_map().ok_or_else(|| bad(format!("an operation is a map, and this is {}", item.type_name()), item.span))?;
        let word = map.get("op").ok_or_else(|| bad("an operation has no `op`".to_owned(), item.span))?;
        let pointer = |key: &str| {
            let node = map.get(key).ok_or_else(|| bad(format!("this operation has no `{key}`"), item.span))?;
            Pointer::read(node)
        };
        let value = || {
            let entry = map
                .entry("value")
                .ok_or_else(|| bad("this operation has no `value`".to_owned(), item.span).hint("write `value: null` for null"))?;
            Ok::<_, Diagnostic>(entry.node.clone())
        };
        let kind = match word.as_str() {
            Some("add") => Kind::Add(value()?),
            Some("remove") => Kind::Remove,
            Some("replace") => Kind::Replace(value()?),
            Some("move") => Kind::Move(pointer("from")?),
            Some("copy") => Kind::Copy(pointer("from")?),
            Some("test") => Kind::Test(value()?),
            other => {
                let finding = bad(format!("`{}` isn't an operation", other.unwrap_or(word.type_name())), word.span);
                let near = other.and_then(|other| nearest(other, WORDS));
                return Err(finding.hint(
                    near.map_or_else(|| format!("there are {}", WORDS.join(", ")), |near| format!("did you mean `{near}`?")),
                ));
            }
        };
        Ok(Self { kind, path: pointer("path")?, span: item.span })
    }

    /// The place of the operation.
    pub(super) fn span(&self) -> Span {
        self.span
    }

    /// Applies the operation; gives the path that it wrote, removed or tested.
    pub(super) fn apply(&self, root: &mut Node) -> Result<FieldPath, Diagnostic> {
        match &self.kind {
            Kind::Add(value) => self.path.add(root, value.clone()),
            Kind::Remove => self.path.remove(root).map(|(path, _)| path),
            Kind::Replace(value) => {
                let (path, node) = self.path.find(root)?;
                *node = value.clone();
                Ok(path)
            }
            Kind::Move(from) => {
                if self.path.steps.len() > from.steps.len() && self.path.steps.starts_with(&from.steps) {
                    let finding = Diagnostic::new(
                        &PATCH_PATH,
                        format!("`{}` lies inside of `{}`, which moves", self.path.written, from.written),
                    );
                    return Err(finding.at(self.path.span, "can't be put into itself"));
                }
                let node = if from.steps == self.path.steps {
                    return self.path.find(root).map(|(path, _)| path);
                } else {
                    from.remove(root)?.1
                };
                self.path.add(root, node)
            }
            Kind::Copy(from) => {
                let node = from.find(root)?.1.clone();
                self.path.add(root, node)
            }
            Kind::Test(value) => {
                let (path, node) = self.path.find(root)?;
                if node.same(value) {
                    return Ok(path);
                }
                Err(Diagnostic::new(&PATCH_TEST, format!("the test fails: `{path}` has another value"))
                    .at(value.span, "expected this")
                    .also(node.span, "found this")
                    .field(path.to_string()))
            }
        }
    }
}

impl Pointer {
    fn read(node: &Node) -> Result<Self, Diagnostic> {
        let bad = |message: String| Diagnostic::new(&PATCH_SYNTAX, message).at(node.span, "here");
        let written =
            node.as_str().ok_or_else(|| bad(format!("a JSON pointer is a string, and this is {}", node.type_name())))?;
        let steps = match written.split_once('/') {
            None if written.is_empty() => Vec::new(),
            Some(("", rest)) => rest.split('/').map(unescape).collect::<Option<_>>().ok_or_else(|| {
                bad(format!("`{written}` has a `~` that isn't `~0` or `~1`")).hint("`~0` stands for `~`, `~1` for `/`")
            })?,
            _ => {
                let finding = bad(format!("a JSON pointer begins with `/`, and `{written}` doesn't"));
                return Err(finding.hint(format!("write `/{}`", written.replace('.', "/"))));
            }
        };
        Ok(Self { steps, written: written.into(), span: node.span })
    }

    /// The value there.
    fn find<'a>(&self, root: &'a mut Node) -> Result<(FieldPath, &'a mut Node), Diagnostic> {
        self.descend(root, self.steps.len())
    }

    /// The value above it, and the last step.
    fn parent<'a>(&self, root: &'a mut Node) -> Result<(FieldPath, &'a mut Node, &Text), Diagnostic> {
        let Some(last) = self.steps.last() else {
            let finding = Diagnostic::new(&PATCH_PATH, "a patch can't put or take a whole object");
            return Err(finding.at(self.span, "here"));
        };
        let (path, node) = self.descend(root, self.steps.len() - 1)?;
        Ok((path, node, last))
    }

    fn descend<'a>(&self, root: &'a mut Node, levels: usize) -> Result<(FieldPath, &'a mut Node), Diagnostic> {
        let mut path = FieldPath::root();
        let mut here = &*root;
        for step in self.steps.iter().take(levels) {
            here = child(here, step, &mut path).ok_or_else(|| self.missing(step, &path, here))?;
        }
        match path.find_mut(root) {
            Some(node) => Ok((path, node)),
            None => Err(Diagnostic::new(&PATCH_PATH, format!("`{}` doesn't exist", self.written)).at(self.span, "here")),
        }
    }

    fn add(&self, root: &mut Node, value: Node) -> Result<FieldPath, Diagnostic> {
        let (path, parent, last) = self.parent(root)?;
        match &mut parent.data {
            Data::Map(map) => {
                map.insert(last.clone(), self.span, value);
                Ok(path.child(last.clone()))
            }
            Data::List(items) => {
                let at = if last == "-" { Some(items.len()) } else { index(last) };
                match at.filter(|at| *at <= items.len()) {
                    Some(at) => {
                        items.insert(at, value);
                        Ok(path.index(at))
                    }
                    None => Err(self.missing(last, &path, parent)),
                }
            }
            _ => Err(self.missing(last, &path, parent)),
        }
    }

    fn remove(&self, root: &mut Node) -> Result<(FieldPath, Node), Diagnostic> {
        let (path, parent, last) = self.parent(root)?;
        let taken = match &mut parent.data {
            Data::Map(map) => map.remove(last).map(|entry| (path.child(last.clone()), entry.node)),
            Data::List(items) => index(last).filter(|at| *at < items.len()).map(|at| (path.index(at), items.remove(at))),
            _ => None,
        };
        taken.ok_or_else(|| self.missing(last, &path, parent))
    }

    /// The finding that `step` isn't in `here`, with what is.
    fn missing(&self, step: &str, path: &FieldPath, here: &Node) -> Diagnostic {
        let place = if path.0.is_empty() { "the object".to_owned() } else { format!("`{path}`") };
        let message = match &here.data {
            Data::Map(_) => format!("`{}` doesn't exist: {place} has no `{step}`", self.written),
            Data::List(items) if index(step).is_some() => {
                format!("`{}` doesn't exist: {place} has {} items, counted from 0", self.written, items.len())
            }
            Data::List(_) => format!("`{}` doesn't exist: {place} is a list, and `{step}` isn't an index", self.written),
            _ => format!("`{}` doesn't exist: {place} is {}", self.written, here.type_name()),
        };
        let finding = Diagnostic::new(&PATCH_PATH, message).at(self.span, "here").also(here.span, format!("{place} is here"));
        let keys = here.as_map().into_iter().flat_map(Map::keys).map(Text::as_str);
        match nearest(step, keys) {
            Some(near) => finding.hint(format!("{place} has `{near}`")),
            None if here.as_map().is_some() => finding.hint("`add` makes a field, but not the maps above it: add those first"),
            None => finding,
        }
    }
}

/// The value under a step; `path` follows only if there is one.
fn child<'a>(node: &'a Node, step: &Text, path: &mut FieldPath) -> Option<&'a Node> {
    match &node.data {
        Data::Map(map) => {
            let child = map.get(step)?;
            path.push_field(step.clone());
            Some(child)
        }
        Data::List(items) => {
            let at = index(step)?;
            let child = items.get(at)?;
            path.push_index(at);
            Some(child)
        }
        _ => None,
    }
}

/// An index: digits without a leading zero.
fn index(step: &str) -> Option<usize> {
    let canonical = step == "0" || !step.starts_with('0') && step.bytes().all(|byte| byte.is_ascii_digit());
    step.parse().ok().filter(|_| canonical)
}

fn unescape(step: &str) -> Option<Text> {
    let mut text = Text::default();
    let mut letters = step.chars();
    while let Some(letter) = letters.next() {
        text.push(match letter {
            '~' => match letters.next() {
                Some('0') => '~',
                Some('1') => '/',
                _ => return None,
            },
            letter => letter,
        });
    }
    Some(text)
}

#[cfg(test)]
mod tests;
