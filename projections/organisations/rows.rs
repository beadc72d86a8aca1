//! Organisations as clients see them.

use aggregates::values::{OrganisationId, Timestamp};

/// An organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrganisationRow {
    /// The id.
    pub id: OrganisationId,
    /// The name.
    pub name: String,
    /// When it was founded.
    pub created_at: Timestamp,
    /// When it was renamed last, or founded.
    pub updated_at: Timestamp,
}

/// By what organisations are sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrganisationSort {
    /// The number, which is the order of creation.
    Id,
    /// The name, without case.
    Name,
}
