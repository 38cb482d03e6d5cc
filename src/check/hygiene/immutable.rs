//! An immutable ConfigMap or Secret under a fixed name: it can never be changed, only deleted and made anew.

use crate::check::{Check, Scope, World, finding};
use crate::diagnostic::{Diagnostics, rule};
use crate::object::Object;

rule!(IMMUTABLE_NAME, "immutable-name", Warning, "an immutable object has a name that doesn't change with its content");

pub(in crate::check) static CHECK: Check = Check { rules: &[&IMMUTABLE_NAME], scope: Scope::Object(look) };

fn look(_: &World<'_>, object: &Object, found: &mut Diagnostics) {
    if !matches!(object.kind(), "ConfigMap" | "Secret") || object.hashed {
        return;
    }
    let Some(immutable) = object.root.get("immutable").filter(|immutable| immutable.as_bool() == Some(true)) else { return };
    let table = if object.kind() == "Secret" { "secret" } else { "configmap" };
    let name = &object.source.name;
    let message = format!("`{}` is immutable, but its name doesn't change with its content", object.source);
    found.push(
        finding::at(&IMMUTABLE_NAME, object, immutable, message)
            .hint(format!("make it with `[{table}.{name}] immutable = true`, which puts a hash of the content into the name")),
    );
}
