//! `[external-secret.NAME]`: an ExternalSecret of the External Secrets Operator, which makes a Secret of the same name.

use super::build::{Frame, fields, text};
use crate::environment::{ExternalSecret, Pair, Spanned};
use crate::object::{Map, Node, Object};

/// How often the operator reads the store when the table doesn't say; the operator's own default.
const REFRESH: &str = "1h";

/// The ExternalSecret. A key's `remote#property` names one field of a structured secret (Vault, a JSON secret of AWS Secrets
/// Manager); without `#` the whole (Azure Key Vault, a plain one of AWS).
pub(super) fn object(table: &ExternalSecret) -> Object {
    let span = table.span;
    let frame = Frame {
        api_version: "external-secrets.io/v1",
        kind: "ExternalSecret",
        name: &table.name,
        namespace: None,
        labels: &table.labels,
        annotations: &table.annotations,
        span,
        table: "external-secret",
    };
    let store_kind = table.store_kind.as_ref().map_or_else(|| Node::text("SecretStore", table.store.span()), text);
    let mut target = Map::new();
    target.set("name", text(&table.name));
    if let Some(type_) = &table.type_ {
        target.set("template", fields(type_.span(), [("type", text(type_))]));
    }
    let mut spec = Map::new();
    spec.set("refreshInterval", table.refresh.as_ref().map_or_else(|| Node::text(REFRESH, span), text));
    spec.set("secretStoreRef", fields(table.store.span(), [("name", text(&table.store)), ("kind", store_kind)]));
    spec.set("target", Node::map(target, table.name.span()));
    spec.set("data", Node::list(table.keys.iter().map(entry).collect(), span));
    frame.object(|root| root.set("spec", Node::map(spec, span)))
}

fn entry((key, remote): &Pair<String>) -> Node {
    let span = remote.span();
    let reference = match remote.value.split_once('#') {
        Some((whole, property)) => fields(span, [("key", Node::text(whole, span)), ("property", Node::text(property, span))]),
        None => fields(span, [("key", text(remote))]),
    };
    fields(Spanned::span(key), [("secretKey", text(key)), ("remoteRef", reference)])
}
