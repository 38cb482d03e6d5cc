//! Templates: tera, strict everywhere, that never sees a secret.
