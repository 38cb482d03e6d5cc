//! Access: what roles grant, and what pods may do on their node.

pub(super) mod pod_security;
pub(super) mod role;

#[cfg(test)]
mod tests;
