//! `[[patch]]`: which objects a patch applies to, and what it does to them.

use std::collections::BTreeSet;

use super::json6902::{Operation, Operations};
use super::merge::Merge;
use super::target::Target;
use super::{PATCH_CHANGES_NOTHING, PATCH_IDENTITY, PATCH_REMOVES_NOTHING, PATCH_SYNTAX};
use crate::check::schema::Schemas;
use crate::diagnostic::{Diagnostic, Diagnostics, nearest};
use crate::environment::{Patch, PatchBody};
use crate::object::{Bundle, Data, FieldPath, Map, Node, Object, parse_value, refuse_tokens, string_data_to_data, table_to_node};
use crate::secret::Tokens;
use crate::source::{SourceMap, Span};

/// What the patches need beside the bundle.
#[derive(Debug, Clone, Copy)]
pub(super) struct Context<'a> {
    pub(super) map: &'a SourceMap,
    pub(super) tokens: &'a Tokens,
    pub(super) schemas: Option<&'static Schemas>,
}

/// Applies the merge patches, in order.
pub(super) fn apply_merges(context: Context<'_>, patches: &[Patch], bundle: &mut Bundle, diagnostics: &mut Diagnostics) {
    for patch in patches {
        let tree = match &patch.body {
            PatchBody::MergeText(text) => parse_value(context.map, text.span(), &text.value, context.tokens),
            PatchBody::MergeTable(table) => refuse_tokens(table_to_node(&table.value, table.span())),
            PatchBody::Json(_) | PatchBody::JsonText(_) => continue,
        };
        let target = Target::read(patch, diagnostics);
        let (Some(tree), Some(target)) = (diagnostics.take(tree), target) else { continue };
        let tree_span = tree.span;
        let Data::Map(tree) = tree.data else {
            let finding = Diagnostic::new(&PATCH_SYNTAX, format!("a merge patch is a map, and this is {}", tree.type_name()));
            let finding = finding.at(tree.span, "here");
            diagnostics.push(match tree.data {
                Data::List(_) => finding.hint("a list of operations belongs under `json`"),
                _ => finding,
            });
            continue;
        };
        if tree.is_empty() {
            diagnostics.push(empty(tree_span, "the merge patch is empty"));
            continue;
        }
        merge_into(context, patch, &tree, &target, bundle, diagnostics);
    }
}

fn merge_into(
    context: Context<'_>,
    patch: &Patch,
    tree: &Map,
    target: &Target,
    bundle: &mut Bundle,
    diagnostics: &mut Diagnostics,
) {
    let selected: Vec<usize> =
        bundle.objects.iter().enumerate().filter(|(_, object)| target.selects(object)).map(|(at, _)| at).collect();
    if selected.is_empty() {
        diagnostics.push(target.nothing(patch, bundle));
        return;
    }
    if tree.get("$patch").and_then(Node::as_str) == Some("delete") {
        let mut at = 0;
        bundle.objects.retain(|_| {
            at += 1;
            selected.binary_search(&(at - 1)).is_err()
        });
        return;
    }
    let mut spans = BTreeSet::new();
    collect_spans(tree, &mut spans);
    let mut merge = Merge::default();
    let mut identity = None;
    let mut changed = false;
    let already = diagnostics.len();
    for at in selected {
        let Some(object) = bundle.objects.get_mut(at) else { continue };
        if let Err(finding) = same_identity(object, tree) {
            identity.get_or_insert(finding);
            continue;
        }
        let before = object.root.clone();
        merge_object(context, object, tree.clone(), &mut merge);
        changed |= !before.same(&object.root);
        let mut set = Vec::new();
        touched(&object.root, &spans, &mut FieldPath::root(), &mut set);
        for (path, span) in set.into_iter().chain(std::mem::take(&mut merge.removed)) {
            object.touch(path, "patch", span);
        }
    }
    diagnostics.extend(identity);
    for (span, (path, _)) in merge.removals.iter().filter(|(_, (_, had))| !had) {
        diagnostics.push(removes_nothing(*span, path, target, bundle));
    }
    // the same patch makes the same error in each object
    let mut seen = BTreeSet::new();
    merge.errors.retain(|error| seen.insert((error.message.clone(), error.primary.as_ref().map(|at| at.span))));
    diagnostics.extend(merge.errors);
    // whatever else is wrong with the patch explains it
    if !changed && diagnostics.len() == already {
        diagnostics.push(changes_nothing(patch));
    }
}

