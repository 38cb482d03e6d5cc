//! Exit codes.

use std::process::ExitCode;

/// How a command ended; part of what users may rely on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: fine; for `diff` and `verify` also: no difference.
    Fine,
    /// 1: there are differences (`diff` and `verify` only).
    Differences,
    /// 2: usage, invalid input, findings of error level.
    Invalid,
    /// 3: refused: a conflict, a stale plan, the wrong cluster, a budget, no identity that opens a needed file.
    Refused,
    /// 4: something was written, and something failed, was refused or forbidden.
    Partial,
    /// 5: all is written, a wait timed out.
    TimedOut,
    /// 6: not reachable or not allowed; nothing was written.
    Unreachable,
    /// 70: a bug in plimsoll.
    Bug,
    /// 130: interrupted, nothing written.
    Interrupted,
}

impl Exit {
    /// The number that the shell sees.
    pub fn code(self) -> u8 {
        match self {
            Self::Fine => 0,
            Self::Differences => 1,
            Self::Invalid => 2,
            Self::Refused => 3,
            Self::Partial => 4,
            Self::TimedOut => 5,
            Self::Unreachable => 6,
            Self::Bug => 70,
            Self::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
