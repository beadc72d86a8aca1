//! The commands for an account.

use std::collections::BTreeSet;

use crate::values::{Email, GroupId, Membership, OrganisationId, Timestamp, Title, UserId};

/// A command for one account.
#[derive(Clone, Debug)]
pub enum AccountCommand {
    /// Open the account.
    Open(OpenAccount),
    /// Change the fields that are given; leave the rest.
    Change(ChangeAccount),
    /// Join groups and leave groups.
    ChangeGroups(ChangeGroups),
    /// The person wants to be a member of these organisations, besides those that they have asked before.
    RequestOrganisations {
        /// The organisations.
        organisations: BTreeSet<OrganisationId>,
    },
    /// Somebody decides that the person does not become a member.
    EndRequest {
        /// The organisation.
        organisation: OrganisationId,
    },
    /// The person does not want to see the face's welcome again.
    HideWelcome,
    /// Close the account.
    Close,
}

/// The fields of a new account.
#[derive(Clone, Debug)]
pub struct OpenAccount {
    /// The user, who has no other account.
    pub user: UserId,
    /// The person's name.
    pub name: Title,
    /// The e-mail address, unique among accounts.
    pub email: Option<Email>,
    /// Whether the account is in use.
    pub is_active: bool,
    /// The current time.
    pub now: Timestamp,
    /// When the account stops being in use, after `now`; `None` is never.
    pub expires_at: Option<Timestamp>,
    /// The groups.
    pub groups: Vec<Membership>,
    /// The organisations of which the person wants to be a member.
    pub requested: BTreeSet<OrganisationId>,
}

/// What to change of an account; `None` leaves a field as it is.
#[derive(Clone, Debug)]
pub struct ChangeAccount {
    /// The new name.
    pub name: Option<Title>,
    /// The new e-mail address.
    pub email: Option<Email>,
    /// Whether the account is in use. The same unit gives the roles of the groups to the user, or takes them.
    pub is_active: Option<bool>,
    /// The current time.
    pub now: Timestamp,
    /// When the account stops being in use. A new time is after `now`; `Some(None)` is never.
    pub expires_at: Option<Option<Timestamp>>,
}

/// A change of the groups of an account.
#[derive(Clone, Debug, Default)]
pub struct ChangeGroups {
    /// Groups to join.
    pub joined: Vec<Membership>,
    /// Groups to leave.
    pub left: BTreeSet<GroupId>,
    /// Whether the account may join groups of organisations of which the person neither is a member nor wants to be one.
    pub of_anybody: bool,
}
