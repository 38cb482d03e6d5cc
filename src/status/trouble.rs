//! What keeps a workload from running, as a value: [`pod::trouble`](super::pod::trouble) and
//! [`owner::trouble`](super::owner::trouble) find it.

/// Why a pod doesn't run, or why there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// What it is.
    pub cause: Cause,
    /// The container that it is about, where it is about one.
    pub container: Option<String>,
    /// Whose last lines tell more: what the container wrote.
    pub log: Option<Log>,
    /// What the kubelet, the scheduler or the API server says. It may quote anything that a process or a registry wrote: scrub it before
    /// it is shown.
    pub message: String,
}

/// Which run of a container wrote the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Log {
    /// The newest one, which has ended or still runs.
    Newest,
    /// The one before that: the newest has only just started.
    Previous,
}

/// A kind of trouble.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// The image can't be pulled, or mustn't be.
    ImagePull {
        /// The image as the container names it.
        image: String,
    },
    /// The container ends again and again.
    CrashLoop {
        /// Its last exit code, where the kubelet still knows it.
        exit_code: Option<i64>,
        /// How often it was started anew.
        restarts: i64,
    },
    /// The container ended in failure, once.
    Exited {
        /// Its exit code.
        exit_code: i64,
    },
    /// The kernel ended the container because it used more memory than its limit.
    OutOfMemory,
    /// The container was made, and its command can't be run.
    CannotStart,
    /// No node takes the pod.
    Unschedulable,
    /// The pod has scheduling gates; whoever set them opens them.
    Gated,
    /// The namespace's quota is used up, or wants a request or limit that the pod doesn't name.
    Quota {
        /// The ResourceQuota's name.
        quota: String,
    },
    /// Admission refuses the pod.
    Forbidden {
        /// Who does: the pod-security level, a policy, a webhook, a LimitRange.
        by: String,
    },
    /// A webhook that has to agree doesn't answer.
    WebhookDown {
        /// The webhook's name.
        webhook: String,
    },
    /// The pod's controller can't create it, for another reason.
    CannotCreate,
    /// The pod refers to an object, or to a key of one, that isn't there.
    MissingConfig {
        /// The object's kind.
        kind: &'static str,
        /// Its name.
        name: String,
        /// The key, where the object is there and only the key isn't.
        key: Option<String>,
    },
    /// The container's configuration contradicts itself or the node.
    ConfigError,
    /// The pod was evicted from its node.
    Evicted,
    /// The node refused the pod after it was assigned to it, or ended it.
    Rejected {
        /// The kubelet's word for it.
        reason: String,
    },
    /// The pod ran longer than its `activeDeadlineSeconds`.
    DeadlineExceeded,
    /// The container runs, and a probe fails.
    ProbeFailing {
        /// Which one.
        probe: Probe,
    },
    /// A volume can't be mounted.
    FailedMount {
        /// The volume's name in the pod, where the message tells.
        volume: Option<String>,
    },
    /// The node can't make the pod's sandbox, mostly its network.
    Sandbox,
    /// A condition of `spec.readinessGates` isn't true.
    ReadinessGate,
}

/// A kind of probe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Probe {
    /// Until it succeeds no other probe runs.
    Startup,
    /// When it fails the container is started anew.
    Liveness,
    /// While it fails the pod gets no traffic.
    Readiness,
}

impl Probe {
    /// Its name in the container, without `Probe`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Startup => "startup",
            Self::Liveness => "liveness",
            Self::Readiness => "readiness",
        }
    }
}

