//! What an inventory remembers of each run.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// How many runs are remembered: the last ones.
pub const REMEMBERED: usize = 20;

/// One run that wrote, or meant to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Record {
    /// Its number: one more than the last one's.
    pub number: u64,
    /// Which run wrote the record: random, so that a run knows its own.
    pub run: String,
    /// What it did.
    pub action: Action,
    /// The commit that it applied; `None` outside of git and for a delete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Of a rollback: the commit of the working tree that today's secrets and settings came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beside: Option<String>,
    /// SHA-256 over the bundle in its sealed form; empty for a delete.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub compiled: String,
    /// Who, as the server says.
    pub who: String,
    /// When it began.
    #[serde(with = "rfc3339")]
    pub began: Timestamp,
    /// When it ended; `None` if it is running, or was killed.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "rfc3339_or_none")]
    pub ended: Option<Timestamp>,
    /// What was done, counted.
    #[serde(default)]
    pub counts: Counts,
    /// What became of it.
    pub outcome: Ending,
}

/// What a run did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// `apply`
    Apply,
    /// `rollback`
    Rollback,
    /// `delete`
    Delete,
}

/// What a run did, counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Counts {
    /// Objects made.
    #[serde(skip_serializing_if = "is_zero")]
    pub created: usize,
    /// Objects changed.
    #[serde(skip_serializing_if = "is_zero")]
    pub updated: usize,
    /// Objects deleted and made anew.
    #[serde(skip_serializing_if = "is_zero")]
    pub replaced: usize,
    /// Objects deleted.
    #[serde(skip_serializing_if = "is_zero")]
    pub pruned: usize,
    /// Steps that weren't done.
    #[serde(skip_serializing_if = "is_zero")]
    pub failed: usize,
    /// Objects that were as wanted.
    #[serde(skip_serializing_if = "is_zero")]
    pub unchanged: usize,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// What became of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    /// It is at work; in the record of a run that isn't there any more: it was killed.
    Running,
    /// All is done.
    Ok,
    /// Something was written, something failed.
    Partial,
    /// Nothing was written.
    Failed,
    /// The user ended it.
    Interrupted,
    /// All is written; something didn't become ready in time.
    TimedOut,
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Apply => "apply",
            Self::Rollback => "rollback",
            Self::Delete => "delete",
        })
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Running => "running",
            Self::Ok => "ok",
            Self::Partial => "partial",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
            Self::TimedOut => "timed out",
        })
    }
}

mod rfc3339 {
    use jiff::Timestamp;
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(time: &Timestamp, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&super::whole_seconds(*time))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Timestamp, D::Error> {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}

mod rfc3339_or_none {
    use jiff::Timestamp;
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    #[expect(clippy::ref_option, reason = "serde calls it so")]
    pub(super) fn serialize<S: Serializer>(time: &Option<Timestamp>, to: S) -> Result<S::Ok, S::Error> {
        match time {
            Some(time) => to.collect_str(&super::whole_seconds(*time)),
            None => to.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Timestamp>, D::Error> {
        let text = Option::<String>::deserialize(from)?;
        text.map(|text| text.parse().map_err(D::Error::custom)).transpose()
    }
}

/// A time as it is written: nobody asks for a run's milliseconds.
fn whole_seconds(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}
