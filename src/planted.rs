//! Bugs that are planted on purpose, one at a time, so that the tests show that they would be caught (`.ci/planted`).
//!
//! Only a build with the feature `planted` has them, and nothing that is shipped has that. Everywhere else [`is`] is a constant, and
//! what it guards isn't compiled.

/// Whether the bug of this name is planted.
#[cfg(feature = "planted")]
#[expect(clippy::disallowed_methods, reason = "only in builds for the tests of the tests")]
pub(crate) fn is(bug: &str) -> bool {
    std::env::var_os("PLIMSOLL_PLANTED").is_some_and(|planted| planted == bug)
}

/// Nothing is planted.
#[cfg(not(feature = "planted"))]
pub(crate) const fn is(_bug: &str) -> bool {
    false
}
