//! Workloads: Deployments, StatefulSets, DaemonSets, ReplicaSets, Jobs and CronJobs.

use super::meta::chooses_nothing;
use super::say::is_empty;
use super::structure::Walk;
use super::text::dns_label;
use super::{CONFLICTING_FIELDS, INVALID_NAME, INVALID_VALUE, MISSING_FIELD, WRONG_SELECTOR, cron};
use crate::check::finding;
use crate::check::pod::{items, text};
use crate::check::references::labels::matches;
use crate::check::schema::Schema;
use crate::check::world::selects;
use crate::object::Node;

pub(super) fn apps<'a>(walk: &mut Walk<'a, '_>, node: &'a Node, name: &str) {
    match name {
        "DeploymentSpec" => {
            walk.not_negative(node, &["replicas", "minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds"]);
            deadline(walk, node);
            long_running(walk, node);
        }
        "ReplicaSetSpec" => {
            walk.not_negative(node, &["replicas", "minReadySeconds"]);
            long_running(walk, node);
        }
        "DaemonSetSpec" => {
            walk.not_negative(node, &["minReadySeconds", "revisionHistoryLimit"]);
            long_running(walk, node);
        }
        "StatefulSetSpec" => {
            walk.not_negative(node, &["replicas", "minReadySeconds"]);
            walk.form(node, "serviceName", &INVALID_NAME, dns_label);
            walk.choice(node, "podManagementPolicy", &["", "OrderedReady", "Parallel"]);
            long_running(walk, node);
        }
        "DeploymentStrategy" => strategy(walk, node, &["", "Recreate", "RollingUpdate"]),
        "StatefulSetUpdateStrategy" | "DaemonSetUpdateStrategy" => strategy(walk, node, &["", "OnDelete", "RollingUpdate"]),
        "RollingUpdateDeployment" => rolling(walk, node, false),
        "RollingUpdateDaemonSet" => rolling(walk, node, true),
        "RollingUpdateStatefulSetStrategy" => {
            walk.not_negative(node, &["partition"]);
            walk.amount(node, "maxUnavailable", true);
            not_zero(walk, node, "maxUnavailable");
        }
        "StatefulSetOrdinals" => walk.not_negative(node, &["start"]),
        "StatefulSetPersistentVolumeClaimRetentionPolicy" => {
            for field in ["whenDeleted", "whenScaled"] {
                walk.choice(node, field, &["", "Retain", "Delete"]);
            }
        }
        _ => {}
    }
}

/// A ReplicationController: its selector is a map of labels, and the template's labels if it isn't given.
pub(super) fn replication<'a>(walk: &mut Walk<'a, '_>, node: &'a Node) {
    let labels = node.get("template").and_then(|template| template.get("metadata")).and_then(|metadata| metadata.get("labels"));
    let selector = node.get("selector").filter(|selector| !is_empty(Some(selector)));
    match selector {
        Some(selector) if !selects(selector, labels) => {
            walk.report(&WRONG_SELECTOR, selector, "the selector doesn't choose the pods of the template");
        }
        None if is_empty(labels) => walk.report(&MISSING_FIELD, node, "the template's labels must be given here"),
        _ => {}
    }
    if let Some(spec) = node.get("template").and_then(|template| template.get("spec")) {
        restarts(walk, spec, &["", "Always"]);
    }
}

/// The rollout's deadline: 600 seconds if nothing is said.
fn deadline<'a>(walk: &mut Walk<'a, '_>, node: &'a Node) {
    let number = |field: &str, default: i64| node.get(field).map_or(Some(default), Node::as_int);
    let (Some(deadline), Some(ready)) = (number("progressDeadlineSeconds", 600), number("minReadySeconds", 0)) else { return };
    if deadline >= 0 && deadline <= ready {
        let place = node.get("progressDeadlineSeconds").or_else(|| node.get("minReadySeconds")).unwrap_or(node);
        walk.report(
            &INVALID_VALUE,
            place,
            format!("`progressDeadlineSeconds` ({deadline}) must be more than `minReadySeconds` ({ready})"),
        );
    }
}

/// Workloads whose pods run for ever: the selector chooses them, and they are restarted.
fn long_running<'a>(walk: &mut Walk<'a, '_>, node: &'a Node) {
    if let Some(selector) = node.get("selector") {
        if chooses_nothing(selector) {
            walk.report_with(
                &WRONG_SELECTOR,
                selector,
                format!("a {} can't select every pod", walk.object.kind()),
                "give `matchLabels` with the labels of `template`",
            );
        } else {
            chooses_template(walk, node, selector);
        }
    }
    let Some(spec) = node.get("template").and_then(|template| template.get("spec")) else { return };
    restarts(walk, spec, &["", "Always"]);
    walk.forbid(spec, "activeDeadlineSeconds", "is for pods that end");
}

