//! From a place in a rendered text to the place of the template that wrote it, and the values that were read on the way.

use std::sync::Arc;

use super::run::{Notes, Shared};
use super::site::{Role, Site};
use crate::source::Span;

/// A variable that a template read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    /// Its path, as far as it is written out in the template: `values.inference.replicas`.
    pub path: String,
    /// Where the template reads it.
    pub site: Span,
    /// How many bytes of the output stood before it: it was read for what follows there.
    pub offset: usize,
}

/// A rendered text with the origin of its parts, from a second rendering.
#[derive(Debug)]
pub struct Traced {
    text: Arc<str>,
    /// By offset.
    marks: Vec<(usize, Site)>,
    reads: Vec<Read>,
}

impl Traced {
    pub(super) fn new(text: Arc<str>, notes: &Notes, shared: &Shared) -> Self {
        let site = |id| shared.site(id).cloned();
        let marks = notes.marks.iter().filter_map(|noted| Some((noted.offset, site(noted.site)?))).collect();
        let read = |(offset, site): (usize, Site)| site.path.map(|path| Read { path, site: site.span, offset });
        let reads = notes.reads.iter().filter_map(|noted| read((noted.offset, site(noted.site)?))).collect();
        Self { text, marks, reads }
    }

    /// The place in a template that wrote this range of the rendered text: exact where the template's own text stands, the
    /// expression where a value stands.
    pub fn template_span(&self, rendered: Span) -> Option<Span> {
        let (start, end) = (rendered.start as usize, rendered.end as usize);
        let first = self.place(start)?;
        let last = if end > start + 1 { self.place(end - 1)? } else { first };
        Some(first.join(last))
    }

    /// All variables read, in order.
    pub fn reads(&self) -> &[Read] {
        &self.reads
    }

    /// The variables that were read for a range of the rendered text.
    pub fn reads_within(&self, rendered: Span) -> impl Iterator<Item = &Read> {
        let range = rendered.start as usize..=rendered.end as usize;
        self.reads.iter().filter(move |read| range.contains(&read.offset))
    }

    /// The place that wrote the byte at `offset`.
    fn place(&self, offset: usize) -> Option<Span> {
        let after = self.marks.partition_point(|(start, _)| *start <= offset);
        // Blanks at the beginning of a line belong to what follows them.
        if let Some((start, site)) = self.marks.get(after) {
            let between = self.text.get(offset..*start);
            let before = self.text.get(..offset).unwrap_or("");
            let line_start =
                before.trim_end_matches([' ', '\t']).ends_with('\n') || before.trim_end_matches([' ', '\t']).is_empty();
            if line_start && between.is_some_and(|between| between.bytes().all(|byte| matches!(byte, b' ' | b'\t'))) {
                let place = (site.span.start as usize).saturating_sub(start - offset);
                return Some(Span::new(site.span.file, place, place + 1));
            }
        }
        let (start, site) = self.marks.get(after.checked_sub(1)?)?;
        if site.role != Role::Text {
            return Some(site.span);
        }
        let place = (site.span.start as usize + (offset - start)).min((site.span.end as usize).saturating_sub(1));
        Some(Span::new(site.span.file, place, place + 1))
    }
}
