//! Plimsoll compiles TOML environments and sealed secrets, through templates, into checked Kubernetes bundles.
//!
//! The way of the data, and each stage's type ([`pipeline::compile`] is the story):
//!
//! 1. [`source`]: the file door reads the repository → [`source::Files`]
//! 2. [`environment`]: layers are inherited and merged → [`environment::Environment`]
//! 3. [`secret`]: public indexes become keys and tokens → [`secret::SecretKey`], [`secret::Sealed`]
//! 4. [`template`]: tera renders texts that hold tokens, never secrets
//! 5. [`object`]: the texts become trees with places → [`object::Bundle`]
//! 6. [`generate`], [`inject`], [`transform`], [`resolve`]: objects are made, joined, edited, named
//! 7. [`check`]: findings → [`diagnostic::Diagnostics`]
//! 8. [`change`]: what differs between two bundles; [`report`] writes what a command shows; [`cli`] has the commands
//!
//! And into a cluster: [`plan`] holds a bundle against what [`cluster`] has ([`owned`] proves what doesn't change) → [`plan::Plan`];
//! [`execute`] carries it out → [`execute::Outcome`]; [`verify`] compares what containers have.
//!
//! ARCHITECTURE.md says what each folder may know.

pub mod change;
pub mod check;
pub mod cli;
pub mod cluster;
pub mod diagnostic;
pub mod effective;
pub mod environment;
pub mod execute;
pub mod explain;
pub mod generate;
pub mod inject;
pub mod inventory;
pub mod object;
pub mod owned;
pub mod pipeline;
pub mod plan;
mod planted;
pub mod report;
pub mod resolve;
pub mod rights;
pub mod secret;
pub mod source;
pub mod status;
pub mod template;
pub mod transform;
pub mod verify;
