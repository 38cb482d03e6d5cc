//! Objects that tables of the environment make.
