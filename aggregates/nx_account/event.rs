//! What can happen to an account.

use crate::{declared::events, values::OrganisationId};

events! {
    /// A fact about the account of a user on the face of Nx. Stored names and fields never change: for a change, add a version and an
    /// upcaster.
    pub enum NxAccountEvent {
        /// The user has an account from now on.
        "nx_account.opened" version 1 => Opened {
            /// The person's name.
            name: String as personal,
            /// The e-mail address.
            email: Option<String> as personal,
            /// Whether the address counts at once.
            is_verified: bool as open,
            /// The phone number.
            phone: Option<String> as personal,
            /// What the person does at work.
            job_title: Option<String> as personal,
            /// Whether the person wants the newsletter.
            newsletter: bool as open,
            /// The organisation of which the person is a member.
            organisation: Option<OrganisationId> as open,
            /// Whether the person owns the organisation.
            is_owner: bool as open,
        },
        /// The person has proved that the address is theirs.
        "nx_account.email_verified" version 1 => EmailVerified {},
        /// The person has another name.
        "nx_account.renamed" version 1 => Renamed {
            /// The new name.
            name: String as personal,
        },
        /// The person has another phone number.
        "nx_account.phone_changed" version 1 => PhoneChanged {
            /// The new number.
            phone: Option<String> as personal,
        },
        /// The person has changed their mind about the newsletter.
        "nx_account.newsletter_changed" version 1 => NewsletterChanged {
            /// Whether the person wants the newsletter.
            newsletter: bool as open,
        },
        /// The person is a member of an organisation.
        "nx_account.organisation_joined" version 1 => OrganisationJoined {
            /// The organisation.
            organisation: OrganisationId as open,
        },
        /// The person is no longer a member of the organisation.
        "nx_account.organisation_left" version 1 => OrganisationLeft {},
        /// The user no longer has an account. The address is free.
        "nx_account.closed" version 1 => Closed {},
    }
}
