//! Groups as clients see them.

use aggregates::values::{GroupId, Level, OrganisationId, Timestamp, UserId};

/// A group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupRow {
    /// The id.
    pub id: GroupId,
    /// The name.
    pub name: String,
    /// The organisation; `None` for the group of global administrators.
    pub organisation: Option<OrganisationId>,
    /// What the members may do.
    pub levels: Vec<Level>,
    /// Whether new applications of the organisation are attached.
    pub adds_new_applications: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// Who caused that: a user, or the id of an API key; `None` for the system.
    pub created_by: Option<UserId>,
    /// When it was renamed, or its applications changed, last.
    pub updated_at: Timestamp,
    /// Who caused that.
    pub updated_by: Option<UserId>,
}

/// By what groups are sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupSort {
    /// The number, which is the order of creation.
    Id,
    /// The name, without case.
    Name,
    /// The levels, as they are stored.
    Levels,
    /// The number of the organisation. The group of global administrators comes last.
    Organisation,
    /// When it changed last.
    UpdatedAt,
}
