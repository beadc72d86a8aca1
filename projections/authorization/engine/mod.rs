//! How the projection is kept at a position, and read at one.

pub(crate) mod about;
pub(crate) mod apply;
pub(crate) mod check;
pub(crate) mod facts;
pub(crate) mod index;
pub(crate) mod loader;
pub(crate) mod search;
pub(crate) mod views;

use crate::{
    patterns::hash,
    principals::{roles, users},
};
