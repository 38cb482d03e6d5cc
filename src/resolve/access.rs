//! `secrets = "referenced"`: the Role with exactly the Secrets that the account's workloads use.

use std::collections::{BTreeMap, BTreeSet};

use super::ACCESS_UNUSED;
use super::uses::{Pod, Use};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::generate::{ACCESS_GENERATOR, account_of};
use crate::object::podspec::{ConfigKind, UseBy};
use crate::object::{Bundle, FieldPath, MadeBy, Map, Node, Object, Text};
use crate::source::Span;

/// Fills the Roles that service accounts' tables made: verb `get` on the final names of the Secrets that containers see. Pull
/// secrets aren't among them: the kubelet reads those. Without any the Role stays empty, since a rule without names would grant all.
pub(super) fn fill(bundle: &mut Bundle, pods: &[Pod], found: &mut Diagnostics) {
    let roles = roles(bundle);
    if roles.is_empty() {
        return;
    }
    let secrets = secrets(bundle, pods);
    for (account, role) in roles {
        let Some(role) = bundle.objects.get_mut(role) else { continue };
        let asked = role.root.get("rules").map_or(role.span, |rules| rules.span);
        let Some(secrets) = secrets.get(&account) else {
            found.push(unused(&account.name, asked));
            continue;
        };
        if let Some(rules) = role.map_mut().and_then(|root| root.child_list("rules", asked)) {
            rules.push(rule(secrets, asked));
            let last = rules.len() - 1;
            role.touch(FieldPath::of(&["rules"]).index(last).child("resourceNames"), "resolve.access", asked);
        }
    }
}

/// A service account, as the source names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Account {
    namespace: Option<Text>,
    name: Text,
}

/// The Roles to fill, by account.
fn roles(bundle: &Bundle) -> BTreeMap<Account, usize> {
    let is_role = |object: &Object| object.made_by == MadeBy::Generator(ACCESS_GENERATOR) && object.kind() == "Role";
    let roles = bundle.objects.iter().enumerate().filter(|(_, object)| is_role(object));
    roles
        .filter_map(|(at, role)| {
            let name = account_of(&role.source.name)?.into();
            Some((Account { namespace: role.namespace().map(Text::from), name }, at))
        })
        .collect()
}

/// The Secrets that containers of each account's pods see, by final name.
fn secrets<'a>(bundle: &Bundle, pods: &'a [Pod]) -> BTreeMap<Account, BTreeSet<&'a Text>> {
    let mut secrets: BTreeMap<Account, BTreeSet<&Text>> = BTreeMap::new();
    for pod in pods {
        let Some(owner) = bundle.objects.get(pod.object) else { continue };
        let seen =
            |used: &&Use| used.kind == ConfigKind::Secret && matches!(used.by, UseBy::Env | UseBy::EnvFrom | UseBy::Volume);
        for used in pod.uses.iter().filter(seen) {
            let account = Account { namespace: owner.namespace().map(Text::from), name: pod.account.clone() };
            secrets.entry(account).or_default().insert(&used.name);
        }
    }
    secrets
}

fn unused(account: &str, asked: Span) -> Diagnostic {
    Diagnostic::new(&ACCESS_UNUSED, format!("no workload of `ServiceAccount/{account}` uses a Secret"))
        .at(asked, "so this grants nothing")
        .on(format!("ServiceAccount/{account}"))
        .hint("leave `secrets` out: variables and volumes need no right")
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
