//! Admission webhooks and policies, and aggregated APIs.

use super::structure::Walk;
use super::{INVALID_NAME, INVALID_VALUE, MISSING_FIELD};
use crate::check::pod::{items, text};
use crate::object::Node;

pub(super) fn look<'a>(walk: &mut Walk<'a, '_>, node: &'a Node, name: &str) {
    match name {
        "WebhookClientConfig" => client(walk, node),
        "ValidatingWebhook" | "MutatingWebhook" => review_versions(walk, node),
        "ValidatingAdmissionPolicySpec"
            if items(node, "validations").is_empty() && items(node, "auditAnnotations").is_empty() =>
        {
            walk.report(&MISSING_FIELD, node, "one of `validations`, `auditAnnotations` must be given here");
        }
        _ => {}
    }
}

fn client<'a>(walk: &mut Walk<'a, '_>, node: &'a Node) {
    walk.one_of(node, &["url", "service"], true);
    if let Some(url) = node.get("url")
        && url.as_str().is_some_and(|written| !written.is_empty() && !written.starts_with("https://"))
    {
        walk.report(&INVALID_VALUE, url, "the API server asks webhooks by `https://` alone");
    }
}

fn review_versions<'a>(walk: &mut Walk<'a, '_>, node: &'a Node) {
    let versions = items(node, "admissionReviewVersions");
    let known = versions.iter().any(|version| matches!(version.as_str(), Some("v1" | "v1beta1")));
    if !versions.is_empty() && !known {
        let place = node.get("admissionReviewVersions").unwrap_or(node);
        walk.report(&INVALID_VALUE, place, "one of the versions must be `v1` or `v1beta1`");
    }
}

/// The name of an APIService is its version, a dot and its group.
pub(super) fn api_service<'a>(walk: &mut Walk<'a, '_>, node: &'a Node) {
    let Some(spec) = node.get("spec") else { return };
    let wanted = format!("{}.{}", text(spec, "version").unwrap_or(""), text(spec, "group").unwrap_or(""));
    if let Some(name) = node.get("metadata").and_then(|metadata| metadata.get("name"))
        && name.as_str() != Some(wanted.as_str())
    {
        walk.report_with(
            &INVALID_NAME,
            name,
            "an APIService's name is its version, a dot and its group",
            format!("write `{wanted}`"),
        );
    }
}
