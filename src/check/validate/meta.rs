//! Metadata: names, namespaces, labels, annotations, selectors.

use super::say::{Form, is_empty};
use super::structure::Walk;
use super::text::{dns_label, dns_subdomain, label_value, path_segment, qualified_name};
use super::{CONFLICTING_FIELDS, INVALID_LABEL, INVALID_NAME, MISSING_FIELD, TOO_LARGE};
use crate::check::finding;
use crate::check::pod::{is_built_in, items, text};
use crate::check::schema::Schema;
use crate::object::{Data, Map, Node, Object};

/// All annotations of an object together, in bytes.
const MOST_ANNOTATIONS: usize = 256 * 1024;

/// The name and namespace of the object itself.
pub(super) fn object<'a>(walk: &mut Walk<'a, '_>, metadata: &'a Node) {
    let object = walk.object;
    if let Some(name) = metadata.get("name") {
        walk.text_form(name, &format!("name for a {}", object.kind()), &INVALID_NAME, name_form(object));
        if name.as_str() == Some("") {
            walk.report(&INVALID_NAME, name, "the name is empty");
        }
        let most = if object.kind() == "CronJob" { 52 } else { 253 };
        if most < 253 && name.as_str().is_some_and(|name| name.len() > most) {
            walk.report(
                &INVALID_NAME,
                name,
                format!("the name is longer than {most} characters, which leaves no room for its Jobs'"),
            );
        }
    }
    if let Some(prefix) = metadata.get("generateName")
        && let Some(Err(wrong)) = prefix.as_str().map(|prefix| name_form(object)(&format!("{prefix}a")))
    {
        walk.report(&INVALID_NAME, prefix, format!("the beginning of the name {wrong}"));
    }
    walk.form(metadata, "namespace", &INVALID_NAME, dns_label);
    let form: Form = if is_built_in(&object.source.group) { finalizer } else { qualified_name };
    for item in items(metadata, "finalizers") {
        walk.item_form(item, "finalizer", &INVALID_LABEL, form);
    }
    if object.kind() == "Namespace" && object.source.group.is_empty() {
        pod_security_labels(walk, metadata.get("labels"));
    }
}

/// A finalizer of the server's own types: one of Kubernetes', or a name with a domain.
fn finalizer(text: &str) -> Result<(), String> {
    qualified_name(text)?;
    let known = text.contains('/') || matches!(text, "kubernetes" | "orphan" | "foregroundDeletion");
    known.then_some(()).ok_or_else(|| "needs a domain, such as `example.org/name`".to_owned())
}

/// The labels that set a namespace's pod-security level: the server refuses others than the three levels.
fn pod_security_labels<'a>(walk: &mut Walk<'a, '_>, labels: Option<&'a Node>) {
    for mode in ["enforce", "audit", "warn"] {
        let key = format!("pod-security.kubernetes.io/{mode}");
        if let Some(level) = labels.and_then(|labels| labels.get(&key)) {
            walk.chosen(level, "the pod-security level", &["privileged", "baseline", "restricted"]);
        }
        let Some(version) = labels.and_then(|labels| labels.get(&format!("{key}-version"))) else { continue };
        let minor = version.as_str().and_then(|version| version.strip_prefix("v1."));
        if version.as_str() != Some("latest") && minor.is_none_or(|minor| minor.parse::<u32>().is_err()) {
            walk.report_with(
                &INVALID_LABEL,
                version,
                "this is no version of the pod-security standards",
                "write `latest`, or such as `v1.37`",
            );
        }
    }
}

/// What names of a kind look like.
fn name_form(object: &Object) -> Form {
    match (object.source.group.as_str(), object.kind()) {
        ("", "Namespace" | "Service") | ("apps", "StatefulSet") => dns_label,
        ("rbac.authorization.k8s.io", _) | ("policy", "PodDisruptionBudget") | ("", "Event") => path_segment,
        ("certificates.k8s.io", "ClusterTrustBundle") => |_| Ok(()),
        _ => dns_subdomain,
    }
}

/// Any ObjectMeta: the object's own, or a template's.
pub(super) fn metadata<'a>(walk: &mut Walk<'a, '_>, node: &'a Node) {
    labels(walk, node.get("labels"));
    if let Some(annotations) = node.get("annotations").and_then(Node::as_map) {
        let mut size = 0;
        for (key, entry) in annotations.iter() {
            key_form(walk, node.get("annotations"), key, "annotation key", &|key| qualified_name(&key.to_lowercase()));
            size += key.len() + entry.node.as_str().map_or(0, str::len);
        }
        if size > MOST_ANNOTATIONS {
            let place = node.get("annotations").unwrap_or(node);
            walk.report(&TOO_LARGE, place, format!("the annotations have {size} bytes, more than {MOST_ANNOTATIONS}"));
        }
    }
}

/// A map of labels, as `metadata.labels`, `nodeSelector`, `matchLabels` or a Service's `selector` have them.
pub(super) fn labels<'a>(walk: &mut Walk<'a, '_>, node: Option<&'a Node>) {
    for (key, entry) in node.and_then(Node::as_map).into_iter().flat_map(Map::iter) {
        key_form(walk, node, key, "label key", &|key| qualified_name(key));
        walk.text_form(&entry.node, "label value", &INVALID_LABEL, label_value);
    }
}

fn key_form(walk: &mut Walk<'_, '_>, map: Option<&Node>, key: &str, what: &str, form: &dyn Fn(&str) -> Result<(), String>) {
    let (Some(map), Err(wrong)) = (map, form(key)) else { return };
    walk.found.push(finding::at_key(&INVALID_LABEL, walk.object, map, key, format!("`{key}` is no {what}: it {wrong}")));
}

/// A `LabelSelector`.
pub(super) fn selector<'a>(walk: &mut Walk<'a, '_>, node: &'a Node) {
    labels(walk, node.get("matchLabels"));
}

/// One of a selector's expressions.
pub(super) fn expression<'a>(walk: &mut Walk<'a, '_>, schema: &Schema, node: &'a Node) {
    walk.need(node, schema, "key");
    walk.form(node, "key", &INVALID_LABEL, qualified_name);
    walk.choice(node, "operator", &["In", "NotIn", "Exists", "DoesNotExist"]);
    operator_values(walk, node);
    for value in items(node, "values") {
        walk.text_form(value, "label value", &INVALID_LABEL, label_value);
    }
}

/// `In` and `NotIn` take values, `Exists` and `DoesNotExist` none.
pub(super) fn operator_values<'a>(walk: &mut Walk<'a, '_>, node: &'a Node) {
    let values = is_empty(node.get("values"));
    match text(node, "operator") {
        Some(operator @ ("In" | "NotIn")) if values => {
            walk.report(&MISSING_FIELD, node, format!("operator `{operator}` takes `values`"));
        }
        Some(operator @ ("Exists" | "DoesNotExist")) if !values => {
            walk.report(&CONFLICTING_FIELDS, node, format!("operator `{operator}` takes no `values`"));
        }
        _ => {}
    }
}

/// An owner reference.
pub(super) fn owner<'a>(walk: &mut Walk<'a, '_>, schema: &Schema, node: &'a Node) {
    for field in ["apiVersion", "kind", "name", "uid"] {
        walk.need(node, schema, field);
    }
}

/// Whether a node is a map with nothing in it that chooses.
pub(super) fn chooses_nothing(selector: &Node) -> bool {
    matches!(selector.data, Data::Map(_)) && is_empty(selector.get("matchLabels")) && is_empty(selector.get("matchExpressions"))
}
