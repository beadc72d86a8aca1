//! Agreements and licences as clients see them.

use aggregates::values::{AgreementId, DeviceId, LicenceId, OrganisationId, Timestamp, UserId};
use uuid::Uuid;

/// An agreement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgreementRow {
    /// The id.
    pub id: AgreementId,
    /// The name.
    pub name: String,
    /// The kind.
    pub kind: String,
    /// What it provides.
    pub provides: Vec<String>,
    /// When it was published.
    pub published_at: Option<Timestamp>,
    /// The organisation that provides what is agreed.
    pub provider: Option<OrganisationId>,
}

/// A licence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LicenceRow {
    /// The id.
    pub id: LicenceId,
    /// The agreement.
    pub agreement: AgreementRow,
    /// The organisation that owns it.
    pub organisation: OrganisationId,
    /// The key.
    pub licence_key: String,
    /// When it begins to be valid.
    pub starts_at: Timestamp,
    /// When it expires; `None` is never.
    pub expires_at: Option<Timestamp>,
    /// Until when it is paid.
    pub paid_until_at: Option<Timestamp>,
    /// The price of a month, in the smallest unit of the currency.
    pub amount_per_month: i64,
    /// The discount on it, in basis points.
    pub discount_bp: i64,
    /// What it is for, in a catalogue.
    pub catalogue: Vec<Uuid>,
    /// How many devices may use it.
    pub seats: i64,
    /// The user who has signed it.
    pub signed_by: Option<UserId>,
    /// When the user signed it.
    pub signed_at: Option<Timestamp>,
    /// Whether no further device may use it.
    pub is_suspended: bool,
}

/// A device that uses a licence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SeatRow {
    /// The licence.
    pub licence: LicenceId,
    /// The device.
    pub device: DeviceId,
}

/// By what agreements are sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AgreementSort {
    /// The order of creation.
    Creation,
    /// The name, without case.
    Name,
}

/// By what licences are sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LicenceSort {
    /// The name of the agreement, without case.
    AgreementName,
    /// The key.
    LicenceKey,
    /// When the licence begins to be valid.
    StartsAt,
    /// When it expires. Licences that never expire come last.
    ExpiresAt,
}

impl LicenceSort {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::AgreementName,
        Self::LicenceKey,
        Self::StartsAt,
        Self::ExpiresAt,
    ];
}

/// Which licences a page is about.
#[derive(Clone, Copy, Debug)]
pub enum LicencesAmong<'a> {
    /// All.
    All,
    /// Those of these organisations; none, if there is no organisation.
    Organisations(&'a [OrganisationId]),
}

/// What a licence on a page must have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LicenceFilter {
    /// A part of the key, in any case.
    pub key_part: Option<String>,
    /// A device that uses it.
    pub device: Option<DeviceId>,
    /// The kind of the agreement.
    pub kind: Option<String>,
    /// The name of the agreement.
    pub agreement: Option<String>,
}
