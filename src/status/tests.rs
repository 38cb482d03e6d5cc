//! What an apply waits for, and the edges of the rules. That the rules are kstatus' is for `tests/status/` to say.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{State, Wait, is_ready_by_being_there, of, waits_for};

const NOW: &str = "2026-11-25T12:00:00Z";

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

fn object(api_version: &str, kind: &str, spec: Value, status: Value) -> Value {
    json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "x", "generation": 1}, "spec": spec, "status": status})
}

fn state(live: &Value) -> (State, String) {
    let status = of(live, now());
    (status.state, status.message)
}

#[track_caller]
fn waits(live: &Value, expected: &str) {
    let found = match waits_for(live, now()) {
        Wait::Done => "done".to_owned(),
        Wait::Settled { message } => format!("settled: {message}"),
        Wait::Not { message } => format!("not: {message}"),
        Wait::Never { message } => format!("never: {message}"),
    };
    assert_eq!(found, expected);
}

#[test]
fn a_rollout_goes_through_its_stages() {
    let deployment =
        |status: Value| object("apps/v1", "Deployment", json!({"replicas": 3, "progressDeadlineSeconds": 600}), status);
    waits(&deployment(json!({})), "not: 0 of 3 exist");
    waits(
        &deployment(json!({"observedGeneration": 0, "replicas": 3})),
        "not: generation 1 isn't seen yet by what controls this Deployment; it saw 0",
    );
    waits(&deployment(json!({"replicas": 3, "updatedReplicas": 1})), "not: 1 of 3 are updated");
    waits(&deployment(json!({"replicas": 4, "updatedReplicas": 3, "availableReplicas": 3})), "not: 1 pod still to end");
    waits(
        &deployment(json!({"replicas": 3, "updatedReplicas": 3, "availableReplicas": 2})),
        "not: 2 of 3 updated pods are available",
    );
    let counts = json!({"replicas": 3, "updatedReplicas": 3, "availableReplicas": 3, "readyReplicas": 3});
    waits(&deployment(counts.clone()), "not: its newest ReplicaSet isn't available yet");
    let mut complete = counts;
    complete["conditions"] = json!([
        {"type": "Available", "status": "True", "reason": "MinimumReplicasAvailable"},
        {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"},
    ]);
    waits(&deployment(complete), "done");
    let exceeded = json!([{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}]);
    waits(&deployment(json!({"conditions": exceeded})), "never: made no progress within `spec.progressDeadlineSeconds`");
}

#[test]
fn a_paused_deployment_is_not_waited_for_once_its_controller_saw_the_pause() {
    let paused = |seen: i64| object("apps/v1", "Deployment", json!({"paused": true}), json!({"observedGeneration": seen}));
    waits(&paused(0), "not: generation 1 isn't seen yet by what controls this Deployment; it saw 0");
    waits(&paused(1), "settled: is paused (`spec.paused`)");
}

#[test]
fn a_started_job_is_current_and_yet_waited_for() {
    let job = |spec: Value, status: Value| object("batch/v1", "Job", spec, status);
    let running = job(json!({"completions": 2}), json!({"startTime": NOW, "active": 1, "succeeded": 1}));
    assert_eq!(state(&running), (State::Current, "running: 1 active, 1 of 2 succeeded, 0 failed".to_owned()));
    waits(&running, "not: running: 1 active, 1 of 2 succeeded, 0 failed");
    waits(&job(json!({}), json!({})), "not: hasn't started yet");
    waits(&job(json!({"suspend": true}), json!({})), "settled: is suspended (`spec.suspend`)");
    let complete = json!({"startTime": NOW, "succeeded": 1, "conditions": [{"type": "Complete", "status": "True"}]});
    waits(&job(json!({}), complete), "done");
    let failed = json!({"failed": 3, "conditions": [{"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}]});
    waits(&job(json!({}), failed), "never: failed after 3 pods failed: BackoffLimitExceeded");
}

#[test]
fn a_claim_waits_for_its_first_pod() {
    let claim = |phase: &str| object("v1", "PersistentVolumeClaim", json!({}), json!({"phase": phase}));
    assert_eq!(state(&claim("Pending")).0, State::InProgress);
    waits(&claim("Pending"), "settled: is bound when a pod uses it");
    waits(&claim("Bound"), "done");
    waits(&claim("Lost"), "never: lost its volume: the PersistentVolume that it is bound to is gone");
    waits(&object("v1", "PersistentVolumeClaim", json!({}), json!({})), "not: isn't bound to a volume yet (`unknown`)");
}

#[test]
fn a_pod_may_be_unschedulable_for_fifteen_seconds() {
    let pod = |created: &str| {
        let unscheduled = json!([{"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}]);
        let mut pod = object("v1", "Pod", json!({}), json!({"phase": "Pending", "conditions": unscheduled}));
        pod["metadata"]["creationTimestamp"] = created.into();
        pod
    };
    assert_eq!(state(&pod("2026-11-25T11:59:46Z")).0, State::InProgress);
    assert_eq!(state(&pod("2026-11-25T11:59:45Z")).0, State::Failed);
}

#[test]
fn a_pod_that_failed_is_current_and_yet_a_failure() {
    let pod = object("v1", "Pod", json!({}), json!({"phase": "Failed"}));
    assert_eq!(state(&pod).0, State::Current);
    waits(&pod, "never: ended, and failed");
    waits(&object("v1", "Pod", json!({}), json!({"phase": "Succeeded"})), "done");
}

#[test]
fn kinds_that_kstatus_has_no_rule_for() {
    let service = |status: &str| {
        let condition = json!({"type": "Available", "status": status, "message": "endpoints for service/x have no addresses"});
        object("apiregistration.k8s.io/v1", "APIService", json!({}), json!({"conditions": [condition]}))
    };
    waits(&service("False"), "not: isn't available: endpoints for service/x have no addresses");
    waits(&service("True"), "done");
    waits(&object("v1", "ReplicationController", json!({"replicas": 2}), json!({"readyReplicas": 1})), "not: 1 of 2 are ready");
    waits(&object("v1", "ReplicationController", json!({"replicas": 2}), json!({"readyReplicas": 2})), "done");
    waits(&object("rbac.authorization.k8s.io/v1", "Role", json!({}), json!({})), "done");
}

#[test]
fn what_is_going_away_never_comes_back() {
    let mut namespace = object("v1", "Namespace", json!({}), json!({"phase": "Terminating"}));
    namespace["metadata"]["deletionTimestamp"] = NOW.into();
    waits(&namespace, "never: is being deleted");
}

#[test]
fn custom_resources_go_by_their_conditions() {
    let custom = |conditions: Value| object("example.org/v1", "Widget", json!({}), json!({"conditions": conditions}));
    waits(&custom(json!([])), "done");
    waits(&custom(json!([{"type": "Ready", "status": "False", "message": "no key"}])), "not: no key");
    waits(
        &custom(json!([{"type": "Ready", "status": "True"}, {"type": "Stalled", "status": "True", "message": "denied"}])),
        "never: denied",
    );
}

#[test]
fn an_object_of_another_shape_is_unknown() {
    let found = state(&object("v1", "Pod", json!({}), json!({"phase": "Sleeping"})));
    assert_eq!(found, (State::Unknown, "`status.phase` is `Sleeping`, which is no phase of a pod".to_owned()));
    let found = state(&object("example.org/v1", "Widget", json!({}), json!({"conditions": "none"})));
    assert_eq!(found, (State::Unknown, "`status.conditions` isn't a list".to_owned()));
}

#[test]
fn kinds_that_are_ready_by_being_there() {
    let now = now();
    let kinds = [
        ("v1", "", "ConfigMap"),
        ("v1", "", "Secret"),
        ("v1", "", "Namespace"),
        ("batch/v1", "batch", "CronJob"),
        ("rbac.authorization.k8s.io/v1", "rbac.authorization.k8s.io", "RoleBinding"),
        ("networking.k8s.io/v1", "networking.k8s.io", "NetworkPolicy"),
    ];
    for (version, group, kind) in kinds {
        assert!(is_ready_by_being_there(group, kind), "{kind}");
        let live = json!({ "apiVersion": version, "kind": kind, "metadata": { "name": "x" } });
        assert_eq!(waits_for(&live, now), Wait::Done, "{kind}");
    }
    for (group, kind) in [("", "Service"), ("apps", "Deployment"), ("example.org", "ConfigMap"), ("", "PersistentVolumeClaim")] {
        assert!(!is_ready_by_being_there(group, kind), "{kind}");
    }
}

#[test]
fn a_daemon_set_without_nodes_has_to_be_seen_by_its_controller() {
    let live = |observed: i64| {
        json!({
            "apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": { "name": "x", "generation": 1 },
            "status": { "observedGeneration": observed, "desiredNumberScheduled": 0, "currentNumberScheduled": 0, "numberReady": 0 },
        })
    };
    let mut unseen = live(1);
    unseen["status"].as_object_mut().unwrap().remove("observedGeneration");
    let now = now();
    assert!(matches!(waits_for(&unseen, now), Wait::Not { .. }), "{:?}", waits_for(&unseen, now));
    assert_eq!(waits_for(&live(1), now), Wait::Done);
}
