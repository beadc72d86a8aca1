//! What can happen to an organisation.

use crate::{
    declared::events,
    values::{Title, UserId},
};

events! {
    /// A fact about an organisation. Stored names and fields never change: for a change, add a version and an upcaster.
    pub enum OrganisationEvent {
        /// The organisation exists from now on.
        "organisation.founded" version 1 => Founded {
            /// The name.
            name: Title as open,
        },
        /// Somebody has signed up, and has the organisation from now on. Others may have the same name.
        "organisation.founded_by_sign_up" version 1 => FoundedBySignUp {
            /// The name.
            name: Title as open,
        },
        /// A user is a member of the organisation of somebody who signed up.
        "organisation.member_joined" version 1 => MemberJoined {
            /// The user.
            user: UserId as open,
        },
        /// A member has left it, or was removed.
        "organisation.member_left" version 1 => MemberLeft {
            /// The user.
            user: UserId as open,
        },
        /// The organisation has another name.
        "organisation.renamed" version 1 => Renamed {
            /// The new name.
            name: Title as open,
        },
        /// The organisation is deleted. Its number is never used again.
        "organisation.deleted" version 1 => Deleted {},
    }
}
