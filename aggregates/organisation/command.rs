//! The commands for an organisation.

use crate::values::{Title, UserId};

/// A command for one organisation.
#[derive(Clone, Debug)]
pub enum OrganisationCommand {
    /// Found the organisation.
    Found {
        /// The name, unique among organisations.
        name: Title,
    },
    /// Found the organisation of somebody who signs up. Others may have the same name.
    FoundBySignUp {
        /// The name.
        name: Title,
    },
    /// Let a user be a member of the organisation of somebody who signed up. The same unit changes the account of the user.
    AddMember {
        /// The user.
        user: UserId,
    },
    /// Remove a member. The same unit changes or closes the account of the user.
    RemoveMember {
        /// The user.
        user: UserId,
    },
    /// Give it another name.
    Rename {
        /// The new name.
        name: Title,
    },
    /// Delete the organisation. The same unit deletes its groups and applications.
    Delete,
}
