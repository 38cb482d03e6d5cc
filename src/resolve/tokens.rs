//! Final names: base names, tokens of `ref()` in opaque text, and the hashes of what then stands there.

use std::collections::BTreeSet;

use super::hash::content_hash;
use super::names::{Found, Names, Wanted};
use super::{AMBIGUOUS_REFERENCE, REF_BROKEN, REF_CYCLE, REF_NOTHING};
use crate::diagnostic::{Diagnostic, Diagnostics, nearest};
use crate::object::podspec::ConfigKind;
use crate::object::{Bundle, Data, FieldPath, Node, Object, RefToken, Text, config_of, ref_tokens};
use crate::secret::Sealed;
use crate::source::Span;

/// Replaces the tokens of `ref()` everywhere, gives hashed objects their final names, and each object's final name.
///
/// An object's own tokens are replaced before it is hashed, those that it needs first: leaves first.
pub(super) fn settle(bundle: &mut Bundle, found: &mut Diagnostics) -> Vec<Text> {
    let mut finals: Vec<Text> = bundle.objects.iter().map(|object| object.name().into()).collect();
    let holders = bundle.map_all(|at, object| mentions(&object.root).then_some(at));
    let holders: BTreeSet<usize> = holders.into_iter().flatten().collect();
    let names = if holders.is_empty() { Names::default() } else { Names::new(bundle, &finals) };
    let mut settling = Settling { bundle, finals: &mut finals, holders, names, done: BTreeSet::new(), trail: Vec::new(), found };
    for at in 0..settling.bundle.objects.len() {
        settling.object(at);
    }
    finals
}

/// The kind of config object that an object is itself.
pub(super) fn config_kind(object: &Object) -> Option<ConfigKind> {
    config_of(object).filter(|config| !config.made).map(|config| config.kind)
}

struct Settling<'a> {
    bundle: &'a mut Bundle,
    finals: &'a mut Vec<Text>,
    /// Objects with tokens.
    holders: BTreeSet<usize>,
    /// By source name; the final names in here are not yet so.
    names: Names,
    /// Those of the holders and hashed objects that are settled.
    done: BTreeSet<usize>,
    /// Hashed objects that are being settled, each needed by the one before.
    trail: Vec<(usize, Span)>,
    found: &'a mut Diagnostics,
}

