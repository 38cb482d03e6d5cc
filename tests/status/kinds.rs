//! The kinds that kstatus has a rule for: of each a complete object, and the steps that its rule notices.

use serde_json::{Value, json};

use crate::mutate::Step::{self, Condition, Set};

/// One kind.
#[derive(Debug)]
pub(crate) struct Kind {
    /// An object that is current.
    pub(crate) complete: Value,
    /// What its rule may notice.
    pub(crate) steps: Vec<Step>,
    /// The reasons of its rule: each must be reached.
    pub(crate) reasons: &'static [&'static str],
}

impl Kind {
    /// Its apiVersion and kind.
    pub(crate) fn name(&self) -> String {
        let text = |field: &str| self.complete[field].as_str().unwrap_or_default().to_owned();
        format!("{} {}", text("apiVersion"), text("kind"))
    }
}

/// All of them, and three that have none: a custom resource, a built-in kind, and a name that looks like a known one.
pub(crate) fn kinds() -> Vec<Kind> {
    vec![
        deployment("apps/v1"),
        deployment("extensions/v1beta1"),
        replica_set(),
        stateful_set(),
        partitioned_set(),
        daemon_set(),
        pod(),
        waiting_pod(),
        crashing_pod(),
        job(),
        running_job(),
        claim(),
        service(),
        definition(),
        simple("policy/v1", "PodDisruptionBudget", vec![Set("status.disruptionsAllowed", json!(0))]),
        simple("batch/v1", "CronJob", vec![Set("spec.suspend", json!(true))]),
        simple("v1", "ConfigMap", vec![]),
        simple("v1", "Secret", vec![]),
        simple("v1", "Namespace", vec![Set("status.phase", json!("Terminating"))]),
        simple("example.org/v1", "Widget", vec![Condition("Healthy", "False", "Sick")]),
        simple("example.org/v1", "Deployment", vec![Set("status.replicas", json!(0))]),
    ]
}

fn object(api_version: &str, kind: &str, spec: Value, status: Value) -> Value {
    let metadata = json!({"name": "x", "namespace": "y", "generation": 3, "creationTimestamp": "2020-01-01T00:00:00Z"});
    json!({"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": spec, "status": status})
}

/// What every kind can say.
const ANY: &[&str] = &["LatestGenerationNotObserved", "Busy", "Denied"];

fn simple(api_version: &str, kind: &str, steps: Vec<Step>) -> Kind {
    let complete = object(api_version, kind, json!({}), json!({"observedGeneration": 3}));
    Kind { complete, steps, reasons: ANY }
}

