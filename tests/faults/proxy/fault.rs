//! The thirteen faults, and when one happens.

use std::fmt;

use super::request::{Class, Request};

/// What can go wrong between a client and the API server (R13).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// The connection is reset, and the server never hears of the request.
    ResetBefore,
    /// The server does it, then the connection is reset.
    ResetAfter,
    /// The server does it, and the client hears nothing until it gives up, or the proxy's patience ends.
    TimeoutAfter,
    /// 409 Conflict; the server never hears of the request.
    Conflict,
    /// 429 with Retry-After; the server never hears of the request.
    TooManyRequests,
    /// 500; the server never hears of the request.
    InternalError,
    /// 503; the server never hears of the request.
    Unavailable,
    /// The server does it, and says 504: its own time limit has this form, and it leaves open whether the request had an effect.
    GatewayTimeout,
    /// The server does it; half of the answer comes.
    CutBody,
    /// 200 with something that is no JSON; the server never hears of the request.
    Garbage,
    /// A LIST is answered as the first one of the same path was.
    StaleList,
    /// A watch or a continued LIST is told that its version is too old.
    Gone,
    /// A watch ends after its first event, as watches do.
    WatchEnd,
}

impl Fault {
    pub const ALL: [Self; 13] = [
        Self::ResetBefore,
        Self::ResetAfter,
        Self::TimeoutAfter,
        Self::Conflict,
        Self::TooManyRequests,
        Self::InternalError,
        Self::Unavailable,
        Self::GatewayTimeout,
        Self::CutBody,
        Self::Garbage,
        Self::StaleList,
        Self::Gone,
        Self::WatchEnd,
    ];

    /// Whether such a request can suffer this. A stale LIST needs an earlier one besides.
    pub fn suits(self, request: &Request) -> bool {
        match self {
            Self::Conflict => matches!(request.class, Class::Write | Class::DryRun),
            Self::StaleList => request.class == Class::List,
            Self::Gone => request.class == Class::Watch || request.parameter("continue").is_some_and(|token| !token.is_empty()),
            Self::WatchEnd => request.class == Class::Watch,
            // A tunnel has no body to cut and no time to wait for.
            Self::CutBody | Self::TimeoutAfter | Self::GatewayTimeout => request.class != Class::Exec,
            _ => true,
        }
    }
}

/// Which requests a fault or a hook is for, counted from when it was armed.
#[derive(Debug, Clone)]
pub struct When {
    of: Of,
    nth: usize,
    onwards: bool,
}

#[derive(Debug, Clone)]
enum Of {
    All,
    Class(Class),
    Call(String, String),
}

impl When {
    /// The `nth` request of all, from 1.
    pub fn request(nth: usize) -> Self {
        Self { of: Of::All, nth, onwards: false }
    }

    /// The `nth` request of a class, from 1.
    pub fn of(class: Class, nth: usize) -> Self {
        Self { of: Of::Class(class), nth, onwards: false }
    }

    /// The `nth` request with this method whose path and query hold `part`, from 1.
    pub fn call(method: &str, part: &str, nth: usize) -> Self {
        Self { of: Of::Call(method.to_owned(), part.to_owned()), nth, onwards: false }
    }

    /// That one and all that follow.
    #[must_use]
    pub fn onwards(mut self) -> Self {
        self.onwards = true;
        self
    }

    fn matches(&self, request: &Request) -> bool {
        match &self.of {
            Of::All => true,
            Of::Class(class) => request.class == *class,
            Of::Call(method, part) => request.method == *method && request.path.contains(part.as_str()),
        }
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.of {
            Of::All => write!(f, "request {}", self.nth),
            Of::Class(class) => write!(f, "{class:?} {}", self.nth),
            Of::Call(method, part) => write!(f, "{method} …{part}… {}", self.nth),
        }?;
        f.write_str(if self.onwards { " and all that follow" } else { "" })
    }
}

/// A `When` with its count.
#[derive(Debug)]
pub(super) struct Armed {
    when: When,
    seen: usize,
}

impl Armed {
    pub(super) fn new(when: When) -> Self {
        Self { when, seen: 0 }
    }

    /// Counts the request; whether it is the one.
    pub(super) fn strikes(&mut self, request: &Request) -> bool {
        if !self.when.matches(request) {
            return false;
        }
        self.seen += 1;
        self.seen == self.when.nth || (self.when.onwards && self.seen > self.when.nth)
    }
}

/// Faults from a seed. What happens to a request follows from the seed, from what is asked, and from how often that was asked before: the
/// order in which concurrent requests arrive changes nothing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seed {
    pub(super) seed: u64,
    /// Of a million requests so many are hit.
    pub(super) per_million: u64,
}

impl Seed {
    /// The fault for the `occurrence`th such request; `possible` are those that it can suffer.
    pub(super) fn pick(self, request: &Request, occurrence: usize, possible: &[Fault]) -> Option<Fault> {
        let mut state = self.seed;
        for byte in request.method.bytes().chain(request.path.bytes()).chain(occurrence.to_le_bytes()) {
            state = mix(state ^ u64::from(byte));
        }
        if possible.is_empty() || mix(state ^ 1) % 1_000_000 >= self.per_million {
            return None;
        }
        let index = usize::try_from(mix(state ^ 2) % possible.len() as u64).ok()?;
        possible.get(index).copied()
    }
}

/// splitmix64.
fn mix(state: u64) -> u64 {
    let mut z = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
