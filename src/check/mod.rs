//! Checks: what is wrong with a compiled bundle, found offline.
//!
//! A check is one file with a static that names its rules and the function that looks for them; `CHECKS` runs them all. Each
//! sees the [`World`]: the bundle with its final names, indexed. To add one: write the file, declare its rules with `rule!`
//! (the page is `docs/rules/NAME.md`), add the static here.
//!
//! Findings come in a fixed order: check by check, object by object; `[[allow]]` is applied at the end.

mod access;
mod allow;
mod custom;
mod finding;
mod hygiene;
mod opened;
mod pod;
mod references;
pub mod schema;
mod secrets;
mod validate;
mod world;

#[cfg(test)]
mod testing;

use std::collections::BTreeSet;

use rayon::prelude::*;

pub use opened::opened;
pub use pod::Pod;
pub use world::World;

use crate::diagnostic::{Diagnostic, Diagnostics, Rule, rule};
use crate::environment::Environment;
use crate::object::{Bundle, Object};
use crate::secret::Secrets;
use crate::source::Files;

rule!(EMPTY_BUNDLE, "empty-bundle", Error, "an environment compiles to no object at all");

/// What the checks look at: the environment's inputs and its bundle after `resolve`.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// The file door, with all that was read.
    pub files: &'a Files,
    /// The merged environment.
    pub environment: &'a Environment,
    /// The public half of its secrets.
    pub secrets: &'a Secrets,
    /// The objects with their final names.
    pub bundle: &'a Bundle,
    /// The paths under `values` that the templates read, if they were rendered with a trace: then unused values are reported.
    pub values_read: Option<&'a BTreeSet<String>>,
}

/// How a check goes over the bundle.
#[derive(Debug, Clone, Copy)]
enum Scope {
    /// Looks at one object at a time; objects are looked at in parallel.
    Object(fn(&World<'_>, &Object, &mut Diagnostics)),
    /// Looks at one pod spec at a time, wherever it stands.
    Pod(fn(&World<'_>, &Pod<'_>, &mut Diagnostics)),
    /// Looks at everything at once.
    Bundle(fn(&World<'_>, &mut Diagnostics)),
}

/// One check.
#[derive(Debug)]
struct Check {
    /// The rules whose breaking it reports.
    rules: &'static [&'static Rule],
    /// What it does.
    scope: Scope,
}

/// All checks, in the order in which their findings are shown.
static CHECKS: &[&Check] = &[
    &validate::CHECK,
    &references::pod::CHECK,
    &references::ingress::CHECK,
    &references::access::CHECK,
    &references::target::CHECK,
    &references::selector::CHECK,
    &references::owners::CHECK,
    &secrets::misplaced::CHECK,
    &secrets::plaintext::CHECK,
    &secrets::unquoted::CHECK,
    &secrets::identity::CHECK,
    &access::role::CHECK,
    &access::pod_security::CHECK,
    &hygiene::tag::CHECK,
    &hygiene::autoscaled::CHECK,
    &hygiene::immutable::CHECK,
    &hygiene::unused::CHECK,
];

/// Rules that stand outside of [`CHECKS`].
static OTHER_RULES: &[&Rule] = &[&EMPTY_BUNDLE, &allow::UNUSED_ALLOW, &allow::UNKNOWN_RULE];

/// The rules of this module.
pub fn rules() -> Vec<&'static Rule> {
    let others = OTHER_RULES.iter().chain(opened::RULES).copied();
    CHECKS.iter().flat_map(|check| check.rules.iter().copied()).chain(others).collect()
}

/// Runs every check over a bundle; what earlier stages had to say of it (`bundle.findings`) comes first. `[[allow]]` is applied.
pub fn check(input: Input<'_>) -> Diagnostics {
    let mut findings = input.bundle.findings.clone();
    if input.bundle.objects.is_empty() {
        findings.push(
            Diagnostic::new(&EMPTY_BUNDLE, format!("environment `{}` compiles to nothing", input.environment.name))
                .hint("name a folder of `templates/` in `target.bundles`, or add a `[configmap.*]` or `[secret.*]` table"),
        );
    }
    let schemas = custom::sets(&input, &mut findings);
    let world = World::new(input, schemas);
    let found: Vec<Diagnostics> = CHECKS.par_iter().map(|check| run(check, &world)).collect();
    for found in found {
        findings.extend(found);
    }
    allow::apply(&world, findings)
}

/// Below this many objects a thread costs more than it saves.
const WORTH_A_THREAD: usize = 64;

fn run(check: &Check, world: &World<'_>) -> Diagnostics {
    let mut findings = Diagnostics::new();
    match check.scope {
        Scope::Bundle(look) => look(world, &mut findings),
        Scope::Object(look) => each(world.objects(), &mut findings, |object, found| look(world, object, found)),
        Scope::Pod(look) => each(world.pods(), &mut findings, |pod, found| look(world, pod, found)),
    }
    findings
}

/// Looks at all items, in parallel if that pays; the findings are in the items' order either way.
fn each<T: Sync>(items: &[T], findings: &mut Diagnostics, look: impl Fn(&T, &mut Diagnostics) + Sync) {
    let found = |items: &[T]| {
        let mut found = Diagnostics::new();
        for item in items {
            look(item, &mut found);
        }
        found
    };
    if items.len() <= WORTH_A_THREAD {
        findings.extend(found(items));
        return;
    }
    let parts: Vec<Diagnostics> = items.par_chunks(WORTH_A_THREAD).map(found).collect();
    for part in parts {
        findings.extend(part);
    }
}