/// The finding for a patch after which every object is what it was before.
fn changes_nothing(patch: &Patch) -> Diagnostic {
    let span = match &patch.body {
        PatchBody::MergeText(text) | PatchBody::JsonText(text) => text.span(),
        PatchBody::MergeTable(table) => table.span(),
        PatchBody::Json(_) => patch.span,
    };
    let name = patch.name.as_ref().map_or_else(String::new, |name| format!(" `{}`", name.value));
    Diagnostic::new(&PATCH_CHANGES_NOTHING, format!("the patch{name} changes nothing: all of it stands in its objects already"))
        .at(span, "stands there already")
        .hint("remove the patch, or mend what it should have changed")
}

fn empty(span: Span, message: &str) -> Diagnostic {
    Diagnostic::new(&PATCH_CHANGES_NOTHING, message).at(span, "empty").hint("remove the patch, or write what it should change")
}

fn merge_object(context: Context<'_>, object: &mut Object, mut tree: Map, merge: &mut Merge) {
    let id = &object.source;
    let schema = context.schemas.and_then(|schemas| schemas.kind(&id.group, &id.version, &id.kind));
    let root_schema = schema.as_ref().map(crate::check::schema::KindSchema::root);
    if id.group.is_empty() && id.kind == "Secret" {
        string_data_to_data(&mut tree, &mut merge.errors);
    }
    let (api_version, kind, name) = (id.api_version(), id.kind.clone(), object.name().to_owned());
    let span = object.span;
    let Some(root) = object.map_mut() else { return };
    merge.map(root, tree, root_schema);
    // a patch that replaces whole maps leaves the identity out
    for (key, value) in [("kind", kind.as_str()), ("apiVersion", api_version.as_str())] {
        if !root.has(key) {
            root.set(key, Node::text(value, span));
        }
    }
    if let Some(metadata) = root.child_map("metadata", span)
        && !metadata.has("name")
    {
        metadata.set("name", Node::text(name, span));
    }
}

/// Whether the patch names the object as it is: patches don't rename.
fn same_identity(object: &Object, tree: &Map) -> Result<(), Diagnostic> {
    let id = &object.source;
    let name = tree.get("metadata").and_then(|metadata| metadata.get("name"));
    let claims = [
        ("kind", tree.get("kind"), id.kind.to_string()),
        ("apiVersion", tree.get("apiVersion"), id.api_version()),
        ("metadata.name", name, id.name.to_string()),
    ];
    for (field, claimed, present) in claims {
        if let Some(node) = claimed
            && node.as_str() != Some(present.as_str())
        {
            let finding =
                Diagnostic::new(&PATCH_IDENTITY, format!("the patch has another `{field}` than `{id}`, which it applies to"));
            return Err(finding
                .at(node.span, "another here")
                .hint(format!("a patch can't change what an object is: leave `{field}` out, or choose the target by it"))
                .on(id.to_string()));
        }
    }
    Ok(())
}

fn removes_nothing(span: Span, path: &FieldPath, target: &Target, bundle: &Bundle) -> Diagnostic {
    let finding =
        Diagnostic::new(&PATCH_REMOVES_NOTHING, format!("the patch removes `{path}`, which no object that it applies to has"));
    let finding = finding.at(span, "removes nothing").field(path.to_string());
    let mut parent = path.clone();
    let Some(crate::object::Step::Field(field)) = parent.0.pop() else { return finding };
    let siblings = bundle.objects.iter().filter(|object| target.selects(object)).filter_map(|object| parent.find(&object.root));
    let keys: BTreeSet<&str> = siblings.flat_map(names_in).collect();
    match nearest(&field, keys) {
        Some(near) => finding.hint(format!("did you mean `{near}`?")),
        None => finding,
    }
}

