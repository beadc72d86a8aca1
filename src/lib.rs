//! Muniment.
