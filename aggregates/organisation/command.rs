//! The commands for an organisation.

use crate::values::Title;

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
    /// Give it another name.
    Rename {
        /// The new name.
        name: Title,
    },
    /// Delete the organisation. The same unit deletes its groups and applications.
    Delete,
}
