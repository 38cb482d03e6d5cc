//! Writers: what commands show, one file a format. They take data and give text; none reads the terminal or the environment.

pub mod change;
pub mod diagnostics;
pub mod explain;
pub mod live;
pub mod review;
