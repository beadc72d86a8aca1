//! What can happen to an account.

use crate::{
    declared::events,
    values::{GroupId, OrganisationId, Timestamp, UserId},
};

events! {
    /// A fact about the account of a user on the os2iot face. Stored names and fields never change: for a change, add a version and an
    /// upcaster.
    pub enum AccountEvent {
        /// The user has an account from now on. Its groups follow as separate events.
        "os2iot_account.opened" version 1 => Opened {
            /// The user.
            user: UserId as open,
            /// The person's name.
            name: String as personal,
            /// The e-mail address by which the person logs in on the face.
            email: Option<String> as personal,
            /// Whether the account is in use.
            is_active: bool as open,
            /// When it stops being in use; null is never.
            expires_at: Option<Timestamp> as open,
        },
        /// The person has another name.
        "os2iot_account.renamed" version 1 => Renamed {
            /// The user.
            user: UserId as open,
            /// The new name.
            name: String as personal,
        },
        /// The person logs in by another e-mail address.
        "os2iot_account.email_changed" version 1 => EmailChanged {
            /// The user.
            user: UserId as open,
            /// The new address.
            email: Option<String> as personal,
        },
        /// The account is in use again.
        "os2iot_account.activated" version 1 => Activated {},
        /// The account is no longer in use.
        "os2iot_account.deactivated" version 1 => Deactivated {},
        /// The account stops being in use at another time.
        "os2iot_account.expiry_changed" version 1 => ExpiryChanged {
            /// When it stops; null is never.
            expires_at: Option<Timestamp> as open,
        },
        /// The account is in a group.
        "os2iot_account.group_joined" version 1 => GroupJoined {
            /// The group.
            group: GroupId as open,
            /// The organisation of the group; null for the group of global administrators.
            organisation: Option<OrganisationId> as open,
        },
        /// The account is no longer in a group.
        "os2iot_account.group_left" version 1 => GroupLeft {
            /// The group.
            group: GroupId as open,
        },
        /// These are all organisations of the account's groups from now on: who administers the users of all of them administers the account.
        "os2iot_account.placed" version 1 => Placed {
            /// The organisations.
            organisations: Vec<OrganisationId> as open,
            /// Whether one of the groups is of no organisation.
            is_global: bool as open,
        },
        /// The person wants to be a member of an organisation.
        "os2iot_account.organisation_requested" version 1 => OrganisationRequested {
            /// The organisation.
            organisation: OrganisationId as open,
        },
        /// Somebody has decided about the wish.
        "os2iot_account.request_ended" version 1 => RequestEnded {
            /// The organisation.
            organisation: OrganisationId as open,
        },
        /// The person does not want to see the face's welcome again.
        "os2iot_account.welcome_hidden" version 1 => WelcomeHidden {},
        /// The user no longer has an account. Its number is never used again.
        "os2iot_account.closed" version 1 => Closed {},
    }
}
