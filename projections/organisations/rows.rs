//! Organisations as clients see them.

use aggregates::values::{OrganisationId, Timestamp, UserId};

/// An organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrganisationRow {
    /// The id.
    pub id: OrganisationId,
    /// The name.
    pub name: String,
    /// When it was founded.
    pub created_at: Timestamp,
    /// Who caused that: a user, or the id of an API key; `None` for the system.
    pub created_by: Option<UserId>,
    /// When it was renamed last, or founded.
    pub updated_at: Timestamp,
    /// Who caused that.
    pub updated_by: Option<UserId>,
}

/// By what organisations are sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrganisationSort {
    /// The number, which is the order of creation.
    Id,
    /// The name, without case.
    Name,
}