impl Cause {
    /// A stable name for programs.
    pub fn name(&self) -> &'static str {
        match self {
            Self::ImagePull { .. } => "image-pull",
            Self::CrashLoop { .. } => "crash-loop",
            Self::Exited { .. } => "exited",
            Self::OutOfMemory => "out-of-memory",
            Self::CannotStart => "cannot-start",
            Self::Unschedulable => "unschedulable",
            Self::Gated => "gated",
            Self::Quota { .. } => "quota",
            Self::Forbidden { .. } => "forbidden",
            Self::WebhookDown { .. } => "webhook-down",
            Self::CannotCreate => "cannot-create",
            Self::MissingConfig { .. } => "missing-config",
            Self::ConfigError => "config-error",
            Self::Evicted => "evicted",
            Self::Rejected { .. } => "rejected",
            Self::DeadlineExceeded => "deadline-exceeded",
            Self::ProbeFailing { .. } => "probe-failing",
            Self::FailedMount { .. } => "failed-mount",
            Self::Sandbox => "sandbox",
            Self::ReadinessGate => "readiness-gate",
        }
    }

    /// What happened, in a few words.
    pub fn summary(&self) -> String {
        match self {
            Self::ImagePull { image } => format!("the image `{image}` can't be pulled"),
            Self::CrashLoop { exit_code: Some(0), restarts } => {
                format!("ends again and again, without an error ({})", times(*restarts))
            }
            Self::CrashLoop { exit_code: Some(code), restarts } => {
                format!("crashes again and again: exit code {code} ({})", times(*restarts))
            }
            Self::CrashLoop { exit_code: None, restarts } => format!("crashes again and again ({})", times(*restarts)),
            Self::Exited { exit_code } => format!("ended with exit code {exit_code}"),
            Self::OutOfMemory => "was ended because it used more memory than its limit".to_owned(),
            Self::CannotStart => "can't be started".to_owned(),
            Self::Unschedulable => "no node takes the pod".to_owned(),
            Self::Gated => "waits for its scheduling gates".to_owned(),
            Self::Quota { quota } => format!("the quota `{quota}` allows no more"),
            Self::Forbidden { by } => format!("the pod is refused by {by}"),
            Self::WebhookDown { webhook } => format!("the webhook `{webhook}`, which has to agree, doesn't answer"),
            Self::CannotCreate => "the pod can't be created".to_owned(),
            Self::MissingConfig { kind, name, key: None } => format!("{kind} `{name}` doesn't exist"),
            Self::MissingConfig { kind, name, key: Some(key) } => format!("{kind} `{name}` has no key `{key}`"),
            Self::ConfigError => "its configuration can't be used".to_owned(),
            Self::Evicted => "was evicted from its node".to_owned(),
            Self::Rejected { reason } => format!("its node refused it (`{reason}`)"),
            Self::DeadlineExceeded => "ran longer than its `activeDeadlineSeconds`".to_owned(),
            Self::ProbeFailing { probe } => format!("its {} probe fails", probe.name()),
            Self::FailedMount { volume: Some(volume) } => format!("the volume `{volume}` can't be mounted"),
            Self::FailedMount { volume: None } => "a volume can't be mounted".to_owned(),
            Self::Sandbox => "the node can't make the pod's sandbox".to_owned(),
            Self::ReadinessGate => "a readiness gate isn't open".to_owned(),
        }
    }

    /// What to do next.
    pub fn advice(&self) -> String {
        match self {
            Self::ImagePull { .. } => {
                "check the image's name and tag, and that a pull secret of the pod opens its registry".to_owned()
            }
            Self::CrashLoop { exit_code: Some(0), .. } => {
                "run what ends by itself as a Job, or keep the process in the foreground".to_owned()
            }
            Self::CrashLoop { .. } | Self::Exited { .. } => "its last lines say why".to_owned(),
            Self::OutOfMemory => "raise `resources.limits.memory`, or make the process use less".to_owned(),
            Self::CannotStart => "check the container's `command` and `args`, and the paths of its mounts".to_owned(),
            Self::Unschedulable => {
                "compare `resources.requests`, node selectors, affinities, tolerations and claims with what the nodes offer"
                    .to_owned()
            }
            Self::Gated => "ask whoever set `spec.schedulingGates`".to_owned(),
            Self::Quota { quota } => {
                format!("raise ResourceQuota `{quota}`, ask for less, or set the requests and limits that it wants")
            }
            Self::Forbidden { .. } | Self::ConfigError => "change the template as the message says".to_owned(),
            Self::WebhookDown { .. } => "repair the webhook's service, or ask its owner".to_owned(),
            Self::CannotCreate | Self::Rejected { .. } => "the message says why".to_owned(),
            Self::MissingConfig { kind, name, key: None } => format!("create {kind} `{name}`, or mark the reference as optional"),
            Self::MissingConfig { kind, name, key: Some(key) } => {
                format!("give {kind} `{name}` the key `{key}`, or mark the reference as optional")
            }
            Self::Evicted => "look at the node: it ran out of memory, disk or process ids, or is being drained".to_owned(),
            Self::DeadlineExceeded => "raise `activeDeadlineSeconds`, or see in its last lines what took so long".to_owned(),
            Self::ProbeFailing { .. } => "check the probe's port, path and delays, and the container's last lines".to_owned(),
            Self::FailedMount { .. } => "check the volume's source, and its driver on the node".to_owned(),
            Self::Sandbox => "look at the node's network plugin and container runtime".to_owned(),
            Self::ReadinessGate => "ask whoever sets the condition that `spec.readinessGates` names".to_owned(),
        }
    }
}

fn times(restarts: i64) -> String {
    if restarts == 1 { "1 restart".to_owned() } else { format!("{restarts} restarts") }
}
