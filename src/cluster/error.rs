//! What can go wrong at the door.

use std::fmt;

/// Why no cluster is connected. Nothing was sent to any.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// There is no kubeconfig, and this isn't a pod.
    #[error("there is no kubeconfig: {0}")]
    Nothing(String),
    /// A kubeconfig can't be read or used.
    #[error("{0}")]
    Kubeconfig(String),
    /// The context isn't there; those that are.
    #[error("the kubeconfig has no context `{0}`")]
    NoContext(String, Vec<String>),
}

/// Why a request to the API server didn't give what was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ClusterError {
    /// What kind of failure it is; callers decide by it.
    pub kind: ErrorKind,
    /// What was tried, in words: `list secrets in namespace web`.
    pub doing: String,
    /// What the server, or the connection, says. May echo what was sent: scrub it before it is shown.
    pub message: String,
    /// Whether a write may have taken effect though no good answer came: the connection broke, or the answer made no sense.
    pub maybe_done: bool,
}

impl fmt::Display for ClusterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "can't {}: {}", self.doing, self.message)
    }
}

/// A field that another manager owns with another value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FieldConflict {
    /// The field, as the server writes it: `.spec.replicas`, `.spec.template.spec.containers[name="a"].image`.
    pub field: String,
    /// Who owns it, as the server says: `"kubectl-edit"`, with `using apps/v1` where it differs.
    pub manager: String,
}

/// The kinds of failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ErrorKind {
    /// No connection, no name, no agreement on TLS, or no answer in time.
    Unreachable,
    /// 401, or no way to log in.
    Login,
    /// 403: a right is missing. It is named: `patch deployments.apps in namespace web`.
    Forbidden(String),
    /// 403 because the namespace is being deleted.
    NamespaceEnding,
    /// 403 because of a quota.
    Quota,
    /// 404: the object, or its kind, isn't there.
    NotFound,
    /// 409: other managers own fields with other values.
    Conflict(Vec<FieldConflict>),
    /// The object isn't the one, or isn't in the state, that was seen: 409 on uid or resourceVersion, 422 on `metadata.uid`.
    Moved,
    /// 409: an object of that name is there.
    Exists,
    /// 422: these fields can't be changed.
    Immutable(Vec<String>),
    /// The server can't take what was sent: 400, 422, and the 500s that mean the same.
    Invalid,
    /// An admission webhook or policy said no, or can't be asked.
    Denied,
    /// An admission webhook can't do a dry-run.
    NoDryRun,
    /// 429, after all tries; or another limit of the server.
    Throttled,
    /// 410: a resource version or continue token is too old.
    Expired,
    /// 5xx.
    Unavailable,
    /// The answer isn't what the API gives: no JSON, half a body.
    Garbage,
}

impl ClusterError {
    /// An error of the door itself.
    pub(super) fn new(kind: ErrorKind, doing: impl Into<String>, message: impl Into<String>) -> Self {
        Self { kind, doing: doing.into(), message: message.into(), maybe_done: false }
    }

    /// The same, where a write may have taken effect.
    #[must_use]
    pub(super) fn maybe_done(mut self, maybe: bool) -> Self {
        self.maybe_done = maybe;
        self
    }

    /// Whether the object isn't there.
    pub fn is_not_found(&self) -> bool {
        self.kind == ErrorKind::NotFound
    }

    /// Whether the same request may well succeed a moment later.
    pub fn is_passing(&self) -> bool {
        matches!(self.kind, ErrorKind::Unreachable | ErrorKind::Throttled | ErrorKind::Unavailable | ErrorKind::Garbage)
    }
}
