//! The story: from a repository and an environment's name to a checked bundle.
