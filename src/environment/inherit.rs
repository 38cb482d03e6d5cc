//! Which layers make an environment, and in which order.

use std::collections::BTreeMap;

use super::keys::HEAD;
use super::value::{Spanned, Table, Value, ValueKind};
use super::{ABSTRACT_ENVIRONMENT, EXTENDS_CYCLE, EXTENDS_ORDER, UNKNOWN_ENVIRONMENT, names, read};
use crate::diagnostic::{Diagnostic, Diagnostics, nearest};
use crate::source::{FileId, Files, Span};

/// One file.
#[derive(Debug)]
pub(super) struct Layer {
    /// The environment's name.
    pub(super) name: String,
    /// Its text.
    pub(super) file: FileId,
    /// What it builds on, as written.
    pub(super) extends: Vec<Spanned<String>>,
    /// Where it says that it is abstract, if it does.
    pub(super) abstract_at: Option<Span>,
    /// Paths that it drops.
    pub(super) unset: Vec<Spanned<String>>,
    /// `[append]`
    pub(super) append: Table,
    /// `[prepend]`
    pub(super) prepend: Table,
    /// All of it, as written.
    pub(super) table: Table,
    /// Whether the TOML is broken, so that the tables may be incomplete.
    pub(super) broken: bool,
}

impl Layer {
    fn new(name: &str, file: FileId, text: read::LayerText) -> Self {
        let table = text.table;
        let get = |key: &str| table.get(key).cloned();
        let extends = get("extends").map(texts).unwrap_or_default();
        let unset = get("unset").map(texts).unwrap_or_default();
        let abstract_at = get("abstract").filter(|value| value.kind == ValueKind::Boolean(true)).map(|value| value.origin.span);
        let append = get("append").map(inner).unwrap_or_default();
        let prepend = get("prepend").map(inner).unwrap_or_default();
        Self { name: name.to_owned(), file, extends, abstract_at, unset, append, prepend, table, broken: text.broken }
    }

    /// Takes out what this layer sets: its tables without those that say how layers combine.
    pub(super) fn take_tables(&mut self) -> Table {
        let mut table = std::mem::take(&mut self.table);
        for key in HEAD.iter().copied().chain(["append", "prepend"]) {
            table.0.shift_remove(key);
        }
        table
    }
}

fn texts(value: Value) -> Vec<Spanned<String>> {
    let ValueKind::List(items) = value.kind else { return Vec::new() };
    let text = |item: Value| match item.kind {
        ValueKind::Text(text) => Some(Spanned { value: text, origin: item.origin }),
        _ => None,
    };
    items.into_iter().filter_map(text).collect()
}

fn inner(value: Value) -> Table {
    match value.kind {
        ValueKind::Table(table) => table,
        _ => Table::default(),
    }
}

/// Reads one file as a layer.
pub(super) fn layer(files: &Files, name: &str, asked: Option<Span>, diagnostics: &mut Diagnostics) -> Option<Layer> {
    let path = names::path(name)?;
    let file = diagnostics.take(files.text(&path, asked))?;
    let source = files.map().get(file);
    let text = read::read(file, &source.text, diagnostics);
    Some(Layer::new(name, file, text))
}

/// All layers of an environment: base first, itself last, each once.
///
/// A later entry of `extends` comes after an earlier one, and a layer after all that it extends, in every layer's list alike
/// (C3 linearisation); lists that can't all hold are an error. `None` if there is no order; all has then been said.
pub(super) fn layers(files: &Files, name: &str, diagnostics: &mut Diagnostics) -> (BTreeMap<String, Layer>, Option<Vec<String>>) {
    let known = diagnostics.take(names::names(files)).unwrap_or_default();
    let mut walk = Walk { files, known, layers: BTreeMap::new(), stack: Vec::new(), diagnostics, complete: true };
    walk.visit(name, None);
    let complete = walk.complete;
    let layers = walk.layers;
    if let Some(at) = layers.get(name).and_then(|layer| layer.abstract_at) {
        diagnostics.push(abstract_alone(files, name, at));
    }
    if !complete {
        return (layers, None);
    }
    let order = linearise(name, &layers, diagnostics);
    (layers, order)
}

fn abstract_alone(files: &Files, name: &str, at: Span) -> Diagnostic {
    let diagnostic = Diagnostic::new(&ABSTRACT_ENVIRONMENT, format!("`{name}` is abstract: it is there for others to extend"))
        .at(at, "said here");
    let concrete: Vec<String> = super::list(files)
        .unwrap_or_default()
        .into_iter()
        .filter(|listed| !listed.is_abstract)
        .map(|listed| format!("`{}`", listed.name))
        .collect();
    if concrete.is_empty() {
        diagnostic.hint("add an environment that extends it")
    } else {
        diagnostic.hint(format!("these are not: {}", concrete.join(", ")))
    }
}

struct Walk<'a> {
    files: &'a Files,
    known: Vec<String>,
    layers: BTreeMap<String, Layer>,
    /// The names on the way down, each with the place that asked for it.
    stack: Vec<(String, Option<Span>)>,
    diagnostics: &'a mut Diagnostics,
    complete: bool,
}

