//! Sealed values outside of a Secret's data: who may read the object, or list the process, reads the secret.

use crate::check::{Check, Scope, World, finding};
use crate::diagnostic::{Diagnostic, Diagnostics, Rule, rule};
use crate::object::{Data, FieldPath, Node, Object, Step};

rule!(SECRET_IN_CONFIGMAP, "secret-in-configmap", Error, "a ConfigMap holds a sealed value");
rule!(SECRET_IN_ANNOTATION, "secret-in-annotation", Error, "an annotation holds a sealed value");
rule!(SECRET_IN_ARGUMENT, "secret-in-argument", Error, "a container's command or argument holds a sealed value");
rule!(SECRET_IN_ENV, "secret-in-env", Error, "an environment variable holds a sealed value as a literal");
rule!(SECRET_IN_FIELD, "secret-in-field", Error, "a field of an object that isn't a Secret holds a sealed value");

pub(in crate::check) static CHECK: Check = Check {
    rules: &[&SECRET_IN_CONFIGMAP, &SECRET_IN_ANNOTATION, &SECRET_IN_ARGUMENT, &SECRET_IN_ENV, &SECRET_IN_FIELD],
    scope: Scope::Object(look),
};

fn look(_: &World<'_>, object: &Object, found: &mut Diagnostics) {
    sealed_nodes(&object.root, &mut FieldPath::root(), &mut |path, node| {
        if let Some(rule) = broken_rule(object, path) {
            found.push(report(rule, object, path, node));
        }
    });
}

/// Calls `each` for every sealed text of a tree.
pub(super) fn sealed_nodes<'a>(node: &'a Node, path: &mut FieldPath, each: &mut impl FnMut(&FieldPath, &'a Node)) {
    match &node.data {
        Data::Sealed(_) => each(path, node),
        Data::Map(map) => {
            for (key, entry) in map.iter().filter(|(_, entry)| may_hold(&entry.node)) {
                path.push_field(key.clone());
                sealed_nodes(&entry.node, path, each);
                path.pop();
            }
        }
        Data::List(items) => {
            for (index, item) in items.iter().enumerate().filter(|(_, item)| may_hold(item)) {
                path.push_index(index);
                sealed_nodes(item, path, each);
                path.pop();
            }
        }
        _ => {}
    }
}

fn may_hold(node: &Node) -> bool {
    matches!(node.data, Data::Sealed(_) | Data::Map(_) | Data::List(_))
}

fn broken_rule(object: &Object, path: &FieldPath) -> Option<&'static Rule> {
    let field = |back: usize| match path.0.iter().rev().nth(back) {
        Some(Step::Field(field)) => field.as_str(),
        _ => "",
    };
    let first = match path.0.first() {
        Some(Step::Field(field)) => field.as_str(),
        _ => "",
    };
    let core = object.source.group.is_empty();
    match (object.kind(), first) {
        ("Secret", "data" | "stringData") if core => return None,
        ("ConfigMap", "data" | "binaryData") if core => return Some(&SECRET_IN_CONFIGMAP),
        _ => {}
    }
    let in_list = matches!(path.0.last(), Some(Step::Index(_)));
    Some(match (field(0), field(1), in_list) {
        (_, "annotations", false) => &SECRET_IN_ANNOTATION,
        (_, "command" | "args", true) => &SECRET_IN_ARGUMENT,
        ("value", _, false) if is_variable(path) => &SECRET_IN_ENV,
        _ => &SECRET_IN_FIELD,
    })
}

/// Whether the path ends in `env[N].value`.
fn is_variable(path: &FieldPath) -> bool {
    matches!(path.0.as_slice(), [.., Step::Field(env), Step::Index(_), Step::Field(_)] if env == "env")
}

fn report(rule: &'static Rule, object: &Object, path: &FieldPath, node: &Node) -> Diagnostic {
    let what = match rule.name {
        "secret-in-configmap" => "a ConfigMap holds a sealed value: whoever may read ConfigMaps reads it",
        "secret-in-annotation" => "an annotation holds a sealed value: whoever may see the object reads it",
        "secret-in-argument" => "an argument holds a sealed value: it shows in the process list and in the workload",
        "secret-in-env" => "an environment variable holds a sealed value as a literal: it shows in the workload",
        _ => "a sealed value stands outside of a Secret: whoever may see the object reads it",
    };
    let hint = match rule.name {
        "secret-in-configmap" => {
            "move the key to a Secret: `[secret.NAME] keys = { KEY = \"sealed.path\" }`, or a template's Secret"
        }
        "secret-in-argument" => {
            "put the value in a Secret, take it as an environment variable with `secretKeyRef`, and write `$(NAME)` in the argument"
        }
        "secret-in-env" => "put the value in a Secret and take it with `valueFrom.secretKeyRef`, or with `[[inject]] env`",
        _ => "put the value in a Secret and refer to it from here",
    };
    finding::about(rule, object, path, node.span, what).hint(hint)
}
