//! Final names: hashes, references, digests, access.
