//! Selectors: which objects a setting of the environment means.

use globset::{GlobBuilder, GlobMatcher};

use super::bundle::{Bundle, Object};
use super::id::ObjectId;
use crate::diagnostic::{Diagnostic, Rule, nearest, rule};
use crate::environment::Spanned;
use crate::source::Span;

rule!(BAD_SELECTOR, "bad-selector", Error, "a selector isn't `Kind/name` with globs");

/// A text with `*`, `?`, `[a-z]` and `{a,b}`; a text without them is compared as it is.
#[derive(Debug, Clone)]
pub enum Pattern {
    /// `*`
    Any,
    /// No special characters.
    Exact(String),
    /// Anything else.
    Glob(GlobMatcher),
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn read(written: &str) -> Result<Self, String> {
        if written == "*" {
            return Ok(Self::Any);
        }
        if !written.contains(['*', '?', '[', ']', '{', '}', '\\']) {
            return Ok(Self::Exact(written.to_owned()));
        }
        let glob = GlobBuilder::new(written).build().map_err(|error| error.kind().to_string())?;
        Ok(Self::Glob(glob.compile_matcher()))
    }

    /// Whether the whole text fits.
    pub fn matches(&self, text: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Exact(exact) => exact == text,
            Self::Glob(glob) => glob.is_match(text),
        }
    }

    fn exact(&self) -> Option<&str> {
        match self {
            Self::Exact(exact) => Some(exact),
            _ => None,
        }
    }
}

/// `Kind/name` or `Kind.group/name`, each part a [`Pattern`]. It is held against [`Object::source`]: names as the source writes
/// them, before prefix, suffix and hash.
#[derive(Debug, Clone)]
pub struct Selector {
    written: String,
    span: Span,
    kind: Pattern,
    group: Option<Pattern>,
    name: Pattern,
}

impl Selector {
    /// Reads a selector of the environment.
    ///
    /// # Errors
    /// `bad-selector` at its place.
    pub fn read(written: &Spanned<String>) -> Result<Self, Diagnostic> {
        Self::parse(&written.value, written.span())
    }

    /// Reads a selector that stands at `span`.
    ///
    /// # Errors
    /// `bad-selector` at `span`.
    pub fn parse(written: &str, span: Span) -> Result<Self, Diagnostic> {
        let bad = |what: String| {
            Diagnostic::new(&BAD_SELECTOR, format!("`{written}` doesn't select objects: {what}"))
                .at(span, "here")
                .hint("write `Kind/name`, such as `Deployment/api`, `Deployment/*` or `*/api`")
        };
        let Some((kind, name)) = written.split_once('/') else {
            return Err(bad("it has no `/` between kind and name".to_owned()));
        };
        if kind.is_empty() || name.is_empty() {
            return Err(bad("the kind or the name is empty".to_owned()));
        }
        if name.contains('/') {
            return Err(bad("it has more than one `/`".to_owned()));
        }
        let (kind, group) = kind.split_once('.').map_or((kind, None), |(kind, group)| (kind, Some(group)));
        Ok(Self {
            kind: Pattern::read(kind).map_err(&bad)?,
            group: group.map(Pattern::read).transpose().map_err(&bad)?,
            name: Pattern::read(name).map_err(&bad)?,
            written: written.to_owned(),
            span,
        })
    }

    /// As written.
    pub fn written(&self) -> &str {
        &self.written
    }

    /// Where it is written.
    pub fn span(&self) -> Span {
        self.span
    }

    /// Whether it means the object with this id.
    pub fn matches(&self, id: &ObjectId) -> bool {
        self.kind.matches(&id.kind)
            && self.name.matches(&id.name)
            && self.group.as_ref().is_none_or(|group| group.matches(&id.group))
    }

    /// Whether it means this object, by its source name.
    pub fn selects(&self, object: &Object) -> bool {
        self.matches(&object.source)
    }

    /// The finding that it selects none of the bundle's objects, with the nearest that is there.
    ///
    /// `rule` is the caller's (`patch-matches-nothing`), `what` its word for itself: "the patch", "`[[inject]]`".
    pub fn nothing(&self, rule: &'static Rule, what: &str, bundle: &Bundle) -> Diagnostic {
        self.nothing_in(rule, what, bundle.objects.iter().map(|object| &object.source))
    }

