//! Lists that know how many rows they have and which is their k-th, at the same cost wherever it is.
//!
//! The published APIs number their pages and report totals. Counting a table for each page, or skipping to a deep
//! page row by row, would cost more the more rows there are. So the table `list_nodes` is a counting tree over
//! ordinals: the total is the sum of its top level, and the k-th row is found by descending, at most 256 nodes
//! a level. A filter is a set of base lists, and the counts of a set are sums.

mod page;
mod tally;

pub(crate) use page::{page, total};
pub(crate) use tally::{NODES, Tally};

/// The levels of the tree: a node of the top one spans 2^40 ordinals.
pub(crate) const LEVELS: i64 = 5;

/// How many bits of an ordinal a level takes off.
pub(crate) const BITS: i64 = 8;

/// A base list. Every row of a directory is in exactly one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum List {
    /// Users made by persons.
    UsersByPersons,
    /// Users made by services.
    UsersByServices,
    /// Roles made by persons, held by one user each.
    RolesByPersonsExclusive,
    /// Roles made by persons, held by many.
    RolesByPersonsShared,
    /// Roles made by services, held by one user each.
    RolesByServicesExclusive,
    /// Roles made by services, held by many.
    RolesByServicesShared,
    /// Distinct resources.
    Resources,
}

impl List {
    /// The list of users like this.
    pub(crate) const fn users(auto_generated: bool) -> Self {
        if auto_generated {
            Self::UsersByServices
        } else {
            Self::UsersByPersons
        }
    }

    /// The list of roles like this.
    pub(crate) const fn roles(auto_generated: bool, shared: bool) -> Self {
        match (auto_generated, shared) {
            (false, false) => Self::RolesByPersonsExclusive,
            (false, true) => Self::RolesByPersonsShared,
            (true, false) => Self::RolesByServicesExclusive,
            (true, true) => Self::RolesByServicesShared,
        }
    }

    /// As stored.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::UsersByPersons => "users:person",
            Self::UsersByServices => "users:auto",
            Self::RolesByPersonsExclusive => "roles:person:exclusive",
            Self::RolesByPersonsShared => "roles:person:shared",
            Self::RolesByServicesExclusive => "roles:auto:exclusive",
            Self::RolesByServicesShared => "roles:auto:shared",
            Self::Resources => "resources",
        }
    }

    /// Which rows of its table are in it. An index leads with these columns, the ordinal after them.
    pub(crate) const fn condition(self) -> &'static str {
        match self {
            Self::UsersByPersons => "auto_generated = FALSE AND",
            Self::UsersByServices => "auto_generated = TRUE AND",
            Self::RolesByPersonsExclusive => "auto_generated = FALSE AND is_shared = FALSE AND",
            Self::RolesByPersonsShared => "auto_generated = FALSE AND is_shared = TRUE AND",
            Self::RolesByServicesExclusive => "auto_generated = TRUE AND is_shared = FALSE AND",
            Self::RolesByServicesShared => "auto_generated = TRUE AND is_shared = TRUE AND",
            Self::Resources => "",
        }
    }
}
