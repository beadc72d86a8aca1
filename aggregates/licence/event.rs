//! What can happen to a licence.

use uuid::Uuid;

use super::LicenceKey;
use crate::{
    declared::events,
    values::{AgreementId, OrganisationId, Timestamp, UserId},
};

events! {
    /// A fact about a licence. Stored names and fields never change: for a change, add a version and an upcaster.
    pub enum LicenceEvent {
        /// The licence was issued.
        "licence.issued" version 1 => Issued {
            /// The agreement.
            agreement: AgreementId as open,
            /// The organisation that owns the licence.
            organisation: OrganisationId as open,
            /// The key, by which people name the licence. It proves nothing.
            licence_key: LicenceKey as open,
            /// When the licence begins to be valid.
            starts_at: Timestamp as open,
            /// When it expires; null is never.
            expires_at: Option<Timestamp> as open,
            /// Until when it is paid.
            paid_until_at: Option<Timestamp> as open,
            /// The price of a month, in the smallest unit of the currency.
            amount_per_month: u32 as open,
            /// The discount on it, in basis points.
            discount_bp: u32 as open,
            /// What the licence is for, in a catalogue.
            catalogue: Vec<Uuid> as open,
            /// How many devices may use it.
            seats: u32 as open,
        },
        /// A user signed the licence.
        "licence.signed" version 1 => Signed {
            /// The user.
            user: UserId as open,
        },
        /// No further device may use the licence. Those that have a seat keep it.
        "licence.suspended" version 1 => Suspended {},
        /// The suspension has ended.
        "licence.resumed" version 1 => Resumed {},
    }
}
