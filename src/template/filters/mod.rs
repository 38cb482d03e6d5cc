//! Plimsoll's own filters and functions, and those of Tera's that would use up too much or depend on chance.

mod calculate;
mod call;
mod format;
mod list;
mod text;
mod yaml;

pub(super) use yaml::to_yaml;

use tera::{Error, TeraResult};

use super::run::{BYTES_A_STEP, Run, TEXT_LIMIT};

/// Registers them all.
pub(super) fn register(tera: &mut tera::Tera) {
    text::register(tera);
    format::register(tera);
    list::register(tera);
    calculate::register(tera);
    call::register(tera);
}

/// An error of a filter: what is wrong, and in further lines what to do.
fn refuse(message: impl Into<String>) -> Error {
    Error::message(message.into())
}

/// Pays for a text before it is made; refuses one that would be too long.
fn pay(bytes: usize) -> TeraResult<()> {
    Run::with(|run| {
        if bytes > TEXT_LIMIT {
            return Err(run.too_expensive(&format!("a text grows over {TEXT_LIMIT} bytes")));
        }
        run.spend(bytes / BYTES_A_STEP)
    })
}
