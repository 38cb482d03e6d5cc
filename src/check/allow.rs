//! `[[allow]]`: exceptions to rules, each for some objects and with a reason.

use super::{CHECKS, World};
use crate::diagnostic::{Diagnostic, Diagnostics, Rule, Severity, nearest, rule, rules};
use crate::environment::{Allow, Spanned};
use crate::object::Selector;

rule!(UNKNOWN_RULE, "unknown-rule", Error, "`[[allow]]` names a rule that doesn't exist or takes no exceptions");
rule!(UNUSED_ALLOW, "unused-allow", Warning, "an `[[allow]]` excepts nothing");

/// Takes out the findings that an `[[allow]]` excepts; adds what is wrong with the `[[allow]]`s themselves.
pub(super) fn apply(world: &World<'_>, mut findings: Diagnostics) -> Diagnostics {
    let mut about_allows = Diagnostics::new();
    for allow in &world.settings().allows {
        if let Err(finding) = rule_of(allow) {
            about_allows.push(finding);
            continue;
        }
        for pattern in &allow.objects {
            let before = findings.len();
            findings.retain(|finding| !excepts(allow, pattern, finding));
            if findings.len() == before {
                about_allows.push(unused(world, allow, pattern));
            }
        }
    }
    findings.extend(about_allows);
    findings
}

/// Whether a finding is of the rule, and about an object that `pattern` names.
fn excepts(allow: &Allow, pattern: &Spanned<String>, finding: &Diagnostic) -> bool {
    finding.rule.name == allow.rule.as_str()
        && finding.object.as_deref().is_some_and(|object| Selector::new(pattern.as_str()).is_ok_and(|it| it.matches_text(object)))
}

/// The rule that an `[[allow]]` names, if it takes exceptions: a check's own, or any warning of an earlier stage. What stops
/// a bundle from being made at all can't be excepted.
fn rule_of(allow: &Allow) -> Result<&'static Rule, Diagnostic> {
    let name = allow.rule.as_str();
    let ours = CHECKS.iter().flat_map(|check| check.rules.iter().copied());
    let allowable: Vec<&'static Rule> =
        ours.chain(rules().into_iter().filter(|rule| rule.severity < Severity::Error)).collect();
    if let Some(rule) = allowable.iter().find(|rule| rule.name == name) {
        return Ok(rule);
    }
    let known = rules().iter().any(|rule| rule.name == name);
    let finding = if known {
        Diagnostic::new(&UNKNOWN_RULE, format!("rule `{name}` takes no exceptions")).hint("what it reports must be mended")
    } else {
        let finding = Diagnostic::new(&UNKNOWN_RULE, format!("there is no rule `{name}`"));
        match nearest(name, allowable.iter().map(|rule| rule.name)) {
            Some(near) => finding.hint(format!("did you mean `{near}`?")),
            None => finding.hint("findings show the name of their rule; `plimsoll help rule` lists all"),
        }
    };
    Err(finding.at(allow.rule.span(), "this rule"))
}

fn unused(world: &World<'_>, allow: &Allow, pattern: &Spanned<String>) -> Diagnostic {
    let rule = allow.rule.as_str();
    let pattern_text = pattern.as_str();
    let finding = Diagnostic::new(&UNUSED_ALLOW, format!("nothing of `{pattern_text}` breaks `{rule}`"))
        .at(pattern.span(), "this exception");
    let objects: Vec<String> = world.objects().iter().map(|object| object.source.to_string()).collect();
    let names_something = Selector::new(pattern_text).is_ok_and(|it| objects.iter().any(|object| it.matches_text(object)));
    match nearest(pattern_text, objects.iter().map(String::as_str)) {
        Some(near) if !names_something => finding.hint(format!("no object has that name; did you mean `{near}`?")),
        _ => finding.hint("take it out: what it excepted has been mended"),
    }
}
