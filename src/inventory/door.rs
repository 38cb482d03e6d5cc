//! Reading and writing the inventory, and who does.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{BadParent, Inventory};
use crate::cluster::{Cluster, ClusterError, DeleteGuard, Edit, Live, Resource};

/// The field manager of the inventory's writes.
const MANAGER: &str = "plimsoll";

/// Why the inventory can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InventoryError {
    /// The server doesn't give it, or doesn't take it.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// What lies there isn't ours, or damaged: refused.
    #[error("the ConfigMap `{name}` in namespace {namespace} is in the way: {why}")]
    Bad {
        /// The ConfigMap.
        name: String,
        /// Its namespace.
        namespace: String,
        /// What is wrong with it.
        why: BadParent,
    },
    /// Another run has written it meanwhile: refused.
    #[error("another run has begun meanwhile: number {number} by {who}")]
    Overtaken {
        /// Its number.
        number: u64,
        /// Whose.
        who: String,
    },
}

impl InventoryError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Cluster(_) => return None,
            Self::Bad { name, namespace, why } => match why {
                BadParent::OtherTool(_) => {
                    "take the set down with the tool that made it, or choose another `target.namespace`".to_owned()
                }
                BadParent::Unreadable(key, _) => format!(
                    "a later plimsoll may have written it: use that one. If it is damaged, take the key away: \
                     `kubectl -n {namespace} patch configmap {name} --type json -p '[{{\"op\":\"remove\",\"path\":\"/data/{key}\"}}]'`"
                ),
                _ => "rename or delete it, or choose another `target.namespace`".to_owned(),
            },
            Self::Overtaken { .. } => "wait until it has ended, and make the plan anew".to_owned(),
        })
    }
}

/// The kind of the parent, which every server has.
fn config_maps() -> Arc<Resource> {
    Arc::new(Resource {
        group: String::new(),
        version: "v1".to_owned(),
        kind: "ConfigMap".to_owned(),
        plural: "configmaps".to_owned(),
        namespaced: true,
        verbs: Vec::new(),
    })
}

impl Inventory {
    /// Reads an environment's inventory; an empty one if it was never applied, or its namespace isn't there.
    ///
    /// # Errors
    /// It can't be read, or isn't ours.
    pub async fn read(cluster: &Cluster, environment: &str, namespace: &str) -> Result<Self, InventoryError> {
        let empty = Self::empty(environment, namespace);
        match cluster.get(&config_maps(), Some(namespace), &empty.name).await? {
            Some(live) => Self::of_live(environment, namespace, &live),
            None => Ok(empty),
        }
    }

    pub(crate) fn of_live(environment: &str, namespace: &str, live: &Live) -> Result<Self, InventoryError> {
        Self::of(environment, namespace, live.value()).map_err(|why| InventoryError::Bad {
            name: live.name.clone(),
            namespace: namespace.to_owned(),
            why,
        })
    }

    /// Writes it as a compare-and-set: over what was read, or as a new object where there was none. Not by server-side apply: that would
    /// merge into an object that somebody has just made.
    ///
    /// # Errors
    /// `Moved`, `Exists` or `NotFound` if it isn't as it was read any more.
    pub(crate) async fn write(&self, cluster: &Cluster) -> Result<Live, ClusterError> {
        let (resource, namespace, body) = (&config_maps(), Some(self.namespace.as_str()), &self.to_body());
        let edit = Edit { resource, namespace, name: &self.name, body, manager: MANAGER };
        if self.parent.is_some() { cluster.replace(edit).await } else { cluster.create(edit).await }
    }

    /// Deletes it, in the state that was read.
    ///
    /// # Errors
    /// As of [`Inventory::write`].
    pub(crate) async fn delete(&self, cluster: &Cluster) -> Result<(), ClusterError> {
        let Some(parent) = &self.parent else { return Ok(()) };
        let guard = DeleteGuard { uid: &parent.uid, resource_version: Some(&parent.resource_version) };
        cluster.delete(&config_maps(), Some(&self.namespace), &self.name, guard).await
    }
}

/// Who we are to the server, as it answers a SelfSubjectReview: what it writes into its audit log, not what a kubeconfig claims.
///
/// # Errors
/// It doesn't say.
pub async fn who_am_i(cluster: &Cluster) -> Result<String, ClusterError> {
    let ask = json!({ "apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview" });
    let doing = "ask the server who we are";
    let answer = cluster.review("/apis/authentication.k8s.io/v1/selfsubjectreviews", doing, &ask).await?;
    Ok(answer.pointer("/status/userInfo/username").and_then(Value::as_str).unwrap_or("unknown").to_owned())
}
