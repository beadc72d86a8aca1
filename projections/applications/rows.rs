//! Applications as clients see them.

use aggregates::{
    application::{ApplicationDetails, ApplicationStatus},
    values::{ApplicationId, GroupId, OrganisationId, Timestamp, UserId},
};

/// An application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApplicationRow {
    /// The id.
    pub id: ApplicationId,
    /// The organisation.
    pub organisation: OrganisationId,
    /// The name.
    pub name: String,
    /// What people say about it.
    pub details: ApplicationDetails,
    /// When it was created.
    pub created_at: Timestamp,
    /// Who caused that: a user, or the id of an API key; `None` for the system.
    pub created_by: Option<UserId>,
    /// When it changed last.
    pub updated_at: Timestamp,
    /// Who caused that.
    pub updated_by: Option<UserId>,
}

/// Which applications a page is about. An empty set of anything is no application.
#[derive(Clone, Copy, Debug)]
pub enum ApplicationsAmong<'a> {
    /// All.
    All,
    /// Those of one organisation.
    Organisation(OrganisationId),
    /// All of these organisations, and those that are attached to one of these groups.
    Reached {
        /// The organisations.
        organisations: &'a [OrganisationId],
        /// The groups.
        groups: &'a [GroupId],
        /// The organisation to which the list is limited.
        within: Option<OrganisationId>,
    },
    /// Those with these numbers.
    These(&'a [ApplicationId]),
}

/// What the applications of a page must have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ApplicationFilter {
    /// How far they have come.
    pub status: Option<ApplicationStatus>,
    /// Who owns them, letter for letter.
    pub owner: Option<String>,
}

/// By what applications are sorted. Those without a value come last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApplicationSort {
    /// The number, which is the order of creation.
    Id,
    /// The name, without case.
    Name,
    /// When it changed last.
    UpdatedAt,
    /// How far it has come.
    Status,
    /// When it starts.
    StartDate,
    /// When it ends.
    EndDate,
    /// Who owns it, without case.
    Owner,
    /// Whom to ask, without case.
    ContactPerson,
    /// Whether it processes personal data.
    PersonalData,
}

impl ApplicationSort {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Id,
        Self::Name,
        Self::UpdatedAt,
        Self::Status,
        Self::StartDate,
        Self::EndDate,
        Self::Owner,
        Self::ContactPerson,
        Self::PersonalData,
    ];
}
