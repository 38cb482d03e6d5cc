//! `[[allow]]`: exceptions to rules, each for some objects and with a reason.

use std::collections::BTreeSet;

use super::{CHECKS, World};
use crate::diagnostic::{Diagnostic, Diagnostics, Rule, Severity, nearest, rule, rules};
use crate::environment::Allow;
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
            let Some(selector) = about_allows.take(Selector::read(pattern)) else { continue };
            let before = findings.len();
            let meant = objects(world, &selector);
            findings.retain(|finding| !excepts(allow, &meant, finding));
            if findings.len() == before {
                about_allows.push(unused(world, allow, &selector));
            }
        }
    }
    findings.extend(about_allows);
    findings
}

/// The objects that a selector means, as findings name them.
fn objects(world: &World<'_>, selector: &Selector) -> BTreeSet<String> {
    let meant = world.objects().iter().filter(|object| selector.matches(&object.source));
    meant.map(|object| object.source.to_string()).collect()
}

fn excepts(allow: &Allow, objects: &BTreeSet<String>, finding: &Diagnostic) -> bool {
    finding.rule.name == allow.rule.as_str() && finding.object.as_ref().is_some_and(|object| objects.contains(object))
}

/// The rule that an `[[allow]]` names, if it takes exceptions: a check's own, or any warning of an earlier stage. What stops
/// a bundle from being made at all can't be excepted.
fn rule_of(allow: &Allow) -> Result<&'static Rule, Diagnostic> {
    let name = allow.rule.as_str();
    let ours = CHECKS.iter().flat_map(|check| check.rules.iter().copied());
    let allowable: Vec<&'static Rule> = ours.chain(rules().into_iter().filter(|rule| rule.severity < Severity::Error)).collect();
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

fn unused(world: &World<'_>, allow: &Allow, selector: &Selector) -> Diagnostic {
    let rule = allow.rule.as_str();
    let finding = Diagnostic::new(&UNUSED_ALLOW, format!("nothing of `{}` breaks `{rule}`", selector.written()))
        .at(selector.span(), "this exception");
    if !objects(world, selector).is_empty() {
        return finding.hint("take it out: what it excepted has been mended");
    }
    selector.nothing(&UNUSED_ALLOW, "`[[allow]]`", world.input.bundle)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::check::testing::Case;
    use crate::environment::Allow;

    #[test]
    fn exceptions_apply_and_are_held_to_account() {
        let map =
            |name: &str| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"k": "SEALED"}});
        let mut case = Case::new(json!([map("a"), map("b")]));
        let allow = |rule: &str, objects: &[&str]| Allow {
            span: case.span(),
            rule: case.text(rule),
            objects: objects.iter().map(|object| case.text(object)).collect(),
            reason: case.text("because"),
        };
        case.settings.allows = vec![
            allow("secret-in-configmap", &["ConfigMap/a", "ConfigMap/c", "Secret/*"]),
            allow("plaintext-secret", &["ConfigMap/b"]),
            allow("secret-in-confgmap", &["ConfigMap/a"]),
            allow("file-not-found", &["ConfigMap/a"]),
        ];
        insta::assert_snapshot!(case.of(&["secret-in-configmap", "unused-allow", "unknown-rule"]), @r#"
        secret-in-configmap ConfigMap/b data.k: a ConfigMap holds a sealed value: whoever may read ConfigMaps reads it (move the key to a Secret: `[secret.NAME] keys = { KEY = "sealed.path" }`, or a template's Secret)
        unused-allow - -: `[[allow]]` touches nothing: no object is `ConfigMap/c` (the bundle has `ConfigMap/a`, `ConfigMap/b`)
        unused-allow - -: `[[allow]]` touches nothing: no object is `Secret/*` (the bundle has no object of kind `Secret`)
        unused-allow - -: nothing of `ConfigMap/b` breaks `plaintext-secret` (take it out: what it excepted has been mended)
        unknown-rule - -: there is no rule `secret-in-confgmap` (did you mean `secret-in-configmap`?)
        unknown-rule - -: rule `file-not-found` takes no exceptions (what it reports must be mended)
        "#);
    }
}
