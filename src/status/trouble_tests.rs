//! Pods and their owners in trouble, in the shapes that Kubernetes 1.37 writes.

use serde_json::{Value, json};

use super::{Log, Trouble, owner, pod};

const UID: &str = "7d1f";

/// A pod with one container, `web`, whose status is this.
fn pod_with(container: Value) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "web-1", "namespace": "shop", "uid": UID},
        "spec": {
            "nodeName": "n1",
            "containers": [{"name": "web", "image": "registry.example/web:2"}],
            "volumes": [
                {"name": "config", "configMap": {"name": "settings", "items": [{"key": "server.toml", "path": "server.toml"}]}},
                {"name": "all", "projected": {"sources": [
                    {"configMap": {"name": "settings"}},
                    {"secret": {"name": "tls", "items": [{"key": "tls.key", "path": "tls.key"}]}},
                ]}},
            ],
        },
        "status": {
            "phase": "Pending",
            "conditions": [{"type": "PodScheduled", "status": "True"}],
            "containerStatuses": [container],
        },
    })
}

fn container(state: Value, last: Value, restarts: i64) -> Value {
    json!({
        "name": "web", "image": "registry.example/web:2", "ready": false, "started": false, "restartCount": restarts,
        "state": state, "lastState": last,
    })
}

fn waiting(reason: &str, message: &str) -> Value {
    container(json!({"waiting": {"reason": reason, "message": message}}), json!({}), 0)
}

fn looping(exit_code: i64, reason: &str) -> Value {
    let ended = json!({"terminated": {
        "exitCode": exit_code, "reason": reason, "startedAt": "2026-11-25T12:00:00Z", "finishedAt": "2026-11-25T12:00:30Z",
    }});
    let back_off = "back-off 40s restarting failed container=web pod=web-1_shop(7d1f)";
    container(json!({"waiting": {"reason": "CrashLoopBackOff", "message": back_off}}), ended, 3)
}

fn event(reason: &str, message: &str, time: &str) -> Value {
    let regarding = json!({"kind": "Pod", "name": "web-1", "uid": UID, "fieldPath": "spec.containers{web}"});
    json!({"type": "Warning", "reason": reason, "message": message, "involvedObject": regarding, "lastTimestamp": time})
}

fn of_pod(reason: &str, message: &str) -> Value {
    event(reason, message, "2026-11-25T12:00:10Z")
}

/// A trouble's name, what it says in few words, its container and its log, for a comparison.
fn shown(trouble: Option<Trouble>) -> String {
    let Some(trouble) = trouble else { return "none".to_owned() };
    assert!(!trouble.message.is_empty(), "{trouble:?}");
    assert!(!trouble.cause.advice().is_empty(), "{trouble:?}");
    let log = match trouble.log {
        None => "",
        Some(Log::Newest) => ", log",
        Some(Log::Previous) => ", previous log",
    };
    let container = trouble.container.map(|name| format!(" {name}")).unwrap_or_default();
    format!("{}{container}: {}{log}", trouble.cause.name(), trouble.cause.summary())
}

#[track_caller]
fn finds(pod: &Value, events: &[Value], expected: &str) {
    assert_eq!(shown(pod::trouble(pod, events)), expected);
}

#[test]
fn images() {
    let expected = "image-pull web: the image `registry.example/web:2` can't be pulled";
    let said = "failed to resolve reference \"registry.example/web:2\": not found";
    for reason in ["ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName", "RegistryUnavailable"] {
        finds(&pod_with(waiting(reason, said)), &[], expected);
    }
    let secret = "Unable to retrieve some image pull secrets (registry); attempting to pull the image may not succeed.";
    let found = pod::trouble(&pod_with(waiting("ImagePullBackOff", said)), &[of_pod("FailedToRetrieveImagePullSecret", secret)]);
    assert_eq!(found.unwrap().message, format!("{said}; {secret}"));
}

#[test]
fn missing_configuration() {
    let config = |message: &str| pod_with(waiting("CreateContainerConfigError", message));
    finds(&config("configmap \"params\" not found"), &[], "missing-config web: ConfigMap `params` doesn't exist");
    finds(&config("secret \"token\" not found"), &[], "missing-config web: Secret `token` doesn't exist");
    finds(
        &config("couldn't find key hf_token in Secret shop/huggingface"),
        &[],
        "missing-config web: Secret `huggingface` has no key `hf_token`",
    );
    finds(
        &config("couldn't find key LOG in ConfigMap shop/params"),
        &[],
        "missing-config web: ConfigMap `params` has no key `LOG`",
    );
    finds(
        &config("container has runAsNonRoot and image will run as root"),
        &[],
        "config-error web: its configuration can't be used",
    );
}

