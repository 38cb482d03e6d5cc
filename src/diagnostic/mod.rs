//! What is wrong, as plain data with a stable name. Writing it out is `report`'s business.

mod catalogue;
mod rule;

pub use catalogue::rules;

pub(crate) use rule::rule;
pub use rule::{Class, Rule, Severity};

use crate::source::Span;

/// A place and what to say of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Annotation {
    /// Where.
    pub span: Span,
    /// A few words, shown beside the place; may be empty.
    pub label: String,
}

/// One finding or error: what, where, and what to do next. Never holds a secret's value.
#[derive(Debug, Clone)]
pub struct Diagnostic {
    /// The rule that it breaks; gives the stable name and the severity.
    pub rule: &'static Rule,
    /// What is wrong, one sentence without a full stop, names in backquotes.
    pub message: String,
    /// The place that the message is about.
    pub primary: Option<Annotation>,
    /// Other places that belong to it: the first definition, the layer that was overridden.
    pub secondary: Vec<Annotation>,
    /// What to do next, a sentence each.
    pub hints: Vec<String>,
    /// The object that it is about, as `Kind/name` written in the source.
    pub object: Option<String>,
    /// The field in that object, as a path.
    pub field: Option<String>,
}

impl Diagnostic {
    /// A finding of `rule`.
    pub fn new(rule: &'static Rule, message: impl Into<String>) -> Self {
        Self { rule, message: message.into(), primary: None, secondary: Vec::new(), hints: Vec::new(), object: None, field: None }
    }

    /// Sets the place that the message is about.
    #[must_use]
    pub fn at(mut self, span: Span, label: impl Into<String>) -> Self {
        self.primary = Some(Annotation { span, label: label.into() });
        self
    }

    /// Sets the place if there is one.
    #[must_use]
    pub fn at_opt(self, span: Option<Span>, label: impl Into<String>) -> Self {
        match span {
            Some(span) => self.at(span, label),
            None => self,
        }
    }

    /// Adds a further place.
    #[must_use]
    pub fn also(mut self, span: Span, label: impl Into<String>) -> Self {
        self.secondary.push(Annotation { span, label: label.into() });
        self
    }

    /// Adds what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Names the object that it is about, as `Kind/name`.
    #[must_use]
    pub fn on(mut self, object: impl Into<String>) -> Self {
        self.object = Some(object.into());
        self
    }

    /// Names the field that it is about.
    #[must_use]
    pub fn field(mut self, path: impl Into<String>) -> Self {
        self.field = Some(path.into());
        self
    }
}

/// All that a stage has to say. A stage goes on as long as it can, so that the user sees everything at once.
#[derive(Debug, Clone, Default)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// Nothing to say.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.0.push(diagnostic);
    }

    /// Adds all of another.
    pub fn extend(&mut self, other: impl IntoIterator<Item = Diagnostic>) {
        self.0.extend(other);
    }

    /// Keeps a good result; of a bad one keeps what it says, and gives nothing.
    pub fn take<T, E: Into<Self>>(&mut self, result: Result<T, E>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(error) => {
                self.0.extend(error.into().0);
                None
            }
        }
    }

    /// `Ok(value)` if nothing of error level was said.
    pub fn into_result<T>(self, value: T) -> Result<T, Self> {
        if self.has_errors() { Err(self) } else { Ok(value) }
    }

    /// Whether any is of error level.
    pub fn has_errors(&self) -> bool {
        self.0.iter().any(|diagnostic| diagnostic.rule.severity == Severity::Error)
    }

    /// Whether there is nothing to say.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// In the order in which they were found.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.0.iter()
    }

    /// Keeps those that `keep` wants.
    pub fn retain(&mut self, keep: impl FnMut(&Diagnostic) -> bool) {
        self.0.retain(keep);
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(diagnostic: Diagnostic) -> Self {
        Self(vec![diagnostic])
    }
}

impl FromIterator<Diagnostic> for Diagnostics {
    fn from_iter<I: IntoIterator<Item = Diagnostic>>(iter: I) -> Self {
        Self(iter.into_iter().collect())
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

/// The known name nearest to what was written, if one is near enough to be a slip (Jaro-Winkler over 0.8, or one the
/// other's prefix).
pub fn nearest<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let folded = written.to_lowercase();
    let score = |name: &str| strsim::jaro_winkler(&folded, &name.to_lowercase());
    let best = known.into_iter().map(|name| (score(name), name)).max_by(|a, b| a.0.total_cmp(&b.0))?;
    (best.0 > 0.8).then_some(best.1)
}
