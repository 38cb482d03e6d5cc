//! One rendering of one template: what it may use up, what went wrong, what it read.
//!
//! Tera gives its filters no way to know which rendering calls them, so the rendering of a thread stands in a thread's own
//! variable. A rendering runs on one thread from beginning to end, and starts nothing that could run another one there.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};

use tera::Value;

use super::rules;
use super::site::{Site, SiteId};
use crate::diagnostic::{Annotation, Diagnostic, Diagnostics};
use crate::secret::{Sealed, Tokens};
use crate::source::{Files, Span};

/// Steps that the rendering of one template may take. Looking at a variable, a round of a loop and 128 bytes of text count
/// one each: a full output of 16 MiB takes some 600,000.
pub(super) const FUEL: u64 = 2_000_000;
/// Bytes of one text.
pub(super) const TEXT_LIMIT: usize = 1 << 20;
/// Bytes that one template may write.
pub(super) const OUTPUT_LIMIT: usize = 16 << 20;
/// Bytes of text that cost as much as one step.
pub(super) const BYTES_A_STEP: usize = 128;
/// Lists and tables in each other.
pub(super) const DEPTH_LIMIT: usize = 64;
/// Templates and components that call each other: each costs stack.
pub(super) const NESTING_LIMIT: usize = 32;
/// Problems shown of one template.
const PROBLEMS: usize = 20;

/// What all renderings of an environment share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) files: Files,
    pub(super) tokens: Arc<Tokens>,
    /// By template, then as counted in it.
    pub(super) sites: Vec<Vec<Site>>,
    /// The names that each template makes itself.
    pub(super) locals: Vec<BTreeSet<String>>,
    /// What templates are given.
    pub(super) given: Vec<(&'static str, Value)>,
    /// Tokens that filters made, by what they were made of.
    pub(super) made: Mutex<BTreeMap<(&'static str, String, usize), String>>,
}

impl Shared {
    /// The site of a number in the rewritten text.
    pub(super) fn site(&self, id: SiteId) -> Option<&Site> {
        self.sites.get(id.0 as usize)?.get(id.1 as usize)
    }

    /// The token for what `filter` makes of part number `part` of a text. The same call gives the same token, so that a second
    /// rendering gives the same text.
    pub(super) fn issue(&self, filter: &'static str, text: &str, part: usize, sealed: Sealed) -> String {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        made.entry((filter, text.to_owned(), part)).or_insert_with(|| self.tokens.issue(sealed)).clone()
    }

    /// The root variable of this name, if templates are given one.
    pub(super) fn given(&self, name: &str) -> Option<&Value> {
        self.given.iter().find(|(given, _)| *given == name).map(|(_, value)| value)
    }
}

/// A variable that was read while something was written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Noted {
    /// Bytes written before.
    pub(super) offset: usize,
    pub(super) site: SiteId,
}

/// What a traced rendering notes.
#[derive(Debug, Default)]
pub(super) struct Notes {
    /// From this offset on, the output comes from that site.
    pub(super) marks: Vec<Noted>,
    /// Variables read.
    pub(super) reads: Vec<Noted>,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Run {
    /// Counted on this thread alone: it is taken at every variable, and a count shared by threads is slow to change.
    #[expect(clippy::redundant_allocation, reason = "the outer count is this thread's own")]
    pub(super) shared: Rc<Arc<Shared>>,
    pub(super) fuel: u64,
    pub(super) written: Rc<Cell<usize>>,
    pub(super) problems: Diagnostics,
    pub(super) notes: Option<Notes>,
    /// The first use of `git.commit`.
    pub(super) commit: Option<SiteId>,
    /// Templates and components that are open.
    pub(super) depth: usize,
    /// The site that was looked at last.
    pub(super) last: Option<SiteId>,
    told: BTreeSet<SiteId>,
    spent: bool,
}

thread_local! {
    static RUN: RefCell<Option<Run>> = const { RefCell::new(None) };
}

impl Run {
    /// A rendering that may begin.
    pub(super) fn new(shared: Arc<Shared>, written: Rc<Cell<usize>>, traced: bool) -> Self {
        let notes = traced.then(Notes::default);
        let (problems, told) = (Diagnostics::new(), BTreeSet::new());
        let shared = Rc::new(shared);
        Self { shared, fuel: FUEL, written, problems, notes, depth: 0, commit: None, last: None, told, spent: false }
    }

    /// Makes this the rendering of the thread while `work` runs, and gives it back.
    pub(super) fn during<T>(self, work: impl FnOnce() -> T) -> (T, Option<Self>) {
        RUN.with(|run| run.replace(Some(self)));
        let result = work();
        (result, RUN.with(RefCell::take))
    }

    /// Uses the thread's rendering.
    pub(super) fn with<T>(work: impl FnOnce(&mut Self) -> Result<T, tera::Error>) -> Result<T, tera::Error> {
        RUN.with(|run| match run.try_borrow_mut() {
            Ok(mut run) => run.as_mut().map_or_else(|| Err(tera::Error::message("no template is being rendered")), work),
            Err(_) => Err(tera::Error::message("a template is being rendered already")),
        })
    }

    /// Takes steps; an error if there aren't so many left.
    pub(super) fn spend(&mut self, steps: usize) -> Result<(), tera::Error> {
        match self.fuel.checked_sub(steps as u64) {
            Some(left) => {
                self.fuel = left;
                Ok(())
            }
            None => Err(self.too_expensive(&format!("it takes more than {FUEL} steps"))),
        }
    }

    /// Stops the rendering: it uses up too much.
    pub(super) fn too_expensive(&mut self, why: &str) -> tera::Error {
        if !self.spent {
            self.spent = true;
            let mut problem = Diagnostic::new(&rules::TEMPLATE_TOO_EXPENSIVE, format!("rendering is stopped: {why}"));
            if let Some(site) = self.last.and_then(|id| self.shared.site(id)) {
                problem = problem.at(site.span, "at this place");
            }
            let hint = "a template may take 2,000,000 steps and write 16 MiB; a text may have 1 MiB; look for loops in each other, \
                        or split the template";
            self.problems.push(problem.hint(hint));
        }
        tera::Error::message("too expensive")
    }

    /// Whether it was stopped because it uses up too much.
    pub(super) fn stopped(&self) -> bool {
        self.spent
    }

    /// Gives the last problem a place, if it has none.
    pub(super) fn place(&mut self, span: Option<Span>) {
        let mut problems = std::mem::take(&mut self.problems).into_iter().collect::<Vec<_>>();
        if let Some(last) = problems.last_mut()
            && last.primary.is_none()
            && let Some(span) = span
        {
            last.primary = Some(Annotation { span, label: "at this place".to_owned() });
        }
        self.problems = problems.into_iter().collect();
    }

    /// Whether a problem lies in a part of this site.
    pub(super) fn told_within(&self, site: &Site) -> bool {
        let inside =
            |told: &Site| told.span.file == site.span.file && told.span != site.span && told.span.join(site.span) == site.span;
        self.told.iter().any(|id| self.shared.site(*id).is_some_and(inside))
    }

    /// Notes a problem of a site, once; rendering goes on so that others are found as well.
    pub(super) fn problem(&mut self, id: SiteId, problem: Diagnostic) -> Result<(), tera::Error> {
        if self.told.insert(id) {
            self.problems.push(problem);
        }
        if self.problems.len() >= PROBLEMS { Err(tera::Error::message("too many problems")) } else { Ok(()) }
    }
}
