//! The rules of this module.

use crate::diagnostic::{Rule, rule};

rule!(BUNDLE_WITHOUT_TEMPLATES, "bundle-without-templates", Error, "a bundle's folder holds nothing to render");
rule!(TEMPLATE_IGNORED, "template-ignored", Warning, "a file of a bundle's folder is neither rendered nor a partial");
rule!(TEMPLATE_SYNTAX, "template-syntax", Error, "a template can't be read");
rule!(TEMPLATE_ERROR, "template-error", Error, "rendering a template fails");
rule!(TEMPLATE_NOT_FOUND, "template-not-found", Error, "a template includes or extends one that doesn't exist");
rule!(TEMPLATE_CYCLE, "template-cycle", Error, "templates include or extend each other in a circle");
rule!(
    TEMPLATE_TOO_EXPENSIVE,
    "template-too-expensive",
    Error,
    "rendering a template takes more steps, text or depth than allowed"
);
rule!(UNDEFINED_VARIABLE, "undefined-variable", Error, "a template uses a variable that isn't defined");
rule!(UNKNOWN_FILTER, "unknown-filter", Error, "a template uses a filter that doesn't exist");
rule!(UNKNOWN_TEST, "unknown-test", Error, "a template uses a test that doesn't exist");
rule!(UNKNOWN_FUNCTION, "unknown-function", Error, "a template calls a function that doesn't exist");
rule!(UNKNOWN_ARGUMENT, "unknown-argument", Error, "a filter, test or function is given an argument that it doesn't take");
rule!(UNKNOWN_COMPONENT, "unknown-component", Error, "a template calls a component that no template defines");
rule!(DUPLICATE_COMPONENT, "duplicate-component", Error, "two templates define a component of the same name");
rule!(UNKNOWN_BLOCK, "unknown-block", Error, "a template fills a block that no template it extends has");
rule!(RESERVED_NAME, "reserved-name", Error, "a template gives or uses a name that is reserved");
rule!(SECRET_IN_CONDITION, "secret-in-condition", Error, "a template decides by a secret");
rule!(SECRET_IN_COMPARISON, "secret-in-comparison", Error, "a template compares a secret or calculates with it");
rule!(SECRET_IN_LOOP, "secret-in-loop", Error, "a template loops over the characters of a secret");
rule!(SECRET_IN_SLICE, "secret-in-slice", Error, "a template cuts a secret, or looks something up by it");
rule!(SECRET_AS_ARGUMENT, "secret-as-argument", Error, "a secret is given to a filter, test or function as an argument");
rule!(SECRET_IN_FILTER, "secret-in-filter", Error, "a filter or test that needs the value itself is applied to a secret");
rule!(SECRET_TABLE_PRINTED, "secret-table-printed", Error, "a list or table that holds secrets is written out as it is");
rule!(REFERENCE_MISUSED, "reference-misused", Error, "a template uses the result of `ref()` as more than text");
rule!(
    GIT_COMMIT_USED,
    "git-commit-used",
    Warning,
    "a template writes the commit into an object, which then changes at each commit"
);

/// The rules of this module.
pub static RULES: &[&Rule] = &[
    &BUNDLE_WITHOUT_TEMPLATES,
    &TEMPLATE_IGNORED,
    &TEMPLATE_SYNTAX,
    &TEMPLATE_ERROR,
    &TEMPLATE_NOT_FOUND,
    &TEMPLATE_CYCLE,
    &TEMPLATE_TOO_EXPENSIVE,
    &UNDEFINED_VARIABLE,
    &UNKNOWN_FILTER,
    &UNKNOWN_TEST,
    &UNKNOWN_FUNCTION,
    &UNKNOWN_ARGUMENT,
    &UNKNOWN_COMPONENT,
    &DUPLICATE_COMPONENT,
    &UNKNOWN_BLOCK,
    &RESERVED_NAME,
    &SECRET_IN_CONDITION,
    &SECRET_IN_COMPARISON,
    &SECRET_IN_LOOP,
    &SECRET_IN_SLICE,
    &SECRET_AS_ARGUMENT,
    &SECRET_IN_FILTER,
    &SECRET_TABLE_PRINTED,
    &REFERENCE_MISUSED,
    &GIT_COMMIT_USED,
];
