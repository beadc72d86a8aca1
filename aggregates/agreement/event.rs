//! What can happen to an agreement.

use crate::{
    declared::events,
    values::{OrganisationId, Timestamp, Title},
};

events! {
    /// A fact about an agreement. Stored names and fields never change: for a change, add a version and an upcaster.
    pub enum AgreementEvent {
        /// The agreement exists from now on.
        "agreement.created" version 1 => Created {
            /// The name.
            name: Title as open,
            /// The kind.
            kind: Title as open,
            /// What it provides.
            provides: Vec<Title> as open,
            /// When it was published.
            published_at: Option<Timestamp> as open,
            /// The organisation that provides what is agreed.
            provider: Option<OrganisationId> as open,
        },
    }
}
