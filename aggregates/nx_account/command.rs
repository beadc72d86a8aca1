//! The commands for an account.

use crate::values::{Email, OrganisationId, Title};

/// A command for one account.
#[derive(Clone, Debug)]
pub enum NxAccountCommand {
    /// Open the account.
    Open(OpenNxAccount),
    /// Change the fields that are given; leave the rest.
    Change(ChangeNxAccount),
    /// The person has proved that the address is theirs.
    VerifyEmail,
    /// The person is a member of an organisation from now on. The same unit changes the organisation.
    JoinOrganisation {
        /// The organisation.
        organisation: OrganisationId,
    },
    /// The person is no longer a member of this organisation. The same unit changes the organisation.
    LeaveOrganisation {
        /// The organisation.
        organisation: OrganisationId,
    },
    /// Close the account, if it is open.
    Close,
}

/// The fields of a new account.
#[derive(Clone, Debug)]
pub struct OpenNxAccount {
    /// The person's name.
    pub name: Title,
    /// The e-mail address. Once it is verified, it is unique among accounts.
    pub email: Option<Email>,
    /// Whether the address counts at once.
    pub is_verified: bool,
    /// The phone number.
    pub phone: Option<Title>,
    /// What the person does at work.
    pub job_title: Option<Title>,
    /// Whether the person wants the newsletter.
    pub newsletter: bool,
    /// The organisation of which the person is a member.
    pub organisation: Option<OrganisationId>,
    /// Whether the person owns the organisation.
    pub is_owner: bool,
}

/// What to change of an account; `None` leaves a field as it is.
#[derive(Clone, Debug, Default)]
pub struct ChangeNxAccount {
    /// The new name.
    pub name: Option<Title>,
    /// The new phone number; `Some(None)` is none.
    pub phone: Option<Option<Title>>,
    /// Whether the person wants the newsletter.
    pub newsletter: Option<bool>,
}
