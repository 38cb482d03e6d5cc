//! Why a pod doesn't run, or isn't ready: what a human would look for in its status and its events, in that order.
//!
//! The words are those that the kubelet and the scheduler of Kubernetes 1.37 write: the reasons of `pkg/kubelet/images`,
//! `pkg/kubelet/kuberuntime` and `pkg/kubelet/events`, KEP-3521 (scheduling gates), KEP-580 (readiness gates), KEP-753 (sidecars, which are
//! init containers that keep running).

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::event::{Event, about};
use super::field::{Condition, conditions, number, number_or, text_or};
use super::message::{between, missing};
use super::trouble::{Cause, Log, Probe, Trouble};

/// After a container has run this long the kubelet forgets its earlier crashes; so do we.
const BACK_OFF_RESET: SignedDuration = SignedDuration::from_mins(10);

/// What keeps a pod from running or from being ready. `events` may hold those of other objects. `None` where nothing is wrong, or nothing
/// is known yet: a pod that is being deleted, that succeeded, or that is just starting.
pub fn trouble(pod: &Value, events: &[Value]) -> Option<Trouble> {
    let going = !text_or(pod, "metadata.deletionTimestamp", "").is_empty();
    if going || text_or(pod, "status.phase", "") == "Succeeded" {
        return None;
    }
    let view =
        View { pod, conditions: conditions(pod).unwrap_or_default(), events: about(pod, events), containers: containers(pod) };
    view.ended_by_node()
        .or_else(|| view.unscheduled())
        .or_else(|| view.containers.iter().find_map(|container| view.stuck(container)))
        .or_else(|| view.not_set_up())
        .or_else(|| view.containers.iter().find_map(|container| view.unready(container)))
        .or_else(|| view.gate())
}

struct View<'a> {
    pod: &'a Value,
    conditions: Vec<Condition<'a>>,
    events: Vec<Event<'a>>,
    containers: Vec<Container<'a>>,
}

/// One entry of `status.initContainerStatuses` or `status.containerStatuses`.
#[derive(Clone, Copy)]
struct Container<'a> {
    name: &'a str,
    status: &'a Value,
    /// Whether it ought to be ready; an init container ought to end.
    serves: bool,
}

/// The run of a container that ended last.
#[derive(Clone, Copy)]
struct Ended<'a> {
    exit_code: i64,
    reason: &'a str,
    message: &'a str,
    started: Option<Timestamp>,
    finished: Option<Timestamp>,
    log: Log,
}

/// All of them, in the order in which they start.
fn containers(pod: &Value) -> Vec<Container<'_>> {
    let list = |pointer: &str, serves: bool| {
        let entries = pod.pointer(pointer).and_then(Value::as_array).into_iter().flatten();
        entries.map(move |status| Container { name: text_or(status, "name", ""), status, serves })
    };
    list("/status/initContainerStatuses", false).chain(list("/status/containerStatuses", true)).collect()
}

impl<'a> Container<'a> {
    fn waits(&self) -> &'a str {
        text_or(self.status, "state.waiting.reason", "")
    }

    fn restarts(&self) -> i64 {
        number_or(self.status, "restartCount", 0)
    }

    fn state(&self, name: &str) -> Option<&'a Value> {
        self.status.get("state")?.get(name)
    }

    fn ended(&self) -> Option<Ended<'a>> {
        // A run that never started has no id, and wrote nothing: the one before did.
        let newest = self.state("terminated");
        let previous = self.status.pointer("/lastState/terminated");
        let log = if self.state("running").is_some() { Log::Previous } else { Log::Newest };
        let run = newest.or(previous)?;
        let time = |field: &str| text_or(run, field, "").parse().ok();
        Some(Ended {
            exit_code: number(run, "exitCode").ok().flatten()?,
            reason: text_or(run, "reason", ""),
            message: text_or(run, "message", ""),
            started: time("startedAt"),
            finished: time("finishedAt"),
            log,
        })
    }

    fn trouble(&self, cause: Cause, log: Option<Log>, message: impl Into<String>) -> Trouble {
        Trouble { cause, container: Some(self.name.to_owned()), log, message: message.into() }
    }
}

