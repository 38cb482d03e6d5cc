//! `secrets = "referenced"`: the Role with exactly the Secrets that the account's workloads use.

use std::collections::BTreeSet;

use super::ACCESS_UNUSED;
use super::uses::Pod;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::generate::{ACCESS_GENERATOR, role_name};
use crate::object::podspec::{ConfigKind, UseBy};
use crate::object::{Bundle, FieldPath, MadeBy, Map, Node, Text};
use crate::source::Span;

/// Fills the Roles that service accounts' tables made: verb `get` on the final names of the Secrets that containers see. Pull
/// secrets aren't among them: the kubelet reads those. Without any the Role stays empty, since a rule without names would grant all.
pub(super) fn fill(bundle: &mut Bundle, pods: &[Pod], found: &mut Diagnostics) {
    let accounts: Vec<(usize, Text)> = bundle
        .objects
        .iter()
        .enumerate()
        .filter(|(_, object)| object.made_by == MadeBy::Generator(ACCESS_GENERATOR) && object.kind() == "ServiceAccount")
        .map(|(at, object)| (at, object.source.name.clone()))
        .collect();
    for (at, account) in accounts {
        let Some(namespace) = bundle.objects.get(at).map(|object| object.namespace().map(Text::from)) else { continue };
        let role = role_name(&account);
        let is_role = |object: &crate::object::Object| {
            object.made_by == MadeBy::Generator(ACCESS_GENERATOR) && object.kind() == "Role" && object.source.name == role
        };
        let Some(role) = bundle.objects.iter().position(is_role) else { continue };
        let secrets: BTreeSet<&Text> = pods
            .iter()
            .filter(|pod| pod.account == account)
            .filter(|pod| bundle.objects.get(pod.object).is_some_and(|owner| owner.namespace() == namespace.as_deref()))
            .flat_map(|pod| &pod.uses)
            .filter(|used| used.kind == ConfigKind::Secret && matches!(used.by, UseBy::Env | UseBy::EnvFrom | UseBy::Volume))
            .map(|used| &used.name)
            .collect();
        let Some(role) = bundle.objects.get_mut(role) else { continue };
        let asked = role.root.get("rules").map_or(role.span, |rules| rules.span);
        if secrets.is_empty() {
            found.push(
                Diagnostic::new(&ACCESS_UNUSED, format!("no workload of `ServiceAccount/{account}` uses a Secret"))
                    .at(asked, "so this grants nothing")
                    .on(format!("ServiceAccount/{account}"))
                    .hint("leave `secrets` out: variables and volumes need no right"),
            );
            continue;
        }
        if let Some(rules) = role.map_mut().and_then(|root| root.child_list("rules", asked)) {
            rules.push(rule(&secrets, asked));
            let last = rules.len() - 1;
            role.touch(FieldPath::of(&["rules"]).index(last).child("resourceNames"), "resolve.access", asked);
        }
    }
}

fn rule(secrets: &BTreeSet<&Text>, span: Span) -> Node {
    let words = |words: &[&str]| Node::list(words.iter().map(|word| Node::text(*word, span)).collect(), span);
    let names: Vec<&str> = secrets.iter().map(|name| name.as_str()).collect();
    let mut rule = Map::new();
    for (field, values) in
        [("apiGroups", &[""] as &[&str]), ("resources", &["secrets"]), ("resourceNames", &names), ("verbs", &["get"])]
    {
        rule.insert(field, span, words(values));
    }
    Node::map(rule, span)
}
