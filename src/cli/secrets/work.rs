//! What a command on sealed files works with.

use std::sync::Arc;

use crate::cli::{Context, Failure, identities};
use crate::diagnostic::Diagnostics;
use crate::secret::{Identities, Sealer, write_problem};
use crate::source::Files;
use crate::source::commit::Writer;

/// The doors and the identities of a command that changes sealed files.
pub(super) struct Work {
    pub(super) files: Files,
    writer: Writer,
    identities: Identities,
}

impl Work {
    /// Opens the write door first: it finishes what an interrupted command left, and the file door must see that.
    pub(super) fn open(context: &mut Context) -> Result<Self, Failure> {
        let root = context.root()?;
        let writer = Writer::open(&root).map_err(|error| Failure::found(write_problem(&error)))?;
        let files = Context::open(&root)?;
        Ok(Self { files, writer, identities: identities::load(context)? })
    }

    /// What changes sealed files.
    pub(super) fn sealer(&mut self) -> Sealer<'_> {
        Sealer { files: &self.files, writer: &self.writer, identities: &mut self.identities }
    }

    /// A failure with the texts that it points into.
    pub(super) fn failure(&self, diagnostics: Diagnostics) -> Failure {
        found(&self.files, diagnostics)
    }
}

/// A failure with the texts that it points into.
pub(super) fn found(files: &Files, diagnostics: impl Into<Diagnostics>) -> Failure {
    Failure::Found(diagnostics.into(), Arc::clone(&files.sources()))
}