#[test]
fn mounts() {
    let starting = pod_with(waiting("ContainerCreating", ""));
    finds(&starting, &[], "none");
    let mount = |message: &str| [of_pod("FailedMount", message)];
    finds(
        &starting,
        &mount("MountVolume.SetUp failed for volume \"config\" : configmap \"settings\" not found"),
        "missing-config: ConfigMap `settings` doesn't exist",
    );
    finds(
        &starting,
        &mount("MountVolume.SetUp failed for volume \"config\" : configmap references non-existent config key: server.toml"),
        "missing-config: ConfigMap `settings` has no key `server.toml`",
    );
    finds(
        &starting,
        &mount("MountVolume.SetUp failed for volume \"all\" : references non-existent secret key: tls.key"),
        "missing-config: Secret `tls` has no key `tls.key`",
    );
    // The summary is newer, and says less.
    let summary =
        "Unable to attach or mount volumes: unmounted volumes=[data], unattached volumes=[]: timed out waiting for the condition";
    let events = [
        event("FailedMount", summary, "2026-11-25T12:05:00Z"),
        event("FailedMount", "MountVolume.MountDevice failed for volume \"data\" : no such disk", "2026-11-25T12:01:00Z"),
    ];
    finds(&starting, &events, "failed-mount: the volume `data` can't be mounted");
    finds(
        &starting,
        &[of_pod("FailedCreatePodSandBox", "Failed to create pod sandbox: no network plugin")],
        "sandbox: the node can't make the pod's sandbox",
    );
}

#[test]
fn crashes() {
    finds(&pod_with(looping(1, "Error")), &[], "crash-loop web: crashes again and again: exit code 1 (3 restarts), log");
    finds(&pod_with(looping(0, "Completed")), &[], "crash-loop web: ends again and again, without an error (3 restarts), log");
    finds(
        &pod_with(looping(137, "OOMKilled")),
        &[],
        "out-of-memory web: was ended because it used more memory than its limit, log",
    );
    finds(&pod_with(looping(128, "StartError")), &[], "cannot-start web: can't be started");
    let run = "failed to create containerd task: exec: \"serve\": executable file not found in $PATH";
    finds(&pod_with(waiting("RunContainerError", run)), &[], "cannot-start web: can't be started");
    let once = container(json!({"terminated": {"exitCode": 2, "reason": "Error"}}), json!({}), 0);
    finds(&pod_with(once), &[], "exited web: ended with exit code 2, log");
    // It runs again, and isn't ready: the run before tells why.
    let ended = json!({"terminated": {"exitCode": 1, "reason": "Error"}});
    let again = container(json!({"running": {"startedAt": "2026-11-25T12:00:00Z"}}), ended, 1);
    finds(&pod_with(again), &[], "crash-loop web: crashes again and again: exit code 1 (1 restart), previous log");
}

#[test]
fn probes() {
    let running = pod_with(container(json!({"running": {"startedAt": "2026-11-25T12:00:00Z"}}), json!({}), 0));
    finds(&running, &[], "none");
    let unready = of_pod("Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503");
    finds(&running, std::slice::from_ref(&unready), "probe-failing web: its readiness probe fails, log");
    let killed = of_pod("Killing", "Container web failed liveness probe, will be restarted");
    let unhealthy = of_pod("Unhealthy", "Liveness probe failed: connection refused");
    let events = [unhealthy, killed, unready];
    finds(&pod_with(looping(137, "Error")), &events, "probe-failing web: its liveness probe fails, log");
    // A kill of an earlier run doesn't explain this one.
    let earlier = event("Killing", "Container web failed liveness probe, will be restarted", "2026-11-25T11:00:00Z");
    finds(&pod_with(looping(1, "Error")), &[earlier], "crash-loop web: crashes again and again: exit code 1 (3 restarts), log");
    // A crash of long ago doesn't either.
    let ended = json!({"terminated": {"exitCode": 1, "reason": "Error"}});
    let steady = pod_with(container(json!({"running": {"startedAt": "2026-11-25T10:00:00Z"}}), ended, 1));
    let now = of_pod("Unhealthy", "Readiness probe failed: 503");
    finds(&steady, &[now], "probe-failing web: its readiness probe fails, log");
}

#[test]
fn scheduling() {
    let pending = |reason: &str, message: &str| {
        let mut pod = pod_with(json!({}));
        pod["spec"]["nodeName"] = Value::Null;
        let condition = json!({"type": "PodScheduled", "status": "False", "reason": reason, "message": message});
        pod["status"] = json!({"phase": "Pending", "conditions": [condition]});
        pod
    };
    let cpu = "0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available.";
    finds(&pending("Unschedulable", cpu), &[], "unschedulable: no node takes the pod");
    finds(
        &pending("Unschedulable", "persistentvolumeclaim \"data\" not found"),
        &[],
        "missing-config: PersistentVolumeClaim `data` doesn't exist",
    );
    finds(&pending("SchedulingGated", "Scheduling is blocked"), &[], "gated: waits for its scheduling gates");
}

#[test]
fn ended_by_the_node() {
    let failed = |reason: &str, message: &str| {
        let mut pod = pod_with(json!({}));
        pod["status"] = json!({"phase": "Failed", "reason": reason, "message": message});
        pod
    };
    finds(&failed("Evicted", "The node was low on resource: memory."), &[], "evicted: was evicted from its node");
    finds(&failed("OutOfcpu", "Node didn't have enough resource: cpu"), &[], "rejected: its node refused it (`OutOfcpu`)");
    finds(&failed("DeadlineExceeded", ""), &[], "deadline-exceeded: ran longer than its `activeDeadlineSeconds`");
}

