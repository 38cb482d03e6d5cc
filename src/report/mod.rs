//! Writers: what commands show, one file a format.
