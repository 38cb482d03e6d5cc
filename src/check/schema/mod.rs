//! What an object of each kind may look like.
//!
//! The built-in kinds come from the OpenAPI of a real API server (`tests/cluster/schemas` makes `kubernetes-1.37.bin`
//! anew), prose left out; custom kinds from their CRD. Both become nodes of one model, [`Schema`], in a [`Store`], and a
//! [`SchemaRef`] walks them beside an object's tree.
//!
//! A packed store is part of the binary and is read in place: nothing is parsed at the start, a kind is found by binary
//! search, and each node is decoded when a walk first comes to it. Equal nodes are stored once (every kind shares one
//! ObjectMeta, every workload one PodSpec), which makes the whole smaller than one compressed copy a kind would be.

mod convert;
mod crd;
mod kinds;
mod model;
mod openapi;
mod pack;
mod store;
mod wire;

#[cfg(test)]
mod tests;

pub use crd::custom_kinds;
pub use kinds::{Kind, Scope};
pub use model::{Field, Limits, ListKind, NodeId, Others, Patch, Schema, Shape};
pub use openapi::openapi;
pub use pack::pack;
pub use store::{KindSchema, SchemaRef, Schemas, Store};
