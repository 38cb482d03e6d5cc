//! The way from a bundle to a report, through the cluster.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::stream::{self, StreamExt};
use tokio::time::Instant;

use super::cause::Causes;
use super::compare::{Findings, compare, paths};
use super::expect::{PodShape, Workload};
use super::facts::Facts;
use super::find::{Found, Pods, Survey};
use super::read::{Readout, read};
use super::report::{Checked, ContainerReport, PodReport, Report, Standing, WorkloadReport};
use crate::cluster::{Cluster, ClusterError, Place, Resources};
use crate::effective::Container;
use crate::object::{Bundle, Pattern};
use crate::secret::Opened;

/// How many containers are read at once.
const READS: usize = 8;
/// Between two looks.
const PAUSE: Duration = Duration::from_secs(3);

/// What verifying works with.
#[derive(Debug)]
pub struct Options<'a> {
    /// The bundle.
    pub bundle: &'a Bundle,
    /// The namespace of objects that name none.
    pub namespace: &'a str,
    /// The opened secrets; without them those are unknown.
    pub opened: Option<&'a Opened>,
    /// How long to wait for what may mend itself: a rollout that is under way, files that the kubelet hasn't brought up to date.
    pub timeout: Duration,
    /// Containers, as `Kind/name/container`, that may be unverifiable.
    pub allowed: &'a [Pattern],
}

/// A container that was found in order, by the pod's uid, the container's name, and its starts.
type Settled = BTreeMap<(String, String, u64), Findings>;

/// Verifies. `waiting` is told, once, when it begins to wait.
///
/// # Errors
/// The cluster can't be asked what runs.
pub async fn verify(
    cluster: &Cluster,
    workloads: &[Workload],
    options: &Options<'_>,
    waiting: impl FnOnce(),
) -> Result<Report, ClusterError> {
    let resources = cluster.discover().await?;
    let deadline = Instant::now() + options.timeout;
    let mut settled = Settled::new();
    let mut waiting = Some(waiting);
    loop {
        let mut round = Round { cluster, resources: &resources, options, settled: &mut settled, may_mend: false };
        let workloads = round.look(workloads).await?;
        let report = Report { workloads, ..Report::default() };
        if !round.may_mend || Instant::now() + PAUSE > deadline {
            return Ok(report);
        }
        if let Some(waiting) = waiting.take() {
            waiting();
        }
        tokio::time::sleep(PAUSE).await;
    }
}

struct Round<'a> {
    cluster: &'a Cluster,
    resources: &'a Resources,
    options: &'a Options<'a>,
    settled: &'a mut Settled,
    /// Whether something isn't right that waiting may mend.
    may_mend: bool,
}

/// A container to be read.
struct Task<'a> {
    facts: &'a Facts,
    container: &'a Container,
    starts: u64,
}

