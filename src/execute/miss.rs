//! A step that came to nothing: what the server said, as a reason that decides what follows.

use super::{Failed, Reason, Run};
use crate::cluster::{ClusterError, ErrorKind};
use crate::plan::Step;

/// Why a step wasn't done, before anybody sees it: its texts may still hold what was sent.
#[derive(Debug)]
pub(super) struct Miss {
    pub(super) reason: Reason,
    pub(super) message: String,
    pub(super) details: Vec<String>,
}

impl Miss {
    pub(super) fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self { reason, message: message.into(), details: Vec::new() }
    }

    /// The object isn't what the plan saw.
    pub(super) fn moved(by: Option<String>, message: impl Into<String>) -> Self {
        Self::new(Reason::Moved(by), message)
    }

    pub(super) fn interrupted() -> Self {
        Self::new(Reason::Interrupted, "not begun: the run was interrupted")
    }

    /// Whether nothing that comes after can succeed: the server is gone, or doesn't know us any more.
    pub(super) fn is_final(&self) -> bool {
        self.reason == Reason::Unreachable
    }

    /// As it is told, scrubbed of this run's secrets.
    pub(super) fn failed(self, step: &Step, run: &Run<'_>) -> Failed {
        Failed {
            id: step.id.clone(),
            operation: step.operation,
            message: run.scrubber.scrub(&self.message),
            reason: self.reason,
            details: self.details.iter().map(|detail| run.scrubber.scrub(detail)).collect(),
        }
    }
}

impl From<ClusterError> for Miss {
    fn from(error: ClusterError) -> Self {
        let message = error.to_string();
        if error.maybe_done {
            return Self::new(Reason::Unknown, message);
        }
        match error.kind {
            ErrorKind::Forbidden(right) => Self::new(Reason::Forbidden(right), message),
            ErrorKind::Login | ErrorKind::Unreachable | ErrorKind::Unavailable | ErrorKind::Garbage => {
                Self::new(Reason::Unreachable, message)
            }
            ErrorKind::Moved | ErrorKind::Exists => Self::moved(None, message),
            ErrorKind::Conflict(fields) => {
                let owned: Vec<String> = fields
                    .iter()
                    .map(|conflict| format!("`{}` belongs to {}", conflict.field.trim_start_matches('.'), conflict.manager))
                    .collect();
                Self::new(Reason::Refused, format!("someone else's fields: {}", owned.join(", ")))
            }
            ErrorKind::Immutable(fields) => {
                Self::new(Reason::Refused, format!("`{}` can't be changed: {}", fields.join("`, `"), error.message))
            }
            _ => Self::new(Reason::Refused, message),
        }
    }
}
