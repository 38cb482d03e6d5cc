//! What templates name of each other: components, blocks, the templates that they include and extend.

use std::collections::BTreeMap;

use super::load::Template;
use super::rules;
use crate::diagnostic::{Diagnostic, Diagnostics, nearest};
use crate::source::Span;

/// Templates that may include or extend each other in a chain: each costs stack.
const CHAIN: usize = super::run::NESTING_LIMIT;

/// Says what is wrong between the templates.
pub(super) fn check(templates: &[Template], problems: &mut Diagnostics) {
    components(templates, problems);
    blocks(templates, problems);
    chains(templates, problems);
}

fn components(templates: &[Template], problems: &mut Diagnostics) {
    let mut defined: BTreeMap<&str, Span> = BTreeMap::new();
    for (name, span) in templates.iter().flat_map(|template| &template.rewritten.facts.components) {
        if let Some(first) = defined.insert(name, *span) {
            problems.push(
                Diagnostic::new(&rules::DUPLICATE_COMPONENT, format!("there are two components `{name}`"))
                    .at(*span, "defined again")
                    .also(first, "defined first")
                    .hint("components of all bundles of an environment share their names; rename one of them"),
            );
        }
    }
    for (name, span) in templates.iter().flat_map(|template| &template.rewritten.facts.calls) {
        if defined.contains_key(name.as_str()) {
            continue;
        }
        let problem =
            Diagnostic::new(&rules::UNKNOWN_COMPONENT, format!("there is no component `{name}`")).at(*span, "called here");
        problems.push(match nearest(name, defined.keys().copied()) {
            Some(near) => problem.hint(format!("did you mean `{near}`?")),
            None => problem.hint("components are defined in the bundle's `_*.tera` files, or in those of `templates/` itself"),
        });
    }
}

fn blocks(templates: &[Template], problems: &mut Diagnostics) {
    let by_name: BTreeMap<&str, &Template> = templates.iter().map(|template| (template.name.as_str(), template)).collect();
    for template in templates {
        let Some((parent, _)) = &template.rewritten.facts.extends else { continue };
        let mut known = Vec::new();
        let mut next = by_name.get(parent.as_str());
        // A circle is reported elsewhere.
        for _ in 0..CHAIN {
            let Some(parent) = next else { break };
            known.extend(parent.rewritten.facts.blocks.iter().map(|(name, _)| name.as_str()));
            next = parent.rewritten.facts.extends.as_ref().and_then(|(name, _)| by_name.get(name.as_str()));
        }
        if next.is_some() || !by_name.contains_key(parent.as_str()) {
            continue;
        }
        for (name, span) in &template.rewritten.facts.blocks {
            if !known.contains(&name.as_str()) && template.rewritten.confused.is_none() {
                let problem =
                    Diagnostic::new(&rules::UNKNOWN_BLOCK, format!("no template that this one extends has a block `{name}`"))
                        .at(*span, "fills nothing");
                problems.push(match nearest(name, known.iter().copied()) {
                    Some(near) => problem.hint(format!("did you mean `{near}`?")),
                    None => problem.hint(format!("`{parent}` has `{}`", known.join("`, `"))),
                });
            }
        }
    }
}

/// How far a template's chains reach: unknown, being looked at, or a length.
#[derive(Clone, Copy, PartialEq)]
enum Reach {
    Unknown,
    Open,
    Length(usize),
}

fn chains(templates: &[Template], problems: &mut Diagnostics) {
    let numbers: BTreeMap<&str, usize> =
        templates.iter().enumerate().map(|(at, template)| (template.name.as_str(), at)).collect();
    let mut reach = vec![Reach::Unknown; templates.len()];
    for at in 0..templates.len() {
        follow(at, 0, templates, &numbers, &mut reach, problems);
    }
}

fn follow(
    at: usize,
    depth: usize,
    templates: &[Template],
    numbers: &BTreeMap<&str, usize>,
    reach: &mut [Reach],
    problems: &mut Diagnostics,
) -> usize {
    if let Some(Reach::Length(length)) = reach.get(at) {
        return *length;
    }
    let Some(template) = templates.get(at) else { return 0 };
    set(reach, at, Reach::Open);
    let mut length = 0;
    let facts = &template.rewritten.facts;
    for (name, span) in facts.includes.iter().chain(&facts.extends) {
        let Some(next) = numbers.get(name.as_str()) else { continue };
        if reach.get(*next) == Some(&Reach::Open) {
            problems.push(
                Diagnostic::new(
                    &rules::TEMPLATE_CYCLE,
                    format!("`{}` and `{name}` include or extend each other in a circle", template.name),
                )
                .at(*span, "leads back to a template on the way here")
                .hint("take the common part out into a partial of its own"),
            );
        } else if depth >= CHAIN {
            length = CHAIN;
        } else {
            length = length.max(1 + follow(*next, depth + 1, templates, numbers, reach, problems));
            if length == CHAIN {
                problems.push(
                    Diagnostic::new(
                        &rules::TEMPLATE_TOO_EXPENSIVE,
                        format!("more than {CHAIN} templates include or extend each other in a chain"),
                    )
                    .at(*span, "the chain goes on here")
                    .hint("include them from one template, one after the other"),
                );
            }
        }
    }
    set(reach, at, Reach::Length(length));
    length
}

fn set(reach: &mut [Reach], at: usize, to: Reach) {
    if let Some(place) = reach.get_mut(at) {
        *place = to;
    }
}
