//! The commands for a licence.

use uuid::Uuid;

use super::LicenceKey;
use crate::values::{AgreementId, OrganisationId, Timestamp, UserId};

/// A command for one licence.
#[derive(Clone, Debug)]
pub enum LicenceCommand {
    /// Issue the licence.
    Issue(Box<IssueLicence>),
    /// Sign the licence.
    Sign {
        /// The user who signs.
        by: UserId,
        /// The time.
        now: Timestamp,
    },
    /// Let no further device use the licence.
    Suspend,
    /// End the suspension.
    Resume,
}

/// The terms of a licence. They never change: other terms are another licence.
#[derive(Clone, Debug)]
pub struct IssueLicence {
    /// The agreement.
    pub agreement: AgreementId,
    /// The organisation that owns the licence.
    pub organisation: OrganisationId,
    /// The key, unique among licences.
    pub licence_key: LicenceKey,
    /// When the licence begins to be valid.
    pub starts_at: Timestamp,
    /// When it expires; `None` is never.
    pub expires_at: Option<Timestamp>,
    /// Until when it is paid.
    pub paid_until_at: Option<Timestamp>,
    /// The price of a month, in the smallest unit of the currency.
    pub amount_per_month: u32,
    /// The discount on it, in basis points.
    pub discount_bp: u32,
    /// What the licence is for, in a catalogue.
    pub catalogue: Vec<Uuid>,
    /// How many devices may use it.
    pub seats: u32,
}
