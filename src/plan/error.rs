//! Why there is no plan.

use crate::cluster::ClusterError;
use crate::object::ObjectId;

/// An object that can't be planned: the input is wrong, or the server says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The object.
    pub id: ObjectId,
    /// What is wrong, one sentence without a full stop; scrubbed of secrets.
    pub message: String,
    /// What to do next.
    pub hint: Option<String>,
}

/// Why there is no plan. Nothing was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// The cluster couldn't be asked.
    #[error("{0}")]
    Cluster(#[from] ClusterError),
    /// The server can't take these objects, or has no such kinds.
    #[error("{} objects can't be applied to this cluster", .0.len())]
    Invalid(Vec<Problem>),
}
