//! What may be asked about, and the names that patterns are about.

pub(crate) mod access;
