//! What the cluster has of the bundle's objects: one paged LIST a kind and namespace.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::ahead::LISTS;
use super::members::Wanted;
use crate::cluster::{Cluster, ClusterError, ErrorKind, Live, Resource, Resources};

/// Up to so many objects of a kind without namespaces are read one by one: a LIST of all Namespaces is a right that few have.
const SINGLY: usize = 20;

/// What was seen.
#[derive(Debug, Default)]
pub(super) struct Observed {
    objects: BTreeMap<Key, Live>,
    /// Kinds (by full name) and namespaces that were listed whole.
    listed: BTreeSet<(String, Option<String>)>,
    /// Where a LIST isn't allowed: kind's full name and namespace, with the right that is missing.
    pub(super) forbidden: BTreeMap<(String, Option<String>), String>,
    /// The namespaces of the bundle's objects.
    pub(super) namespaces: BTreeMap<String, NamespaceState>,
}

/// Group, kind, namespace, name: an object stays the same one in another version.
type Key = (String, String, Option<String>, String);

/// Whether objects can be made in a namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NamespaceState {
    /// It is there, or nobody may say.
    There,
    /// It isn't there.
    Absent,
    /// It is being deleted.
    Ending,
}

impl Observed {
    /// What the cluster has of an object.
    pub(super) fn live(&self, resource: &Resource, namespace: Option<&str>, name: &str) -> Option<&Live> {
        let namespace = namespace.filter(|_| resource.namespaced).map(str::to_owned);
        self.objects.get(&(resource.group.clone(), resource.kind.clone(), namespace, name.to_owned()))
    }

    /// The right that is missing to read a kind in a namespace.
    pub(super) fn forbidden(&self, resource: &Resource, namespace: Option<&str>) -> Option<&String> {
        self.forbidden.get(&(resource.full_name(), namespace.filter(|_| resource.namespaced).map(str::to_owned)))
    }

    /// All that was seen of a kind of the core group in a namespace, also what isn't in the bundle.
    pub(super) fn all<'a>(&'a self, kind: &'a str, namespace: &'a str) -> impl Iterator<Item = &'a Live> {
        let first = (String::new(), kind.to_owned(), Some(namespace.to_owned()), String::new());
        let fits = move |key: &Key| key.0.is_empty() && key.1 == kind && key.2.as_deref() == Some(namespace);
        self.objects.range(first..).take_while(move |(key, _)| fits(key)).map(|(_, live)| live)
    }

    /// All objects of a kind in a namespace (or of all), if they were listed whole.
    pub(super) fn listed<'a>(
        &'a self,
        resource: &'a Resource,
        namespace: Option<&'a str>,
    ) -> Option<impl Iterator<Item = &'a Live> + 'a> {
        let is_listed = self.listed.contains(&(resource.full_name(), namespace.map(str::to_owned)));
        let first = (resource.group.clone(), resource.kind.clone(), namespace.map(str::to_owned), String::new());
        let fits = move |key: &Key| key.0 == resource.group && key.1 == resource.kind && key.2.as_deref() == namespace;
        is_listed.then(|| self.objects.range(first..).take_while(move |(key, _)| fits(key)).map(|(_, live)| live))
    }

    fn add_all(&mut self, objects: impl IntoIterator<Item = Live>) {
        for live in objects {
            let key = (live.resource.group.clone(), live.resource.kind.clone(), live.namespace.clone(), live.name.clone());
            self.objects.insert(key, live);
        }
    }

    fn take(&mut self, seen: Seen) {
        match seen {
            Seen::Objects(objects) => self.add_all(objects),
            Seen::List(place, objects) => {
                self.add_all(objects);
                self.listed.insert(place);
            }
            Seen::Unreadable(name, place, right) => {
                self.namespaces.insert(name, NamespaceState::There);
                self.forbidden.insert(place, right);
            }
            Seen::Forbidden(place, right) => {
                self.forbidden.insert(place, right);
            }
            Seen::Namespace(name, state, live) => {
                self.add_all(live);
                self.namespaces.insert(name, state);
            }
        }
    }
}

/// One thing to read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Read {
    List(Arc<Resource>, Option<String>),
    One(Arc<Resource>, String),
    Namespace(Arc<Resource>, String),
}

impl Read {
    fn resource(&self) -> &Resource {
        let (Self::List(resource, _) | Self::One(resource, _) | Self::Namespace(resource, _)) = self;
        resource
    }
}

