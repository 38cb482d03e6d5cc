//! Config objects brought into workloads: variables, mounts, pull secrets.
