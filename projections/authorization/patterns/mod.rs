//! Patterns and what they grant, compiled into the forms that answer fastest.

pub(crate) mod compile;
pub(crate) mod grants;
pub(crate) mod hash;
pub(crate) mod levels;
pub(crate) mod outline;
pub(crate) mod permissions;
pub(crate) mod question;
pub(crate) mod scan;
pub(crate) mod trie;

use crate::principals::roles;