/// What came of it.
#[derive(Debug)]
pub(super) enum Seen {
    Objects(Vec<Live>),
    List((String, Option<String>), Vec<Live>),
    Forbidden((String, Option<String>), String),
    Namespace(String, NamespaceState, Option<Live>),
    /// A namespace that may not be read; what can't be said of Namespaces then.
    Unreadable(String, (String, Option<String>), String),
}

/// Reads all that the bundle's objects are compared with, but for what was read ahead. A LIST of Secrets that isn't allowed is noted, not an
/// error.
///
/// # Errors
/// Anything else that can't be read.
pub(super) async fn observe(
    cluster: &Cluster,
    resources: &Resources,
    wanted: &[Wanted],
    mut ahead: BTreeMap<Read, Result<Seen, ClusterError>>,
) -> Result<Observed, ClusterError> {
    let mut observed = Observed::default();
    let reads = reads(resources, wanted);
    // What the bundle has no more may be a member yet. No object is to be seen in two versions, though.
    let is_other = |read: &Read, of: &Read| read.resource().is_kind(of.resource()) && read.resource() != of.resource();
    let is_only = |read: &Read| matches!(read, Read::List(..)) && !reads.iter().any(|of| is_other(read, of));
    ahead.retain(|read, _| reads.contains(read) || is_only(read));
    let missing: Vec<Read> = reads.iter().filter(|read| !ahead.contains_key(read)).cloned().collect();
    for (read, seen) in ahead {
        match seen {
            Ok(seen) => observed.take(seen),
            Err(error) if reads.contains(&read) => return Err(error),
            Err(_) => {}
        }
    }
    let mut answers = stream::iter(missing).map(|read| perform(cluster, read)).buffer_unordered(LISTS);
    while let Some(seen) = answers.try_next().await? {
        observed.take(seen);
    }
    Ok(observed)
}

/// The least reads that show all wanted objects.
fn reads(resources: &Resources, wanted: &[Wanted]) -> Vec<Read> {
    let mut kinds: BTreeMap<(&Arc<Resource>, Option<&str>), Vec<&str>> = BTreeMap::new();
    let mut namespaces: BTreeSet<&str> = BTreeSet::new();
    for one in wanted {
        let namespace = one.id.namespace.as_deref();
        namespaces.extend(namespace);
        if let Some(resource) = &one.resource {
            kinds.entry((resource, namespace.filter(|_| resource.namespaced))).or_default().push(&one.id.name);
        }
    }
    let mut reads = Vec::new();
    for ((resource, namespace), names) in kinds {
        if resource.namespaced || names.len() > SINGLY {
            reads.push(Read::List(resource.clone(), namespace.map(str::to_owned)));
        } else {
            // A Namespace that objects live in is read for them.
            let names = names.iter().filter(|name| resource.kind != "Namespace" || !namespaces.contains(*name));
            reads.extend(names.map(|name| Read::One(resource.clone(), (*name).to_owned())));
        }
    }
    if let Some(resource) = resources.exact("", "v1", "Namespace") {
        reads.extend(namespaces.into_iter().map(|name| Read::Namespace(resource.clone(), name.to_owned())));
    }
    reads
}

pub(super) async fn perform(cluster: &Cluster, read: Read) -> Result<Seen, ClusterError> {
    match read {
        Read::List(resource, namespace) => match cluster.list(&resource, namespace.as_deref(), None).await {
            Ok(listed) => Ok(Seen::List((resource.full_name(), namespace), listed.items)),
            Err(ClusterError { kind: ErrorKind::Forbidden(right), .. }) if is_secret(&resource) => {
                Ok(Seen::Forbidden((resource.full_name(), namespace), right))
            }
            Err(error) => Err(error),
        },
        Read::One(resource, name) => Ok(Seen::Objects(cluster.get(&resource, None, &name).await?.into_iter().collect())),
        Read::Namespace(resource, name) => {
            let live = match cluster.get(&resource, None, &name).await {
                Ok(live) => live,
                // Who may not read it finds out by what comes of its objects.
                Err(ClusterError { kind: ErrorKind::Forbidden(right), .. }) => {
                    return Ok(Seen::Unreadable(name, (resource.full_name(), None), right));
                }
                Err(error) => return Err(error),
            };
            let is_ending = |live: &Live| live.value().pointer("/metadata/deletionTimestamp").is_some();
            let state = match &live {
                None => NamespaceState::Absent,
                Some(live) if is_ending(live) => NamespaceState::Ending,
                Some(_) => NamespaceState::There,
            };
            Ok(Seen::Namespace(name, state, live))
        }
    }
}

/// Whether a kind is the core group's Secret.
pub(super) fn is_secret(resource: &Resource) -> bool {
    resource.group.is_empty() && resource.kind == "Secret"
}
