//! The schema of an object's kind, or what to say where there is none.

use super::{NO_SCHEMA, UNKNOWN_KIND, WRONG_SCOPE};
use crate::check::pod::is_built_in;
use crate::check::schema::{KindSchema, SchemaRef};
use crate::check::{World, finding};
use crate::diagnostic::{Diagnostic, Diagnostics, Rule, nearest};
use crate::object::Object;

/// A kind's schema, and whether a CRD made it.
pub(super) struct Found<'a> {
    pub schema: KindSchema<'a>,
    pub custom: bool,
}

/// The schema of an object's kind. Reports a kind that doesn't exist, or that no bundle can hold, or that is in a namespace and
/// shouldn't be.
pub(super) fn find<'w>(world: &'w World<'_>, object: &Object, found: &mut Diagnostics) -> Option<Found<'w>> {
    let id = &object.source;
    let known = world.schemas().iter().find_map(|set| {
        let schema = set.schemas().kind(&id.group, &id.version, &id.kind)?;
        Some(Found { schema, custom: set.custom })
    });
    let Some(known) = known else {
        found.push(unknown(world, object));
        return None;
    };
    if !known.schema.storable {
        found.push(
            about_kind(&UNKNOWN_KIND, object, format!("a bundle can't hold a `{}`: it is no object of its own", id.kind))
                .hint("write each object as a document of its own"),
        );
        return None;
    }
    if !known.schema.namespaced()
        && let Some(namespace) = object.root.get("metadata").and_then(|metadata| metadata.get("namespace"))
    {
        found.push(
            finding::at(
                &WRONG_SCOPE,
                object,
                namespace,
                format!("a {} belongs to the whole cluster, not to a namespace", id.kind),
            )
            .hint("take `namespace` out"),
        );
    }
    Some(known)
}

/// What `metadata` of every object may hold.
pub(super) fn object_meta<'w>(world: &'w World<'_>) -> Option<SchemaRef<'w>> {
    world.schemas().iter().find_map(|set| set.schemas().object_meta())
}

fn about_kind(rule: &'static Rule, object: &Object, message: String) -> Diagnostic {
    match object.root.get("kind") {
        Some(kind) => finding::at(rule, object, kind, message),
        None => finding::on(rule, object, message),
    }
}

fn unknown(world: &World<'_>, object: &Object) -> Diagnostic {
    let id = &object.source;
    let api_version = id.api_version();
    let kinds: Vec<_> = world.schemas().iter().flat_map(|set| set.schemas().kinds()).filter(|kind| kind.storable).collect();
    let written = |kind: &crate::check::schema::Kind| {
        let version = &kind.version;
        if kind.group.is_empty() { version.to_string() } else { format!("{}/{version}", kind.group) }
    };
    let same_kind: Vec<String> = kinds.iter().filter(|kind| kind.kind == id.kind).map(written).collect();
    let group_known = is_built_in(&id.group) || kinds.iter().any(|kind| kind.group == id.group);
    // The group of a CRD has a dot, by the API server's own rule.
    if !group_known && id.group.contains('.') {
        return about_kind(
            &NO_SCHEMA,
            object,
            format!("no schema is known for `{api_version}` `{}`: it isn't validated", id.kind),
        )
        .hint("add its CustomResourceDefinition to the bundle, or to the folder `crds/` of the repository");
    }
    let node = object.root.get("apiVersion");
    if let Some(near) =
        nearest(&api_version, same_kind.iter().map(String::as_str)).or_else(|| same_kind.first().map(String::as_str))
    {
        let message = format!("there is no `{}` in `{api_version}`", id.kind);
        let finding = node.map_or_else(
            || finding::on(&UNKNOWN_KIND, object, message.clone()),
            |node| finding::at(&UNKNOWN_KIND, object, node, message.clone()),
        );
        return finding.hint(format!("write `apiVersion: {near}`"));
    }
    let finding = about_kind(&UNKNOWN_KIND, object, format!("there is no kind `{}` in `{api_version}`", id.kind));
    let here = kinds.iter().filter(|kind| kind.group == id.group && kind.version == id.version).map(|kind| kind.kind.as_str());
    match nearest(&id.kind, here.chain(kinds.iter().map(|kind| kind.kind.as_str()))) {
        Some(near) => {
            let version = kinds.iter().find(|kind| kind.kind == near).map(written).unwrap_or_default();
            finding.hint(format!("did you mean `{near}` of `{version}`?"))
        }
        None => finding,
    }
}