impl Walk<'_> {
    fn visit(&mut self, name: &str, asked: Option<Span>) {
        if let Some(from) = self.stack.iter().position(|(open, _)| open == name) {
            self.complete = false;
            return self.cycle(from, name, asked);
        }
        if self.layers.contains_key(name) {
            return;
        }
        if !self.known.iter().any(|known| known == name) {
            self.complete = false;
            return self.unknown(name, asked);
        }
        let Some(layer) = layer(self.files, name, asked, self.diagnostics) else {
            self.complete = false;
            return;
        };
        let extends = layer.extends.clone();
        self.layers.insert(name.to_owned(), layer);
        self.stack.push((name.to_owned(), asked));
        for base in &extends {
            self.visit(&base.value, Some(base.span()));
        }
        self.stack.pop();
    }

    fn unknown(&mut self, name: &str, asked: Option<Span>) {
        let mut diagnostic =
            Diagnostic::new(&UNKNOWN_ENVIRONMENT, format!("there is no environment `{name}`")).at_opt(asked, "extended here");
        let bare = name.rsplit('/').next().unwrap_or(name);
        let bare = bare.strip_suffix(".toml").unwrap_or(bare);
        let all = || self.known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        diagnostic = if bare != name && self.known.iter().any(|known| known == bare) {
            diagnostic.hint(format!("an environment is named without folder and `.toml`: `{bare}`"))
        } else if let Some(near) = nearest(name, self.known.iter().map(String::as_str)) {
            diagnostic.hint(format!("did you mean `{near}`?"))
        } else if self.known.is_empty() {
            diagnostic.hint("`environments/` holds no `.toml` file; `plimsoll init` writes a repository to start from")
        } else {
            diagnostic.hint(format!("`environments/` has {}", all()))
        };
        self.diagnostics.push(diagnostic);
    }

    fn cycle(&mut self, from: usize, name: &str, asked: Option<Span>) {
        let chain = self.stack.get(from..).unwrap_or_default();
        let names: Vec<&str> = chain.iter().map(|(name, _)| name.as_str()).chain([name]).collect();
        let mut diagnostic = Diagnostic::new(&EXTENDS_CYCLE, format!("`{name}` extends itself: {}", names.join(" → ")))
            .at_opt(asked, format!("back to `{name}`"))
            .hint("remove one of these; what both need goes into a third environment that both extend");
        for (name, asked) in chain.iter().skip(1) {
            if let Some(span) = asked {
                diagnostic = diagnostic.also(*span, format!("extends `{name}`"));
            }
        }
        self.diagnostics.push(diagnostic);
    }
}

/// The order of the layers below `name`, base first, `name` last.
fn linearise(name: &str, layers: &BTreeMap<String, Layer>, diagnostics: &mut Diagnostics) -> Option<Vec<String>> {
    let mut known = BTreeMap::new();
    linearise_into(name, layers, &mut known, diagnostics)?;
    known.remove(name)
}

fn linearise_into<'a>(
    name: &str,
    layers: &'a BTreeMap<String, Layer>,
    known: &mut BTreeMap<String, Vec<String>>,
    diagnostics: &mut Diagnostics,
) -> Option<()> {
    if known.contains_key(name) {
        return Some(());
    }
    let layer: &'a Layer = layers.get(name)?;
    // A name that stands twice in one list counts where it stands last: a later one wins.
    let mut bases: Vec<&Spanned<String>> = Vec::new();
    for base in &layer.extends {
        bases.retain(|earlier| earlier.value != base.value);
        bases.push(base);
    }
    let mut complete = true;
    for base in &bases {
        complete &= linearise_into(&base.value, layers, known, diagnostics).is_some();
    }
    if !complete {
        return None;
    }
    // Every list is kept with its strongest layer last, and is eaten from that end.
    let mut lists: Vec<Vec<String>> = bases.iter().rev().filter_map(|base| known.get(&base.value).cloned()).collect();
    lists.push(bases.iter().map(|base| base.value.clone()).collect());
    let mut order = vec![name.to_owned()];
    loop {
        lists.retain(|list| !list.is_empty());
        if lists.is_empty() {
            break;
        }
        let free =
            |candidate: &&String| lists.iter().all(|list| list.split_last().is_none_or(|(_, below)| !below.contains(*candidate)));
        let Some(next) = lists.iter().filter_map(|list| list.last()).find(free).cloned() else {
            diagnostics.push(no_order(layer, &bases, &lists));
            return None;
        };
        for list in &mut lists {
            if list.last() == Some(&next) {
                list.pop();
            }
        }
        order.push(next);
    }
    order.reverse();
    known.insert(name.to_owned(), order);
    Some(())
}

fn no_order(layer: &Layer, bases: &[&Spanned<String>], lists: &[Vec<String>]) -> Diagnostic {
    let strongest: Vec<&String> = lists.iter().filter_map(|list| list.last()).collect();
    let pair = strongest.iter().find_map(|one| {
        strongest
            .iter()
            .find(|other| lists.iter().any(|list| list.last() == Some(one) && list.contains(other)) && one != *other)
            .map(|other| (*one, *other))
    });
    let message = match pair {
        Some((one, other)) => format!(
            "`{}` can't say whether `{one}` or `{other}` wins: its own `extends` and those of its bases give both orders",
            layer.name
        ),
        None => format!("the layers of `{}` have no order that all `extends` agree with", layer.name),
    };
    let mut diagnostic = Diagnostic::new(&EXTENDS_ORDER, message);
    for (at, base) in bases.iter().enumerate() {
        diagnostic =
            if at == 0 { diagnostic.at(base.span(), "in this list a later one wins") } else { diagnostic.also(base.span(), "") };
    }
    diagnostic.hint(
        "a layer always wins over those that it extends: name the base first, or leave it out where another brings it along",
    )
}
