//! What the commands show that talk to a cluster.

mod apply;
mod apply_json;
mod history;
pub mod plan;
mod status;
mod table;
mod verify;

pub use apply::{apply_text, did, word};
pub use apply_json::apply_json;
pub use history::{history_json, history_text};
pub use status::{Standing, status_json, status_text};
pub use verify::{verify_json, verify_text};
