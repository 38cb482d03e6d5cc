//! Tokens: what stands for a secret while templates render.
//!
//! A token is a fixed prefix, 128 random bits of this run and a number; the number names a [`Sealed`] expression that this
//! table holds. The bits make a token typed by hand, or left over from another run, recognisable as foreign.

use std::sync::{Mutex, PoisonError};

use super::sealed::Sealed;

/// The prefix of every token. Only these characters, digits and a closing `z` make a token, so that it survives quoting.
pub const TOKEN_PREFIX: &str = "plimsollsealed";

/// The table of this run's tokens.
#[derive(Debug)]
pub struct Tokens {
    nonce: String,
    table: Mutex<Vec<Sealed>>,
}

/// Why a text with the token prefix in it isn't made of this run's tokens.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadToken {
    /// The prefix stands there, in any case, but what follows isn't one of this run's tokens.
    #[error("the text holds something that looks like a sealed token, but isn't one of this run")]
    Foreign {
        /// Where in the text it starts, in bytes.
        at: usize,
    },
}

impl Tokens {
    /// A table with fresh random bits.
    pub fn new(nonce: [u8; 16]) -> Self {
        Self { nonce: format!("{:032x}", u128::from_be_bytes(nonce)), table: Mutex::default() }
    }

    /// This run's random bits, as hexadecimal digits: whatever else must be told from typed text carries them too.
    pub fn nonce(&self) -> &str {
        &self.nonce
    }

    /// Registers an expression; gives the token that stands for it.
    pub fn issue(&self, sealed: Sealed) -> String {
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        let number = table.len();
        table.push(sealed);
        format!("{TOKEN_PREFIX}{}n{number}z", self.nonce)
    }

    /// Whether the text holds the prefix in any case: it is, or looks like, a token.
    pub fn mentioned(text: &str) -> bool {
        let (text, prefix) = (text.as_bytes(), TOKEN_PREFIX.as_bytes());
        memchr::memchr2_iter(b'p', b'P', text)
            .any(|at| text.get(at..at + prefix.len()).is_some_and(|part| part.eq_ignore_ascii_case(prefix)))
    }

    /// Reads a text: `None` if it holds no token, else the expression that it is.
    pub fn read(&self, text: &str) -> Result<Option<Sealed>, BadToken> {
        if !Self::mentioned(text) {
            return Ok(None);
        }
        let head = format!("{TOKEN_PREFIX}{}n", self.nonce);
        let mut parts = Vec::new();
        let mut rest = text;
        let table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(at) = rest.find(&head) {
            let (before, from) = rest.split_at(at);
            let offset = text.len() - from.len();
            let foreign = BadToken::Foreign { at: offset };
            if Self::mentioned(before) {
                return Err(BadToken::Foreign { at: offset - before.len() });
            }
            let after = from.get(head.len()..).unwrap_or("");
            let (number, tail) = after.split_once('z').ok_or_else(|| foreign.clone())?;
            let sealed = number.parse().ok().and_then(|number: usize| table.get(number)).ok_or(foreign)?;
            parts.push(Sealed::Text(before.into()));
            parts.push(sealed.clone());
            rest = tail;
        }
        if Self::mentioned(rest) {
            return Err(BadToken::Foreign { at: text.len() - rest.len() });
        }
        parts.push(Sealed::Text(rest.into()));
        Ok(Some(Sealed::concat(parts)))
    }
}
