//! Hygiene: what works today and bites later.

pub(super) mod autoscaled;
pub(super) mod immutable;
pub(super) mod tag;
pub(super) mod unused;

#[cfg(test)]
mod tests;
