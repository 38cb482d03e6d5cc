//! Rules: the stable names of findings.

/// How grave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// Likely a mistake; the result is still good.
    Warning,
    /// The result can't be used: exit 2, or 3 where the rule's class says so.
    Error,
}

impl Severity {
    /// As users read it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// What an error of a rule means for the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Usage, invalid input, a finding: exit 2.
    Invalid,
    /// Refused, though the input is valid: no identity opens a needed file, a guard holds: exit 3.
    Refused,
}

/// A kind of finding. `plimsoll help rule NAME` prints its page.
#[derive(Debug)]
pub struct Rule {
    /// Stable, kebab-case.
    pub name: &'static str,
    /// One severity a rule.
    pub severity: Severity,
    /// What an error means for the exit code.
    pub class: Class,
    /// One line: the condition that is reported.
    pub summary: &'static str,
    /// The page, Markdown: what it means, an example that breaks it, how to mend it.
    pub page: &'static str,
}

impl PartialEq for Rule {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Rule {}

/// Declares a rule as a static; its page is `docs/rules/NAME.md`, built in.
/// `rule!(IDENT, "name", Severity, "summary")`, or with `refused` behind the severity for exit 3.
macro_rules! rule {
    ($ident:ident, $name:literal, $severity:ident, $summary:literal) => {
        $crate::diagnostic::rule!(@ $ident, $name, $severity, Invalid, $summary);
    };
    ($ident:ident, $name:literal, $severity:ident refused, $summary:literal) => {
        $crate::diagnostic::rule!(@ $ident, $name, $severity, Refused, $summary);
    };
    (@ $ident:ident, $name:literal, $severity:ident, $class:ident, $summary:literal) => {
        #[doc = $summary]
        pub(crate) static $ident: $crate::diagnostic::Rule = $crate::diagnostic::Rule {
            name: $name,
            severity: $crate::diagnostic::Severity::$severity,
            class: $crate::diagnostic::Class::$class,
            summary: $summary,
            page: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/rules/", $name, ".md")),
        };
    };
}
pub(crate) use rule;
