//! Findings about a bundle: schema, references, secrets, access, hygiene.