impl View<'_> {
    /// What the kubelet says of a pod that it refused or ended as a whole.
    fn ended_by_node(&self) -> Option<Trouble> {
        let reason = text_or(self.pod, "status.reason", "");
        let disrupted = self.conditions.iter().find(|condition| condition.holds("DisruptionTarget"));
        let message = text_or(self.pod, "status.message", "");
        if text_or(self.pod, "status.phase", "") != "Failed" {
            return None;
        }
        let cause = match (reason, disrupted) {
            ("Evicted", _) => Cause::Evicted,
            ("DeadlineExceeded", _) => Cause::DeadlineExceeded,
            ("", Some(condition)) => return Some(whole(Cause::Evicted, condition.message)),
            ("", None) => return None,
            (reason, _) => Cause::Rejected { reason: reason.to_owned() },
        };
        Some(whole(cause, message))
    }

    fn unscheduled(&self) -> Option<Trouble> {
        let condition = self.conditions.iter().find(|condition| condition.name == "PodScheduled");
        if condition.is_some_and(|condition| condition.status == "True") || !text_or(self.pod, "spec.nodeName", "").is_empty() {
            return None;
        }
        let (reason, message) = match condition {
            Some(condition) => (condition.reason, condition.message),
            None => self.newest(&["FailedScheduling"]).map(|event| (event.reason, event.message))?,
        };
        let cause =
            if reason == "SchedulingGated" { Cause::Gated } else { missing(message, self.pod).unwrap_or(Cause::Unschedulable) };
        Some(whole(cause, message))
    }

    /// A container that doesn't run, and won't without a change.
    fn stuck(&self, container: &Container) -> Option<Trouble> {
        let message = text_or(container.status, "state.waiting.message", "");
        match container.waits() {
            "" => {
                container.state("terminated")?;
                let ended = container.ended()?;
                (ended.exit_code != 0).then(|| self.crashed(container, ended))
            }
            // Not started, and nothing is wrong with it yet.
            "ContainerCreating" | "PodInitializing" => None,
            "CrashLoopBackOff" => Some(self.looping(container, message)),
            "ErrImagePull"
            | "ImagePullBackOff"
            | "ErrImageNeverPull"
            | "InvalidImageName"
            | "ImageInspectError"
            | "RegistryUnavailable"
            | "SignatureValidationFailed" => Some(self.image(container, message)),
            "CreateContainerConfigError" => {
                let cause = missing(message, self.pod).unwrap_or(Cause::ConfigError);
                Some(container.trouble(cause, None, message))
            }
            reason => {
                let message = if message.is_empty() { reason } else { message };
                Some(container.trouble(Cause::CannotStart, None, message))
            }
        }
    }

    fn image(&self, container: &Container, message: &str) -> Trouble {
        let image = text_or(container.status, "image", "").to_owned();
        let mut message = if message.is_empty() { container.waits().to_owned() } else { message.to_owned() };
        if let Some(event) = self.newest(&["FailedToRetrieveImagePullSecret"]) {
            message = format!("{message}; {}", event.message);
        }
        container.trouble(Cause::ImagePull { image }, None, message)
    }

    fn looping(&self, container: &Container, message: &str) -> Trouble {
        match container.ended() {
            Some(ended) => self.crashed(container, ended),
            None => container.trouble(Cause::CrashLoop { exit_code: None, restarts: container.restarts() }, None, message),
        }
    }

    /// A container whose last run ended, which it shouldn't have.
    fn crashed(&self, container: &Container, ended: Ended) -> Trouble {
        if let Some(probe) = self.killed_by_probe(container, ended) {
            return Trouble { log: Some(ended.log), ..probe };
        }
        let restarts = container.restarts();
        let (cause, log) = match ended.reason {
            "OOMKilled" => (Cause::OutOfMemory, Some(ended.log)),
            "StartError" | "ContainerCannotRun" => (Cause::CannotStart, None),
            _ if restarts == 0 || text_or(self.pod, "status.phase", "") == "Failed" => {
                (Cause::Exited { exit_code: ended.exit_code }, Some(ended.log))
            }
            _ => (Cause::CrashLoop { exit_code: Some(ended.exit_code), restarts }, Some(ended.log)),
        };
        let message = if ended.message.is_empty() { cause.summary() } else { ended.message.trim_end().to_owned() };
        container.trouble(cause, log, message)
    }

    /// Whether the kubelet ended this run because a probe failed.
    fn killed_by_probe(&self, container: &Container, ended: Ended) -> Option<Trouble> {
        let killed = self.events.iter().rfind(|event| event.reason == "Killing" && event.is_of(container.name))?;
        let during = |time: Timestamp| {
            ended.started.is_none_or(|started| started <= time) && ended.finished.is_none_or(|finished| time <= finished)
        };
        let probe = match killed.message {
            text if text.contains("failed liveness probe") => Probe::Liveness,
            text if text.contains("failed startup probe") => Probe::Startup,
            _ => return None,
        };
        if !killed.time.is_none_or(during) {
            return None;
        }
        let said = self.unhealthy(container, Some(probe)).map_or(killed.message, |(_, event)| event.message);
        Some(container.trouble(Cause::ProbeFailing { probe }, None, said))
    }

    /// A pod whose containers were never created, and what the node says about its volumes and its sandbox.
    fn not_set_up(&self) -> Option<Trouble> {
        let created = |container: &Container| {
            container.state("running").or(container.state("terminated")).is_some() || container.restarts() > 0
        };
        if self.containers.iter().any(created) {
            return None;
        }
        let mounts = || self.events.iter().rev().filter(|event| matches!(event.reason, "FailedMount" | "FailedAttachVolume"));
        if let Some((cause, event)) = mounts().find_map(|event| Some((missing(event.message, self.pod)?, event))) {
            return Some(whole(cause, event.message));
        }
        // The kubelet also sums up what is still missing, in an event that doesn't say why.
        let names = |event: &&Event| event.message.contains("for volume \"");
        if let Some(event) = mounts().find(names).or_else(|| mounts().next()) {
            let volume = between(event.message, "for volume \"", "\"").map(str::to_owned);
            return Some(whole(Cause::FailedMount { volume }, event.message));
        }
        let event = self.newest(&["FailedCreatePodSandBox", "NetworkNotReady", "FailedPrepareDynamicResources"])?;
        Some(whole(Cause::Sandbox, event.message))
    }

    /// A container that runs and isn't ready.
    fn unready(&self, container: &Container) -> Option<Trouble> {
        let running = container.state("running")?;
        let ready = container.status.get("ready").and_then(Value::as_bool).unwrap_or_default();
        let started = container.status.get("started").and_then(Value::as_bool).unwrap_or(true);
        if ready || (!container.serves && started) {
            return None;
        }
        let unhealthy = self.unhealthy(container, None);
        let since: Option<Timestamp> = text_or(running, "startedAt", "").parse().ok();
        let long = since
            .zip(unhealthy.and_then(|(_, event)| event.time))
            .is_some_and(|(since, time)| time.duration_since(since) > BACK_OFF_RESET);
        let crashed = container.ended().filter(|ended| ended.exit_code != 0 && !long);
        match (crashed, unhealthy) {
            (Some(ended), _) => Some(self.crashed(container, ended)),
            (None, Some((probe, event))) => {
                Some(container.trouble(Cause::ProbeFailing { probe }, Some(Log::Newest), event.message))
            }
            (None, None) => None,
        }
    }

    /// The newest event about a probe of this container that failed.
    fn unhealthy(&self, container: &Container, wanted: Option<Probe>) -> Option<(Probe, &Event<'_>)> {
        let probes = [Probe::Startup, Probe::Liveness, Probe::Readiness];
        let of = |event: &Event| probes.into_iter().find(|probe| event.message.to_lowercase().starts_with(probe.name()));
        let events = self.events.iter().rev().filter(|event| event.reason == "Unhealthy" && event.is_of(container.name));
        let mut found = events.filter_map(|event| Some((of(event)?, event)));
        found.find(|(probe, _)| wanted.is_none_or(|wanted| wanted == *probe))
    }

    fn gate(&self) -> Option<Trouble> {
        let closed = |condition: &&Condition| condition.name == "Ready" && condition.reason == "ReadinessGatesNotReady";
        let condition = self.conditions.iter().find(closed)?;
        Some(whole(Cause::ReadinessGate, condition.message))
    }

    fn newest(&self, reasons: &[&str]) -> Option<&Event<'_>> {
        self.events.iter().rfind(|event| reasons.contains(&event.reason))
    }
}

/// A trouble of the pod as a whole.
fn whole(cause: Cause, message: &str) -> Trouble {
    let message = if message.is_empty() { cause.summary() } else { message.to_owned() };
    Trouble { cause, container: None, log: None, message }
}
