//! The commands for an application.

use super::ApplicationDetails;
use crate::values::{OrganisationId, Title};

/// A command for one application.
#[derive(Clone, Debug)]
pub enum ApplicationCommand {
    /// Create the application.
    Create {
        /// The organisation to which it belongs.
        organisation: OrganisationId,
        /// The name, unique among all applications.
        name: Title,
        /// What people say about it.
        details: Box<ApplicationDetails>,
    },
    /// Change what is given; leave the rest.
    Change {
        /// The new name.
        name: Option<Title>,
        /// All details from now on.
        details: Option<Box<ApplicationDetails>>,
    },
    /// Give the application to another organisation. The same unit detaches it from the groups of the old one.
    Move {
        /// The organisation to which it belongs now. If it belongs to another one meanwhile, the command is refused.
        from: OrganisationId,
        /// The organisation to which it belongs then.
        to: OrganisationId,
    },
    /// Delete the application.
    Delete {
        /// The organisation to which it belongs. If it belongs to another one meanwhile, the command is refused.
        of: OrganisationId,
    },
}