fn restarts<'a>(walk: &mut Walk<'a, '_>, spec: &'a Node, allowed: &[&str]) {
    let Some(policy) = spec.get("restartPolicy") else { return };
    if let Some(written) = policy.as_str().filter(|written| !allowed.contains(written)) {
        let kinds =
            allowed.iter().filter(|name| !name.is_empty()).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" or ");
        let message = format!("`restartPolicy` of a {} is {kinds}, not `{written}`", walk.object.kind());
        walk.report(&INVALID_VALUE, policy, message);
    }
}

fn chooses_template<'a>(walk: &mut Walk<'a, '_>, node: &'a Node, selector: &'a Node) {
    let Some(template) = node.get("template") else { return };
    let labels = template.get("metadata").and_then(|metadata| metadata.get("labels"));
    if matches(selector, labels) {
        return;
    }
    let message = "the selector doesn't choose the pods of the template";
    let finding = finding::at(&WRONG_SELECTOR, walk.object, selector, message);
    let place = labels.map_or(template.span, |labels| labels.span);
    walk.found.push(
        finding
            .also(place, "these labels")
            .hint("every label of `selector.matchLabels` must stand in `template.metadata.labels`"),
    );
}

fn strategy<'a>(walk: &mut Walk<'a, '_>, node: &'a Node, kinds: &[&str]) {
    walk.choice(node, "type", kinds);
    if matches!(text(node, "type"), Some("Recreate" | "OnDelete")) && node.get("rollingUpdate").is_some() {
        let kind = text(node, "type").unwrap_or_default();
        if let Some(place) = node.get("rollingUpdate").filter(|node| node.as_map().is_some()) {
            walk.report(&CONFLICTING_FIELDS, place, format!("`rollingUpdate` excludes `type: {kind}`"));
        }
    }
}

/// Whether an amount is given and means none.
fn is_zero(node: Option<&Node>) -> Option<bool> {
    let node = node?;
    Some(node.as_int() == Some(0) || node.as_str() == Some("0%"))
}

fn not_zero<'a>(walk: &mut Walk<'a, '_>, node: &'a Node, field: &str) {
    if is_zero(node.get(field)) == Some(true) {
        let place = node.get(field).unwrap_or(node);
        walk.report(&INVALID_VALUE, place, format!("`{field}` can't be 0"));
    }
}

/// `maxSurge` and `maxUnavailable`: a Deployment takes both, a DaemonSet one.
fn rolling<'a>(walk: &mut Walk<'a, '_>, node: &'a Node, exclusive: bool) {
    walk.amount(node, "maxUnavailable", true);
    walk.amount(node, "maxSurge", exclusive);
    let (unavailable, surge) = (is_zero(node.get("maxUnavailable")), is_zero(node.get("maxSurge")));
    let place = node.get("maxSurge").or_else(|| node.get("maxUnavailable")).unwrap_or(node);
    // Without a word a Deployment takes 25 % of both, a DaemonSet 1 unavailable and no surge.
    let (no_unavailable, no_surge) = if exclusive {
        (unavailable.unwrap_or(false), surge.unwrap_or(true))
    } else {
        (unavailable == Some(true), surge == Some(true))
    };
    if no_unavailable && no_surge {
        walk.report(&INVALID_VALUE, place, "`maxSurge` and `maxUnavailable` can't both be 0: nothing could ever be replaced");
    } else if exclusive && !no_unavailable && !no_surge {
        walk.report(&CONFLICTING_FIELDS, place, "a DaemonSet takes `maxSurge` or `maxUnavailable`, the other one being 0");
    }
}

pub(super) fn batch<'a>(walk: &mut Walk<'a, '_>, schema: &Schema, node: &'a Node, name: &str) {
    match name {
        "JobSpec" => job(walk, node),
        "CronJobSpec" => cron_job(walk, schema, node),
        _ => {}
    }
}

fn job<'a>(walk: &mut Walk<'a, '_>, node: &'a Node) {
    walk.not_negative(
        node,
        &[
            "parallelism",
            "completions",
            "activeDeadlineSeconds",
            "backoffLimit",
            "ttlSecondsAfterFinished",
            "backoffLimitPerIndex",
            "maxFailedIndexes",
        ],
    );
    walk.choice(node, "completionMode", &["NonIndexed", "Indexed"]);
    let indexed = text(node, "completionMode") == Some("Indexed");
    // A Job's are its parallelism if nothing is said; nobody fills in those of a CronJob's template.
    if indexed && node.get("completions").is_none() && walk.object.kind() == "CronJob" {
        walk.report(&MISSING_FIELD, node, "`completionMode: Indexed` needs `completions`");
    }
    if !indexed {
        for field in ["backoffLimitPerIndex", "maxFailedIndexes", "successPolicy"] {
            walk.forbid(node, field, "needs `completionMode: Indexed`");
        }
    }
    limits_of_indexes(walk, node);
    failure_policy(walk, node);
    selects_by_itself(walk, node);
    if indexed && walk.object.kind() == "Job" {
        host_names(walk, node);
    }
    let Some(spec) = node.get("template").and_then(|template| template.get("spec")) else { return };
    if is_empty(spec.get("restartPolicy")) {
        walk.report_with(
            &MISSING_FIELD,
            spec,
            "the pods of a Job need a `restartPolicy`",
            "write `restartPolicy: Never` or `OnFailure`",
        );
    } else if node.get("podFailurePolicy").is_some() {
        restarts(walk, spec, &["Never"]);
    } else {
        restarts(walk, spec, &["OnFailure", "Never"]);
    }
}

