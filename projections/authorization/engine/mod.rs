//! How the writer keeps the projection at a position, and how readers read it at one.

pub(crate) mod about;
pub(crate) mod apply;
pub(crate) mod check;
pub(crate) mod facts;
pub(crate) mod index;
pub(crate) mod loader;
mod prefix;
pub(crate) mod search;
pub(crate) mod views;

use crate::{
    patterns::hash,
    principals::{roles, users},
};
