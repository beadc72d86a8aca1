//! What a subject gained and lost, event by event.
//!
//! A role may give hundreds of thousands of permissions, and a page lists few of them. So this code never sees all that a role gives. A
//! [`Course`] follows the events of the subject itself, and says which roles counted when. The caller reads what the events of these roles
//! did meanwhile, and what a role gave at the moments when it began or ceased to count: how many permissions, and the first of them. A
//! [`Draft`] makes the page of that.

mod course;
mod draft;
mod entries;
mod held;

use aggregates::values::Permission;

use super::{Cause, Grant};

pub use course::{Course, HeldRole, Step, Tenure};
pub use draft::{Draft, Ends, Gap, Given, Touch};
pub use entries::{Names, Unknown, role_name};

/// What one event changed for a subject.
#[derive(Clone, Debug, PartialEq)]
pub struct GrantChange {
    /// The event.
    pub cause: Cause,
    /// The grants that count for the subject from this event on.
    pub gained: Grants,
    /// The grants that no longer count.
    pub lost: Grants,
    /// The publish prefix before and after, if it changed.
    pub prefix: Option<[Option<String>; 2]>,
}

/// Grants, at most [`MOST_LISTED`] of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Grants {
    /// The first grants.
    pub listed: Vec<Grant>,
    /// How many more there are.
    pub left_out: usize,
}

/// What a subject gained and lost: one page.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GrantChanges {
    /// The changes, one for each event, in order.
    pub changes: Vec<GrantChange>,
    /// The grants that count at the end of the page but did not count at its start.
    pub gained: Grants,
    /// The grants that counted at the start of the page but do not count at its end.
    pub lost: Grants,
    /// If some changes are not listed: the position of the last listed change, at which the page ends.
    pub next: Option<i64>,
}

/// The most grants that are listed of one change. One event may grant or revoke a role with thousands of permissions.
pub const MOST_LISTED: usize = 100;

/// A permission that a role gave from an event on.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    /// The permission.
    pub permission: Permission,
    /// The position of the event that gave it, or that last changed it.
    pub since: i64,
}
