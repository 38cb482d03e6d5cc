//! An Ingress leads to Services and ports that are there, and its TLS Secrets exist.

use super::holder::holder;
use super::missing::missing;
use super::pod::is_known;
use super::{MISSING_KEY, MISSING_OBJECT, MISSING_PORT};
use crate::check::pod::{items, text};
use crate::check::{Check, Scope, World, finding};
use crate::diagnostic::{Diagnostic, Diagnostics, nearest};
use crate::object::{Data, Node, Object};

pub(in crate::check) static CHECK: Check = Check { rules: &[&MISSING_PORT], scope: Scope::Object(look) };

fn look(world: &World<'_>, object: &Object, found: &mut Diagnostics) {
    if object.kind() != "Ingress" || object.source.group != "networking.k8s.io" {
        return;
    }
    let Some(spec) = object.root.get("spec") else { return };
    for backend in backends(spec) {
        found.extend(backend_is_there(world, object, backend));
    }
    for entry in items(spec, "tls") {
        found.extend(tls(world, object, entry));
    }
}

/// The default backend's and every path's `service`.
fn backends(spec: &Node) -> Vec<&Node> {
    let paths = items(spec, "rules").iter().filter_map(|rule| rule.get("http")).flat_map(|http| items(http, "paths"));
    let backends = paths.filter_map(|path| path.get("backend"));
    spec.get("defaultBackend").into_iter().chain(backends).filter_map(|backend| backend.get("service")).collect()
}

fn backend_is_there(world: &World<'_>, object: &Object, backend: &Node) -> Option<Diagnostic> {
    let node = backend.get("name")?;
    let namespace = world.namespace_of(object);
    let name = node.as_str()?;
    let Some(service) = world.find("Service", namespace, name) else {
        return (!is_known(world, "Service", namespace, name))
            .then(|| missing(world, &MISSING_OBJECT, object, node, "Service", namespace));
    };
    let port = backend.get("port")?;
    let wanted = port.get("name").or_else(|| port.get("number"))?;
    let ports = service.root.get("spec").map(|spec| items(spec, "ports")).unwrap_or_default();
    let there = ports.iter().any(|port| [port.get("name"), port.get("port")].into_iter().flatten().any(|it| it.same(wanted)));
    (!there).then(|| no_such_port(object, wanted, service, ports))
}

fn no_such_port(object: &Object, wanted: &Node, service: &Object, ports: &[Node]) -> Diagnostic {
    let shown = show(wanted);
    let finding = finding::at(&MISSING_PORT, object, wanted, format!("Service `{}` has no port `{shown}`", service.source.name))
        .also(finding::name_span(service), "this Service");
    let names: Vec<String> = ports.iter().flat_map(|port| [port.get("name"), port.get("port")]).flatten().map(show).collect();
    match nearest(&shown, names.iter().map(String::as_str)) {
        Some(near) => finding.hint(format!("did you mean `{near}`?")),
        None if names.is_empty() => finding.hint("it has no ports"),
        None => finding.hint(format!("it has `{}`", names.join("`, `"))),
    }
}

/// A port's name or number.
pub(super) fn show(node: &Node) -> String {
    match &node.data {
        Data::Int(number) => number.to_string(),
        Data::Text(text) => text.to_string(),
        _ => node.type_name().to_owned(),
    }
}

fn tls(world: &World<'_>, object: &Object, entry: &Node) -> Option<Diagnostic> {
    let node = entry.get("secretName")?;
    let namespace = world.namespace_of(object);
    let name = text(entry, "secretName").filter(|name| !name.is_empty())?;
    let Some(holder) = holder(world, "Secret", namespace, name) else {
        return Some(missing(world, &MISSING_OBJECT, object, node, "Secret", namespace));
    };
    let keys = holder.keys?;
    let lacks = ["tls.crt", "tls.key"].into_iter().find(|key| !keys.contains(key))?;
    Some(
        finding::at(&MISSING_KEY, object, node, format!("Secret `{name}` has no key `{lacks}`, which TLS needs"))
            .hint("a Secret of type `kubernetes.io/tls` has `tls.crt` and `tls.key`"),
    )
}
