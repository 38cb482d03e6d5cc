//! Whether what runs has the values that the bundle gives it.
//!
//! [`expectations`] says which containers the bundle makes and what each of them is given ([`crate::effective`]); [`compare`] holds one of
//! them against what was read in a pod. Both are pure. Between them stands the cluster: [`verify`] finds the pods of each workload by their
//! owners, reads the environment and the mounted files of each container by `exec`, and says of each difference what explains it.
//!
//! Secrets are revealed in memory, compared in constant time, and shown as equal or different, never by value or length. What can't be read
//! is said to be unverifiable; nothing passes unseen.

mod cause;
mod compare;
mod evaluate;
mod expect;
mod facts;
mod find;
mod read;
mod report;
mod run;
#[cfg(test)]
mod tests;

pub use compare::{Actual, Content, Difference, Findings, How, Unknown, What, compare};
pub use expect::{PodShape, Workload, expectations, secrets};
pub use facts::Facts;
pub use report::{Checked, ContainerReport, Counts, PodReport, Report, Standing, WorkloadReport};
pub use run::{Options, verify};
