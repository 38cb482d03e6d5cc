//! What can be read of a cluster before the bundle is there: which cluster it is, its kinds, the environment's inventory, and the objects of
//! the inventory's kinds in its namespace. A bundle hardly ever has other kinds than the last one, so compiling and reading go side by side.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::stream::{self, StreamExt};
use serde_json::Value;

use super::observe::{Read, Seen, perform};
use super::set::{self, Set};
use super::{ClusterFacts, settings};
use crate::cluster::{Cluster, ClusterError, ErrorKind, Resource, Resources};
use crate::environment::Environment;
use crate::owned;

/// How many LISTs are under way at once. Each has a connection of its own, and a handshake costs as much as a short LIST.
pub(super) const LISTS: usize = 3;

/// Where an environment lives.
#[derive(Debug, Clone)]
pub struct Home {
    environment: String,
    namespace: String,
    /// Whether plimsoll applies it: no other engine's has an inventory.
    is_ours: bool,
}

impl Home {
    /// Where it says that it lives.
    pub fn of(environment: &Environment) -> Self {
        let said = &environment.settings;
        Self {
            environment: environment.name.clone(),
            namespace: settings::namespace(said).to_owned(),
            is_ours: settings::manager(said) == owned::MANAGER,
        }
    }
}

/// What was read ahead.
#[derive(Debug)]
pub struct Ahead {
    /// Which cluster it is.
    pub facts: ClusterFacts,
    /// The rest, or why it didn't come.
    pub(super) found: Result<Found, ClusterError>,
}

/// What a plan begins with.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) resources: Resources,
    /// `None`: another engine's environment.
    pub(super) set: Option<Set>,
    /// Those that didn't come because the server said nothing stand with that: asked again, it would be waited for again.
    pub(super) seen: BTreeMap<Read, Result<Seen, ClusterError>>,
}

/// Reads ahead, of a cluster that is known to be the right one. What may not be read, or doesn't come, of the objects is left for later, when it
/// is known whether it is needed.
pub async fn look_ahead(cluster: &Cluster, home: &Home, facts: ClusterFacts) -> Ahead {
    Ahead { facts, found: find(cluster, home).await }
}

async fn find(cluster: &Cluster, home: &Home) -> Result<Found, ClusterError> {
    let set =
        async { if home.is_ours { set::read(cluster, &home.environment, &home.namespace).await.map(Some) } else { Ok(None) } };
    let (resources, set) = futures_util::try_join!(cluster.discover(), set)?;
    let reads = set.iter().flat_map(|set| reads(set, &resources)).collect::<Vec<_>>();
    let answers = stream::iter(reads).map(|read| async { (read.clone(), perform(cluster, read).await) });
    let answers: Vec<_> = answers.buffer_unordered(LISTS).collect().await;
    let is_of_use =
        |seen: &Result<Seen, ClusterError>| seen.as_ref().err().is_none_or(|error| error.kind == ErrorKind::Unreachable);
    let seen = answers.into_iter().filter(|(_, seen)| is_of_use(seen)).collect();
    Ok(Found { resources, set, seen })
}

/// The reads that show the members of the environment's own namespace. In its others, which are somebody else's too, there may be far more
/// of a kind than is needed, or nothing that is. Cluster-wide kinds aren't among them: whether their objects are read one by one is for the
/// bundle to say.
fn reads(set: &Set, resources: &Resources) -> Vec<Read> {
    let inventory = &set.inventory;
    if inventory.parent.is_none() {
        return Vec::new();
    }
    let place = &inventory.namespace;
    let kinds = inventory.kinds.iter().filter_map(|kind| resources.preferred(&kind.group, &kind.kind));
    let kinds = kinds.filter(|resource| resource.namespaced);
    let mut reads: Vec<Read> = kinds.map(|kind| Read::List(kind.clone(), Some(place.clone()))).collect();
    if let Some(resource) = resources.exact("", "v1", "Namespace") {
        reads.push(Read::Namespace(resource.clone(), place.clone()));
    }
    reads
}

/// Which cluster it is.
///
/// # Errors
/// It doesn't answer.
pub async fn facts(cluster: &Cluster) -> Result<ClusterFacts, ClusterError> {
    let namespaces = Arc::new(Resource {
        group: String::new(),
        version: "v1".to_owned(),
        kind: "Namespace".to_owned(),
        plural: "namespaces".to_owned(),
        namespaced: false,
        verbs: Vec::new(),
    });
    let version = cluster.get_path("/version").await?;
    let version = version.get("gitVersion").and_then(Value::as_str).unwrap_or("").to_owned();
    let id = match cluster.get(&namespaces, None, "kube-system").await {
        Ok(found) => found.map(|live| live.uid.clone()),
        Err(ClusterError { kind: ErrorKind::Forbidden(_), .. }) => None,
        Err(error) => return Err(error),
    };
    Ok(ClusterFacts { id, version })
}
