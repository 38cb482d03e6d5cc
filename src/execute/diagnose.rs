//! Why something isn't ready: what a human would look for, looked for at once.
//!
//! A workload's pods are found by owner references, through ReplicaSets, Jobs and what else lies between; what keeps them from running is
//! read from their statuses and from the namespace's events (`status::pod`, `status::owner`); of a container that ended, the last lines
//! are read. A right that is missing is noted and fails nothing. What servers and containers say is scrubbed of this run's secrets and of
//! control characters.

mod finding;
mod log;
mod scene;

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt, stream};

pub use finding::Finding;

use self::scene::Scene;
use super::wait::Waited;
use crate::cluster::Cluster;
use crate::object::ObjectId;
use crate::secret::Scrubber;

/// How many findings an object has at most; each is another kind of trouble, or that of another container.
const MOST: usize = 3;
/// How many objects are looked into side by side.
const SIDE_BY_SIDE: usize = 4;

/// How to look.
#[derive(Debug, Clone, Copy)]
pub struct Sight<'a> {
    /// Where.
    pub cluster: &'a Cluster,
    /// Frees all texts from secrets.
    pub scrubber: &'a Scrubber,
    /// Whether containers' logs may be read and shown.
    pub logs: bool,
}

/// What was found out about one object. Scrubbed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diagnosis {
    /// What keeps it from being ready; what comes first is likelier to be the cause of the rest.
    pub findings: Vec<Finding>,
    /// What couldn't be looked at, and why.
    pub notes: Vec<String>,
}

impl Diagnosis {
    /// Lines to print, without an end of line.
    pub fn lines(&self) -> Vec<String> {
        self.findings.iter().flat_map(Finding::lines).chain(self.notes.iter().cloned()).collect()
    }
}

/// Looks into objects that aren't ready, one answer each in their order. Costs one LIST a kind and namespace, and a GET and the logs an
/// object. Fails never.
pub async fn diagnose(failing: &[Waited], sight: Sight<'_>) -> Vec<(ObjectId, Diagnosis)> {
    let mut scenes: BTreeMap<&str, Scene> = BTreeMap::new();
    let namespaces: BTreeSet<&str> = failing.iter().filter_map(|waited| waited.namespace.as_deref()).collect();
    for namespace in namespaces {
        let there = failing.iter().filter(|waited| waited.namespace.as_deref() == Some(namespace));
        scenes.insert(namespace, Scene::of(sight, namespace, there.map(|waited| &*waited.resource)).await);
    }
    let looks = failing.iter().map(|waited| {
        let scene = waited.namespace.as_deref().and_then(|namespace| scenes.get(namespace));
        async move { (waited.id.clone(), one(waited, scene, sight).await) }
    });
    stream::iter(looks).buffered(SIDE_BY_SIDE).collect().await
}

async fn one(waited: &Waited, scene: Option<&Scene>, sight: Sight<'_>) -> Diagnosis {
    let Some(scene) = scene else { return Diagnosis::default() };
    let mut notes = scene.notes.clone();
    let live = match sight.cluster.get(&waited.resource, waited.namespace.as_deref(), &waited.name).await {
        Ok(Some(live)) => live.value(),
        Ok(None) => return Diagnosis { findings: Vec::new(), notes },
        Err(error) => {
            notes.push(sight.scrubber.scrub(&error.to_string()));
            return Diagnosis { findings: Vec::new(), notes };
        }
    };
    let mut findings = Vec::new();
    for (subject, trouble) in scene.troubles(&live).into_iter().take(MOST) {
        let log = match (&trouble.log, &trouble.container) {
            (Some(which), Some(container)) if sight.logs => {
                log::last_lines(sight, &scene.namespace, &subject.name, container, *which).await
            }
            _ => Vec::new(),
        };
        findings.push(Finding::of(&subject, trouble, log, sight.scrubber));
    }
    if findings.is_empty() {
        findings =
            scene.warnings(&live).into_iter().map(|(reason, text)| Finding::event(&reason, &text, sight.scrubber)).collect();
    }
    Diagnosis { findings, notes }
}