/// The keys of a map, or the names of a list's items.
fn names_in(node: &Node) -> Vec<&str> {
    match &node.data {
        Data::Map(map) => map.keys().map(crate::object::Text::as_str).collect(),
        Data::List(items) => items.iter().filter_map(|item| item.get("name")?.as_str()).collect(),
        _ => Vec::new(),
    }
}

fn collect_spans(map: &Map, spans: &mut BTreeSet<Span>) {
    for (_, entry) in map.iter() {
        collect_node(&entry.node, spans);
    }
}

fn collect_node(node: &Node, spans: &mut BTreeSet<Span>) {
    spans.insert(node.span);
    match &node.data {
        Data::Map(map) => collect_spans(map, spans),
        Data::List(items) => items.iter().for_each(|item| collect_node(item, spans)),
        _ => {}
    }
}

/// The topmost places of a tree that a patch wrote: those whose span is one of the patch's.
fn touched(node: &Node, spans: &BTreeSet<Span>, here: &mut FieldPath, set: &mut Vec<(FieldPath, Span)>) {
    if spans.contains(&node.span) {
        set.push((here.clone(), node.span));
        return;
    }
    match &node.data {
        Data::Map(map) => {
            for (key, entry) in map.iter() {
                here.push_field(key.clone());
                touched(&entry.node, spans, here, set);
                here.pop();
            }
        }
        Data::List(items) => {
            for (at, item) in items.iter().enumerate() {
                here.push_index(at);
                touched(item, spans, here, set);
                here.pop();
            }
        }
        _ => {}
    }
}

/// Applies the JSON patches (RFC 6902), in order.
pub(super) fn apply_json(context: Context<'_>, patches: &[Patch], bundle: &mut Bundle, diagnostics: &mut Diagnostics) {
    for patch in patches {
        let trees = match &patch.body {
            PatchBody::Json(tables) => {
                let trees: Vec<Node> = tables.iter().map(|table| table_to_node(&table.value, table.span())).collect();
                refuse_tokens(Node::list(trees, patch.span))
            }
            PatchBody::JsonText(text) => parse_value(context.map, text.span(), &text.value, context.tokens),
            PatchBody::MergeText(_) | PatchBody::MergeTable(_) => continue,
        };
        let target = Target::read(patch, diagnostics);
        let operations = diagnostics.take(trees).and_then(|trees| diagnostics.take(Operations::read(trees)));
        let (Some(operations), Some(target)) = (operations, target) else { continue };
        if operations.iter().next().is_none() {
            diagnostics.push(empty(patch.span, "the patch has no operations"));
            continue;
        }
        let (mut any, mut changed) = (false, false);
        let already = diagnostics.len();
        for object in bundle.objects.iter_mut().filter(|object| target.selects(object)) {
            any = true;
            let before = object.root.clone();
            run_operations(object, &operations, diagnostics);
            changed |= !before.same(&object.root);
        }
        if !any {
            diagnostics.push(target.nothing(patch, bundle));
        } else if !changed && diagnostics.len() == already && !operations.iter().all(Operation::is_test) {
            diagnostics.push(changes_nothing(patch));
        }
    }
}

fn run_operations(object: &mut Object, operations: &Operations, diagnostics: &mut Diagnostics) {
    let (source, before) = (object.source.clone(), object.id());
    for operation in operations.iter() {
        match operation.apply(&mut object.root) {
            Ok(path) => object.touch(path, "patch", operation.span()),
            Err(finding) => {
                diagnostics.push(finding.on(source.to_string()));
                return;
            }
        }
        let after = Object::read_id(&object.root);
        let same = after.as_ref().is_some_and(|after| {
            (&after.group, &after.version, &after.kind, &after.name)
                == (&before.group, &before.version, &before.kind, &before.name)
        });
        if !same {
            diagnostics.push(
                Diagnostic::new(&PATCH_IDENTITY, format!("the patch changes what `{source}` is: its apiVersion, kind or name"))
                    .at(operation.span(), "here")
                    .hint("names change by `name-prefix` and `name-suffix`, or in the template")
                    .on(source.to_string()),
            );
            return;
        }
    }
}
