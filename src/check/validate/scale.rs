//! Autoscalers and disruption budgets.

use super::quantity::Quantity;
use super::structure::Walk;
use super::text::path_segment;
use super::{CONFLICTING_FIELDS, INVALID_NAME, INVALID_QUANTITY, INVALID_VALUE, MISSING_FIELD};
use crate::check::pod::{items, text};
use crate::check::schema::Schema;
use crate::object::Node;

pub(super) fn look<'a>(walk: &mut Walk<'a, '_>, schema: &Schema, node: &'a Node, name: &str) {
    match name {
        "HorizontalPodAutoscalerSpec" => {
            walk.between(node, "minReplicas", 0, i64::MAX);
            walk.between(node, "maxReplicas", 1, i64::MAX);
            from_nothing(walk, node);
            let number = |field: &str| node.get(field).and_then(Node::as_int);
            if let Some(target) = node.get("scaleTargetRef") {
                scaled(walk, target);
            }
            if let (Some(least), Some(most)) = (number("minReplicas"), number("maxReplicas"))
                && most < least
            {
                let place = node.get("maxReplicas").unwrap_or(node);
                walk.report(&INVALID_VALUE, place, format!("`maxReplicas` ({most}) is less than `minReplicas` ({least})"));
            }
        }
        "CrossVersionObjectReference" => {
            for field in ["kind", "name"] {
                walk.need(node, schema, field);
                walk.form(node, field, &INVALID_NAME, path_segment);
            }
        }
        "MetricSpec" => metric(walk, node),
        "MetricTarget" => target(walk, node),
        "ResourceMetricSource" | "ContainerResourceMetricSource" => {
            walk.need(node, schema, "name");
            if let Some(target) = node.get("target") {
                walk.one_of(target, &["averageUtilization", "averageValue"], true);
            }
        }
        "MetricIdentifier" => walk.need(node, schema, "name"),
        "PodsMetricSource" | "ObjectMetricSource" | "ExternalMetricSource" => {
            let fields: &[&str] = if name == "PodsMetricSource" { &["averageValue"] } else { &["value", "averageValue"] };
            if let Some(target) = node.get("target") {
                walk.one_of(target, fields, true);
            }
        }
        "HPAScalingPolicy" => {
            walk.between(node, "value", 1, i64::MAX);
            walk.between(node, "periodSeconds", 1, 1800);
        }
        "HPAScalingRules" => walk.between(node, "stabilizationWindowSeconds", 0, 3600),
        "PodDisruptionBudgetSpec" => {
            walk.one_of(node, &["minAvailable", "maxUnavailable"], false);
            walk.amount(node, "minAvailable", true);
            walk.amount(node, "maxUnavailable", true);
        }
        _ => {}
    }
}

/// Down to nothing scales only what is measured outside of the pods.
fn from_nothing<'a>(walk: &mut Walk<'a, '_>, node: &'a Node) {
    let outside = items(node, "metrics").iter().any(|metric| matches!(text(metric, "type"), Some("Object" | "External")));
    if let Some(least) = node.get("minReplicas").filter(|least| least.as_int() == Some(0) && !outside) {
        walk.report(&INVALID_VALUE, least, "`minReplicas: 0` needs a metric of type `Object` or `External`");
    }
}

/// What is scaled is named with its group: only a ReplicationController has none.
fn scaled<'a>(walk: &mut Walk<'a, '_>, target: &'a Node) {
    let version = text(target, "apiVersion").unwrap_or("");
    if text(target, "kind") != Some("ReplicationController") && !version.contains('/') {
        let place = target.get("apiVersion").unwrap_or(target);
        walk.report_with(&INVALID_VALUE, place, "`apiVersion` must name the group of what is scaled", "such as `apps/v1`");
    }
}

/// A metric has exactly the source that its type names.
fn metric<'a>(walk: &mut Walk<'a, '_>, node: &'a Node) {
    const SOURCES: [(&str, &str); 5] = [
        ("Object", "object"),
        ("Pods", "pods"),
        ("Resource", "resource"),
        ("External", "external"),
        ("ContainerResource", "containerResource"),
    ];
    walk.choice(node, "type", &SOURCES.map(|(kind, _)| kind));
    let Some((_, wanted)) = SOURCES.iter().find(|(kind, _)| text(node, "type") == Some(kind)) else { return };
    if node.get(wanted).is_none() {
        walk.report(&MISSING_FIELD, node, format!("a metric of this type needs `{wanted}`"));
    }
    for (_, other) in SOURCES.iter().filter(|(_, field)| field != wanted) {
        if let Some(place) = node.get(other) {
            walk.report(&CONFLICTING_FIELDS, place, format!("`{other}` doesn't belong to this type of metric"));
        }
    }
}

fn target<'a>(walk: &mut Walk<'a, '_>, node: &'a Node) {
    walk.choice(node, "type", &["Utilization", "Value", "AverageValue"]);
    walk.between(node, "averageUtilization", 1, i64::MAX);
    for field in ["value", "averageValue"] {
        let Some(amount) = node.get(field) else { continue };
        if Quantity::of(amount).is_some_and(|quantity| quantity <= Quantity::ZERO) {
            walk.report(&INVALID_QUANTITY, amount, format!("`{field}` must be more than 0"));
        }
    }
}
