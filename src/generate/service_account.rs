//! `[service-account.NAME]`

use super::build::{Frame, fields, truth};
use crate::environment::{ServiceAccount, Spanned};
use crate::object::{Node, Object};
use crate::source::Span;

/// The words of [`MadeBy::Generator`](crate::object::MadeBy) on the Role whose names `resolve` fills in.
pub(crate) const ACCESS_GENERATOR: &str = "service-account";

const RBAC: &str = "rbac.authorization.k8s.io";

/// The ServiceAccount. It has no token unless `secrets = "referenced"`: then also a Role `NAME-secrets`, to get exactly the Secrets
/// that its workloads use, and its RoleBinding. `resolve` fills the Role, when all references are known; until then it grants
/// nothing.
pub(super) fn objects(table: &ServiceAccount) -> Vec<Object> {
    let referenced = table.secrets.as_ref().filter(|secrets| secrets.value == "referenced");
    let asked = referenced.map_or(table.span, Spanned::span);
    let account = frame(table, "v1", "ServiceAccount", &table.name);
    let mut objects = vec![account.object(|root| root.set("automountServiceAccountToken", truth(referenced.is_some(), asked)))];
    if referenced.is_some() {
        let name = Spanned { value: format!("{}{ROLE_SUFFIX}", table.name.value), origin: table.name.origin.clone() };
        let api_version = "rbac.authorization.k8s.io/v1";
        objects.push(frame(table, api_version, "Role", &name).object(|root| root.set("rules", Node::list(Vec::new(), asked))));
        objects.push(frame(table, api_version, "RoleBinding", &name).object(|root| {
            root.set("roleRef", role_ref(&name.value, asked));
            root.set("subjects", Node::list(vec![subject(table)], asked));
        }));
    }
    objects
}

/// What a Role's name has behind the account's.
const ROLE_SUFFIX: &str = "-secrets";

/// The service account that a generated Role is for.
pub(crate) fn account_of(role: &str) -> Option<&str> {
    role.strip_suffix(ROLE_SUFFIX)
}

fn frame<'a>(table: &'a ServiceAccount, api_version: &'static str, kind: &'static str, name: &'a Spanned<String>) -> Frame<'a> {
    Frame {
        api_version,
        kind,
        name,
        namespace: None,
        labels: &table.labels,
        // Annotations are for the account (cloud identities); a Role has no use for them.
        annotations: if kind == "ServiceAccount" { &table.annotations } else { &[] },
        span: table.span,
        table: ACCESS_GENERATOR,
    }
}

fn role_ref(role: &str, span: Span) -> Node {
    let word = |text: &str| Node::text(text, span);
    fields(span, [("apiGroup", word(RBAC)), ("kind", word("Role")), ("name", word(role))])
}

/// Its namespace is filled in by `resolve`.
fn subject(table: &ServiceAccount) -> Node {
    let span = table.name.span();
    fields(span, [("kind", Node::text("ServiceAccount", span)), ("name", Node::text(table.name.value.as_str(), span))])
}
