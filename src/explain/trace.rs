//! The templates of a compiled environment as a [`Trace`].

use std::collections::BTreeSet;

use super::Trace;
use crate::source::Span;
use crate::template::Rendered;

impl Trace for Rendered {
    fn template_place(&self, rendered: Span) -> Option<Span> {
        self.template_span(rendered)
    }

    fn reads(&self, rendered: Span) -> Vec<(String, Span)> {
        let Some(traced) = self.trace(rendered.file) else { return Vec::new() };
        traced.reads_within(rendered).map(|read| (read.path.clone(), read.site)).collect()
    }

    fn values_read(&self) -> BTreeSet<String> {
        Self::values_read(self)
    }
}