/// The steps of a count: none, and each number about the one that is asked for.
fn counts(paths: &[&'static str]) -> Vec<Step> {
    paths.iter().flat_map(|path| (1..=4).map(|count| Set(path, json!(count)))).collect()
}

fn deployment(api_version: &str) -> Kind {
    let status = json!({
        "observedGeneration": 3, "replicas": 3, "updatedReplicas": 3, "readyReplicas": 3, "availableReplicas": 3,
        "conditions": [
            {"type": "Available", "status": "True", "reason": "MinimumReplicasAvailable"},
            {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"},
        ],
    });
    let mut steps = counts(&[
        "spec.replicas",
        "status.replicas",
        "status.updatedReplicas",
        "status.readyReplicas",
        "status.availableReplicas",
    ]);
    steps.extend([
        Set("spec.progressDeadlineSeconds", json!(2_147_483_647)),
        Set("spec.paused", json!(true)),
        Condition("Available", "False", "MinimumReplicasUnavailable"),
        Condition("Available", "Unknown", ""),
        Condition("Progressing", "True", "ReplicaSetUpdated"),
        Condition("Progressing", "False", "ProgressDeadlineExceeded"),
        Condition("Progressing", "False", "NewReplicaSetAvailable"),
        Condition("ReplicaFailure", "True", "FailedCreate"),
    ]);
    Kind {
        complete: object(api_version, "Deployment", json!({"replicas": 3, "progressDeadlineSeconds": 600}), status),
        steps,
        reasons: &[
            "LatestGenerationNotObserved",
            "ProgressDeadlineExceeded",
            "LessReplicas",
            "LessUpdated",
            "ExtraPods",
            "LessAvailable",
            "LessReady",
            "ReplicaSetNotAvailable",
            "DeploymentNotAvailable",
        ],
    }
}

fn replica_set() -> Kind {
    let status = json!({
        "observedGeneration": 3, "replicas": 3, "fullyLabeledReplicas": 3, "readyReplicas": 3, "availableReplicas": 3, "conditions": [],
    });
    let mut steps = counts(&[
        "spec.replicas",
        "status.replicas",
        "status.fullyLabeledReplicas",
        "status.readyReplicas",
        "status.availableReplicas",
    ]);
    steps.extend([Condition("ReplicaFailure", "True", "FailedCreate"), Condition("ReplicaFailure", "False", "")]);
    Kind {
        complete: object("apps/v1", "ReplicaSet", json!({"replicas": 3}), status),
        steps,
        reasons: &["ReplicaFailure", "LessLabelled", "LessAvailable", "LessReady", "ExtraPods"],
    }
}

fn stateful_set() -> Kind {
    let status = json!({
        "observedGeneration": 3, "replicas": 3, "readyReplicas": 3, "currentReplicas": 3, "updatedReplicas": 3, "availableReplicas": 3,
        "currentRevision": "x-1", "updateRevision": "x-1",
    });
    let mut steps =
        counts(&["spec.replicas", "status.replicas", "status.readyReplicas", "status.currentReplicas", "status.updatedReplicas"]);
    steps.extend([
        Set("status.updateRevision", json!("x-2")),
        Set("spec.updateStrategy", json!({"type": "OnDelete"})),
        Set("spec.updateStrategy", json!({"type": "RollingUpdate"})),
        Set("spec.updateStrategy.rollingUpdate.partition", json!(0)),
        Set("spec.updateStrategy.rollingUpdate.partition", json!(1)),
        Set("spec.updateStrategy.rollingUpdate.partition", json!(7)),
        Set("spec.updateStrategy.rollingUpdate.partition", json!("1")),
    ]);
    Kind {
        complete: object("apps/v1", "StatefulSet", json!({"replicas": 3}), status),
        steps,
        reasons: &["LessReplicas", "LessReady", "ExtraPods", "PartitionRollout", "LessCurrent", "RevisionMismatch"],
    }
}

/// The same kind in the middle of a rollout that ends at its partition.
fn partitioned_set() -> Kind {
    let mut kind = stateful_set();
    kind.complete["spec"]["updateStrategy"] = json!({"type": "RollingUpdate", "rollingUpdate": {"partition": 1}});
    kind.complete["status"]["updatedReplicas"] = json!(2);
    kind.complete["status"]["currentReplicas"] = json!(1);
    kind.complete["status"]["updateRevision"] = json!("x-2");
    kind.reasons = &["PartitionRollout", "LessReplicas", "LessReady", "ExtraPods"];
    kind
}

fn daemon_set() -> Kind {
    let status = json!({
        "observedGeneration": 3, "desiredNumberScheduled": 3, "currentNumberScheduled": 3, "updatedNumberScheduled": 3, "numberAvailable": 3,
        "numberReady": 3, "numberMisscheduled": 0,
    });
    let steps = counts(&[
        "status.desiredNumberScheduled",
        "status.currentNumberScheduled",
        "status.updatedNumberScheduled",
        "status.numberAvailable",
        "status.numberReady",
    ]);
    Kind {
        complete: object("apps/v1", "DaemonSet", json!({}), status),
        steps,
        reasons: &[
            "NoGeneration",
            "NoObservedGeneration",
            "NoDesiredNumber",
            "LessCurrent",
            "LessUpdated",
            "LessAvailable",
            "LessReady",
        ],
    }
}

fn pod() -> Kind {
    let status = json!({
        "phase": "Running",
        "conditions": [{"type": "PodScheduled", "status": "True"}, {"type": "Ready", "status": "True"}],
        "containerStatuses": [{"name": "a", "ready": true, "state": {"running": {}}}, {"name": "b", "ready": true, "state": {"running": {}}}],
    });
    let crash = |first: &str| {
        let waits = |name: &str, reason: &str| json!({"name": name, "state": {"waiting": {"reason": reason}}});
        Set("status.containerStatuses", json!([waits("a", first), waits("b", "CrashLoopBackOff"), {"name": "c"}, {"state": {}}]))
    };
    // A pod that isn't ready is what most of its rule is about: several steps lead there.
    let steps = vec![
        Condition("Ready", "False", "ContainersNotReady"),
        Condition("Ready", "False", "ContainersNotReady"),
        Condition("Ready", "Unknown", ""),
        crash("CrashLoopBackOff"),
        crash("ContainerCreating"),
        Set("status.containerStatuses", json!({})),
        Set("status.phase", json!("Pending")),
        Set("status.phase", json!("Pending")),
        Set("status.phase", json!("Succeeded")),
        Set("status.phase", json!("Failed")),
        Set("status.phase", json!("Unknown")),
        Set("status.phase", json!("")),
        Set("status.phase", json!(7)),
        Condition("PodScheduled", "False", "Unschedulable"),
        Condition("PodScheduled", "False", "Unschedulable"),
        Condition("PodScheduled", "False", "SchedulingGated"),
        Condition("PodScheduled", "True", "Unschedulable"),
        Set("metadata.creationTimestamp", json!("2100-01-01T00:00:00Z")),
        Set("metadata.creationTimestamp", json!("2100-01-01T00:00:00+02:00")),
        Set("metadata.creationTimestamp", json!("yesterday")),
    ];
    Kind {
        complete: object("v1", "Pod", json!({}), status),
        steps,
        reasons: &["ContainerCrashLooping", "PodRunningNotReady", "PodPending", "PodNotObserved"],
    }
}

/// The same kind from its other end: no node takes it.
fn waiting_pod() -> Kind {
    let mut kind = pod();
    kind.complete["status"] = json!({
        "phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}],
    });
    kind.reasons = &["PodNotScheduled", "PodUnschedulable", "PodPending", "PodNotObserved"];
    kind
}

/// The same kind once more: it runs, and one of its containers doesn't.
fn crashing_pod() -> Kind {
    let mut kind = pod();
    let waits = json!({"name": "b", "state": {"waiting": {"reason": "CrashLoopBackOff"}}});
    kind.complete["status"]["containerStatuses"][1] = waits;
    kind.complete["status"]["conditions"][1] = json!({"type": "Ready", "status": "False", "reason": "ContainersNotReady"});
    kind.reasons = &["ContainerCrashLooping", "PodRunningNotReady", "PodPending", "PodNotObserved"];
    kind
}

fn job() -> Kind {
    let complete = json!({"type": "Complete", "status": "True"});
    let steps = vec![
        Set("status.conditions", json!([])),
        Set("status.startTime", json!("")),
        Set("status.startTime", json!(7)),
        Set("status.active", json!(2)),
        Set("spec.completions", json!(4)),
        Condition("Complete", "False", ""),
        Condition("Failed", "True", "BackoffLimitExceeded"),
        Condition("Failed", "False", ""),
        Condition("Suspended", "True", "JobSuspended"),
        Condition("FailureTarget", "True", "PodFailurePolicy"),
    ];
    Kind {
        complete: object(
            "batch/v1",
            "Job",
            json!({"parallelism": 1}),
            json!({"startTime": "2026-01-01T00:00:00Z", "succeeded": 1, "conditions": [complete]}),
        ),
        steps,
        reasons: &["JobFailed", "JobNotStarted"],
    }
}

/// The same kind before its end.
fn running_job() -> Kind {
    let mut kind = job();
    kind.complete["status"] = json!({"startTime": "2026-01-01T00:00:00Z", "active": 1, "conditions": []});
    kind
}

fn claim() -> Kind {
    let phases = ["Pending", "Lost", "", "Bound"].map(|phase| Set("status.phase", json!(phase)));
    Kind {
        complete: object("v1", "PersistentVolumeClaim", json!({}), json!({"phase": "Bound"})),
        steps: phases.into(),
        reasons: &["NotBound"],
    }
}

fn service() -> Kind {
    let types = ["ClusterIP", "LoadBalancer", "LoadBalancer", "ExternalName"].map(|kind| Set("spec.type", json!(kind)));
    let addresses = ["", "None", "10.0.0.1"].map(|address| Set("spec.clusterIP", json!(address)));
    Kind {
        complete: object("v1", "Service", json!({"type": "LoadBalancer", "clusterIP": "10.0.0.1"}), json!({"loadBalancer": {}})),
        steps: types.into_iter().chain(addresses).collect(),
        reasons: &["NoIPAssigned"],
    }
}

fn definition() -> Kind {
    let status = json!({"conditions": [{"type": "NamesAccepted", "status": "True"}, {"type": "Established", "status": "True"}]});
    let steps = vec![
        Condition("NamesAccepted", "False", "ListKindConflict"),
        Condition("NamesAccepted", "Unknown", ""),
        Condition("Established", "False", "Installing"),
        Condition("Established", "False", "NotAccepted"),
        Condition("Established", "Unknown", ""),
        Condition("NonStructuralSchema", "True", "Violations"),
        Condition("Terminating", "True", "InstanceDeletionInProgress"),
        Set("status.conditions", json!([])),
    ];
    Kind {
        complete: object("apiextensions.k8s.io/v1", "CustomResourceDefinition", json!({}), status),
        steps,
        reasons: &["ListKindConflict", "NotAccepted", "Installing"],
    }
}
