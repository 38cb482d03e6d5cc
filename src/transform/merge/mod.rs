//! Strategic merge, as the API server does it for `application/strategic-merge-patch+json`.
//!
//! Which lists are merged, and by which key, comes from the kind's schema. Where there is none (custom resources, fields that the
//! schema doesn't know) maps are merged and lists replaced, as JSON merge patch (RFC 7386) and kustomize do.
//!
//! Where the server trips over its own directives, this is kinder (`tests/cluster/strategic_merge.rs` holds all else against it):
//! `$patch: merge` is taken, though it is the default; a map with `$patch: replace` where nothing stood is taken too; values that
//! are wholly new lose their nulls and directives at every depth; an order of a list without items means nothing.

mod clean;
mod list;
mod order;

use std::collections::BTreeMap;

use super::{PATCH_DIRECTIVE, PATCH_LIST_KEY};
use crate::check::schema::SchemaRef;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::object::{Data, FieldPath, Map, Node};
use crate::source::Span;

/// `$patch`: `delete`, `replace` or `merge`.
const PATCH: &str = "$patch";
/// `$retainKeys`: the only keys that stay.
const RETAIN: &str = "$retainKeys";
/// `$setElementOrder/FIELD`: the order of a merged list.
const ORDER: &str = "$setElementOrder/";
/// `$deleteFromPrimitiveList/FIELD`: values to take out of a merged list.
const DELETE: &str = "$deleteFromPrimitiveList/";

/// What a patch did beside setting values (those carry its spans), over all objects that it applied to.
#[derive(Debug, Default)]
pub(super) struct Merge {
    here: FieldPath,
    /// What was taken out of the present object.
    pub(super) removed: Vec<(FieldPath, Span)>,
    /// Every removal that the patch asks for, by its place: the path, and whether any object had something there.
    pub(super) removals: BTreeMap<Span, (FieldPath, bool)>,
    /// What is wrong with the patch.
    pub(super) errors: Diagnostics,
}

impl Merge {
    /// Merges `patch` into `original`.
    pub(super) fn map(&mut self, original: &mut Map, mut patch: Map, schema: Option<SchemaRef<'_>>) {
        if let Some(directive) = patch.remove(PATCH) {
            match directive.node.as_str() {
                Some("replace") => {
                    *original = clean::map(patch);
                    return;
                }
                Some("delete") => {
                    *original = Map::new();
                    self.note_removal(directive.key_span, true);
                    return;
                }
                Some("merge") => {}
                _ => return self.bad_directive(&directive.node),
            }
        }
        if let Some(retain) = patch.remove(RETAIN) {
            self.retain(original, &patch, &retain.node);
        }
        self.orders(original, &mut patch, schema);
        for (key, entry) in patch {
            if let Some(field) = key.strip_prefix(DELETE) {
                self.at(field, |merge| merge.delete_from_list(original, field, entry.node));
            } else {
                let child = schema.and_then(|schema| schema.child(&key));
                self.at(&key, |merge| merge.value(original, &key, entry.key_span, entry.node, child));
            }
        }
    }

    fn value(&mut self, original: &mut Map, key: &str, key_span: Span, patch: Node, schema: Option<SchemaRef<'_>>) {
        if matches!(patch.data, Data::Null) {
            let had = original.remove(key).is_some();
            self.note_removal(patch.span, had);
            return;
        }
        let Some(present) = original.get_mut(key) else {
            if let Some(node) = clean::node(patch) {
                original.insert(key, key_span, node);
            }
            return;
        };
        // what is there already stays the source's
        if present.same(&patch) {
            return;
        }
        let strategy = schema.map(|schema| schema.patch.clone()).unwrap_or_default();
        match (&mut present.data, patch.data) {
            (Data::Map(present), Data::Map(patch)) if strategy.replace => *present = clean::map(patch),
            (Data::Map(present), Data::Map(patch)) => self.map(present, patch, schema),
            (Data::List(present), Data::List(patch)) if strategy.merge => {
                let items = schema.and_then(SchemaRef::items);
                let merged = self.list(std::mem::take(present), patch, items, &strategy.key);
                *present = merged;
            }
            (_, data) => match clean::node(Node::new(data, patch.span)) {
                Some(node) => {
                    original.insert(key, key_span, node);
                }
                None => {
                    original.remove(key);
                }
            },
        }
    }

    /// `$retainKeys`: takes out of `original` what the list doesn't name.
    fn retain(&mut self, original: &mut Map, patch: &Map, retain: &Node) {
        let Some(keys) = retain.as_list() else { return self.bad_directive(retain) };
        let keys: Vec<&str> = keys.iter().filter_map(Node::as_str).collect();
        let extra = patch.iter().find(|(key, entry)| {
            !matches!(entry.node.data, Data::Null) && !key.starts_with('$') && !keys.contains(&key.as_str())
        });
        if let Some((key, entry)) = extra {
            let finding =
                Diagnostic::new(&PATCH_DIRECTIVE, format!("the patch sets `{key}`, which its `$retainKeys` doesn't name"));
            self.errors.push(finding.at(entry.key_span, "set here").also(retain.span, "not among these"));
            return;
        }
        let mut removed = Vec::new();
        original.retain(|key, _| {
            let keep = keys.contains(&key);
            if !keep {
                removed.push(self.here.child(key));
            }
            keep
        });
        self.removed.extend(removed.into_iter().map(|path| (path, retain.span)));
    }

    /// `$deleteFromPrimitiveList`: takes values out of a list.
    fn delete_from_list(&mut self, original: &mut Map, field: &str, values: Node) {
        let Some(unwanted) = values.as_list() else { return self.bad_directive(&values) };
        let present = original.get_mut(field).and_then(Node::as_list_mut);
        let mut had = false;
        if let Some(present) = present {
            let before = present.len();
            present.retain(|item| !unwanted.iter().any(|unwanted| unwanted.same(item)));
            had = present.len() < before;
        }
        self.note_removal(values.span, had);
    }

    fn note_removal(&mut self, at: Span, had: bool) {
        let path = self.here.clone();
        if had {
            self.removed.push((path.clone(), at));
        }
        self.removals.entry(at).or_insert((path, false)).1 |= had;
    }

    fn bad_directive(&mut self, node: &Node) {
        let written = node.as_str().map_or_else(|| node.type_name().to_owned(), |text| format!("`{text}`"));
        self.errors.push(
            Diagnostic::new(&PATCH_DIRECTIVE, format!("{written} isn't what this directive takes"))
                .at(node.span, "here")
                .hint("`$patch` is `delete`, `replace` or `merge`; `$retainKeys`, `$setElementOrder/…` and `$deleteFromPrimitiveList/…` are lists"),
        );
    }

    fn no_key(&mut self, key: &str, at: Span, what: &str) {
        self.errors.push(
            Diagnostic::new(
                &PATCH_LIST_KEY,
                format!("{what} of `{}` has no `{key}`, by which items of this list are merged", self.here),
            )
            .at(at, "this item")
            .field(self.here.to_string())
            .hint(format!(
                "give it the `{key}` of the item that it means; to replace the whole list add an item `$patch: replace`"
            )),
        );
    }

    fn at(&mut self, field: &str, work: impl FnOnce(&mut Self)) {
        self.here.push_field(field);
        work(self);
        self.here.pop();
    }
}