/// The pods of an indexed Job have its name, `-` and their index as host name.
fn host_names<'a>(walk: &mut Walk<'a, '_>, node: &'a Node) {
    let Some(count) = node.get("completions").and_then(Node::as_int).filter(|count| *count > 0) else { return };
    let Some(name) = walk.object.root.get("metadata").and_then(|metadata| metadata.get("name")) else { return };
    let written = name.as_str().unwrap_or_default();
    if let Err(wrong) = dns_label(&format!("{written}-{}", count - 1)) {
        walk.report(&INVALID_NAME, name, format!("the name becomes the host name of the Job's pods, which {wrong}"));
    }
}

fn limits_of_indexes<'a>(walk: &mut Walk<'a, '_>, node: &'a Node) {
    let number = |field: &str| node.get(field).and_then(Node::as_int);
    let Some(most) = number("maxFailedIndexes") else { return };
    let place = node.get("maxFailedIndexes").unwrap_or(node);
    if number("backoffLimitPerIndex").is_none() {
        walk.report(&MISSING_FIELD, place, "`maxFailedIndexes` needs `backoffLimitPerIndex`");
    }
    if number("completions").is_some_and(|completions| most > completions) {
        walk.report(&INVALID_VALUE, place, "`maxFailedIndexes` is more than `completions`");
    }
}

/// Each rule of a failure policy looks at exit codes or at conditions.
fn failure_policy<'a>(walk: &mut Walk<'a, '_>, node: &'a Node) {
    let Some(policy) = node.get("podFailurePolicy") else { return };
    let spec = node.get("template").and_then(|template| template.get("spec"));
    let containers: Vec<&str> = ["initContainers", "containers"]
        .iter()
        .flat_map(|field| spec.map(|spec| items(spec, field)).unwrap_or_default())
        .filter_map(|container| text(container, "name"))
        .collect();
    for rule in items(policy, "rules") {
        match (rule.get("onExitCodes"), is_empty(rule.get("onPodConditions"))) {
            (Some(codes), false) => {
                walk.report(&CONFLICTING_FIELDS, codes, "`onExitCodes` and `onPodConditions` exclude each other");
            }
            (None, true) => walk.report(&MISSING_FIELD, rule, "one of `onExitCodes`, `onPodConditions` must be given here"),
            _ => {}
        }
        if let Some(codes) = rule.get("onExitCodes") {
            exit_codes(walk, codes);
        }
        let Some(name) = rule.get("onExitCodes").and_then(|codes| codes.get("containerName")) else { continue };
        if name.as_str().is_some_and(|name| !containers.contains(&name)) {
            walk.report(&INVALID_VALUE, name, "there is no container of this name in the template");
        }
    }
}

/// 0 is success, so no failure has it.
fn exit_codes<'a>(walk: &mut Walk<'a, '_>, codes: &'a Node) {
    if text(codes, "operator") != Some("In") {
        return;
    }
    if let Some(zero) = items(codes, "values").iter().find(|code| code.as_int() == Some(0)) {
        walk.report(&INVALID_VALUE, zero, "exit code 0 is success: no failure has it");
    }
}

/// A Job's selector is made by the server, unless it is said that it isn't.
fn selects_by_itself<'a>(walk: &mut Walk<'a, '_>, node: &'a Node) {
    let manual = node.get("manualSelector").and_then(Node::as_bool) == Some(true);
    match node.get("selector") {
        Some(_) if !manual => walk.forbid(node, "selector", "is made by the server, unless `manualSelector` is true"),
        Some(selector) => chooses_template(walk, node, selector),
        None if manual => walk.report(&MISSING_FIELD, node, "`manualSelector: true` needs a `selector`"),
        None => {}
    }
}

fn cron_job<'a>(walk: &mut Walk<'a, '_>, schema: &Schema, node: &'a Node) {
    walk.need(node, schema, "schedule");
    walk.not_negative(node, &["startingDeadlineSeconds", "successfulJobsHistoryLimit", "failedJobsHistoryLimit"]);
    if let Some(schedule) = node.get("schedule")
        && let Some(written) = schedule.as_str().filter(|written| !written.is_empty())
        && let Some(wrong) = cron::wrong(written)
    {
        walk.report(&INVALID_VALUE, schedule, format!("`{written}` is no schedule: {wrong}"));
    }
    if let Some(zone) = node.get("timeZone")
        && zone.as_str().is_some_and(|zone| !cron::is_zone(zone))
    {
        walk.report_with(&INVALID_VALUE, zone, "`timeZone` must name a time zone", "such as `Europe/Berlin` or `Etc/UTC`");
    }
}
