//! Why a command didn't do what it was asked.

use std::io;
use std::sync::Arc;

use super::Exit;
use crate::diagnostic::{Class, Diagnostic, Diagnostics, Severity};
use crate::source::SourceMap;

/// Why a command ended early. `finish` writes it out and picks the exit code.
#[derive(Debug)]
pub enum Failure {
    /// Findings of error level, with the texts that they point into: exit 2, or 3 if every error's rule says refused.
    Found(Diagnostics, Arc<SourceMap>),
    /// A way of asking that can't work, and what to do instead: exit 2.
    Usage {
        /// What is wrong, one sentence without a full stop.
        message: String,
        /// What to do next, a sentence each.
        hints: Vec<String>,
    },
    /// Refused, though the input is valid: exit 3.
    Refused {
        /// What was refused and why.
        message: String,
        /// What to do next.
        hints: Vec<String>,
    },
    /// The cluster isn't reachable, or doesn't let us do what is needed; nothing was written: exit 6.
    Unreachable {
        /// What was tried and what came of it.
        message: String,
        /// What to do next.
        hints: Vec<String>,
    },
    /// The result couldn't be written to stdout. A closed pipe is nobody's error: exit 0.
    Output(io::Error),
}

impl Failure {
    /// A usage error.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::Usage { message: message.into(), hints: Vec::new() }
    }

    /// A refusal.
    pub fn refused(message: impl Into<String>) -> Self {
        Self::Refused { message: message.into(), hints: Vec::new() }
    }

    /// A cluster that can't be asked.
    pub fn unreachable(message: impl Into<String>) -> Self {
        Self::Unreachable { message: message.into(), hints: Vec::new() }
    }

    /// A finding that points to no text.
    pub fn found(diagnostic: impl Into<Diagnostics>) -> Self {
        Self::Found(diagnostic.into(), Arc::default())
    }

    /// Adds what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        match &mut self {
            Self::Usage { hints, .. } | Self::Refused { hints, .. } | Self::Unreachable { hints, .. } => hints.push(hint.into()),
            Self::Found(..) | Self::Output(_) => {}
        }
        self
    }

    /// The exit code that it means.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Found(diagnostics, _) => exit_of(diagnostics),
            Self::Refused { .. } => Exit::Refused,
            Self::Unreachable { .. } => Exit::Unreachable,
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Fine,
            Self::Usage { .. } | Self::Output(_) => Exit::Invalid,
        }
    }
}

/// The exit code of findings: an invalid input outweighs a refusal, because mending it comes first.
pub(super) fn exit_of(diagnostics: &Diagnostics) -> Exit {
    let is_error = |diagnostic: &&Diagnostic| diagnostic.rule.severity == Severity::Error;
    if diagnostics.iter().filter(is_error).any(|diagnostic| diagnostic.rule.class == Class::Invalid) {
        Exit::Invalid
    } else if diagnostics.has_errors() {
        Exit::Refused
    } else {
        Exit::Fine
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}