impl Round<'_> {
    async fn look(&mut self, workloads: &[Workload]) -> Result<Vec<WorkloadReport>, ClusterError> {
        let namespace = self.options.namespace;
        let survey = Survey::read(self.cluster, self.resources, workloads, namespace).await?;
        let mut reports = Vec::new();
        for workload in workloads {
            let standing = match survey.pods(workload, namespace) {
                Pods::NoObject => Standing::NoObject,
                Pods::Idle(why) => Standing::Idle(why),
                Pods::None(why) => {
                    self.may_mend = true;
                    Standing::NoPods(why)
                }
                Pods::Some(found) => Standing::Pods(self.pods(workload, &found).await?),
            };
            let home = workload.id.namespace.as_deref().unwrap_or(namespace).to_owned();
            reports.push(WorkloadReport { name: workload.id.to_string(), namespace: home, standing });
        }
        Ok(reports)
    }

    async fn pods(&mut self, workload: &Workload, found: &[Found]) -> Result<Vec<PodReport>, ClusterError> {
        let mut tasks = Vec::new();
        for one in found.iter().filter(|one| !one.facts.is_ending()) {
            let Ok(shape) = shape(workload, &one.facts) else { continue };
            for container in &shape.containers {
                if let Ok((_, starts)) = one.facts.running(container.list, &container.name) {
                    tasks.push(Task { facts: &one.facts, container, starts });
                }
            }
        }
        let mut read = self.read(tasks).await?;
        let mut reports = Vec::new();
        for one in found {
            let report = self.pod(workload, one, &mut read).await;
            self.may_mend |= one.is_old || one.facts.is_ending();
            // A pod that went away while it was read has no more to say.
            reports.extend(report);
        }
        Ok(reports)
    }

    /// Reads and compares, some at once. By pod and container.
    async fn read(&mut self, tasks: Vec<Task<'_>>) -> Result<BTreeMap<(String, String), Option<Checked>>, ClusterError> {
        let (cluster, opened) = (self.cluster, self.options.opened);
        let mut done = BTreeMap::new();
        let mut open = Vec::new();
        for task in tasks {
            let key = key(&task);
            match self.settled.get(&key) {
                Some(findings) => {
                    done.insert(place_of(&task), Some(Checked::Compared(findings.clone())));
                }
                None => open.push((key, task)),
            }
        }
        let one = async |(key, task): ((String, String, u64), Task<'_>)| {
            let (facts, container) = (task.facts, task.container);
            let place = Place { namespace: facts.namespace(), pod: facts.name(), container: &container.name };
            let files = paths(container, facts, opened);
            let checked = match read(cluster, place, &files, facts.shares_processes()).await? {
                Readout::Read(actual) => Some(Checked::Compared(compare(container, facts, opened, &actual))),
                Readout::Cannot(why) => Some(Checked::Unverifiable { why, allowed: false }),
                Readout::Gone => None,
            };
            Ok::<_, ClusterError>((key, place_of(&task), checked))
        };
        let mut results = stream::iter(open).map(one).buffer_unordered(READS);
        while let Some(result) = results.next().await {
            let (key, place, checked) = result?;
            if let Some(Checked::Compared(findings)) = &checked
                && findings.differences.is_empty()
            {
                self.settled.insert(key, findings.clone());
            }
            done.insert(place, checked);
        }
        Ok(done)
    }

    async fn pod(
        &mut self,
        workload: &Workload,
        found: &Found,
        read: &mut BTreeMap<(String, String), Option<Checked>>,
    ) -> Option<PodReport> {
        let facts = &found.facts;
        let mut report = PodReport {
            name: facts.name().to_owned(),
            is_old: found.is_old,
            is_ending: facts.is_ending(),
            containers: Vec::new(),
            foreign: Vec::new(),
        };
        if report.is_ending {
            return Some(report);
        }
        let shape = match shape(workload, facts) {
            Ok(shape) => shape,
            Err(why) => {
                let checked = Checked::Unverifiable { why, allowed: self.is_allowed(workload, "*") };
                report.containers.push(ContainerReport { name: "*".to_owned(), checked });
                return Some(report);
            }
        };
        for container in &shape.containers {
            let name = &container.name;
            let checked = match facts.running(container.list, name) {
                Ok(_) => read.remove(&(facts.name().to_owned(), name.clone()))??,
                Err(why) => {
                    self.may_mend |= !why.contains("has ended");
                    Checked::Unverifiable { why, allowed: false }
                }
            };
            let checked = self.finish(workload, found, name, checked).await;
            report.containers.push(ContainerReport { name: name.clone(), checked });
        }
        let is_known = |name: &&str| shape.containers.iter().any(|container| container.name == **name);
        let lists = ["initContainers", "containers", "ephemeralContainers"];
        report.foreign =
            lists.iter().flat_map(|list| facts.containers(list)).filter(|name| !is_known(name)).map(str::to_owned).collect();
        Some(report)
    }

    /// Adds what explains the differences, and whether the user allows what can't be verified.
    async fn finish(&mut self, workload: &Workload, found: &Found, name: &str, checked: Checked) -> Checked {
        match checked {
            Checked::Unverifiable { why, .. } => Checked::Unverifiable { why, allowed: self.is_allowed(workload, name) },
            Checked::Compared(mut findings) => {
                let Options { bundle, opened, namespace, .. } = *self.options;
                let mut causes = Causes::new(self.cluster, self.resources, bundle, opened, namespace);
                for difference in &mut findings.differences {
                    self.may_mend |= causes.explain(difference, &found.facts, found.is_old).await;
                }
                Checked::Compared(findings)
            }
        }
    }

    fn is_allowed(&self, workload: &Workload, container: &str) -> bool {
        let names = [&workload.id, &workload.source].map(|id| format!("{id}/{container}"));
        self.options.allowed.iter().any(|pattern| names.iter().any(|name| pattern.matches(name)))
    }
}

fn place_of(task: &Task<'_>) -> (String, String) {
    (task.facts.name().to_owned(), task.container.name.clone())
}

fn key(task: &Task<'_>) -> (String, String, u64) {
    let uid = task.facts.value().pointer("/metadata/uid").and_then(serde_json::Value::as_str).unwrap_or("");
    (uid.to_owned(), task.container.name.clone(), task.starts)
}

/// Which of a workload's kinds of pods a pod is: the one that has all, or most, of the pod's containers.
fn shape<'a>(workload: &'a Workload, facts: &Facts) -> Result<&'a PodShape, String> {
    if let [only] = workload.shapes.as_slice() {
        return Ok(only);
    }
    let fits = |shape: &&PodShape| {
        shape.containers.iter().all(|container| facts.containers(container.list).any(|name| name == container.name))
    };
    let fitting: Vec<&PodShape> = workload.shapes.iter().filter(fits).collect();
    match fitting.as_slice() {
        [one] => Ok(one),
        _ => Err(format!("which of the {} pod templates it is made from can't be told", workload.shapes.len())),
    }
}