#[test]
fn init_containers_come_first_and_sidecars_count() {
    let mut pod = pod_with(waiting("PodInitializing", ""));
    let mut init = waiting("CreateContainerConfigError", "secret \"token\" not found");
    init["name"] = "migrate".into();
    pod["status"]["initContainerStatuses"] = json!([init]);
    finds(&pod, &[], "missing-config migrate: Secret `token` doesn't exist");
    // An init container that runs is doing its work; nobody expects it to be ready.
    pod["status"]["initContainerStatuses"] =
        json!([{"name": "migrate", "ready": false, "started": true, "state": {"running": {}}}]);
    finds(&pod, &[], "none");
}

#[test]
fn nothing_is_wrong_with_these() {
    let ready = json!({"name": "web", "ready": true, "started": true, "restartCount": 4, "state": {"running": {}}});
    finds(&pod_with(ready), &[of_pod("Unhealthy", "Readiness probe failed: 503")], "none");
    let mut going = pod_with(looping(1, "Error"));
    going["metadata"]["deletionTimestamp"] = "2026-11-25T12:00:00Z".into();
    finds(&going, &[], "none");
    finds(&json!({}), &[], "none");
}

#[test]
fn events_of_an_earlier_pod_of_the_same_name_do_not_count() {
    let mut stale = of_pod("FailedMount", "MountVolume.SetUp failed for volume \"config\" : configmap \"settings\" not found");
    stale["involvedObject"]["uid"] = "0000".into();
    finds(&pod_with(waiting("ContainerCreating", "")), &[stale], "none");
}

#[test]
fn owners_that_cannot_create_pods() {
    let refused = |message: &str| {
        let condition = json!({"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": message});
        shown(owner::trouble(
            &json!({"kind": "Deployment", "metadata": {"name": "web"}, "status": {"conditions": [condition]}}),
            &[],
        ))
    };
    let quota = "exceeded quota: compute, requested: pods=1, used: pods=2, limited: pods=2";
    assert_eq!(refused(&format!("pods \"web-1\" is forbidden: {quota}")), "quota: the quota `compute` allows no more");
    assert_eq!(
        refused("pods \"web-1\" is forbidden: failed quota: compute: must specify limits.memory for: web"),
        "quota: the quota `compute` allows no more"
    );
    assert_eq!(
        refused("pods \"web-1\" is forbidden: violates PodSecurity \"restricted:latest\": runAsNonRoot != true"),
        "forbidden: the pod is refused by the pod-security level `restricted:latest`"
    );
    assert_eq!(
        refused("admission webhook \"policy.example.org\" denied the request: no label"),
        "forbidden: the pod is refused by the webhook `policy.example.org`"
    );
    assert_eq!(
        refused(
            "Internal error occurred: failed calling webhook \"policy.example.org\": failed to call webhook: Post …: refused"
        ),
        "webhook-down: the webhook `policy.example.org`, which has to agree, doesn't answer"
    );
    assert_eq!(
        refused("pods \"web-1\" is forbidden: ValidatingAdmissionPolicy 'tags' with binding 'all' denied request: no tag"),
        "forbidden: the pod is refused by the policy `tags`"
    );
    assert_eq!(
        refused("pods \"web-1\" is forbidden: error looking up service account shop/web: serviceaccount \"web\" not found"),
        "missing-config: ServiceAccount `web` doesn't exist"
    );
    assert_eq!(
        refused("pods \"web-1\" is forbidden: maximum cpu usage per Container is 1, but limit is 2"),
        "forbidden: the pod is refused by a LimitRange"
    );
    assert_eq!(refused("Pod \"web-1\" is invalid: spec: Invalid value"), "cannot-create: the pod can't be created");
}

#[test]
fn of_the_owners_events_the_newest_counts() {
    let set = json!({"kind": "StatefulSet", "metadata": {"name": "db", "uid": "9"}, "status": {}});
    let event = |reason: &str, message: &str, time: &str| {
        let regarding = json!({"kind": "StatefulSet", "name": "db", "uid": "9"});
        json!({"reason": reason, "note": message, "regarding": regarding, "series": {"lastObservedTime": time}})
    };
    let text =
        "create Pod db-0 in StatefulSet db failed error: pods \"db-0\" is forbidden: exceeded quota: small, requested: pods=1";
    let failed = event("FailedCreate", text, "2026-11-25T12:00:00.000000Z");
    let created = event("SuccessfulCreate", "create Pod db-0 in StatefulSet db successful", "2026-11-25T12:00:05.000000Z");
    assert_eq!(shown(owner::trouble(&set, std::slice::from_ref(&failed))), "quota: the quota `small` allows no more");
    assert_eq!(shown(owner::trouble(&set, &[created, failed])), "none");
}
