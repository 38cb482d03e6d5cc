//! Holds one layer against the description of all keys: unknown keys, wrong types, wrong values, each at its place.

use std::collections::BTreeSet;

use super::keys::{HEAD, ROOT};
use super::shape::{Choice, Key, Shape, kind_name};
use super::value::{Table, TableEntry, Value, ValueKind};
use super::{BAD_VALUE, MISPLACED_KEY, UNKNOWN_KEY, WRONG_TYPE, path};
use crate::diagnostic::{Diagnostic, Diagnostics, nearest};
use crate::source::Span;

/// Checks a whole layer. Gives the places of values with a wrong type, so that the merge doesn't complain again.
pub(super) fn conform(layer: &Table, diagnostics: &mut Diagnostics) -> BTreeSet<Span> {
    let mut conform = Conform { diagnostics, path: Vec::new(), refused: BTreeSet::new() };
    conform.table(layer, ROOT);
    conform.refused
}

struct Conform<'a> {
    diagnostics: &'a mut Diagnostics,
    path: Vec<String>,
    refused: BTreeSet<Span>,
}

impl Conform<'_> {
    fn table(&mut self, table: &Table, keys: &'static [Key]) {
        for (name, entry) in &table.0 {
            match keys.iter().find(|key| key.name == name) {
                Some(key) => self.child(name, |this| this.value(&entry.value, &key.shape)),
                None => self.unknown(name, entry, keys),
            }
        }
    }

    fn child(&mut self, name: &str, check: impl FnOnce(&mut Self)) {
        self.path.push(name.to_owned());
        check(self);
        self.path.pop();
    }

    fn shown(&self) -> String {
        path::show(&self.path)
    }

    fn value(&mut self, value: &Value, shape: &'static Shape) {
        let shape = shape.for_value(value);
        if !shape.takes(value) {
            return self.wrong_type(value, shape);
        }
        match (shape, &value.kind) {
            (Shape::Table(keys), ValueKind::Table(table)) => self.table(table, keys),
            (Shape::Map(_, of) | Shape::Owned(_, of), ValueKind::Table(table)) => {
                for (name, entry) in &table.0 {
                    if HEAD.contains(&name.as_str()) && !of.takes(&entry.value) {
                        self.misplaced(name, entry.key_span);
                    } else {
                        self.child(name, |this| this.value(&entry.value, of));
                    }
                }
            }
            (Shape::FreeTable, ValueKind::Table(table)) => self.free(table),
            (Shape::List(of) | Shape::Pile(of), ValueKind::List(items)) => {
                for item in items {
                    self.value(item, of);
                }
            }
            (Shape::Lists, ValueKind::Table(table)) => self.lists(table, ROOT),
            (Shape::Choice(choices), ValueKind::Text(text)) => self.choice(text, value.origin.span, choices),
            (Shape::Duration, ValueKind::Text(text)) => self.duration(text, value.origin.span),
            (Shape::Integer(least), ValueKind::Integer(number)) if number < least => {
                let message = format!("`{}` is {number}, but must be at least {least}", self.shown());
                self.diagnostics.push(Diagnostic::new(&BAD_VALUE, message).at(value.origin.span, "too small"));
            }
            _ => {}
        }
    }

    /// In free-form tables all is allowed but what was clearly meant for the head of the file.
    fn free(&mut self, table: &Table) {
        for (name, entry) in &table.0 {
            let meant_for_head = match &entry.value.kind {
                ValueKind::Boolean(_) => name == "abstract",
                ValueKind::List(items) => {
                    (name == "extends" || name == "unset") && items.iter().all(|item| matches!(item.kind, ValueKind::Text(_)))
                }
                _ => false,
            };
            match &entry.value.kind {
                _ if meant_for_head => self.misplaced(name, entry.key_span),
                ValueKind::Table(inner) => self.child(name, |this| this.free(inner)),
                _ => {}
            }
        }
    }

    /// `[append]` and `[prepend]` repeat the tree down to lists.
    fn lists(&mut self, table: &Table, keys: &'static [Key]) {
        for (name, entry) in &table.0 {
            match keys.iter().find(|key| key.name == name) {
                Some(key) if HEAD.contains(&key.name) || matches!(key.shape, Shape::Lists) => {
                    self.misplaced(name, entry.key_span);
                    self.refuse(&entry.value);
                }
                Some(key) => self.child(name, |this| this.list_below(&entry.value, &key.shape)),
                None => {
                    self.unknown(name, entry, keys);
                    self.refuse(&entry.value);
                }
            }
        }
    }

    /// Keeps what stands at a wrong place from being said to be missing elsewhere too.
    fn refuse(&mut self, value: &Value) {
        self.refused.insert(value.origin.span);
        if let ValueKind::Table(table) = &value.kind {
            table.0.values().for_each(|entry| self.refuse(&entry.value));
        }
    }

    fn list_below(&mut self, value: &Value, shape: &'static Shape) {
        let list = matches!(value.kind, ValueKind::List(_));
        match (shape, &value.kind) {
            (Shape::Table(keys), ValueKind::Table(table)) => self.lists(table, keys),
            (Shape::Map(_, of) | Shape::Owned(_, of), ValueKind::Table(table)) => {
                for (name, entry) in &table.0 {
                    self.child(name, |this| this.list_below(&entry.value, of));
                }
            }
            (Shape::FreeTable | Shape::Free, ValueKind::Table(table)) => {
                for (name, entry) in &table.0 {
                    self.child(name, |this| this.list_below(&entry.value, &Shape::Free));
                }
            }
            (Shape::Either(alternatives), _) if list => match alternatives.iter().find(|shape| shape.takes(value)) {
                Some(shape) => self.value(value, shape),
                None => self.no_list(value),
            },
            (Shape::List(_) | Shape::Pile(_), _) => self.value(value, shape),
            (Shape::Free, _) if list => {}
            _ => self.no_list(value),
        }
    }

    fn no_list(&mut self, value: &Value) {
        let message = match &value.kind {
            ValueKind::List(_) => format!("`{}` repeats the path of something that isn't a list", self.shown()),
            kind => format!("`{}` is {}; `append` and `prepend` take lists", self.shown(), kind_name(kind)),
        };
        self.refused.insert(value.origin.span);
        self.diagnostics.push(
            Diagnostic::new(&WRONG_TYPE, message)
                .at(value.origin.span, "not a list")
                .hint("a value that isn't a list is set in its own table, and replaces that of the earlier layers"),
        );
    }

    fn unknown(&mut self, name: &str, entry: &TableEntry, keys: &'static [Key]) {
        if HEAD.contains(&name) {
            return self.misplaced(name, entry.key_span);
        }
        let shown = path::show_key(name);
        let message = if self.path.is_empty() {
            format!("an environment has no `{shown}`")
        } else {
            format!("`{}` has no key `{shown}`", self.shown())
        };
        let mut diagnostic = Diagnostic::new(&UNKNOWN_KEY, message).at(entry.key_span, "unknown key");
        diagnostic = if let Some(near) = nearest(name, keys.iter().map(|key| key.name)) {
            diagnostic.hint(format!("did you mean `{near}`?"))
        } else if let Some(home) = home(name) {
            diagnostic.hint(format!("`{home}` has a key of that name"))
        } else {
            let known: Vec<String> = keys.iter().map(|key| format!("`{}`", key.name)).collect();
            diagnostic.hint(format!("known here: {}", known.join(", ")))
        };
        if self.path.is_empty() && diagnostic.hints.iter().all(|hint| hint.starts_with("known")) {
            diagnostic = diagnostic.hint("values for templates stand below `[values]`");
        }
        self.diagnostics.push(diagnostic);
    }

    fn misplaced(&mut self, name: &str, span: Span) {
        let message = format!("`{name}` stands inside the table `{}`", self.shown());
        self.diagnostics.push(Diagnostic::new(&MISPLACED_KEY, message).at(span, "belongs before the first table").hint(format!(
            "in TOML a key belongs to the table above it: move `{name}` to the top of the file, before the first `[…]`"
        )));
    }

    fn wrong_type(&mut self, value: &Value, shape: &Shape) {
        let message = format!("`{}` takes {}, not {}", self.shown(), shape.wanted(), kind_name(&value.kind));
        let diagnostic = Diagnostic::new(&WRONG_TYPE, message).at(value.origin.span, kind_name(&value.kind));
        self.refused.insert(value.origin.span);
        self.diagnostics.push(match self.type_hint(value, shape) {
            Some(hint) => diagnostic.hint(hint),
            None => diagnostic,
        });
    }

    /// How the value becomes what is wanted.
    fn type_hint(&self, value: &Value, shape: &Shape) -> Option<String> {
        let text_wanted = matches!(shape, Shape::Text | Shape::Duration | Shape::Choice(_));
        Some(match (&value.kind, shape) {
            (ValueKind::Integer(number), _) if text_wanted => format!("put it in quotes: \"{number}\""),
            (ValueKind::Boolean(truth), _) if text_wanted => format!("put it in quotes: \"{truth}\""),
            (ValueKind::Float(_) | ValueKind::Date(_), _) if text_wanted => "put it in quotes, as it is to read".into(),
            (ValueKind::Text(_), Shape::List(Shape::Text) | Shape::Pile(Shape::Text)) => "put it in brackets: [\"…\"]".into(),
            (ValueKind::Table(_), Shape::Pile(Shape::Table(_)) | Shape::List(Shape::Table(_))) => {
                format!("each one has a header in double brackets: [[{}]]", self.shown())
            }
            (ValueKind::List(_), Shape::Table(_) | Shape::Map(..) | Shape::Owned(..) | Shape::FreeTable) => {
                format!("its header has single brackets: [{}]", self.shown())
            }
            (ValueKind::Text(text), Shape::Integer(_)) if text.parse::<i64>().is_ok() => "leave the quotes away".into(),
            (ValueKind::Text(text), Shape::Boolean) if text == "true" || text == "false" => "leave the quotes away".into(),
            _ => return None,
        })
    }

    fn choice(&mut self, text: &str, span: Span, choices: &'static [Choice]) {
        if choices.iter().any(|choice| choice.name == text) {
            return;
        }
        let wanted = Shape::Choice(choices).wanted();
        let message = format!("`{}` is \"{}\", but must be {wanted}", self.shown(), text.escape_debug());
        let diagnostic = Diagnostic::new(&BAD_VALUE, message).at(span, "not one of them");
        let near = if choices.len() > 1 { nearest(text, choices.iter().map(|choice| choice.name)) } else { None };
        self.diagnostics.push(if let Some(near) = near {
            diagnostic.hint(format!("did you mean \"{near}\"?"))
        } else {
            let all: Vec<String> = choices.iter().map(|choice| format!("\"{}\": {}", choice.name, choice.doc)).collect();
            diagnostic.hint(all.join("; "))
        });
    }

    fn duration(&mut self, text: &str, span: Span) {
        if is_duration(text) {
            return;
        }
        let message = format!("`{}` is \"{}\", which isn't a duration", self.shown(), text.escape_debug());
        self.diagnostics.push(
            Diagnostic::new(&BAD_VALUE, message)
                .at(span, "not a duration")
                .hint("numbers with units, such as \"90s\", \"5m\" or \"1h30m\""),
        );
    }
}

/// Go's form, as far as it has whole numbers: `1h30m`, `90s`, `500ms`.
fn is_duration(text: &str) -> bool {
    let mut rest = text;
    while !rest.is_empty() {
        let number = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let Some(unit) = rest.get(number..).filter(|_| (1..=9).contains(&number)) else { return false };
        let Some(after) = ["ms", "h", "m", "s"].iter().find_map(|name| unit.strip_prefix(name)) else { return false };
        rest = after;
    }
    !text.is_empty()
}

/// The table of the root that has a key of this name.
fn home(name: &str) -> Option<String> {
    ROOT.iter().find_map(|key| match &key.shape {
        Shape::Table(keys) => keys.iter().any(|key| key.name == name).then(|| format!("[{}]", key.name)),
        Shape::Pile(Shape::Table(keys)) => keys.iter().any(|key| key.name == name).then(|| format!("[[{}]]", key.name)),
        Shape::Map(_, Shape::Table(keys)) | Shape::Owned(_, Shape::Table(keys)) => {
            keys.iter().any(|key| key.name == name).then(|| format!("[{}.…]", key.name))
        }
        _ => None,
    })
}