    /// As [`Selector::nothing`], over ids.
    pub fn nothing_in<'a>(&self, rule: &'static Rule, what: &str, ids: impl IntoIterator<Item = &'a ObjectId>) -> Diagnostic {
        let finding = Diagnostic::new(rule, format!("{what} touches nothing: no object is `{}`", self.written))
            .at(self.span, "selects nothing");
        match self.near(ids) {
            Some(hint) => finding.hint(hint),
            None => finding,
        }
    }

    fn near<'a>(&self, ids: impl IntoIterator<Item = &'a ObjectId>) -> Option<String> {
        let ids: Vec<&ObjectId> = ids.into_iter().collect();
        let same_kind: Vec<&ObjectId> = ids.iter().copied().filter(|id| self.kind.matches(&id.kind)).collect();
        if let Some(name) = self.name.exact() {
            if let Some(near) = nearest(name, same_kind.iter().map(|id| id.name.as_str())) {
                let id = same_kind.iter().find(|id| id.name == near)?;
                return Some(format!("the bundle has `{id}`{}", self.other_group(id)));
            }
            if let Some(id) = ids.iter().find(|id| id.name == name) {
                return Some(format!("the bundle has `{id}`"));
            }
        }
        if same_kind.is_empty() {
            let kind = self.kind.exact()?;
            return match nearest(kind, ids.iter().map(|id| id.kind.as_str())) {
                Some(near) => Some(format!("the bundle has objects of kind `{near}`; kinds are written exactly so")),
                None => Some(format!("the bundle has no object of kind `{kind}`")),
            };
        }
        let names: Vec<String> = same_kind.iter().take(5).map(|id| format!("`{id}`")).collect();
        let more = if same_kind.len() > names.len() { ", …" } else { "" };
        Some(format!("the bundle has {}{more}", names.join(", ")))
    }

    fn other_group(&self, id: &ObjectId) -> String {
        match &self.group {
            Some(group) if !group.matches(&id.group) => format!(", of group `{}`", id.group),
            _ => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{SourceKind, SourceMap};

    fn id(written: &str) -> ObjectId {
        let (kind, name) = written.split_once('/').unwrap();
        let group = if kind == "Deployment" { "apps" } else { "" };
        ObjectId { group: group.into(), version: "v1".into(), kind: kind.into(), namespace: None, name: name.into() }
    }

    fn span() -> Span {
        Span::file_start(SourceMap::default().add("t", "", SourceKind::Other))
    }

    #[test]
    fn selects_by_kind_group_and_name() {
        let selects = |selector: &str, object: &str| Selector::parse(selector, span()).unwrap().matches(&id(object));
        for (selector, object, expected) in [
            ("Deployment/api", "Deployment/api", true),
            ("Deployment/*", "Deployment/api", true),
            ("Deploy*/a?i", "Deployment/api", true),
            ("*/api", "Service/api", true),
            ("{Deployment,Service}/a*", "Service/api", true),
            ("deployment/api", "Deployment/api", false),
            ("Deployment/ap", "Deployment/api", false),
            ("Deployment.apps/api", "Deployment/api", true),
            ("Deployment.batch/api", "Deployment/api", false),
            ("ClusterRole/system:a.b", "ClusterRole/system:a.b", true),
        ] {
            assert_eq!(selects(selector, object), expected, "{selector} {object}");
        }
    }

    #[test]
    fn bad_ones_are_refused() {
        for bad in ["api", "/api", "Deployment/", "a/b/c", "Deployment/[a"] {
            assert_eq!(Selector::parse(bad, span()).unwrap_err().rule.name, "bad-selector", "{bad}");
        }
    }

    #[test]
    fn a_near_miss_helps() {
        let ids = [id("Deployment/inference-server"), id("Service/web")];
        let hint = |selector: &str| {
            Selector::parse(selector, span()).unwrap().nothing_in(&BAD_SELECTOR, "the patch", &ids).hints.join("; ")
        };
        assert_eq!(hint("Deployment/inference-servr"), "the bundle has `Deployment/inference-server`");
        assert_eq!(hint("deployment/*"), "the bundle has objects of kind `Deployment`; kinds are written exactly so");
        assert_eq!(hint("Deployment/web"), "the bundle has `Service/web`");
        assert_eq!(hint("CronJob/x"), "the bundle has no object of kind `CronJob`");
        assert_eq!(hint("Deployment/x*"), "the bundle has `Deployment/inference-server`");
        assert_eq!(hint("Deployment.batch/inference-server"), "the bundle has `Deployment/inference-server`, of group `apps`");
    }
}