impl Settling<'_> {
    fn object(&mut self, at: usize) {
        let Some(object) = self.bundle.objects.get(at) else { return };
        let (is_hashed, is_holder) = (object.hashed, self.holders.contains(&at));
        if !(is_hashed || is_holder) || !self.done.insert(at) {
            return;
        }
        self.trail.push((at, object.span));
        if is_holder && let Some(object) = self.bundle.objects.get(at) {
            let mut root = object.root.clone();
            self.replace(at, &mut root, &mut FieldPath::root());
            if let Some(object) = self.bundle.objects.get_mut(at) {
                object.root = root;
            }
        }
        self.trail.pop();
        if is_hashed {
            self.hash(at);
        }
    }

    fn hash(&mut self, at: usize) {
        let Some(object) = self.bundle.objects.get_mut(at) else { return };
        let Some(kind) = config_kind(object) else { return };
        let name = Text::from(format!("{}-{}", object.name(), content_hash(kind, &object.root)));
        let span = object.root.get("immutable").map_or(object.span, |node| node.span);
        object.rename(name.clone(), span);
        object.touch(FieldPath::of(&["metadata", "name"]), "resolve.hash", span);
        if let Some(place) = self.finals.get_mut(at) {
            *place = name;
        }
    }

    fn replace(&mut self, at: usize, node: &mut Node, here: &mut FieldPath) {
        let span = node.span;
        match &mut node.data {
            Data::Text(text) => {
                if let Some(new) = self.text(at, text, span, here) {
                    *text = new;
                }
            }
            Data::Sealed(sealed) => self.sealed(at, sealed, span, here),
            Data::List(items) => {
                for (index, item) in items.iter_mut().enumerate() {
                    here.push_index(index);
                    self.replace(at, item, here);
                    here.pop();
                }
            }
            Data::Map(map) => {
                for (key, entry) in map.iter_mut() {
                    here.push_field(key.clone());
                    if mentioned(key) {
                        self.found.push(
                            Diagnostic::new(&REF_BROKEN, "`ref()` in a key: only texts can hold a final name")
                                .at(entry.key_span, "this key"),
                        );
                    }
                    self.replace(at, &mut entry.node, here);
                    here.pop();
                }
            }
            _ => {}
        }
    }

    fn sealed(&mut self, at: usize, sealed: &mut Sealed, span: Span, here: &FieldPath) {
        match sealed {
            Sealed::Text(text) => {
                if let Some(new) = self.text(at, text, span, here) {
                    *text = new;
                }
            }
            Sealed::Concat(parts) => parts.iter_mut().for_each(|part| self.sealed(at, part, span, here)),
            Sealed::Base64(inside) | Sealed::Escaped(_, inside) => self.sealed(at, inside, span, here),
            Sealed::Secret(_) => {}
        }
    }

    /// The text with names for tokens, if it has any.
    fn text(&mut self, at: usize, text: &str, span: Span, here: &FieldPath) -> Option<Text> {
        let tokens = match ref_tokens(text) {
            Ok(tokens) if tokens.is_empty() => return None,
            Ok(tokens) => tokens,
            Err(bad) => {
                self.found.push(Diagnostic::new(&REF_BROKEN, bad.to_string()).at(span, "in this text").field(here.to_string()));
                return None;
            }
        };
        let mut new = Text::default();
        let mut end = 0;
        for token in &tokens {
            new.push_str(text.get(end..token.range.start)?);
            new.push_str(&self.name_of(at, token, span)?);
            end = token.range.end;
        }
        new.push_str(text.get(end..)?);
        if let Some(object) = self.bundle.objects.get_mut(at) {
            object.touch(here.clone(), "resolve.ref", span);
        }
        Some(new)
    }

    fn name_of(&mut self, at: usize, token: &RefToken, span: Span) -> Option<Text> {
        let written = format!("{}/{}", token.kind, token.name);
        let Some(kind) = self.names.kinds().find(|kind| kind.eq_ignore_ascii_case(&token.kind)).map(ToOwned::to_owned) else {
            let finding = Diagnostic::new(&REF_NOTHING, format!("`ref(\"{written}\")`: the bundle has no object of this kind"));
            let near =
                nearest(&token.kind, self.names.kinds()).map(|near| format!("there is the kind `{}`", near.to_lowercase()));
            let finding = finding.at(span, "in this text");
            self.found.push(match near {
                Some(near) => finding.hint(near),
                None => finding,
            });
            return None;
        };
        let namespace = self.bundle.objects.get(at)?.namespace();
        let wanted = Wanted { group: None, kind: &kind, name: &token.name, namespace };
        let target = match self.names.find(wanted) {
            Found::One(named) if named.is_it => named.object,
            // A maker's Secret: its name follows the maker's, which has no hash.
            Found::One(named) => return Some(named.name.clone()),
            Found::Several(first, second) => {
                let message = format!("`ref(\"{written}\")` can be two objects");
                self.found.push(
                    Diagnostic::new(&AMBIGUOUS_REFERENCE, message)
                        .at(span, "in this text")
                        .also(first.span, "this one")
                        .also(second.span, "or this one"),
                );
                return None;
            }
            Found::Nothing => {
                let finding = Diagnostic::new(&REF_NOTHING, format!("`ref(\"{written}\")`: the bundle has no such object"))
                    .at(span, "in this text");
                self.found.push(match nearest(&token.name, self.names.of_kind(&kind)) {
                    Some(near) => finding.hint(format!("there is `{}/{near}`", token.kind)),
                    None => finding.hint("`ref()` is for objects of the bundle; the name of another is written as it is"),
                });
                return None;
            }
        };
        let target_hashed = self.bundle.objects.get(target).is_some_and(|object| object.hashed);
        if target_hashed && let Some(start) = self.trail.iter().position(|(on, _)| *on == target) {
            self.cycle(start, span);
            return None;
        }
        if target_hashed {
            self.object(target);
        }
        self.finals.get(target).cloned()
    }

    fn cycle(&mut self, start: usize, span: Span) {
        let objects = self.trail.iter().skip(start).filter_map(|(at, _)| self.bundle.objects.get(*at));
        let names: Vec<String> = objects.map(|object| format!("`{}`", object.source)).collect();
        let mut finding =
            Diagnostic::new(&REF_CYCLE, format!("the hashed names of {} depend on each other by `ref()`", names.join(" and ")))
                .at(span, "this reference closes the circle")
                .hint("leave `immutable` off one of them: its name then doesn't depend on its content");
        for (_, place) in self.trail.iter().skip(start) {
            finding = finding.also(*place, "on the circle");
        }
        self.found.push(finding);
    }
}

fn mentions(node: &Node) -> bool {
    match &node.data {
        Data::Text(text) => mentioned(text),
        Data::Sealed(sealed) => sealed_mentions(sealed),
        Data::List(items) => items.iter().any(mentions),
        Data::Map(map) => map.iter().any(|(key, entry)| mentioned(key) || mentions(&entry.node)),
        _ => false,
    }
}

fn sealed_mentions(sealed: &Sealed) -> bool {
    match sealed {
        Sealed::Text(text) => mentioned(text),
        Sealed::Concat(parts) => parts.iter().any(sealed_mentions),
        Sealed::Base64(inside) | Sealed::Escaped(_, inside) => sealed_mentions(inside),
        Sealed::Secret(_) => false,
    }
}

/// Whether a text holds a token or a piece of one.
fn mentioned(text: &str) -> bool {
    !matches!(ref_tokens(text), Ok(tokens) if tokens.is_empty())
}
