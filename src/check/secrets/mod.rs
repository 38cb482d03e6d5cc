//! Secrets: a sealed value may stand in a Secret's data and nowhere else, and no secret stands open in the repository.

pub(super) mod identity;
pub(super) mod misplaced;
pub(super) mod plaintext;
pub(super) mod unquoted;

#[cfg(test)]
mod tests;
