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

/// Where a licence stands at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LicenceStanding {
    /// It will be valid later.
    Pending,
    /// It is valid.
    Active,
    /// No further device may use it.
    Suspended,
    /// It is no longer valid, whether it is suspended or not.
    Expired,
}

impl LicenceRow {
    /// Where the licence stands at `now`.
    pub fn standing(&self, now: Timestamp) -> LicenceStanding {
        if self.expires_at.is_some_and(|end| end <= now) {
            LicenceStanding::Expired
        } else if self.is_suspended {
            LicenceStanding::Suspended
        } else if self.starts_at > now {
            LicenceStanding::Pending
        } else {
            LicenceStanding::Active
        }
    }
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

#[cfg(test)]
mod tests {
    use aggregates::values::Ordinal;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_micros(second * 1_000_000)
    }

    /// From second 2 to second 5.
    fn licence(is_suspended: bool) -> LicenceRow {
        LicenceRow {
            id: LicenceId(Uuid::nil()),
            agreement: AgreementRow {
                id: AgreementId(Uuid::nil()),
                name: String::new(),
                kind: String::new(),
                provides: vec![],
                published_at: None,
                provider: None,
            },
            organisation: OrganisationId::of(Ordinal::FIRST),
            licence_key: String::new(),
            starts_at: at(2),
            expires_at: Some(at(5)),
            paid_until_at: None,
            amount_per_month: 0,
            discount_bp: 0,
            catalogue: vec![],
            seats: 1,
            signed_by: None,
            signed_at: None,
            is_suspended,
        }
    }

    #[test]
    fn a_licence_stands_where_its_times_and_its_suspension_say() {
        use LicenceStanding::{Active, Expired, Pending, Suspended};
        let standings = |licence: &LicenceRow| [1, 2, 4, 5].map(|second| licence.standing(at(second)));
        assert_eq!(standings(&licence(false)), [Pending, Active, Active, Expired]);
        assert_eq!(
            standings(&licence(true)),
            [Suspended, Suspended, Suspended, Expired]
        );
        let endless = LicenceRow {
            expires_at: None,
            ..licence(false)
        };
        assert_eq!(endless.standing(Timestamp::from_micros(i64::MAX)), Active);
    }
}
