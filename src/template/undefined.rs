//! What to say of a variable that isn't defined.

use std::collections::BTreeSet;

use tera::Value;

use super::rules;
use super::run::Shared;
use super::site::{Role, Site};
use crate::diagnostic::{Diagnostic, nearest};
use crate::source::Span;

/// Names listed in a hint.
const LISTED: usize = 12;

/// The error for a site whose value is undefined.
pub(super) fn explain(site: &Site, shared: &Shared, locals: Option<&BTreeSet<String>>) -> Diagnostic {
    let Some(path) = &site.path else {
        return Diagnostic::new(&rules::UNDEFINED_VARIABLE, "this expression is undefined")
            .at(site.span, "undefined")
            .hint("give it a value with `| default(value=…)`");
    };
    let problem = Diagnostic::new(&rules::UNDEFINED_VARIABLE, format!("`{path}` isn't defined")).at(site.span, "undefined");
    let mut steps = path.split('.');
    let root = steps.next().unwrap_or("");
    let Some(mut here) = shared.given(root) else {
        let given = shared.given.iter().map(|(name, _)| *name);
        let known = given.chain(locals.into_iter().flatten().map(String::as_str));
        return with_near(problem, root, known, "there are");
    };
    let mut found = root.to_owned();
    for step in steps {
        let next = here.as_map().and_then(|map| map.iter().find(|(key, _)| key.as_str() == Some(step)));
        let Some((_, next)) = next else { return missing(problem, &found, here, step, site) };
        here = next;
        found = format!("{found}.{step}");
    }
    // The path goes on past what is written out, or the variable is one of the template's own.
    problem.hint("the index or key isn't there; ask with `is defined`, or give a value with `| default(value=…)`")
}

fn missing(problem: Diagnostic, found: &str, here: &Value, step: &str, site: &Site) -> Diagnostic {
    let Some(map) = here.as_map() else {
        return problem.hint(format!("`{found}` is not a table"));
    };
    if found == "git" {
        return problem.hint("`git.commit` is there only in a git repository with a commit");
    }
    let problem = with_near(problem, step, map.keys().filter_map(|key| key.as_str()), &format!("`{found}` has"));
    let problem = match found {
        "env" if step == "namespace" => problem.hint("set `namespace` in the environment's `[target]`"),
        _ if found == "secrets" || found.starts_with("secrets.") => {
            let path = site.path.as_deref().and_then(|path| path.strip_prefix("secrets.")).unwrap_or(step);
            problem.hint(format!("`plimsoll secrets list ENV` shows what is sealed; `plimsoll secrets set ENV {path}` adds it"))
        }
        _ => problem,
    };
    match site.role {
        Role::Condition => problem.hint("to ask whether it is there, write `is defined`"),
        _ => problem.hint("if it may be missing, write `| default(value=…)` behind it"),
    }
}

/// Adds the near miss, or what there is.
fn with_near<'a>(problem: Diagnostic, written: &str, known: impl Iterator<Item = &'a str>, there: &str) -> Diagnostic {
    let known: Vec<&str> = known.collect();
    if let Some(near) = nearest(written, known.iter().copied()) {
        return problem.hint(format!("did you mean `{near}`?"));
    }
    if known.is_empty() {
        return problem.hint(format!("{there} nothing"));
    }
    let listed: Vec<&str> = known.iter().copied().take(LISTED).collect();
    let more = if known.len() > LISTED { format!(" and {} more", known.len() - LISTED) } else { String::new() };
    problem.hint(format!("{there} `{}`{more}", listed.join("`, `")))
}

/// The error that Tera itself gives for an undefined variable or field, if `message` is one.
pub(super) fn translate(message: &str, span: Span) -> Option<Diagnostic> {
    let (what, rest) = message
        .strip_prefix("Field `")
        .map(|rest| ("field", rest))
        .or_else(|| message.strip_prefix("Variable `").map(|rest| ("variable", rest)))?;
    let (name, rest) = rest.split_once('`')?;
    if !rest.starts_with(" is not defined") && !rest.contains("its value is undefined") {
        return None;
    }
    let known: Vec<&str> = rest.split_once(": ").map_or(Vec::new(), |(_, list)| list.split(", ").collect());
    let problem = Diagnostic::new(&rules::UNDEFINED_VARIABLE, format!("the {what} `{name}` isn't defined")).at(span, "undefined");
    let problem = if known.is_empty() { problem } else { with_near(problem, name, known.into_iter(), "there are") };
    Some(problem.hint("if a part of the path may be missing, write `?.` behind it and `| default(value=…)` at the end"))
}
