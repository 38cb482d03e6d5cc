//! All rules, gathered from the modules that declare them: a module adds its list here once.

use super::Rule;

// One a line, so that modules that are added side by side don't meet in a merge.
#[rustfmt::skip]
static LISTS: &[&[&Rule]] = &[
    crate::source::RULES,
    crate::source::GIT_RULES,
    crate::object::PARSE_RULES,
    crate::environment::RULES,
    crate::object::RULES,
    crate::transform::RULES,
    crate::secret::RULES,
    crate::generate::RULES,
    crate::inject::RULES,
    crate::resolve::RULES,
    crate::template::RULES,
];

/// Every rule, by name.
pub fn rules() -> Vec<&'static Rule> {
    let mut rules: Vec<&Rule> = LISTS.iter().flat_map(|list| list.iter().copied()).chain(crate::check::rules()).collect();
    rules.sort_by_key(|rule| rule.name);
    rules
}
