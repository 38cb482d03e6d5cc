//! What the commands show that talk to a cluster.

mod history;
pub mod plan;
mod status;
mod table;

pub use history::{history_json, history_text};
pub use status::{Standing, status_json, status_text};
