//! `apply` against the real server: what is written, what isn't when something has moved, and what is said of it.

mod commands;
mod moved;
mod refused;
mod world;
